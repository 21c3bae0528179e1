#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""kit/series BASE TREE OUT: write our tree as a patch series for BASE.

kit/series.list says which file arrives with which patch. A repository that has
only the files the series touches is enough to make it. The base's own files are
moved through git, never looked at; our Kconfig and Makefile files are cut down
to what has arrived so far.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)

# The base's DAMON: these places are emptied by the first patch.
PLACES = [
    "mm/damon", "include/linux/damon.h", "include/trace/events/damon.h",
    "samples/damon", "tools/testing/damon", "tools/testing/selftests/damon",
    "Documentation/mm/damon", "Documentation/admin-guide/mm/damon",
    "Documentation/ABI/testing/sysfs-kernel-mm-damon",
]
KCONFIGS = ["mm/damon/Kconfig", "samples/damon/Kconfig"]
MAKEFILES = ["mm/damon/Makefile", "samples/damon/Makefile"]


class SeriesError(Exception):
    """Something the reader of the message can put right."""


class Patch:
    """One entry of series.list."""

    def __init__(self, subject):
        self.subject = subject
        self.body = []
        self.options = []
        self.patterns = []
        self.files = []

    def message(self):
        return self.subject + "\n\n" + "\n".join(self.body).strip() + "\n"


def read_list(path):
    """Return the cover and the patches."""
    cover, patches, current = None, [], None
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            word, _, rest = line.strip().partition(" ")
            if not word or word.startswith("#"):
                continue
            if word == "cover":
                cover = current = Patch(rest)
            elif word == "patch":
                current = Patch(rest)
                patches.append(current)
            elif word == "|":
                current.body.append(rest)
            elif word == "option":
                current.options.append(rest)
            elif word == "file":
                current.patterns.append(rest)
            else:
                raise SeriesError(f"{path}:{number}: unknown word '{word}'")
    return cover, patches


def our_files(tree):
    with open(os.path.join(tree, ".kit-files"), encoding="utf-8") as names:
        return [name.strip() for name in names if name.strip()]


def assign(files, patches):
    """Give each file to its patch; complain about what belongs to none."""
    homeless = []
    for name in files:
        if name in KCONFIGS or name in MAKEFILES:
            continue
        for patch in patches:
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patch.patterns):
                patch.files.append(name)
                break
        else:
            homeless.append(name)
    if homeless:
        raise SeriesError("no patch in series.list has " + " ".join(homeless))


def cut_kconfig(text, options):
    """Keep the blocks of the given options; all that is around them stays."""
    kept, keeping = [], True
    for line in text.splitlines(keepends=True):
        match = re.match(r"(?:menu)?config\s+(\w+)", line)
        if match:
            keeping = match.group(1) in options
        elif re.match(r"\S", line) and not line.startswith("#"):
            keeping = True
        if keeping:
            kept.append(line)
    return "".join(kept)


def cut_makefile(text, directory, present):
    """Drop objects whose source has not arrived, and lines that become empty."""
    kept = []
    text = text.replace("\\\n", " ")
    for line in text.splitlines(keepends=True):
        match = re.match(r"([\w$()-]+\s*[:+]?=\s*)(.*\.o\b.*)", line)
        if not match:
            kept.append(line)
            continue
        objects = [name for name in match.group(2).split()
                   if os.path.join(directory, name[:-2] + ".c") in present]
        if objects:
            kept.append(match.group(1) + " ".join(objects) + "\n")
    return "".join(kept)


def known_options(tree):
    found = set()
    for path in KCONFIGS:
        full = os.path.join(tree, path)
        if os.path.exists(full):
            with open(full, encoding="utf-8") as text:
                found.update(re.findall(r"^(?:menu)?config\s+(\w+)", text.read(), re.M))
    return found


