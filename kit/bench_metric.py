# SPDX-License-Identifier: GPL-2.0
"""
How well a monitor found what was hot: reads the truth that a workload wrote and
the aggregations that the kernel traced, and compares them window by window, in
bytes. It knows nothing of how either was produced: no VM, no files of its own.
"""

import json
import re
from collections import namedtuple

Window = namedtuple("Window", "ns regions")        # regions: (start, end, nr_accesses)
Phase = namedtuple("Phase", "ns hot")              # hot: sorted (start, end)
Truth = namedtuple("Truth", "start_ns end_ns memory phases longest_pass_us pid")
Score = namedtuple("Score", "f1 precision recall")

EVENT = re.compile(
    r"\s(?P<s>\d+)\.(?P<us>\d{6}): (?:damon:)?damon_aggregated:\s+"
    r"target_id=(?P<target>\d+) nr_regions=(?P<nr>\d+) "
    r"(?P<start>\d+)-(?P<end>\d+): (?P<accesses>\d+)")
KDAMOND = re.compile(r"\s*(kdamond\.\d+)[ -]")
BUFFER = re.compile(r"# entries-in-buffer/entries-written: (\d+)/(\d+)")


class BadInput(Exception):
    """The input contradicts itself: no figure may be made from it."""


def read_truth(lines):
    start = end = None
    phases = []
    for line in lines:
        event = json.loads(line)
        if event["event"] == "start":
            start = event
        elif event["event"] == "phase":
            phases.append(Phase(event["ns"], sorted((a, b) for a, b in event["hot"])))
        elif event["event"] == "end":
            end = event
    if not start or not end or not phases:
        raise BadInput("the workload did not run to its end")
    return Truth(start["ns"], end["ns"], tuple(start["memory"]), phases,
                 end["longest_pass_us"], start["pid"])


def read_events(lines, name):
    return [event for event in map(json.loads, lines) if event["event"] == name]


def read_trace(lines):
    """Windows of all targets together, in the order of time.

    Every event says how many there are in its window, so a window that lost one
    is an error and never a silent change of the score.
    """
    windows = []
    target = missing = None
    regions = []
    for line in lines:
        counts = BUFFER.match(line)
        if counts and counts.group(1) != counts.group(2):
            raise BadInput("trace buffer too small: %s of %s events kept" % counts.groups())
        event = EVENT.search(line)
        if not event:
            continue
        if not regions:
            target, missing = event["target"], int(event["nr"])
        if event["target"] != target:
            raise BadInput("%d regions of target %s missing in the trace" % (missing, target))
        regions.append((int(event["start"]), int(event["end"]), int(event["accesses"])))
        missing -= 1
        if not missing:
            windows.append(Window(int(event["s"]) * 10**9 + int(event["us"]) * 1000, regions))
            regions = []
    return windows


def read_traces(lines):
    """Windows of each kdamond by itself."""
    by_name = {}
    common = []
    for line in lines:
        name = KDAMOND.match(line)
        if name:
            by_name.setdefault(name.group(1), []).append(line)
        elif line.startswith("#"):
            common.append(line)
    return [read_trace(common + own) for own in by_name.values()]


def read_counts(path, number=2):
    """What was counted while nothing was asked of a kdamond, and while it was."""
    counts = []
    with open(path) as lines:
        for line in lines:
            counts.append({name: int(value) for name, value in
                           (word.split("=") for word in line.split())})
    if len(counts) != number or not all(count["ticks"] for count in counts):
        raise BadInput("the kdamond did not run to the end")
    return counts


def hot_ranges(regions, threshold):
    return sorted((start, end) for start, end, accesses in regions if accesses >= threshold)


def size(ranges):
    return sum(end - start for start, end in ranges)


def overlap(left, right):
    """Bytes in both of two sorted lists of disjoint ranges."""
    total = i = j = 0
    while i < len(left) and j < len(right):
        total += max(0, min(left[i][1], right[j][1]) - max(left[i][0], right[j][0]))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return total


def score_window(found, truth):
    both = overlap(found, truth)
    precision = both / size(found) if found else 0.0
    recall = both / size(truth) if truth else 0.0
    return Score(2 * both / (size(found) + size(truth)), precision, recall)


def hot_at(truth, ns):
    """What was hot at a moment; None outside the time that the workload vouches for."""
    if ns < truth.phases[0].ns or ns > truth.end_ns:
        return None
    return [phase.hot for phase in truth.phases if phase.ns <= ns][-1]


