# SPDX-License-Identifier: GPL-2.0
"""
How well a monitor told how hot the memory of a real program was: reads what a plugin of
the emulator saw (oracle.d/truth.c) and which memory was there (workloads/present.c), and
compares them, page by page, with the windows that the kernel traced (bench_metric.py).

The true heat of a page in a window is the share of the sampling intervals in which it
was touched. The estimate is the rate of the region that it lies in. Pages count that are
present or touched. It knows nothing of programs, guests and kernels.
"""

import heapq
from collections import namedtuple

import numpy as np

from bench_metric import BadInput

PAGE_SHIFT = 12
SECOND_NS = 10**9
MAGIC, PAGES, TOUCHED, TIME, REPORT, END = 0x4e4d4144, 1, 2, 3, 4, 5
WORDS = {MAGIC: 0, PAGES: 2, TOUCHED: 1, TIME: 2, REPORT: 0, END: 2}     # of 32 bits each

# bins: (ns, indices of pages), cut at each report as at each time that is told, which is in
# times; reports: (number of bins before it, ns)
Recording = namedtuple("Recording", "pages bins reports times")
# touched: per index of a page, in how many intervals
Truth = namedtuple("Truth", "ns intervals touched")
# present: (first page, end)
Snapshot = namedtuple("Snapshot", "ns present")
# A window, of pages that count, in the order of addresses. region: index, -1 if in none
Window = namedtuple("Window", "ns intervals pages truth estimate region regions")


# -- reading --------------------------------------------------------------------------

def read_recording(path):
    raw = np.fromfile(path, dtype="<u4")
    if len(raw) < 2 or raw[0] != MAGIC:
        raise BadInput("%s is no recording" % path)
    pages, bins, reports, times = [], [], [], []
    at, now, ended = 0, None, False
    while at + 2 <= len(raw) and not ended:
        kind, number = int(raw[at]), int(raw[at + 1])
        if kind not in WORDS:
            raise BadInput("%s: there are no records of kind %d" % (path, kind))
        what = raw[at + 2:at + 2 + number * WORDS[kind]]
        at += 2 + number * WORDS[kind]
        if len(what) < number * WORDS[kind]:
            break
        if kind == PAGES:
            pages.append(what.view("<u8"))
        elif kind == TOUCHED:
            bins.append((now, what))
        elif kind == TIME:
            now = int(what.view("<u8")[0])
            times.append(now)
        elif kind == REPORT:
            reports.append((len(bins), now))
        elif kind == END:
            ended = True
            if what.view("<u8")[0]:
                raise BadInput("%d accesses were not understood" % what.view("<u8")[0])
    if not ended:
        raise BadInput("%s ends early" % path)
    pages = np.concatenate(pages).astype(np.int64) if pages else np.zeros(0, np.int64)
    return Recording(pages, bins, reports, times)


def read_snapshot(lines):
    ns, present = None, []
    for line in lines:
        words = line.split()
        if words[0] == "T":
            ns = int(words[1])
        elif words[0] == "P":
            present.append((int(words[1]) >> PAGE_SHIFT, int(words[2]) >> PAGE_SHIFT))
    if ns is None:
        raise BadInput("a snapshot has no time")
    return Snapshot(ns, present)


# -- the truth ------------------------------------------------------------------------

