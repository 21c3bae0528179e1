#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
What was run of the files of a directory, put together from the counters of several
builds: kit/coverage.py TREE DIRECTORY OUT WHERE...

WHERE has the .gcda and .gcno files of a build. Writes OUT/trace.info for genhtml,
OUT/unreached with the lines that no test reaches, and prints a table by file. Fails below
the goals. Lines of which somebody has found out why nothing reaches them are in
kit/coverage.reviewed.

The same line may have been compiled several times, in a header, or with other options. It
was reached if it was in any of them. How many branches it has depends on the
compiler: the build counts in which most of them were taken.
"""

import collections
import glob
import json
import os
import re
import subprocess
import sys

KIT = os.path.dirname(os.path.abspath(__file__))
GOAL_LINES = 0.95
GOAL_BRANCHES = 0.85


class CoverageError(Exception):
    """Something the reader of the message can put right."""


class Line:
    """Counters of a line of source."""

    def __init__(self):
        self.count = 0
        self.branches = {}      # by their number: how often each was taken

    def add(self, count, branches):
        self.count += count
        if branches:
            old = self.branches.get(len(branches), [0] * len(branches))
            self.branches[len(branches)] = [a + b for a, b in zip(old, branches)]

    def best(self):
        """The branches of the build in which most were taken."""
        return max(self.branches.values(), default=[], key=lambda taken: (
            sum(map(bool, taken)) / len(taken), len(taken)))


class Files:
    """Lines of files, by path below a tree, and then by number."""

    def __init__(self, tree, directory):
        self.tree = os.path.realpath(tree)
        self.directory = directory
        self.lines = collections.defaultdict(lambda: collections.defaultdict(Line))

    def name(self, report, file):
        path = os.path.realpath(os.path.join(report["current_working_directory"], file["file"]))
        name = os.path.relpath(path, self.tree)
        return name if os.path.dirname(name) == self.directory else None

    def add(self, report):
        for file in report["files"]:
            name = self.name(report, file)
            for line in file["lines"] if name else ():
                self.lines[name][line["line_number"]].add(
                    line["count"], [branch["count"] for branch in line.get("branches", ())])

    def source(self, name):
        with open(os.path.join(self.tree, name)) as file:
            return file.read().splitlines()


class Reviewed:
    """Why lines are not reached: "why: text", then "FILE" and "- line" for each."""

    def __init__(self, text):
        self.why = {}
        self.used = set()
        name = why = None
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("why: "):
                why = line[len("why: "):]
            elif line.startswith("- ") and name and why:
                self.why[name, line[2:]] = why
            elif re.fullmatch(r"[\w./-]+\.[ch]", line):
                name = line
            else:
                raise CoverageError("kit/coverage.reviewed:%d: not understood: %s" % (number, line))

    def reason(self, name, text):
        key = name, squeeze(text)
        if key in self.why:
            self.used.add(key)
        return self.why.get(key)


def squeeze(text):
    return " ".join(text.split())


def share(part, whole):
    return part / whole if whole else 1.0


def read(files, where):
    counters = sorted(glob.glob(os.path.join(where, "*.gcda")))
    if not counters:
        raise CoverageError("there are no counters in %s" % where)
    done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities"] +
                          [os.path.basename(path) for path in counters],
                          cwd=where, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        raise CoverageError("gcov failed in %s: %s" % (where, done.stderr))
    for report in done.stdout.splitlines():
        files.add(json.loads(report))


def write_trace(files, out):
    with open(os.path.join(out, "trace.info"), "w") as trace:
        for name, lines in sorted(files.lines.items()):
            trace.write("TN:\nSF:%s\n" % os.path.join(files.tree, name))
            for number, line in sorted(lines.items()):
                for index, taken in enumerate(line.best()):
                    trace.write("BRDA:%d,0,%d,%s\n" % (number, index, taken if line.count else "-"))
                trace.write("DA:%d,%d\n" % (number, line.count))
            trace.write("end_of_record\n")


def unreached(files, reviewed, out):
    """Writes the lines that nothing reaches. Returns how many have no reason."""
    unknown = 0
    with open(os.path.join(out, "unreached"), "w") as file:
        for name, lines in sorted(files.lines.items()):
            source = files.source(name)
            for number, line in sorted(lines.items()):
                if line.count:
                    continue
                text = source[number - 1].strip()
                why = reviewed.reason(name, text)
                unknown += not why
                file.write("%s:%d: %s%s\n" % (name, number, text, "\n\t%s" % why if why else ""))
    return unknown


def table(files):
    """Prints it. Returns the shares of all lines and branches."""
    rows = []
    for name, lines in sorted(files.lines.items()):
        branches = [taken for line in lines.values() for taken in line.best()]
        rows.append((name, sum(bool(line.count) for line in lines.values()), len(lines),
                     sum(map(bool, branches)), len(branches)))
    rows.append(("all", *(sum(row[i] for row in rows) for i in range(1, 5))))
    print("%-36s %15s %8s %15s %8s" % ("file", "lines", "", "branches", ""))
    for name, lines, of_lines, branches, of_branches in rows:
        print("%-36s %7d of %4d %6.1f %% %7d of %4d %6.1f %%" % (
            name, lines, of_lines, 100 * share(lines, of_lines), branches, of_branches,
            100 * share(branches, of_branches)))
    return share(rows[-1][1], rows[-1][2]), share(rows[-1][3], rows[-1][4])


def main(tree, directory, out, *places):
    files = Files(tree, directory)
    for place in places:
        read(files, place)
    path = os.path.join(KIT, "coverage.reviewed")
    reviewed = Reviewed("")
    if os.path.exists(path):
        with open(path) as file:
            reviewed = Reviewed(file.read())
    os.makedirs(out, exist_ok=True)
    write_trace(files, out)
    unknown = unreached(files, reviewed, out)
    lines, branches = table(files)
    print("lines that nothing reaches: %d for a known reason, %d others (%s)" % (
        sum(not line.count for file in files.lines.values() for line in file.values()) - unknown,
        unknown, os.path.join(out, "unreached")))
    for name, text in sorted(set(reviewed.why) - reviewed.used):
        print("in kit/coverage.reviewed, but reached, or gone: %s: %s" % (name, text))
    if lines < GOAL_LINES or branches < GOAL_BRANCHES:
        print("below the goal: %.0f %% of lines, %.0f %% of branches" % (
            100 * GOAL_LINES, 100 * GOAL_BRANCHES))
        return False
    return True


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit("usage: coverage.py TREE DIRECTORY OUT WHERE...")
    try:
        sys.exit(not main(*sys.argv[1:]))
    except CoverageError as error:
        sys.exit("coverage.py: %s" % error)