def score_windows(windows, truth, max_accesses, shift_ns=0):
    """Scores of the windows that ended while the workload ran.

    shift_ns is what the clock of the trace is ahead of the clock of the truth.
    """
    scored = []
    for window in windows:
        hot = hot_at(truth, window.ns - shift_ns)
        if hot is None:
            continue
        # At least half of the maximum, also where the maximum is odd.
        found = hot_ranges(window.regions, (max_accesses + 1) // 2)
        scored.append((window, hot, found, score_window(found, hot)))
    return scored


def mean(scores):
    if not scores:
        raise BadInput("no aggregation while the workload ran")
    return Score(*(sum(column) / len(scores) for column in zip(*scores)))


LATE_NS = 10 * 10**9


def late_scores(scored, truth, shift_ns):
    """What is found after ten seconds, and how much of the workload's other memory is called hot."""
    late = [(size(found) - overlap(found, hot), size(hot), score.recall)
            for window, hot, found, score in scored
            if window.ns - shift_ns >= truth.phases[0].ns + LATE_NS]
    if not late:
        return {}
    memory = truth.memory[1] - truth.memory[0]
    return {"late_recall": sum(recall for _, _, recall in late) / len(late),
            "late_false": sum(wrong / max(memory - hot, 1) for wrong, hot, _ in late) / len(late)}


def summary(windows, truth, max_accesses, shift_ns=0):
    scored = score_windows(windows, truth, max_accesses, shift_ns)
    total = mean([score for _, _, _, score in scored])
    return {
        **late_scores(scored, truth, shift_ns),
        "f1": total.f1,
        "precision": total.precision,
        "recall": total.recall,
        "windows": len(scored),
        "regions": sum(len(window.regions) for window, _, _, _ in scored) / len(scored),
        "phases": phase_means(scored, truth, shift_ns),
        "timeline": [((window.ns - shift_ns - truth.start_ns) / 1e9, score.f1)
                     for window, _, _, score in scored],
    }


def phase_means(scored, truth, shift_ns):
    means = []
    for i, phase in enumerate(truth.phases):
        until = truth.phases[i + 1].ns if i + 1 < len(truth.phases) else truth.end_ns + 1
        part = [score for window, _, _, score in scored
                if phase.ns <= window.ns - shift_ns < until]
        means.append(mean(part).f1 if part else None)
    return means


CELLS = 1000


def rates_at_cells(regions, start, end):
    """Accesses at the middles of so many equal parts; None where there is no region."""
    regions = sorted(regions)
    rates, i = [], 0
    for cell in range(CELLS):
        at = start + (2 * cell + 1) * (end - start) // (2 * CELLS)
        while i < len(regions) and regions[i][1] <= at:
            i += 1
        rates.append(regions[i][2] if i < len(regions) and regions[i][0] <= at else None)
    return rates


def rate_errors(windows, truth, parts, max_accesses, skip=20, group=10):
    """Mean absolute and mean signed error of access rates, each averaged over ten windows.

    In shares of full scale, weighted by size. parts: (start, end, permil); the first
    windows, in which regions are still being found, do not count.
    """
    start, end = parts[0][0], parts[-1][1]
    known = rates_at_cells(parts, start, end)
    used = [window for window in windows if truth.phases[0].ns <= window.ns <= truth.end_ns][skip:]
    errors = []
    for i in range(0, len(used) - group + 1, group):
        rows = [rates_at_cells(window.regions, start, end) for window in used[i:i + group]]
        for cell, column in enumerate(zip(*rows)):
            if None in column:
                raise BadInput("a part of the memory was in no region")
            errors.append(sum(column) / group / max_accesses - known[cell] / 1000)
    if not errors:
        raise BadInput("too few aggregations while the workload ran")
    return {"error": sum(map(abs, errors)) / len(errors), "bias": sum(errors) / len(errors),
            "windows": len(used)}


def idle_shares(percentiles, watched_ms):
    """The share of memory that has been idle for half of the time at least that it was watched,
    and the idle time in the middle of that."""
    idle = sorted(ms for ms in percentiles if ms >= watched_ms / 2)
    return {"share": len(idle) / len(percentiles), "ms": idle[len(idle) // 2] if idle else 0}


def harm(lines, watchers):
    """Major faults per second without a watcher, which is the first one, and with each of the
    others as multiples of that; and the CPU time in ms that these have used.

    Each line is about one: its name, faults, microseconds, and nanoseconds of CPU time.
    """
    rates, cpu_ms = {}, {}
    for name, faults, us, cpu_ns in map(str.split, lines):
        rates[name] = int(faults) * 1e6 / int(us)
        cpu_ms[name + "_cpu_ms"] = int(cpu_ns) / 1e6
    if sorted(rates) != sorted(watchers):
        raise BadInput("not everybody had a turn")
    without = rates.pop(watchers[0])
    del cpu_ms[watchers[0] + "_cpu_ms"]
    if without <= 0:
        raise BadInput("nothing came back without a watcher")
    if min(cpu_ms.values()) <= 0:
        raise BadInput("a watcher did nothing")
    return {**cpu_ms, watchers[0]: without,
            **{name: rate / without for name, rate in rates.items()}}
