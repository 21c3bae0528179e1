#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""How kit/series.py cuts Kconfig and Makefile files and assigns files."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import series  # noqa: E402  # pylint: disable=wrong-import-position

KCONFIG = """# SPDX
menu "M"

config A
\tbool "a"
\thelp
\t  Text.

config B
\tbool "b"
\tdepends on A

endmenu
"""

MAKEFILE = """# SPDX
obj-$(CONFIG_A)\t+= one.o two.o
obj-$(CONFIG_B)\t+= three.o \\
\t\t   four.o
obj-y := one.o
ccflags-y += -I.
"""


class Kconfig(unittest.TestCase):
    def test_all_options_leave_the_text_as_it_is(self):
        self.assertEqual(series.cut_kconfig(KCONFIG, {"A", "B"}), KCONFIG)

    def test_a_missing_option_goes_with_its_whole_block(self):
        text = series.cut_kconfig(KCONFIG, {"A"})
        self.assertIn("config A", text)
        self.assertNotIn("config B", text)
        self.assertNotIn("depends on A", text)

    def test_the_frame_stays(self):
        self.assertEqual(series.cut_kconfig(KCONFIG, set()), '# SPDX\nmenu "M"\n\nendmenu\n')


class Makefile(unittest.TestCase):
    def cut(self, *present):
        return series.cut_makefile(MAKEFILE, "d", set(present))

    def test_objects_without_source_go(self):
        text = self.cut("d/one.c", "d/four.c")
        self.assertIn("obj-$(CONFIG_A)\t+= one.o\n", text)
        self.assertIn("obj-$(CONFIG_B)\t+= four.o\n", text)
        self.assertNotIn("two.o", text)

    def test_lines_without_objects_go(self):
        self.assertEqual(self.cut(), "# SPDX\nccflags-y += -I.\n")


class List(unittest.TestCase):
    def test_every_file_needs_a_patch(self):
        patch = series.Patch("p")
        patch.patterns = ["mm/damon/a*.[ch]"]
        series.assign(["mm/damon/attrs.c", "mm/damon/Kconfig"], [patch])
        self.assertEqual(patch.files, ["mm/damon/attrs.c"])
        with self.assertRaises(series.SeriesError):
            series.assign(["mm/damon/zebra.c"], [patch])

    def test_the_first_pattern_wins(self):
        first, second = series.Patch("1"), series.Patch("2")
        first.patterns, second.patterns = ["a/b.c"], ["a/*"]
        series.assign(["a/b.c", "a/c.c"], [first, second])
        self.assertEqual((first.files, second.files), (["a/b.c"], ["a/c.c"]))

    def test_unknown_words_are_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".list") as file:
            file.write("patch x\nfiel mm/y.c\n")
            file.flush()
            with self.assertRaises(series.SeriesError):
                series.read_list(file.name)

    def test_the_real_list_can_be_read(self):
        cover, patches = series.read_list(os.path.join(series.HERE, "series.list"))
        self.assertTrue(cover.subject and cover.body)
        for patch in patches:
            self.assertTrue(patch.body, patch.subject)
            self.assertLessEqual(len(patch.subject), 72)

    def test_the_real_list_has_everything(self):
        top = os.path.dirname(series.HERE)
        _, patches = series.read_list(os.path.join(series.HERE, "series.list"))
        ours = [os.path.relpath(os.path.join(where, name), top)
                for place in ("include", "mm", "samples", "tools", "Documentation")
                for where, _, names in os.walk(os.path.join(top, place)) for name in names]
        series.assign([name for name in ours if not name.endswith((".o", ".pyc", "~"))], patches)
        named = {option for patch in patches for option in patch.options}
        self.assertEqual(series.known_options(top) - named, set())


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed, 0 skipped")
    sys.exit(bad > 0)
