#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Which mistakes kit/mutate.py makes, and how kit/mutants judges what came of them."""

import importlib.machinery
import importlib.util
import io
import os
import sys
import unittest
from contextlib import redirect_stdout

sys.dont_write_bytecode = True
KIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, KIT)
import mutate  # noqa: E402  # pylint: disable=wrong-import-position


def load(name):
    """A command of the kit, without running it."""
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(KIT, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


command = load("mutants")


def made(body, operator=None):
    """What a function's body may become."""
    head, tail = "int f(void)\n{\n", "\n}\n"
    source = head + body + tail
    return [m.apply(source)[len(head):-len(tail)] for m in mutate.mutants(source)
            if operator in (None, m.operator)]


class Operators(unittest.TestCase):
    def test_relational(self):
        self.assertEqual(made("return a < b;"), ["return a <= b;", "return a >= b;"])
        self.assertEqual(made("return a == b;"), ["return a != b;"])

    def test_arithmetic(self):
        self.assertEqual(made("return a + b;"), ["return a - b;"])
        self.assertEqual(made("return a << b;"), ["return a >> b;"])
        self.assertEqual(made("a += b;", "arithmetic"), ["a -= b;"])
        self.assertEqual(made("a++;", "arithmetic"), ["a--;"])

    def test_logical(self):
        self.assertEqual(made("return a && b;"), ["return a || b;"])

    def test_constants(self):
        self.assertEqual(made("return 7UL;"), ["return 6UL;", "return 8UL;"])
        self.assertEqual(made("return 0;"), ["return 1;"])
        self.assertEqual(made("return 0x10;"), ["return 15;", "return 17;"])
        self.assertEqual(made("return true;"), ["return false;"])

    def test_negation(self):
        self.assertEqual(made("if (a(b))\n\treturn;"), ["if (!(a(b)))\n\treturn;"])
        self.assertEqual(made("return !a;"), ["return a;"])

    def test_min_and_max(self):
        self.assertEqual(made("return min_t(u64, a, b);"), ["return max_t(u64, a, b);"])
        self.assertEqual(made("return min;"), [])

    def test_removal(self):
        self.assertEqual(made("a = b;", "removal"), [";"])
        self.assertEqual(made("if (a)\n\tf(b);\nelse\n\tg(c);", "removal"),
                         ["if (a)\n\t;\nelse\n\tg(c);", "if (a)\n\tf(b);\nelse\n\t;"])
        self.assertEqual(made("list_for_each(a, b)\n\tbreak;", "removal"),
                         ["list_for_each(a, b)\n\t;"])

    def test_declarations_and_returns_stay(self):
        self.assertEqual(made("struct a *b = c;\nu64 d;\nreturn b;", "removal"), [])

    def test_pointers_are_no_products(self):
        self.assertEqual(made("struct a *b = c;\nu64 *d = (u64 *)e;\nreturn *d;", "arithmetic"), [])
        self.assertEqual(made("return -a;"), [])
        self.assertEqual(made("return (a) * b;"), ["return (a) / b;"])


class Places(unittest.TestCase):
    def test_only_code_of_functions(self):
        source = '#define A (1 + \\\n\t2)\nstatic int a = 1 + 2;\nenum { B = 3 };\n' \
                 '/* int f(void) { return 1; } */\nint f(void)\n{\n' \
                 '\tg("1 + 2", \'1\'); /* 1 < 2 */ // 3\n}\n'
        self.assertEqual([m.operator for m in mutate.mutants(source)], ["removal"])

    def test_assertions_stay(self):
        self.assertEqual(made("damon_assert(a < 1);\nWARN_ON_ONCE(!a && b);"), [])

    def test_lines_stay_where_they_are(self):
        source = "int f(void)\n{\n\tg(a,\n\t  b);\n\treturn c;\n}\n"
        mutant, = mutate.mutants(source)
        self.assertEqual(mutant.apply(source).count("\n"), source.count("\n"))
        self.assertEqual((mutant.line(source), mutant.lines(source)),
                         (3, ("g(a, b);", ";")))

    def test_functions(self):
        source = "static int f(int (*g)(int))\n{\n\treturn 1;\n}\nint h(void);\nint i(void)\n{\n}\n"
        self.assertEqual([name for name, _, _ in mutate.functions(source)], ["f", "i"])


REVIEWED = """# a comment
equivalent: it makes no difference,
  which takes two lines to say
a.c f
- old
+ new
cost: slower only
b.c g
- old
+ new
"""


class Verdicts(unittest.TestCase):
    def judge(self, results, reviewed="", rooms=("a", "b"), others=()):
        """Results are (room, function, whether a test noticed it)."""
        test = command.Test("a-test", "t")
        results = [(command.Candidate(room, function, 1, None, "old", "new"),
                    test if noticed else None) for room, function, noticed in results]
        said = io.StringIO()
        with redirect_stdout(said):
            good = command.report(results, command.Reviewed(reviewed),
                                  [c for c, _ in results] + list(others), rooms)
        return good, said.getvalue()

    def test_all_noticed(self):
        good, said = self.judge([("a", "f", True)] * 20)
        self.assertTrue(good)
        self.assertIn("20 mutants, 0 equivalent, 20 noticed: 100.0 %", said)

    def test_survivors_are_shown_and_count(self):
        good, said = self.judge([("a", "f", True)] * 18 + [("b", "h", False)] * 2)
        self.assertFalse(good)
        self.assertIn("survived: mm/damon/b.c:1: h\n\t- old\n\t+ new\n", said)
        self.assertIn("18 noticed: 90.0 % (survivors: 2 new)", said)

    def test_equivalent_ones_do_not_count(self):
        good, said = self.judge([("a", "f", False)] * 2 + [("b", "h", True)] * 2,
                                REVIEWED, rooms=("a",))
        self.assertTrue(good)
        self.assertNotIn("survived:", said)
        self.assertIn("2 equivalent, 2 noticed: 100.0 %", said)

    def test_reviewed_ones_that_do_harm_count(self):
        good, said = self.judge([("b", "g", False)] + [("b", "h", True)], REVIEWED, rooms=("b",))
        self.assertFalse(good)
        self.assertNotIn("survived:", said)
        self.assertIn("1 noticed: 50.0 % (survivors: 1 cost)", said)

    def test_a_list_that_is_wrong(self):
        noticed = [("b", "g", True)] * 20
        good, said = self.judge([("a", "f", True)] + noticed, REVIEWED)
        self.assertFalse(good)
        self.assertIn("as equivalent, but noticed by t", said)
        good, said = self.judge(noticed, REVIEWED)
        self.assertFalse(good)
        self.assertIn("there is no such mutant: a.c f", said)
        good, _ = self.judge(noticed, REVIEWED, rooms=("b",))
        self.assertTrue(good)

    def test_nothing_tried(self):
        good, _ = self.judge([])
        self.assertFalse(good)

    def test_a_list_that_is_not_understood(self):
        with self.assertRaises(command.MutantsError):
            command.Reviewed("because\n")

    def test_the_list_of_the_kit(self):
        with open(os.path.join(KIT, "mutants.reviewed")) as file:
            command.Reviewed(file.read())


class Settings(unittest.TestCase):
    def settings(self, **variables):
        for name in ("N", "SEED", "ROOMS"):
            os.environ.pop(name, None)
        os.environ.update(variables)
        return command.settings(["a", "b"])

    def test_defaults(self):
        self.assertEqual(self.settings(), (600, 1, ["a", "b"]))

    def test_given(self):
        self.assertEqual(self.settings(N="all", SEED="7", ROOMS="b"), (sys.maxsize, 7, ["b"]))

    def test_nonsense(self):
        for bad in ({"N": "0"}, {"N": "x"}, {"SEED": "-1"}, {"ROOMS": "c"}):
            with self.assertRaises(command.MutantsError):
                self.settings(**bad)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed, 0 skipped")
    sys.exit(bad > 0)