def interval_of(ns, begin, interval_ns, count):
    """A short rest belongs to the last one, and what is before the first one to that."""
    return min(max((ns - begin) // interval_ns, 0), count - 1)


def count_touched(bins, begin, interval_ns, count, nr_pages):
    """Per page, in how many of so many intervals it was touched."""
    touched = np.zeros(nr_pages, np.int32)
    last = np.full(nr_pages, -1, np.int32)
    for ns, pages in bins:
        interval = interval_of(ns, begin, interval_ns, count)
        new = pages[last[pages] != interval]
        last[new] = interval
        touched[new] += 1
    return touched


def true_windows(recording, sizes, interval_ns):
    """The truth of windows that were reported in so many regions each.

    A window ends with the first of its reports, and the next one begins.
    """
    windows = []
    report, first_bin = 0, 0
    begin = recording.times[0] if recording.times else None
    for size in sizes:
        if report >= len(recording.reports):
            break
        end_bin, ns = recording.reports[report]
        report += size
        if ns is None or begin is None:
            raise BadInput("the time was never told")
        bins = [(begin if at is None else at, pages)
                for at, pages in recording.bins[first_bin:end_bin]]
        count = max(1, (ns - begin + interval_ns // 2) // interval_ns)
        windows.append(Truth(ns, count, count_touched(bins, begin, interval_ns, count,
                                                      len(recording.pages))))
        first_bin, begin = end_bin, ns
    return windows


# -- windows, page by page ------------------------------------------------------------

def regions_of_pages(regions, pages):
    """Per page, which of the sorted regions it lies in; -1 for none."""
    if not len(regions):
        return np.full(len(pages), -1)
    starts = np.array([start >> PAGE_SHIFT for start, _, _ in regions])
    ends = np.array([(end + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT for _, end, _ in regions])
    found = np.searchsorted(starts, pages, "right") - 1
    return np.where((found >= 0) & (pages < ends[np.maximum(found, 0)]), found, -1)


def estimates(regions, region_of_page, max_accesses):
    """Shares of samples; what is in no region is said to be cold."""
    rates = np.array([min(accesses / max_accesses, 1) for _, _, accesses in regions] + [0.0])
    return rates[region_of_page]


class Present:
    """Which pages are present at a moment, as of the last snapshot."""

    def __init__(self, pages, snapshots):
        self.pages = pages
        self.snapshots = sorted(snapshots, key=lambda snapshot: snapshot.ns)
        self.mask = np.zeros(len(pages), bool)

    def at(self, ns):
        while self.snapshots and self.snapshots[0].ns <= ns:
            self.mask = np.zeros(len(self.pages), bool)
            for first, end in self.snapshots.pop(0).present:
                self.mask[np.searchsorted(self.pages, first):
                          np.searchsorted(self.pages, end)] = True
        return self.mask


def all_pages(recording, snapshots):
    ranges = [np.arange(first, end) for snapshot in snapshots for first, end in snapshot.present]
    return np.unique(np.concatenate([recording.pages, *ranges]))


def compare(recording, reports, snapshots, interval_ns, max_accesses):
    """Windows with the truth and the estimate of each page; reports: windows of the trace."""
    if len(recording.reports) < sum(len(report.regions) for report in reports):
        raise BadInput("the trace has more regions than were reported")
    pages = all_pages(recording, snapshots)
    places = np.searchsorted(pages, recording.pages)
    present = Present(pages, snapshots)
    truths = true_windows(recording, [len(report.regions) for report in reports], interval_ns)
    for truth, report in zip(truths, reports):
        heat = np.zeros(len(pages))
        heat[places] = truth.touched / truth.intervals
        counts = present.at(truth.ns) | (heat > 0)
        regions = sorted(report.regions)
        region = regions_of_pages(regions, pages[counts])
        yield Window(truth.ns, truth.intervals, pages[counts], heat[counts],
                     estimates(regions, region, max_accesses), region, len(regions))


# -- borders --------------------------------------------------------------------------

def squares(values):
    """Sum of squared distances from the mean."""
    return float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0


def within_groups(values, groups):
    """Sum of squared distances from the means of groups; what is in no group (-1) is
    taken for zero."""
    inside = groups >= 0
    if not inside.any():
        return float((values ** 2).sum())
    sizes = np.bincount(groups[inside])
    sums = np.bincount(groups[inside], weights=values[inside])
    means = np.append(sums / np.maximum(sizes, 1), 0.0)
    return float(((values - means[groups]) ** 2).sum())


def best_borders(values, numbers):
    """For each number, the sum of squared distances from the means of so many pieces.

    The pieces are about the best ones: neighbours are merged for as long as there are
    too many, those first whose merge costs least.
    """
    if not len(values):
        return [0.0 for _ in numbers]
    borders = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1, [len(values)]])
    count = len(borders) - 1
    sizes = np.diff(borders).tolist()
    sums = [size * float(values[start]) for size, start in zip(sizes, borders)]
    left, right = list(range(-1, count - 1)), list(range(1, count + 1))
    version = [0] * count

    def offer(i, j):
        """Merging costs this much more."""
        gap = sums[i] / sizes[i] - sums[j] / sizes[j]
        return (gap * gap * sizes[i] * sizes[j] / (sizes[i] + sizes[j]), i, j, version[i], version[j])

    queue = [offer(i, i + 1) for i in range(count - 1)]
    heapq.heapify(queue)
    errors, total = {}, 0.0
    for number in sorted(set(numbers), reverse=True):
        while count > max(number, 1):
            cost, i, j, version_i, version_j = heapq.heappop(queue)
            if (version[i], version[j]) != (version_i, version_j):
                continue
            total += cost
            count -= 1
            sizes[i] += sizes[j]
            sums[i] += sums[j]
            version[i] += 1
            version[j] = -1
            right[i] = right[j]
            if right[i] < len(sizes):
                left[right[i]] = i
                heapq.heappush(queue, offer(i, right[i]))
            if left[i] >= 0:
                heapq.heappush(queue, offer(left[i], i))
        errors[number] = total
    return [errors[number] for number in numbers]


# -- figures --------------------------------------------------------------------------

HOT = 0.5
VERY_HOT = 0.9
SHORT_RUN = 3
MANY = 1000
BORDERS_EVERY = 10
# Heat is a share of few intervals.
TINY = 1e-9


def share(part, whole):
    """None where there is nothing to have a share of."""
    return float(part / whole) if whole else None


def explained(error, variance):
    return None if variance <= TINY else float(1 - error / variance)


def run_lengths(pages):
    """Per page, how many of the sorted pages lie beside each other there."""
    if not len(pages):
        return np.zeros(0, int)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(pages) != 1) + 1, [len(pages)]])
    lengths = np.diff(starts)
    return np.repeat(lengths, lengths)


