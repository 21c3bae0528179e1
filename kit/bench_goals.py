# SPDX-License-Identifier: GPL-2.0
"""
What a case of the bench has to reach, and whether it does. A goal is a word like
f1>=0.95, cpu_ms<=0.5*stock or instructions_per_tick<=1.5*1g: a figure of our kernel,
and a bound, which may be a multiple of the same figure of the stock kernel or of
another case. Of several runs the worst one counts, and of those referred to the
median. It knows nothing of how figures are measured.

A file of cases has one per line: its name, settings, which are words like min=10,
and goals.
"""

import re
import statistics
from collections import namedtuple

Goal = namedtuple("Goal", "figure at_least factor of")    # of: None, "stock" or a case
Verdict = namedtuple("Verdict", "case goal stock ours bound")

WORD = re.compile(r"(\w+)(<=|>=)(\d+(?:\.\d+)?)(?:\*([\w-]+))?")


def parse(word):
    """The goal that a word says, or None."""
    match = WORD.fullmatch(word)
    if not match:
        return None
    figure, relation, factor, of = match.groups()
    return Goal(figure, relation == ">=", float(factor), of)


def read_cases(path, defaults):
    """By name, the settings, of which defaults has all, and the goals as "goals"."""
    cases = {}
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            words = line.split("#")[0].split()
            if words:
                try:
                    cases[words[0]] = read_words(words[1:], defaults)
                except ValueError as error:
                    raise ValueError("%s:%d: %s" % (path, number, error)) from None
    return cases


def read_words(words, defaults):
    settings = dict(defaults, goals=[])
    for word in words:
        name, _, value = word.partition("=")
        if parse(word):
            settings["goals"].append(word)
        elif name in defaults and value:
            settings[name] = value
        else:
            raise ValueError("'%s' is neither a setting nor a goal" % word)
    return settings


def median(runs, figure):
    values = [run[figure] for run in runs or [] if figure in run]
    return statistics.median(values) if values else None


def judge(case, goal, ours, stock, other):
    """stock and other: runs, or None where there are none; so is then the bound."""
    values = [run[goal.figure] for run in ours if goal.figure in run]
    bound = goal.factor
    if goal.of:
        reference = median(stock if goal.of == "stock" else other, goal.figure)
        bound = None if reference is None else goal.factor * reference
    return Verdict(case, goal, median(stock, goal.figure),
                   (min if goal.at_least else max)(values, default=None), bound)


def is_met(verdict):
    if verdict.bound is None or verdict.ours is None:
        return None
    if verdict.goal.at_least:
        return verdict.ours >= verdict.bound
    return verdict.ours <= verdict.bound


def in_words(verdict):
    met = is_met(verdict)
    if met is None:
        return "not judged: no %s%s" % (verdict.goal.figure,
                                        " of " + verdict.goal.of if verdict.bound is None else "")
    if met:
        return "met"
    if not verdict.bound:
        return "missed"
    return "missed by %.1f %%" % (100 * abs((verdict.ours - verdict.bound) / verdict.bound))


def number(value):
    if value is None:
        return "-"
    return "%.3f" % value if abs(value) < 100 else "%.0f" % value


def table(verdicts):
    rows = [("case", "figure", "stock", "ours", "goal", "")]
    for v in verdicts:
        relation = ">=" if v.goal.at_least else "<="
        rows.append((v.case, v.goal.figure, number(v.stock), number(v.ours),
                     "%s %s" % (relation, number(v.bound)), in_words(v)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "".join("  ".join(cell.rjust(width) if i in (2, 3) else cell.ljust(width)
                             for i, (cell, width) in enumerate(zip(row, widths))).rstrip() + "\n"
                   for row in rows)
