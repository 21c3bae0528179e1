#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Whether the measure of real programs gives the figures that one can work out by hand."""

import importlib.machinery
import importlib.util
import os
import statistics
import sys
import tempfile
import unittest

import numpy as np

KIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, KIT)
import bench_metric
import oracle_known as known
import oracle_metric as metric
from oracle_metric import END, MAGIC, PAGES, REPORT, TIME, TOUCHED


def program(name):
    """A program of the kit as a module."""
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(KIT, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


sys.dont_write_bytecode = True
oracle = program("oracle")
MS = 10**6
PAGE = 4096


def record(kind, *values):
    words = metric.WORDS[kind]
    size = np.array([kind, len(values)], "<u4").tobytes()
    return size + np.array(values, "<u8" if words == 2 else "<u4").tobytes()


def recording(*records, lost=0):
    """As it is read from a file; the first and the last record come by themselves."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join([record(MAGIC), *records, record(END, lost)]))
        file.flush()
        return metric.read_recording(file.name)


def window(truth, estimate, pages=None, region=None, regions=1, intervals=20):
    """Of pages beside each other, in one region, if nothing else is said."""
    count = len(truth)
    return metric.Window(
        0, intervals, np.arange(count) if pages is None else np.array(pages),
        np.array(truth, float), np.array(estimate, float),
        np.zeros(count, int) if region is None else np.array(region), regions)


def figures(*windows, **options):
    return metric.summary(windows, 5 * MS, **{"skip": 0, **options})


class Reading(unittest.TestCase):
    def test_records(self):
        read = recording(record(TIME, 10), record(PAGES, 7, 1 << 40), record(TOUCHED, 0, 1),
                         record(REPORT), record(TIME, 20), record(TOUCHED, 1))
        self.assertEqual(read.pages.tolist(), [7, 1 << 40])
        self.assertEqual([(ns, pages.tolist()) for ns, pages in read.bins],
                         [(10, [0, 1]), (20, [1])])
        self.assertEqual(read.reports, [(1, 10)])
        self.assertEqual(read.times, [10, 20])

    def test_nothing_was_touched(self):
        read = recording()
        self.assertEqual((len(read.pages), read.bins, read.reports), (0, [], []))

    def test_what_is_not_whole_is_refused(self):
        good = record(MAGIC) + record(PAGES, 7) + record(TOUCHED, 0)
        for bad in (b"", b"DA", record(TIME, 1), good, good[:-2], good + record(END, 0)[:-4],
                    record(MAGIC) + np.array([99, 0], "<u4").tobytes()):
            with tempfile.NamedTemporaryFile() as file:
                file.write(bad)
                file.flush()
                with self.assertRaises(metric.BadInput):
                    metric.read_recording(file.name)

    def test_accesses_that_were_not_understood_are_no_truth(self):
        with self.assertRaises(metric.BadInput):
            recording(lost=1)

    def test_snapshot(self):
        read = metric.read_snapshot(["T 5\n", "V 4096 16384 r--p /a b\n", "P 4096 12288 1\n",
                                     "V 20480 24576 rw-p \n"])
        self.assertEqual(read, metric.Snapshot(5, [(1, 3)]))
        with self.assertRaises(metric.BadInput):
            metric.read_snapshot(["P 4096 12288 1\n"])


class Truth(unittest.TestCase):
    def windows(self, *records, sizes=(1,), interval=5 * MS):
        return metric.true_windows(recording(record(PAGES, 7, 8), *records), sizes, interval)

    def test_a_page_counts_once_per_interval(self):
        truth, = self.windows(
            record(TIME, 0), record(TOUCHED, 0), record(TIME, 1 * MS), record(TOUCHED, 0, 1),
            record(TIME, 5 * MS), record(TOUCHED, 0), record(TIME, 10 * MS), record(REPORT))
        self.assertEqual((truth.ns, truth.intervals, truth.touched.tolist()), (10 * MS, 2, [2, 1]))

    def test_a_window_begins_where_the_last_one_ended(self):
        first, second = self.windows(
            record(TIME, 0), record(TOUCHED, 0), record(TIME, 5 * MS), record(REPORT),
            record(TOUCHED, 1), record(TIME, 10 * MS), record(REPORT), sizes=(1, 1))
        self.assertEqual((first.touched.tolist(), second.touched.tolist()), ([1, 0], [0, 1]))

    def test_a_window_ends_with_its_first_report(self):
        first, second = self.windows(
            record(TIME, 0), record(TOUCHED, 0), record(TIME, 5 * MS), record(REPORT),
            record(TIME, 6 * MS), record(REPORT), record(TOUCHED, 0), record(TIME, 10 * MS),
            record(REPORT), record(REPORT), sizes=(2, 2))
        self.assertEqual((first.ns, second.ns), (5 * MS, 10 * MS))
        self.assertEqual((first.touched.tolist(), second.touched.tolist()), ([1, 0], [1, 0]))

    def test_a_rest_belongs_to_the_last_interval(self):
        truth, = self.windows(
            record(TIME, 0), record(TOUCHED, 0), record(TIME, 5 * MS), record(TOUCHED, 0),
            record(TIME, 10 * MS), record(TOUCHED, 0, 1), record(TIME, 12 * MS), record(REPORT))
        self.assertEqual((truth.intervals, truth.touched.tolist()), (2, [2, 1]))

    def test_a_window_shorter_than_an_interval_is_one(self):
        truth, = self.windows(record(TIME, 0), record(TOUCHED, 1), record(TIME, MS), record(REPORT))
        self.assertEqual((truth.intervals, truth.touched.tolist()), (1, [0, 1]))

    def test_windows_that_have_not_ended_are_left_out(self):
        self.assertEqual(len(self.windows(record(TIME, 0), record(TOUCHED, 0), record(REPORT),
                                          sizes=(1, 1))), 1)

    def test_without_time_there_is_no_truth(self):
        with self.assertRaises(metric.BadInput):
            self.windows(record(TOUCHED, 0), record(REPORT))


class Comparing(unittest.TestCase):
    def compare(self, regions, snapshots=(), touched=(0,)):
        read = recording(record(TIME, 0), record(PAGES, 10, 11, 20), record(TOUCHED, *touched),
                         record(TIME, 100 * MS), *[record(REPORT)] * max(len(regions), 1))
        reports = [bench_metric.Window(100 * MS, regions)]
        return list(metric.compare(read, reports, snapshots, 50 * MS, 20))

    def test_estimates_are_those_of_the_regions(self):
        got, = self.compare([(10 * PAGE, 11 * PAGE, 20), (11 * PAGE, 30 * PAGE, 5)], touched=(0, 1, 2))
        self.assertEqual(got.pages.tolist(), [10, 11, 20])
        self.assertEqual(got.truth.tolist(), [0.5, 0.5, 0.5])
        self.assertEqual(got.estimate.tolist(), [1, 0.25, 0.25])
        self.assertEqual((got.region.tolist(), got.regions), ([0, 1, 1], 2))

    def test_what_is_in_no_region_is_called_cold(self):
        got, = self.compare([(15 * PAGE, 16 * PAGE, 20)], touched=(0, 2))
        self.assertEqual((got.estimate.tolist(), got.region.tolist()), ([0, 0], [-1, -1]))

    def test_rates_do_not_go_beyond_all(self):
        got, = self.compare([(0, 30 * PAGE, 21)])
        self.assertEqual(got.estimate.tolist(), [1])

    def test_pages_count_that_are_present_or_touched(self):
        snapshots = [metric.Snapshot(50 * MS, [(11, 13)]), metric.Snapshot(200 * MS, [(20, 40)])]
        got, = self.compare([(0, 30 * PAGE, 0)], snapshots)
        self.assertEqual(got.pages.tolist(), [10, 11, 12])
        self.assertEqual(got.truth.tolist(), [0.5, 0, 0])

    def test_a_later_snapshot_replaces_the_one_before(self):
        snapshots = [metric.Snapshot(50 * MS, [(12, 13)]), metric.Snapshot(20 * MS, [(20, 40)])]
        self.assertEqual(self.compare([(0, 30 * PAGE, 0)], snapshots)[0].pages.tolist(), [10, 12])

    def test_a_trace_of_another_run_is_refused(self):
        with self.assertRaises(metric.BadInput):
            reports = [bench_metric.Window(1, [(0, PAGE, 1)] * 2)]
            list(metric.compare(recording(record(TIME, 0), record(REPORT)), reports, [], MS, 20))

    def test_no_windows(self):
        self.assertEqual(list(metric.compare(recording(), [], [], MS, 20)), [])


class Borders(unittest.TestCase):
    def test_as_many_as_there_are_steps(self):
        self.assertEqual(metric.best_borders(np.array([0, 0, 1, 1, 0.]), [3, 1000]), [0, 0])

    def test_one_piece_has_the_variance(self):
        values = np.array([0, 0.5, 1, 0.25])
        self.assertAlmostEqual(metric.best_borders(values, [1])[0], metric.squares(values))

    def test_what_costs_least_goes_first(self):
        values = np.array([0, 0, 0.1, 0.1, 1, 1, 1.])
        two, one = metric.best_borders(values, [2, 1])
        self.assertAlmostEqual(two, 4 * 0.05 ** 2)
        self.assertAlmostEqual(one, metric.squares(values))

    def test_a_border_is_worth_its_pages(self):
        # A lone page that differs much, or many that differ a little.
        values = np.array([0.] * 100 + [0.3] * 100 + [1.])
        self.assertAlmostEqual(metric.best_borders(values, [2])[0],
                               min(metric.squares(values[:100]) + metric.squares(values[100:]),
                                   metric.squares(values[:200])))

    def test_against_all_possible_borders(self):
        draw = np.random.RandomState(1)
        for _ in range(20):
            values = draw.randint(0, 4, 8) / 4
            best = min(sum(map(metric.squares, np.split(values, [i, j])))
                       for i in range(1, 8) for j in range(i, 8))
            merged = metric.best_borders(values, [3])[0]
            self.assertGreaterEqual(merged, best - 1e-12)
            self.assertLessEqual(merged, metric.squares(values) + 1e-12)

    def test_nothing_to_cut(self):
        self.assertEqual(metric.best_borders(np.array([]), [5, 1]), [0, 0])
        self.assertEqual(metric.best_borders(np.array([0.5]), [5, 1]), [0, 0])
        self.assertEqual(metric.best_borders(np.array([0.5, 1]), [0])[0], 0.125)

    def test_means_of_regions(self):
        values = np.array([0, 1, 0.5, 0.5])
        self.assertEqual(metric.within_groups(values, np.array([0, 0, 1, 1])), 0.5)
        self.assertEqual(metric.within_groups(values, np.array([0, 1, 2, 2])), 0)
        self.assertEqual(metric.within_groups(values, np.array([-1, -1, 5, 5])), 1)
        self.assertEqual(metric.within_groups(values, np.array([-1] * 4)), 1.5)


class Figures(unittest.TestCase):
    def test_perfect(self):
        got = figures(window([0, 0.5, 1], [0, 0.5, 1], region=[0, 1, 2], regions=3))
        for figure in ("r2_window", "r2_means", "r2_best", "r2_best_1000", "precision", "recall",
                       "short_found"):
            self.assertEqual(got[figure], 1, figure)
        for figure in ("error", "bias", "hot_error"):
            self.assertEqual(got[figure], 0, figure)

    def test_the_mean_explains_nothing(self):
        got = figures(window([0, 1], [0.5, 0.5]))
        self.assertEqual((got["r2_window"], got["r2_means"], got["r2_best"]), (0, 0, 0))
        self.assertEqual((got["r2_best_1000"], got["error"], got["bias"]), (1, 0.5, 0))

    def test_worse_than_the_mean(self):
        got = figures(window([0, 1], [1, 0]))
        self.assertEqual((got["r2_window"], got["error"], got["bias"], got["hot_error"]), (-3, 1, 0, 1))

    def test_bias_has_a_sign(self):
        self.assertEqual(figures(window([0.5, 0], [0.25, 0]))["bias"], -0.125)

    def test_half_is_hot_and_less_is_not(self):
        got = figures(window([0.5, 0.45, 0.5, 0], [0.5, 0.5, 0.45, 0]))
        self.assertEqual((got["precision"], got["recall"]), (0.5, 0.5))

    def test_nothing_was_hot_or_called_so(self):
        got = figures(window([0.1, 0.2], [0.1, 0.2]))
        for figure in ("precision", "recall", "short_found", "hot_error"):
            self.assertIsNone(got[figure])

    def test_same_heat_everywhere_cannot_be_explained(self):
        for heat in (0, 0.5, 1):
            got = figures(window([heat] * 3, [0.5] * 3))
            for figure in ("r2_window", "r2_second", "r2_means", "r2_best"):
                self.assertIsNone(got[figure])

    def test_a_single_page(self):
        self.assertEqual(figures(window([1], [0.5]))["error"], 0.5)

    def test_no_pages_are_no_zero(self):
        for windows in ((), (window([], []),), (window([1], [1]),)):
            with self.assertRaises(metric.BadInput):
                figures(*windows, skip=len(windows))
        with self.assertRaises(metric.BadInput):
            figures(window([], []))

    def test_a_window_without_pages_between_others(self):
        got = figures(window([0, 1], [0, 1]), window([], []), window([0, 1], [0, 0]))
        self.assertEqual((got["r2_window"], got["recall"], got["windows"]), (0, 0.5, 3))

    def test_runs_of_hot_pages(self):
        self.assertEqual(metric.run_lengths(np.array([1, 2, 3, 7, 9, 10])).tolist(),
                         [3, 3, 3, 1, 2, 2])
        self.assertEqual(metric.run_lengths(np.array([], int)).tolist(), [])

    def test_short_runs(self):
        # A run of four, one of three of which one is found, and a lone page that is not.
        truth = [1, 1, 1, 1, 0, 1, 1, 1, 0, 1]
        estimate = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
        self.assertEqual(figures(window(truth, estimate))["short_found"], 0.25)

    def test_what_is_not_there_ends_a_run(self):
        got = figures(window([1, 1, 1, 1], [1, 1, 0, 0], pages=[1, 2, 5, 6]))
        self.assertEqual(got["short_found"], 0.5)

    def test_error_of_very_hot_pages(self):
        got = figures(window([0.95, 1, 0.9, 0], [0.45, 1, 0, 1]))
        self.assertAlmostEqual(got["hot_error"], 0.25)

    def test_the_first_windows_do_not_count(self):
        got = figures(window([0, 1], [1, 0]), window([0, 1], [0, 1]), skip=1)
        self.assertEqual((got["windows"], got["error"]), (1, 0))


class Seconds(unittest.TestCase):
    def test_averages_over_a_second(self):
        # Each window tells the opposite of the truth, and all of them together are right.
        windows = [window([i % 2, 1], [1 - i % 2, 1]) for i in range(10)]
        got = figures(*windows)
        self.assertEqual(got["r2_second"], 1)
        self.assertLess(got["r2_window"], 0)

    def test_longer_windows_weigh_more(self):
        got = figures(window([0, 1], [0, 1], intervals=150), window([1, 0], [1, 1], intervals=50))
        # true: 0.25 and 0.75, told: 0.25 and 1
        self.assertAlmostEqual(got["r2_second"], 1 - 0.25 ** 2 / 0.125)

    def test_less_than_a_second_has_none(self):
        self.assertIsNone(figures(window([0, 1], [0, 1]))["r2_second"])

    def test_pages_that_did_not_count_all_the_time(self):
        windows = [window([0, 1, 1], [0, 1, 0], pages=[1, 2, 3], intervals=100),
                   window([0, 1, 1], [0, 1, 0], pages=[1, 2, 4], intervals=100)]
        self.assertEqual(figures(*windows)["r2_second"], 1)


class Pictures(unittest.TestCase):
    def test_pages_that_count_have_a_place(self):
        truth, estimate = metric.picture([window([0, 1], [1, 1], pages=[5, 1 << 30]),
                                          window([0.5], [0.25], pages=[5])])
        self.assertEqual(truth.tolist(), [[0, 0.5], [1, 0]])
        self.assertEqual(estimate.tolist(), [[1, 0.25], [1, 0]])

    def test_many_pages_share_a_row(self):
        truth, _ = metric.picture([window([0, 1, 1, 1], [0] * 4)], rows=2)
        self.assertEqual(truth.tolist(), [[0.5], [1]])

    def test_without_pages(self):
        self.assertEqual(metric.picture([window([], [])])[0].shape, (1, 1))
        with self.assertRaises(metric.BadInput):
            metric.picture([])


LOAD = ['{"event": "parts", "pages": 2, "start": 40960, "names": ["never", "always", "written"]}\n',
        '{"event": "round", "number": 0, "from": 2000000, "to": 2500000}\n',
        '{"event": "round", "number": 1, "from": 7000000, "to": 7500000}\n',
        '{"event": "round", "number": 2, "from": 120000']


class Known(unittest.TestCase):
    def accesses(self, *touched):
        """touched: what is in the bins that begin at 0, 1, ... ms."""
        records = [record(PAGES, *range(10, 17))]
        for ms in range(11):
            records.append(record(TIME, ms * MS))
            if ms < len(touched) and touched[ms]:
                records.append(record(TOUCHED, *touched[ms]))
        return known.accesses(recording(*records), known.Load(LOAD))

    def test_exactly_what_was_done(self):
        self.assertEqual(self.accesses([], [], [2, 3], [], [], [], [], [2, 3, 4, 5]), (6, [], []))

    def test_other_memory_does_not_count(self):
        self.assertEqual(self.accesses([], [], [2, 3], [6], [], [], [], [2, 3, 4, 5]), (6, [], []))

    def test_an_access_is_missing(self):
        self.assertEqual(self.accesses([], [], [2], [], [], [], [], [2, 3, 4, 5]), (6, [(0, 13)], []))

    def test_an_access_is_recorded_late(self):
        checked, missing, extra = self.accesses([], [], [2], [], [3], [], [], [2, 3, 4, 5])
        self.assertEqual((missing, extra), ([(0, 13)], [(4 * MS, 13)]))

    def test_an_access_that_nobody_made(self):
        self.assertEqual(self.accesses([], [], [2, 3], [], [0], [], [], [2, 3, 4, 5])[2],
                         [(4 * MS, 10)])

    def test_rates(self):
        load = known.Load(LOAD)
        self.assertEqual([load.rate(part, 1) for part in range(3)], [0, 1, 0.5])
        windows = [window([0, 0, 1, 0.75, 0.5, 0.5], [0] * 6, pages=range(10, 16))]
        self.assertEqual(known.rates(windows, load), {"never": 0, "always": 0.25, "written": 0})


class Tables(unittest.TestCase):
    def test_the_average_is_over_what_there_is(self):
        runs = [{"a": 1, "b": None}, {"a": 3, "b": 4}, {"a": 8, "b": None, "c": None}]
        self.assertEqual(oracle.average(runs, statistics.median), {"a": 3, "b": 4})

    def test_programs_count_by_their_medians(self):
        done = {"x": {"kernel": [{"a": 1}, {"a": 2}, {"a": 9}]}, "y": {"kernel": [{"a": 4}]}}
        self.assertEqual(oracle.mean_over_programs(done), {"kernel": [{"a": 3}]})

    def test_medians_are_judged(self):
        results = {"kernel": [{"a": 1}, {"a": 2}, {"a": 9}], "stock": [{"a": 3}, {"a": 1}]}
        verdict, = oracle.judge("x", {"goals": ["a>=1*stock"]}, results)
        self.assertEqual((verdict.ours, verdict.bound), (2, 2))
        self.assertEqual(oracle.judge("x", {"goals": ["a>=1"]}, {"stock": [{"a": 3}]}), [])

    def test_what_there_is_not_is_not_judged(self):
        verdict, = oracle.judge("x", {"goals": ["a>=1"]}, {"kernel": [{"a": None}]})
        self.assertIsNone(verdict.ours)

    def test_a_table_says_what_is_missing(self):
        run = {figure: None for _, _, figure, _ in oracle.COLUMNS}
        text = oracle.table("x", {"kernel": [dict(run, recall=0.5)], "stock": [run, run]}, [])
        self.assertEqual(text.count("50.0"), 1)
        self.assertIn("stock, median", text)
        self.assertNotIn("None", text)

    def test_settings_are_for_all_programs(self):
        cases, mean = oracle.read_cases(["sort", "redis", "ops=paddr"])
        self.assertEqual(list(cases), ["sort", "redis"])
        self.assertEqual([case["ops"] for case in cases.values()], ["paddr"] * 2)
        self.assertTrue(mean["goals"])
        self.assertGreaterEqual(len(oracle.read_cases(["all"])[0]), 6)

    def test_unknown_words_are_refused(self):
        for words in (["nothing"], ["top=1"], ["mean"]):
            with self.assertRaises(SystemExit):
                oracle.read_cases(words)

    def test_cpu_share(self):
        with tempfile.NamedTemporaryFile("w") as file:
            for text, share in (("10 1000\n60 2000\n", 0.05), ("10 1000\n", None),
                                ("10 1000\n60 1000\n", None)):
                file.seek(0)
                file.truncate()
                file.write(text)
                file.flush()
                if share is not None:
                    self.assertEqual(oracle.cpu_share(file.name), share)
                    continue
                with self.assertRaises(metric.BadInput):
                    oracle.cpu_share(file.name)


class Programs(unittest.TestCase):
    def test_every_program_has_a_case_and_starts(self):
        names = set(os.listdir(oracle.PROGRAMS)) - {"known"}
        self.assertEqual(set(oracle.read_cases([])[0]), names)
        for name in names:
            with open(os.path.join(oracle.PROGRAMS, name)) as text:
                self.assertIn("\nstart()\n", text.read())


if __name__ == "__main__":
    unittest.main()
