# SPDX-License-Identifier: GPL-2.0
"""
Reads what 'damo record' wrote, zlib over JSON: one target's aggregations as
windows of regions. damo prints most numbers for people, with commas, and this
is the one place that knows. It draws nothing and judges nothing.
"""

import json
import zlib

from bench_metric import BadInput, Window


def number(value):
    return int(str(value).replace(",", ""))


def interval_us(record, name):
    return number(record["intervals"][name])


def target(path):
    """The record of the first target that anything was recorded of."""
    with open(path, "rb") as packed:
        try:
            records = json.loads(zlib.decompress(packed.read()))
        except zlib.error:
            raise BadInput("%s: not a record of damo" % path) from None
    for record in records:
        if record["snapshots"]:
            return record
    raise BadInput("%s: nothing was recorded" % path)


def sample_us(path):
    return interval_us(target(path), "sample_us")


def read(path):
    """All windows, and the most accesses that one of them can count."""
    record = target(path)
    windows = [
        Window(number(snapshot["end_time"]),
               [(number(region["start"]), number(region["end"]),
                 number(region["nr_accesses"]["samples"])) for region in snapshot["regions"]])
        for snapshot in record["snapshots"]]
    return windows, interval_us(record, "aggr_us") // interval_us(record, "sample_us")


def areas(windows):
    """What was monitored: the union of the windows' regions, as sorted ranges."""
    ranges = []
    for start, end in sorted({(start, end) for window in windows
                              for start, end, _ in window.regions}):
        if ranges and start <= ranges[-1][1]:
            ranges[-1][1] = max(ranges[-1][1], end)
        else:
            ranges.append([start, end])
    return [tuple(r) for r in ranges]