class Repository:
    """A throw-away git repository beside the result."""

    def __init__(self, path):
        self.path = path
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        self.git("init", "-q", "-b", "base")
        for key, value in (("user.name", identity("user.name", "DAMON series")),
                           ("user.email", identity("user.email", "series@localhost")),
                           ("core.autocrlf", "false"), ("commit.gpgsign", "false"),
                           ("gc.auto", "0"), ("core.hooksPath", "/dev/null")):
            self.git("config", key, value)

    def git(self, *args, **more):
        done = subprocess.run(["git", "-C", self.path, *args], check=False,
                              capture_output=True, text=True, errors="replace", **more)
        if done.returncode:
            raise SeriesError(f"git {args[0]}: {done.stderr.strip()[-300:]}")
        return done.stdout

    def place(self, source, name):
        target = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isdir(source):
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target, follow_symlinks=False)

    def write(self, name, text):
        target = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as out:
            out.write(text)

    def commit(self, message):
        self.git("add", "-f", "-A")
        self.git("commit", "-q", "-F", "-", input=message)


def identity(key, fallback):
    done = subprocess.run(["git", "-C", TOP, "config", key], check=False,
                          capture_output=True, text=True)
    return done.stdout.strip() or fallback


def translations(base):
    """The base's translations of its DAMON documents."""
    root = os.path.join(base, "Documentation/translations")
    return [os.path.relpath(os.path.join(path, "damon"), base)
            for path, names, _ in os.walk(root)
            if "damon" in names and os.path.basename(path) == "mm"]


def build_files(repo, tree, options, present):
    """Kconfig and Makefile files as far as they have arrived."""
    for name, cut in [(n, None) for n in KCONFIGS] + [(n, 1) for n in MAKEFILES]:
        source = os.path.join(tree, name)
        if not os.path.exists(source):
            continue
        with open(source, encoding="utf-8") as file:
            text = file.read()
        if set(our_files(tree)) - set(MAKEFILES) - set(KCONFIGS) <= present:
            repo.write(name, text)
        elif cut:
            repo.write(name, cut_makefile(text, os.path.dirname(name), present))
        else:
            repo.write(name, cut_kconfig(text, options))


def make_commits(repo, base, tree, patches):
    for place in PLACES + translations(base):
        source = os.path.join(base, place)
        if os.path.lexists(source):
            repo.place(source, place)
    repo.commit("base\n")
    repo.git("tag", "start")
    repo.git("rm", "-r", "-q", ".")
    options, present = set(), set()
    made = []
    for patch in patches:
        options.update(patch.options)
        present.update(patch.files)
        for name in patch.files:
            repo.place(os.path.join(tree, name), name)
        build_files(repo, tree, options, present)
        if made and not repo.git("status", "--porcelain"):
            continue
        repo.commit(patch.message())
        made.append(patch)
    return made


def verify(repo, tree):
    """The last commit has our files and nothing else."""
    have = set(repo.git("ls-files", "-z").split("\0")) - {""}
    want = set(our_files(tree))
    different = have ^ want
    for name in have & want:
        with open(os.path.join(repo.path, name), "rb") as one, \
                open(os.path.join(tree, name), "rb") as other:
            if one.read() != other.read():
                different.add(name)
    if different:
        raise SeriesError("the series does not end with our tree: " + " ".join(sorted(different)))


def write_patches(repo, out, cover):
    for name in os.listdir(out):
        if name.endswith(".patch"):
            os.unlink(os.path.join(out, name))
    repo.git("format-patch", "-q", "--cover-letter", "--no-renames", "--no-signature",
             "--full-index", "-o", out, "start")
    path = os.path.join(out, "0000-cover-letter.patch")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = text.replace("*** SUBJECT HERE ***", cover.subject)
    text = text.replace("*** BLURB HERE ***", "\n".join(cover.body).strip())
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    base, tree, out = sys.argv[1:4]
    cover, patches = read_list(os.path.join(HERE, "series.list"))
    assign(our_files(tree), patches)
    unnamed = known_options(tree) - {o for p in patches for o in p.options}
    if unnamed:
        raise SeriesError("no patch in series.list has the option " + " ".join(sorted(unnamed)))
    os.makedirs(out, exist_ok=True)
    repo = Repository(os.path.join(out, ".repository"))
    made = make_commits(repo, base, tree, patches)
    verify(repo, tree)
    write_patches(repo, out, cover)
    for number, patch in enumerate(made, 1):
        print(f"{number:4}  {patch.subject}")
    print(f"series: {len(made)} patches in {out}, the last one ends with our tree")


if __name__ == "__main__":
    try:
        main()
    except SeriesError as error:
        sys.exit(f"series: {error}")
