# SPDX-License-Identifier: GPL-2.0
"""
Whether a recording of the load whose accesses are known (workloads/known.c) has exactly
these: each access that was made, in the bin of its time, and no other one to its memory.
"""

import json
from bisect import bisect_left, bisect_right

PAGE_SHIFT = 12
# Between looking at the clock and telling what it says.
SLACK_NS = 100000

RULES = {
    "never": lambda number, page, pages: False,
    "always": lambda number, page, pages: True,
    "graded": lambda number, page, pages: number % pages <= page,
    "written": lambda number, page, pages: number % 2 == 1,
    "copied": lambda number, page, pages: number % 4 == 2,
    "called": lambda number, page, pages: number % 5 == 3,
}


class Load:
    """What the load says that it did."""

    def __init__(self, lines):
        # The last one may have been cut off.
        events = [json.loads(line) for line in lines if line.endswith("}\n")]
        self.pages = events[0]["pages"]
        self.first = events[0]["start"] >> PAGE_SHIFT
        self.names = events[0]["names"]
        self.rounds = events[1:]

    def touched(self, number):
        """Pages of that round."""
        return {self.page(part, page) for part, name in enumerate(self.names)
                for page in range(self.pages) if RULES[name](number, page, self.pages)}

    def page(self, part, page):
        return self.first + part * self.pages + page

    def owns(self, page):
        return 0 <= page - self.first < len(self.names) * self.pages

    def rate(self, part, page):
        """The share of rounds, of which all rules repeat after so many."""
        cycle = 20 * self.pages
        return sum(RULES[self.names[part]](n, page, self.pages) for n in range(cycle)) / cycle


def touched_between(recording, load):
    """Per told time, the pages of the load that were touched from then to the next one."""
    found = {ns: set() for ns in recording.times[:-1]}
    for ns, indices in recording.bins:
        if ns in found:
            found[ns].update(page for page in map(int, recording.pages[indices])
                             if load.owns(page))
    return found


def accesses(recording, load):
    """(number of accesses checked, those that are missing, those too many)."""
    times = recording.times
    found = touched_between(recording, load)
    allowed = {ns: set() for ns in found}
    checked, missing = 0, []
    for event in load.rounds:
        first = bisect_right(times, event["from"] - SLACK_NS) - 1
        last = bisect_left(times, event["to"] + SLACK_NS)
        if first < 0 or last >= len(times):
            continue
        made = load.touched(event["number"])
        seen = set()
        for ns in times[first:last]:
            allowed[ns] |= made
            seen |= found[ns]
        checked += len(made)
        missing += [(event["number"], page) for page in sorted(made - seen)]
    whole = [event for event in load.rounds if times[0] <= event["from"] and event["to"] <= times[-1]]
    inside = [ns for ns in found if whole and whole[0]["to"] <= ns <= whole[-1]["from"]]
    extra = [(ns, page) for ns in inside for page in sorted(found[ns] - allowed[ns])]
    return checked, missing, extra


def rates(windows, load):
    """Per part, the greatest distance of a page's mean heat from its rate."""
    worst = {}
    for part, name in enumerate(load.names):
        for page in range(load.pages):
            number = load.page(part, page)
            heats = [float(window.truth[window.pages == number][0]) for window in windows
                     if (window.pages == number).any()]
            if not heats:
                raise ValueError("page %d of part %s is in no window" % (page, name))
            distance = abs(sum(heats) / len(heats) - load.rate(part, page))
            worst[name] = max(worst.get(name, 0.0), distance)
    return worst
