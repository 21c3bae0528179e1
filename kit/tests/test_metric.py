#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Whether the metric gives the figures that one can work out by hand."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import bench_metric as metric

TRUTH = [
    '{"event": "start", "ns": 900000, "pid": 7, "memory": [0, 1000]}',
    '{"event": "phase", "ns": 1000000, "phase": 0, "hot": [[0, 100]]}',
    '{"event": "phase", "ns": 2000000, "phase": 1, "hot": [[300, 400], [100, 200]]}',
    '{"event": "end", "ns": 3000000, "longest_pass_us": 12}',
]


def event(us, start, end, accesses, nr=1, target=0, monitor=0):
    return ("        kdamond.%d-71      [000] .....     0.%06d: damon_aggregated: "
            "target_id=%d nr_regions=%d %d-%d: %d 3" %
            (monitor, us, target, nr, start, end, accesses))


class Idleness(unittest.TestCase):
    def test_share_and_middle_of_what_is_idle(self):
        percentiles = [-300, -100, 100, 900, 2000, 2100, 2200]
        self.assertEqual(metric.idle_shares(percentiles, 4000), {"share": 3 / 7, "ms": 2100})

    def test_nothing_is_idle(self):
        self.assertEqual(metric.idle_shares([-300, 100], 4000), {"share": 0, "ms": 0})


class Harm(unittest.TestCase):
    def test_faults_are_compared_with_those_without_a_watcher(self):
        self.assertEqual(
            metric.harm(["vaddr 330 3000000 5000000", "none 200 2000000 0"], ["none", "vaddr"]),
            {"none": 100, "vaddr": 1.1, "vaddr_cpu_ms": 5})

    def test_runs_that_say_nothing_are_refused(self):
        for lines in (["none 200 2000000 0"],
                      ["none 0 2000000 0", "vaddr 330 3000000 5000000"],
                      ["none 200 2000000 0", "vaddr 330 3000000 0"]):
            with self.assertRaises(metric.BadInput):
                metric.harm(lines, ["none", "vaddr"])


class Reading(unittest.TestCase):
    def test_truth(self):
        truth = metric.read_truth(TRUTH)
        self.assertEqual(truth.memory, (0, 1000))
        self.assertEqual(truth.phases[1], metric.Phase(2000000, [(100, 200), (300, 400)]))
        self.assertEqual((truth.end_ns, truth.longest_pass_us, truth.pid), (3000000, 12, 7))

    def test_unfinished_truth_is_refused(self):
        with self.assertRaises(metric.BadInput):
            metric.read_truth(TRUTH[:3])

    def test_trace_groups_regions_into_windows(self):
        windows = metric.read_trace([
            "# tracer: nop", event(100, 0, 10, 20, nr=2), event(101, 10, 30, 0, nr=2),
            "  other-1  [000] .....     0.000102: print: something else",
            event(200, 0, 30, 5)])
        self.assertEqual(windows, [
            metric.Window(101000, [(0, 10, 20), (10, 30, 0)]),
            metric.Window(200000, [(0, 30, 5)])])

    def test_trace_of_perf_and_trace_cmd(self):
        line = " kdamond.0 71 [000]  12.345678: damon:damon_aggregated: target_id=0 " \
               "nr_regions=1 4096-8192: 20 0"
        self.assertEqual(metric.read_trace([line]),
                         [metric.Window(12345678000, [(4096, 8192, 20)])])

    def test_traces_of_two_monitors_are_told_apart(self):
        lines = [event(100, 0, 10, 20, nr=2), event(101, 0, 30, 7, monitor=1),
                 event(102, 10, 30, 0, nr=2)]
        with self.assertRaises(metric.BadInput):
            metric.read_traces(["# entries-in-buffer/entries-written: 3/4   #P:1"] + lines)
        self.assertEqual(metric.read_traces(lines), [
            [metric.Window(102000, [(0, 10, 20), (10, 30, 0)])],
            [metric.Window(101000, [(0, 30, 7)])]])

    def test_incomplete_window_is_refused(self):
        with self.assertRaises(metric.BadInput):
            metric.read_trace([event(100, 0, 10, 20, nr=2), event(101, 0, 9, 1, target=1)])

    def test_overrun_buffer_is_refused(self):
        with self.assertRaises(metric.BadInput):
            metric.read_trace(["# entries-in-buffer/entries-written: 10/11   #P:1"])
        self.assertEqual(
            metric.read_trace(["# entries-in-buffer/entries-written: 11/11   #P:1"]), [])


class Bytes(unittest.TestCase):
    def test_overlap(self):
        left = [(0, 10), (20, 30), (40, 50)]
        self.assertEqual(metric.overlap(left, left), 30)
        self.assertEqual(metric.overlap(left, [(5, 45)]), 5 + 10 + 5)
        self.assertEqual(metric.overlap(left, [(10, 20), (30, 40)]), 0)
        self.assertEqual(metric.overlap(left, []), 0)
        self.assertEqual(metric.overlap([(0, 100)], left), 30)

    def test_perfect(self):
        self.assertEqual(metric.score_window([(0, 100)], [(0, 100)]), (1, 1, 1))

    def test_twice_too_much(self):
        score = metric.score_window([(0, 200)], [(0, 100)])
        self.assertEqual((score.precision, score.recall), (0.5, 1.0))
        self.assertAlmostEqual(score.f1, 2 / 3)

    def test_half_found(self):
        score = metric.score_window([(0, 50)], [(0, 100)])
        self.assertEqual((score.precision, score.recall), (1.0, 0.5))
        self.assertAlmostEqual(score.f1, 2 / 3)

    def test_nothing_found(self):
        self.assertEqual(metric.score_window([], [(0, 100)]), (0, 0, 0))

    def test_all_wrong(self):
        self.assertEqual(metric.score_window([(200, 300)], [(0, 100)]), (0, 0, 0))


