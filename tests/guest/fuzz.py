#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Every file and every offset fuzzed by tests/fuzz, which judges each result; and what must be so
afterwards: the same answers, no directory too many, no file left open, nothing left in memory.

MMSCOPE_FUZZ_REQUESTS (50000) and MMSCOPE_FUZZ_SECONDS (60) say how long, MMSCOPE_FUZZ_SEED (1) which;
MMSCOPE_FUZZ_FAULTS=1 says that faults are injected meanwhile, MMSCOPE_FUZZ_FILES names files (all).
"""
import contextlib
import errno
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, proc, tap, view  # noqa: E402

MMFUZZ = os.environ.get("MMSCOPE_MMFUZZ", "mmfuzz")
REQUESTS = int(os.environ.get("MMSCOPE_FUZZ_REQUESTS", 50000))
SECONDS = int(os.environ.get("MMSCOPE_FUZZ_SECONDS", 60))
SEED = int(os.environ.get("MMSCOPE_FUZZ_SEED", 1))
FAULTS = os.environ.get("MMSCOPE_FUZZ_FAULTS") == "1"
FILES = os.environ.get("MMSCOPE_FUZZ_FILES", "").split()
MAX_TARGETS = "/sys/module/mmscope/parameters/max_targets"
# In so many judged results each view has been asked by nearly every operation.
ENOUGH, LEAST_OPERATIONS = 20000, 25
# A thread can be anywhere when time is over, and the last request of a slow guest takes its while.
PATIENCE = 300


class Run:
    """What mmfuzz said."""

    def __init__(self, made, *options, files=()):
        where = ["-p", "%d:%#x" % (made.pid, made["start"])]
        done = subprocess.run([MMFUZZ, *where, *options, *files], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=SECONDS + PATIENCE, check=False)
        lines = done.stdout.decode(errors="backslashreplace").splitlines()
        self.status, self.errors = done.returncode, done.stderr.decode(errors="backslashreplace")
        self.wrong = [line for line in lines if line.startswith("wrong: ")]
        self.counts = {tuple(w[1:4]): int(w[4]) for w in map(str.split, lines) if w and w[0] == "count"}
        self.notes = [line[2:] for line in lines if line.startswith("# ")]
        found = re.search(r"digest (\w+)", done.stdout.decode(errors="replace"))
        self.digest = found and found[1]

    def judge(self):
        for text in self.notes:
            tap.note(text)
        tap.none_of(self.wrong, "results that are not permitted")
        tap.equal((self.status, self.errors), (0, ""), "status and errors")
        tap.check(self.counts, "nothing was judged")
        tap.count("fuzz requests", sum(self.counts.values()))


def answers(made):
    """Of a stopped process: what does not depend on who looked at it before."""
    view.attach(made.pid)
    with view.Request("walk") as walk:
        walks = [[r[:5] for r in walk("%d %#x" % (made.pid, made["start"] + i * 4096)).rows] for i in range(4)]
    with view.PteRaw(made.pid) as raw:
        entries = [(r.va, r.size, r.level, r.kind, r.entry, r.pfn) for r in raw.whole()[0]]
    return walks, view.read_text(view.target(made.pid, "vma")).rows, entries


def directories():
    return [d for d in os.listdir(view.DEBUG) if d.isdigit()]


def by_operation(run):
    """For people: how often each operation gave what."""
    table = {}
    for (_, operation, result), n in run.counts.items():
        table.setdefault(operation, {}).setdefault(result, 0)
        table[operation][result] += n
    for operation, results in sorted(table.items()):
        tap.note("%-13s %s" % (operation, ", ".join("%s %d" % kv for kv in sorted(results.items()))))


def covered(run):
    views = {r[0].decode() for r in view.read_text(view.DEBUG + "/view").rows}
    for name in sorted(set(FILES) & views or views):
        seen = {operation for v, operation, _ in run.counts if v == name}
        tap.check(len(seen) >= LEAST_OPERATIONS, "%s: asked by %d operations only: %s" % (name, len(seen), sorted(seen)))
        tap.check(any(v == name and result == "OK" for v, _, result in run.counts), "%s: nothing ever worked" % name)
    for name in set(FILES) & {"attach", "detach", "walk"} or {"attach", "detach", "walk"}:
        wrote = {result for v, operation, result in run.counts if v == name and operation == "write"}
        tap.check({"OK", "EINVAL", "ERANGE", "ESRCH", "EFAULT"} <= wrote, "writes to %s gave only %s" % (name, sorted(wrote)))


def unloaded():
    try:
        guest.unload()
    except OSError as error:
        if error.errno != errno.EAGAIN:
            raise
        return False
    return True


def main():
    guest.quiet()
    taint = guest.taint()
    faults = ["-f"] if FAULTS else []
    with proc.Mkmm("anon") as made:
        made.stop()
        before = answers(made)
        few = str(min(REQUESTS // 10, 3000))
        with tap.case("a seed gives the same requests again"):
            runs = [Run(made, *faults, "-t", "1", "-s", str(SEED), "-n", few, files=FILES) for _ in range(2)]
            for run in runs:
                run.judge()
            tap.check(runs[0].digest and runs[0].digest == runs[1].digest, "digests %s and %s" % (runs[0].digest, runs[1].digest))
        with tap.case("%d requests or %d s by 4 threads, seed %d" % (REQUESTS, SECONDS, SEED)):
            run = Run(made, *faults, "-s", str(SEED), "-n", str(REQUESTS), "-T", str(SECONDS), files=FILES)
            by_operation(run)
            run.judge()
            if sum(run.counts.values()) >= ENOUGH and not FAULTS:
                covered(run)
        with tap.case("8 threads, and room for 2 directories only"), guest.setting(MAX_TARGETS, 2) as can:
            tap.check(can, "max_targets cannot be set")
            Run(made, *faults, "-t", "8", "-s", str(SEED + 1), "-n", str(REQUESTS // 3), "-T", str(SECONDS // 3 + 1), files=FILES).judge()
            # None is open any more, so a new one makes all go that are too many.
            with contextlib.suppress(OSError):
                view.detach(made.pid)
            view.attach(made.pid)
            tap.check(str(made.pid) in directories(), "no directory for a new process")
            tap.check(len(directories()) <= 2, "directories: %s" % directories())
        with tap.case("every answer is as it was"):
            tap.equal(answers(made), before, "walk, vma and pte_raw of a stopped process")
    with tap.case("no file is left open: the module can go, and come back"):
        if not guest.module_path():
            tap.skip("no mmscope.ko to load again")
        proc.wait_for(unloaded, "no file to be open: a ring of io_uring lets go of its own after its process", 60)
        tap.check(not os.path.exists(view.PROC) and not os.path.exists(view.DEBUG), "files are left")
        guest.load(guest.module_path(), "show_addresses=1")
        tap.equal(directories(), [], "directories")
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
