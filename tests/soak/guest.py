#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
guest.py MINUTES [PHASE...]: the soak inside the guest. Readers of all views, forked anew each phase;
around them one phase of disturb.py after the other, until the time is up. After each phase the
kernel's log is looked at, at the end the kernel's leak detector is asked. TAP: a test a phase, a
test a view.
"""
import contextlib
import os
import random
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(HERE, "../lib")]
sys.dont_write_bytecode = True
import board as boards  # noqa: E402
import disturb  # noqa: E402
import faults  # noqa: E402
import readers  # noqa: E402
from mmtest import guest, proc, tap, view  # noqa: E402

READERS = 6
STUCK = 300     # seconds in one read, on an emulated machine full of stress
PHASE = (12, 45)
LEAKS = "/sys/kernel/debug/kmemleak"


class Setup:
    """What all readers know: the views, whom to look at, and what one who stands still must show."""

    def __init__(self, still, moving):
        self.views = readers.views()
        self.still, self.moving = still.pid, [m.pid for m in moving]
        self.area = (still["start"], still["end"])
        # A first look, while nobody disturbs: what follows must equal it.
        view.attach(self.still)
        self.rows = {"vma": view.read_text(view.target(self.still, "vma")).rows}
        view.formats()
        for v in self.views:
            if v.format == "binary":
                view.layout(v.name)
        view.layout("stamp"), view.value_of("kind", "stamp")

    def targets(self):
        """Whom a reader picks from: mostly those known, sometimes whoever there is."""
        some = [self.still, "self"] + self.moving
        if random.random() < 0.3:
            some = [int(n) for n in os.listdir("/proc") if n.isdigit()] or some
        return some


def names_of(report):
    """The views whose readers a report of the kernel names."""
    return sorted(set(re.findall(r"\bmm:([a-z_]+)", report))) or ["none: see the stack"]


def phase(name, seconds, seed, shared, setup, total, figures):
    crew = readers.Crew(READERS, seed, shared, setup)
    stuck, wrong = [], []
    try:
        with contextlib.ExitStack() as stack:
            for make in disturb.PHASES[name]:
                stack.enter_context(make(shared, figures))
            end = time.monotonic() + seconds
            while time.monotonic() < end and not stuck:
                time.sleep(1)
                for pid, view_name in crew.stuck(STUCK):
                    where = stuck_in_module(pid)
                    if where:
                        stuck.append("%s: process %d, %s" % (view_name, pid, where))
                    else:
                        tap.count("reads slowed down by others")
    finally:
        # Whoever is stuck would be waited for in vain.
        if not stuck:
            for view_name, found in crew.end().items():
                readers.sum_up(total[view_name], found)
                wrong += ["%s: %s" % (view_name, w) for w in found["wrong"]]
    report = faults.klog(TOP)
    tap.check(not report, "the kernel reports, at the view %s:\n%s" % (", ".join(names_of(report or "")), report))
    tap.none_of(stuck, "readers stuck for %d s" % STUCK)
    tap.none_of(wrong, "wrong answers")


def stacks(pid):
    """Where each thread of it is: (state, kernel stack)."""
    found = []
    with contextlib.suppress(OSError):
        for tid in os.listdir("/proc/%d/task" % pid):
            there = "/proc/%d/task/%s/" % (pid, tid)
            found.append((guest.get(there + "stat").rpartition(")")[2].split()[0], guest.get(there + "stack")))
    return found


def stuck_in_module(pid):
    """
    Where it is, if that is with us. An emulated processor can be too slow for a program to get anywhere,
    on its way from one NUMA fault to the next: then the module is on none of the stacks, ever.
    """
    for _ in range(20):
        for state, stack in stacks(pid):
            if state == "D" or "[mmscope]" in stack:
                return "%s\n%s" % (state, stack)
        time.sleep(0.1)
    return None


def leaks():
    """What points to memory of ours is gone when the module has let go of it; two scans, since one races."""
    if not os.path.exists(LEAKS):
        tap.skip("no kmemleak in this kernel")
    for _ in range(2):
        time.sleep(6)
        guest.put(LEAKS, "scan")
    with open(LEAKS) as f:
        found = f.read().split("unreferenced object")[1:]
    ours = [leak for leak in found if "mmscope" in leak or "mm:" in leak]
    if len(found) > len(ours):
        tap.note("%d leaks of others, the first: %s" % (len(found) - len(ours), [f for f in found if f not in ours][0]))
    tap.check(not ours, "%d leaks, of the views %s:\n%s" % (len(ours), names_of("".join(ours)), "".join(ours[:3])))


def unloads():
    proc.wait_for(lambda: unloaded() or time.sleep(0.5), "no file to be open", 60)
    tap.check(not os.path.exists(view.PROC), "something is left in /proc")


def unloaded():
    with contextlib.suppress(OSError):
        guest.unload()
        return True
    return False


def soak(minutes, names, seed, stack):
    still = stack.enter_context(proc.Mkmm("mlock"))
    still.stop()
    moving = [stack.enter_context(proc.Mkmm(kind)) for kind in ("churn us=2000 n=300", "threads", "sparse", "thp n=2")]
    setup, shared = Setup(still, moving), boards.Board()
    total = {v.name: {"reads": 0, "refused": {}, "wrong": []} for v in setup.views}
    figures, begun, done, sound = {}, time.monotonic(), 0, True
    seconds = max(PHASE[0], min(PHASE[1], minutes * 60 // len(names)))
    while sound and time.monotonic() < begun + minutes * 60:
        name = names[done % len(names)]
        sound = False
        with tap.case("phase %d: %s" % (done + 1, name)):
            phase(name, seconds, seed + done * READERS, shared, setup, total, figures)
            sound = True
        done += 1
    tap.note("seed %d, %d phases of %d s, %d s in all" % (seed, done, seconds, time.monotonic() - begun))
    for v in setup.views:
        with tap.case("%s was read, and never wrongly" % v.name):
            of = total[v.name]
            tap.note("%s: %d reads; refused: %s" % (v.name, of["reads"], of["refused"] or "none"))
            tap.none_of(of["wrong"], v.name)
            tap.check(of["reads"] > 0, "not one read that was answered: %s" % of["refused"])
            tap.count("requests", of["reads"] + sum(of["refused"].values()))
    for what, n in figures.items():
        tap.count(what.replace("_", " "), n)
    for kind in faults.KINDS:
        if figures.get(kind) == 0:
            with tap.case("%s hit the module" % kind):
                tap.check(False, "no failure was injected")


def main():
    minutes, names = int(sys.argv[1]), sys.argv[2:] or list(disturb.PHASES)
    unknown = [n for n in names if n not in disturb.PHASES]
    if unknown:
        sys.stderr.write("soak: no such phase: %s; there are: %s\n" % (" ".join(unknown), " ".join(disturb.PHASES)))
        return 2
    seed = int(os.environ.get("MMSCOPE_SEED", 1))
    random.seed(seed)
    guest.put("/proc/sys/vm/overcommit_memory", 1)
    guest.put("/proc/sys/kernel/hung_task_timeout_secs", STUCK)
    with guest.swap(256), contextlib.ExitStack() as stack:
        soak(minutes, names, seed, stack)
    with tap.case("nothing holds the module"):
        unloads()
    with tap.case("nothing leaked"):
        leaks()
    with tap.case("the kernel has nothing to report"):
        report = faults.klog(TOP)
        tap.check(not report, report)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