class Windows(unittest.TestCase):
    def setUp(self):
        self.truth = metric.read_truth(TRUTH)

    def summary(self, lines, **options):
        return metric.summary(metric.read_trace(lines), self.truth, 20, **options)

    def test_half_of_the_maximum_is_hot_and_less_is_not(self):
        self.assertEqual(self.summary([event(1500, 0, 100, 10)])["f1"], 1)
        self.assertEqual(self.summary([event(1500, 0, 100, 9)])["f1"], 0)
        windows = metric.read_trace([event(1500, 0, 100, 10)])
        self.assertEqual(metric.summary(windows, self.truth, 21)["f1"], 0)

    def test_truth_of_the_moment(self):
        result = self.summary([event(1999, 0, 100, 20), event(2000, 0, 100, 20)])
        self.assertEqual((result["f1"], result["windows"]), (0.5, 2))
        self.assertEqual(result["phases"], [1.0, 0.0])

    def test_time_before_and_after_does_not_count(self):
        result = self.summary([event(999, 0, 1, 0), event(1000, 0, 100, 20),
                               event(3001, 0, 1, 0)])
        self.assertEqual((result["f1"], result["windows"]), (1, 1))
        self.assertEqual(result["phases"], [1.0, None])

    def test_clocks_that_differ(self):
        result = self.summary([event(5500, 0, 100, 20)], shift_ns=4000000)
        self.assertEqual(result["f1"], 1)

    def test_no_window_is_an_error_and_not_a_zero(self):
        with self.assertRaises(metric.BadInput):
            self.summary([event(1, 0, 100, 20)])

    def test_two_hot_ranges(self):
        result = self.summary([event(2500, 100, 200, 20, nr=3), event(2500, 200, 300, 0, nr=3),
                               event(2500, 300, 350, 20, nr=3)])
        self.assertEqual((result["precision"], result["recall"]), (1.0, 0.75))
        self.assertAlmostEqual(result["f1"], 2 * 0.75 / 1.75)
        self.assertEqual(result["regions"], 3)


class Late(unittest.TestCase):
    def test_from_ten_seconds_on(self):
        truth = metric.Truth(0, 30 * 10**9, (0, 1100), [metric.Phase(0, [(0, 100)])], 0, 7)
        windows = [metric.Window(s * 10**9, [(0, end, 20)]) for s, end in
                   ((9, 1100), (10, 50), (20, 200))]
        result = metric.summary(windows, truth, 20)
        self.assertEqual((result["late_recall"], result["late_false"]), (0.75, 0.05))
        self.assertEqual([s for s, _ in result["timeline"]], [9, 10, 20])
        self.assertNotIn("late_recall", metric.summary(windows[:1], truth, 20))


class Rates(unittest.TestCase):
    PARTS = [(0, 1000, 0), (1000, 2000, 500)]
    TRUTH = metric.Truth(0, 10**9, (0, 2000), [metric.Phase(0, [])], 0, 7)

    def errors(self, *windows):
        return metric.rate_errors([metric.Window(1, regions) for regions in windows],
                                  self.TRUTH, self.PARTS, 20, skip=1, group=2)

    def test_errors_of_several_windows_cancel_out(self):
        unused, low = [(0, 2000, 20)], [(0, 1000, 0), (1000, 2000, 8)]
        high = [(0, 1000, 0), (1000, 2000, 12)]
        result = self.errors(unused, low, high)
        self.assertEqual((result["error"], result["bias"], result["windows"]), (0, 0, 2))

    def test_weighted_by_size_and_signed(self):
        regions = [(0, 1000, 0), (1500, 2000, 4), (1000, 1500, 10)]
        result = self.errors([], regions, regions)
        self.assertAlmostEqual(result["error"], 0.3 / 4)
        self.assertAlmostEqual(result["bias"], -0.3 / 4)

    def test_what_cannot_be_compared_is_refused(self):
        whole, gap = [(0, 2000, 10)], [(0, 900, 0), (1000, 2000, 10)]
        for windows in ([whole], [whole, whole], [whole, whole, gap]):
            with self.assertRaises(metric.BadInput):
                self.errors(*windows)


class Counts(unittest.TestCase):
    def read(self, *lines):
        with tempfile.NamedTemporaryFile("w", suffix=".counts") as out:
            out.write("".join(line + "\n" for line in lines))
            out.flush()
            return metric.read_counts(out.name)

    def test_two_lines(self):
        idle, busy = self.read("ns=80 ticks=2 tried=0", "ns=90 ticks=3 tried=12")
        self.assertEqual((idle["ns"], busy["ticks"], busy["tried"]), (80, 3, 12))

    def test_nothing_done_is_an_error(self):
        for lines in (["ns=80 ticks=2 tried=0"],
                      ["ns=80 ticks=0 tried=0", "ns=9 ticks=3 tried=9"]):
            with self.assertRaises(metric.BadInput):
                self.read(*lines)


if __name__ == "__main__":
    unittest.main()
