# SPDX-License-Identifier: GPL-2.0
"""
Guests for measurements: one CPU whose time is a count of executed instructions, a
file system that is one archive, and a directory for what they leave. A busy host does
not change what is found in them. What they run is up to kit/bench and kit/experiment.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys

KIT = os.path.dirname(os.path.abspath(__file__))
# Where that is depends on the base; kit/lib.sh knows, and says what is wrong.
BUILD = subprocess.run(["bash", "-c", '. "$0" && printf %s "$BUILD"', os.path.join(KIT, "lib.sh")],
                       check=False, stdout=subprocess.PIPE, text=True).stdout or sys.exit(1)
BENCH = os.path.join(BUILD, "bench")
WORKLOADS = os.path.join(BUILD, "workloads")
NAMES = {"stock": "stock", "kernel": "ours"}
ICOUNT_SHIFT = 3                   # one instruction is 2^3 ns of guest time


def fail(text):
    sys.exit(os.path.basename(sys.argv[0]) + ": " + text)


def say(text):
    print(os.path.basename(sys.argv[0]) + ": " + text, file=sys.stderr, flush=True)


def build_workloads():
    subprocess.run(["make", "-s", "-C", os.path.join(KIT, "workloads"), "OUT=" + WORKLOADS],
                   check=True)


def add_options(parser):
    parser.add_argument("--kernels", default="stock,kernel", metavar="FLAVOUR[,...]",
                        help="below build/; default: %(default)s")


def in_shell(value):
    """How a shell has to be told a value; lists are arrays."""
    if isinstance(value, list):
        return "(%s)" % " ".join(map(in_shell, value))
    return shlex.quote(str(value))


def pack(name, programs, settings, extra=None, installed=()):
    """The guest's whole file system, in one archive: programs, and what a shell can read.

    Programs that are installed on this machine have their places there, too.
    """
    guest = os.path.join(BENCH, name, "guest")
    shutil.rmtree(guest, ignore_errors=True)
    os.makedirs(guest)
    for program in programs:
        shutil.copy(program, guest)
    with open(os.path.join(guest, "settings"), "w") as out:
        for setting, value in settings.items():
            out.write("%s=%s\n" % (setting, in_shell(value)))
    if extra:
        extra(guest)
    archive = guest + ".gz"
    subprocess.run([os.path.join(KIT, "initramfs"), guest, archive, *installed], check=True)
    return archive


def qemu(kernel, archive, options, init, out, program):
    """One CPU, a fixed seed, and no device that answers when it likes.

    Two runs of the same kernel still part by microseconds while they boot, after
    which DAMON samples other addresses: figures repeat closely, not bit by bit.
    """
    return [program, "-accel", "tcg", "-cpu", "max", "-smp", "1", *options,
            "-icount", "shift=%d,sleep=off" % ICOUNT_SHIFT, "-seed", "1",
            "-rtc", "base=2026-01-01,clock=vm", "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot", "-serial", "file:" + os.path.join(out, "console"),
            "-virtfs", "local,path=%s,mount_tag=out,security_model=none" % out,
            "-kernel", kernel, "-initrd", archive,
            "-append", "console=ttyS0 loglevel=5 panic=-1 nokaslr norandmaps rdinit=/tests/" + init]


def boot(name, variant, flavour, archive, options, init, timeout_s=3600,
         program="qemu-system-x86_64"):
    """Runs the guest on one kernel; returns the directory with what it left."""
    kernel = os.path.join(BUILD, flavour, "arch", "x86", "boot", "bzImage")
    if not os.path.exists(kernel):
        fail("there is no kernel in build/%s: run 'make %s'" % (flavour, flavour))
    out = os.path.join(BENCH, name, variant)
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    say("%s: %s" % (name, NAMES.get(variant, variant)))
    try:
        status = subprocess.run(qemu(kernel, archive, options, init, out, program), timeout=timeout_s,
                                stdin=subprocess.DEVNULL, check=False).returncode
    except subprocess.TimeoutExpired:
        status = "none: no end after %d s" % timeout_s
    if status or not os.path.exists(os.path.join(out, "done")):
        with open(os.path.join(out, "console"), errors="replace") as console:
            sys.stderr.write("".join(console.readlines()[-20:]))
        fail("%s on %s failed (QEMU's status: %s)" % (name, flavour, status))
    return out


def publish(name, text, figures):
    """Prints a table, and keeps it and the figures behind it."""
    base = os.path.join(BENCH, name)
    with open(base + ".txt", "w") as out:
        out.write(text)
    with open(base + ".json", "w") as out:
        json.dump(figures, out, indent=1)
    print(text, end="", flush=True)


def plot(name, script, size="1000,500"):
    """Draws a picture with gnuplot."""
    script = "set terminal png size %s\nset output '%s'\n%s\n" % (
        size, os.path.join(BENCH, name + ".png"), script)
    done = subprocess.run(["gnuplot"], input=script, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        fail("no picture: %s" % done.stdout.strip())
