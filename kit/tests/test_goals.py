#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Whether goals are read, judged and told as they are meant."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import bench_goals as goals


def judge(word, ours, stock=None, other=None):
    return goals.judge("case", goals.parse(word), [{"f": value} for value in ours],
                       stock and [{"f": value} for value in stock],
                       other and [{"f": value} for value in other])


class Words(unittest.TestCase):
    def test_bounds(self):
        self.assertEqual(goals.parse("f1>=0.95"), ("f1", True, 0.95, None))
        self.assertEqual(goals.parse("cpu_ms<=0.5*stock"), ("cpu_ms", False, 0.5, "stock"))
        self.assertEqual(goals.parse("f<=1.5*tenth-1g"), ("f", False, 1.5, "tenth-1g"))

    def test_settings_are_no_goals(self):
        for word in ("total=256", "f1>0.9", "f1>=", "f1>=x", "f1>=0.5*", ">=1"):
            self.assertIsNone(goals.parse(word))


class Cases(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            return goals.read_cases(file.name, {"min": "10", "max": "20"})

    def test_settings_and_goals(self):
        self.assertEqual(self.read("# all\n\na\nb max=5 f>=1 # why\n"), {
            "a": {"min": "10", "max": "20", "goals": []},
            "b": {"min": "10", "max": "5", "goals": ["f>=1"]}})

    def test_other_words_are_refused_and_where(self):
        for word in ("top=1", "min=", "min", "f>1"):
            with self.assertRaisesRegex(ValueError, ":2: '%s'" % word):
                self.read("a\nb %s\n" % word)


class Judgement(unittest.TestCase):
    def test_the_worst_run_counts(self):
        self.assertEqual(judge("f>=0.9", [0.95, 0.89, 0.99]).ours, 0.89)
        self.assertFalse(goals.is_met(judge("f>=0.9", [0.95, 0.89, 0.99])))
        self.assertEqual(judge("f<=7", [5, 8, 6]).ours, 8)
        self.assertTrue(goals.is_met(judge("f<=8", [5, 8, 6])))

    def test_references_are_medians(self):
        verdict = judge("f<=0.5*stock", [4, 5], stock=[9, 11, 100])
        self.assertEqual((verdict.bound, verdict.stock), (5.5, 11))
        self.assertTrue(goals.is_met(verdict))
        self.assertFalse(goals.is_met(judge("f<=1.5*small", [4, 5], stock=[100], other=[3])))

    def test_how_much_is_missed_has_no_sign(self):
        for stock, ours in ((2, 1), (-2, -3)):
            verdict = judge("f>=1*stock", [ours], stock=[stock])
            self.assertEqual(goals.in_words(verdict), "missed by 50.0 %")

    def test_without_a_reference_nothing_is_judged(self):
        verdict = judge("f<=0.5*stock", [4])
        self.assertIsNone(goals.is_met(verdict))
        self.assertEqual(goals.in_words(verdict), "not judged: no f of stock")
        self.assertIn(" -  ", goals.table([verdict]))

    def test_without_the_figure_nothing_is_judged(self):
        verdict = judge("g>=1", [4])
        self.assertEqual(goals.in_words(verdict), "not judged: no g")

    def test_words(self):
        self.assertEqual(goals.in_words(judge("f<=8", [8])), "met")
        self.assertEqual(goals.in_words(judge("f<=8", [10])), "missed by 25.0 %")
        self.assertEqual(goals.in_words(judge("f>=0.8", [0.6])), "missed by 25.0 %")
        self.assertEqual(goals.in_words(judge("f<=0", [1])), "missed")


if __name__ == "__main__":
    unittest.main()
