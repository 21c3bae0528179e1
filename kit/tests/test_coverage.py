#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""How kit/coverage.py puts together what several builds have counted."""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stdout

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import coverage  # noqa: E402  # pylint: disable=wrong-import-position

SOURCE = """int f(int a)
{
	if (a > 1)
		return 2;
	return 3;
}
int main(int argc, char **argv)
{
	return f(argc) - (argc > 1 ? 2 : 3);
}
"""


class Lines(unittest.TestCase):
    def test_counts_add_up(self):
        line = coverage.Line()
        line.add(0, [])
        line.add(2, [])
        self.assertEqual((line.count, line.best()), (2, []))

    def test_branches_of_the_same_kind_add_up(self):
        line = coverage.Line()
        line.add(1, [1, 0])
        line.add(1, [0, 1])
        self.assertEqual(line.best(), [1, 1])

    def test_of_different_builds_the_best_one_counts(self):
        line = coverage.Line()
        line.add(1, [1, 0])
        line.add(1, [1, 1, 1, 0])
        self.assertEqual(line.best(), [1, 1, 1, 0])


class Reviewed(unittest.TestCase):
    def test_reasons(self):
        reviewed = coverage.Reviewed("# x\nwhy: no such machine\nmm/a.c\n- b = c;\n")
        self.assertEqual(reviewed.reason("mm/a.c", "b =  c;"), "no such machine")
        self.assertIsNone(reviewed.reason("mm/b.c", "b = c;"))

    def test_nonsense(self):
        with self.assertRaises(coverage.CoverageError):
            coverage.Reviewed("because\n")

    def test_the_list_of_the_kit(self):
        with open(os.path.join(coverage.KIT, "coverage.reviewed")) as file:
            coverage.Reviewed(file.read())


class Counters(unittest.TestCase):
    """Counters of a real program."""

    def setUp(self):
        self.tree = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.tree)
        os.mkdir(os.path.join(self.tree, "mm"))
        with open(os.path.join(self.tree, "mm/a.c"), "w") as file:
            file.write(SOURCE)

    def run_build(self, name, *arguments):
        where = os.path.join(self.tree, name)
        os.mkdir(where)
        subprocess.run(["gcc", "--coverage", "../mm/a.c", "-o", "a"], cwd=where, check=True)
        subprocess.run(["./a", *arguments], cwd=where, check=True)
        return where

    def report(self, *places):
        said = io.StringIO()
        with redirect_stdout(said):
            good = coverage.main(self.tree, "mm", os.path.join(self.tree, "out"), *places)
        with open(os.path.join(self.tree, "out/unreached")) as file:
            return good, said.getvalue(), file.read()

    def test_one_build(self):
        good, said, unreached = self.report(self.run_build("one"))
        self.assertFalse(good)
        self.assertEqual(unreached, "mm/a.c:4: return 2;\n")
        self.assertRegex(said, r"mm/a.c +([56]) of +(?!\1)[67] +8[0-9.]+ % +2 of +4 +50.0 %")
        self.assertIn("0 for a known reason, 1 others", said)

    def test_two_builds_together(self):
        good, said, unreached = self.report(self.run_build("one"), self.run_build("two", "x"))
        self.assertTrue(good)
        self.assertEqual(unreached, "")
        self.assertRegex(said, r"all +([67]) of +\1 +100.0 % +4 of +4 +100.0 %")

    def test_trace_for_genhtml(self):
        self.report(self.run_build("one"))
        with open(os.path.join(self.tree, "out/trace.info")) as file:
            trace = file.read().splitlines()
        self.assertIn("SF:%s/mm/a.c" % os.path.realpath(self.tree), trace)
        self.assertIn("DA:4,0", trace)
        self.assertIn("BRDA:3,0,0,0", trace)

    def test_other_directories_do_not_count(self):
        where = self.run_build("one")
        files = coverage.Files(self.tree, "lib")
        coverage.read(files, where)
        self.assertEqual(dict(files.lines), {})

    def test_no_counters(self):
        with self.assertRaises(coverage.CoverageError):
            self.report(self.tree)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed, 0 skipped")
    sys.exit(bad > 0)