class Tally(dict):
    """Sums by name."""

    def add(self, **values):
        for name, value in values.items():
            self[name] = self.get(name, 0.0) + float(value)

    def __missing__(self, name):
        return 0.0


def add_window(tally, window):
    truth, estimate = window.truth, window.estimate
    error = estimate - truth
    hot, called = truth >= HOT - TINY, estimate >= HOT - TINY
    very_hot = truth > VERY_HOT
    short = np.zeros(len(truth), bool)
    short[hot] = run_lengths(window.pages[hot]) <= SHORT_RUN
    tally.add(windows=1, pages=len(truth), regions=window.regions, heat=truth.sum(),
              absolute=np.abs(error).sum(), signed=error.sum(),
              squared=(error ** 2).sum(), variance=squares(truth),
              within=within_groups(truth, window.region),
              hot=hot.sum(), called=called.sum(), found=(hot & called).sum(),
              short=short.sum(), short_found=(short & called).sum(),
              very_hot=very_hot.sum(), very_hot_error=np.abs(error[very_hot]).sum())


def add_borders(tally, window):
    some, many = best_borders(window.truth, [window.regions, MANY])
    tally.add(best=some, best_many=many, best_variance=squares(window.truth))


class Seconds:
    """Averages over about a second each, of the pages that counted all of that time."""

    def __init__(self, interval_ns):
        # Windows may be a little shorter than they should be.
        self.enough = 0.95 * SECOND_NS / interval_ns
        self.tally = Tally()
        self.windows = []

    def add(self, window):
        self.windows.append(window)
        if sum(window.intervals for window in self.windows) >= self.enough:
            self.finish()

    def finish(self):
        pages = self.windows[0].pages
        for window in self.windows[1:]:
            pages = np.intersect1d(pages, window.pages, assume_unique=True)
        truth, estimate, weight = np.zeros(len(pages)), np.zeros(len(pages)), 0
        for window in self.windows:
            places = np.searchsorted(window.pages, pages)
            truth += window.intervals * window.truth[places]
            estimate += window.intervals * window.estimate[places]
            weight += window.intervals
        self.windows = []
        error = (estimate - truth) / weight
        self.tally.add(squared=(error ** 2).sum(), variance=squares(truth / weight))


def summary(windows, interval_ns, skip=10):
    """The figures of a run; None for those that nothing was there for. skip: so many
    windows in which regions are still being found do not count."""
    tally, seconds = Tally(), Seconds(interval_ns)
    for number, window in enumerate(windows):
        if number < skip:
            continue
        if number % BORDERS_EVERY == skip % BORDERS_EVERY:
            add_borders(tally, window)
        add_window(tally, window)
        seconds.add(window)
    if not tally["pages"]:
        raise BadInput("no window after the first %d has any pages" % skip)
    return {
        "windows": int(tally["windows"]),
        "pages": tally["pages"] / tally["windows"],
        "regions": tally["regions"] / tally["windows"],
        "heat": tally["heat"] / tally["pages"],
        "error": tally["absolute"] / tally["pages"],
        "bias": tally["signed"] / tally["pages"],
        "r2_window": explained(tally["squared"], tally["variance"]),
        "r2_second": explained(seconds.tally["squared"], seconds.tally["variance"]),
        "r2_means": explained(tally["within"], tally["variance"]),
        "r2_best": explained(tally["best"], tally["best_variance"]),
        "r2_best_1000": explained(tally["best_many"], tally["best_variance"]),
        "precision": share(tally["found"], tally["called"]),
        "recall": share(tally["found"], tally["hot"]),
        "short_found": share(tally["short_found"], tally["short"]),
        "hot_error": share(tally["very_hot_error"], tally["very_hot"]),
    }


# -- pictures -------------------------------------------------------------------------

def picture(windows, rows=400):
    """Truth and estimate by window and address: two lists of rows, low addresses first.

    Only pages that ever count have a place, so that what is not mapped takes no room.
    """
    if not windows:
        raise BadInput("there is nothing to show")
    pages = np.unique(np.concatenate([window.pages for window in windows]))
    rows = max(min(rows, len(pages)), 1)
    images = np.zeros((2, rows, len(windows)))
    for column, window in enumerate(windows):
        places = np.searchsorted(pages, window.pages) * rows // max(len(pages), 1)
        sizes = np.maximum(np.bincount(places, minlength=rows), 1)
        for image, values in zip(images, (window.truth, window.estimate)):
            image[:, column] = np.bincount(places, weights=values, minlength=rows) / sizes
    return images
