# SPDX-License-Identifier: GPL-2.0
"""
What one process holds, as the kernel's own tracing tells it: each hold of an mmap_lock by its
tracepoints, each page-table lock that the module takes by the function tracer, and what was not its
work in between (interrupts, other processes).
"""
import contextlib
import mmap
import os
import re

TRACING = "/sys/kernel/tracing/"
EVENTS = ("mmap_lock/mmap_lock_acquire_returned", "mmap_lock/mmap_lock_released", "sched/sched_switch",
          "irq/irq_handler_entry", "irq/irq_handler_exit", "irq/softirq_entry", "irq/softirq_exit")
LOCKS = ("_raw_spin_lock", "_raw_spin_lock_irq", "_raw_spin_lock_irqsave")
UNLOCKS = ("_raw_spin_unlock", "_raw_spin_unlock_irq", "_raw_spin_unlock_irqrestore")
LINE = re.compile(r".*?-(\d+) +\[\d+\] \S+ +(\d+)\.(\d{6}): (\S+)(.*)$")
RUNNABLE = ("R", "R+")
OWN = "own"


def write(path, value):
    with open(path, "w") as f:
        f.write(str(value))


class Hold:
    """From taking a lock to giving it back: us of work, wall us of time, in microseconds."""
    __slots__ = ("lock", "where", "begin", "paused", "us", "wall", "calls", "slept")

    def __init__(self, lock, where, begin, paused):
        self.lock, self.where, self.begin, self.paused = lock, where, begin, paused
        self.us = self.wall = self.calls = 0
        self.slept = False

    def end(self, now, paused):
        self.wall = now - self.begin
        self.us = self.wall - (paused - self.paused)
        return self


class Away:
    """Time in interrupts or off the processor, which is no work of the holder; they nest."""

    def __init__(self):
        self.depth = self.total = self.since = 0

    def step(self, now, begins):
        if begins and not self.depth:
            self.since = now
        elif not begins and self.depth == 1:
            self.total += now - self.since
        self.depth = max(0, self.depth + (1 if begins else -1))     # some began before the trace did


class Trace:
    """
    The holds of this process while the block lasts, then in .mmap (of other address spaces than its
    own) and .spin. Functions named in `calls` are counted within each spin lock; tracing them takes
    time, so time and count want a block each.
    """

    def __init__(self, spin=False, calls=()):
        self.pid, self.spin_locks, self.called = os.getpid(), spin or bool(calls), calls
        self.mmap, self.spin = [], []
        self.open, self.where, self.own = {}, OWN, None

    def __enter__(self):
        self.root = TRACING + "instances/mmtest-%d/" % os.getpid()
        os.mkdir(self.root)
        try:
            write(self.root + "buffer_size_kb", 16384)
            write(self.root + "trace_clock", "mono")
            write(self.root + "options/overwrite", 0)
            write(self.root + "set_event_pid", self.pid)
            if self.spin_locks:
                write(self.root + "set_ftrace_pid", self.pid)
                write(self.root + "set_ftrace_filter", " ".join(LOCKS + UNLOCKS + tuple(self.called)))
                write(self.root + "current_tracer", "function")
            for event in self.events():
                write(self.root + "events/" + event + "/enable", 1)
        except OSError:
            self.close()
            raise
        write(self.root + "trace", "")
        mmap.mmap(-1, mmap.PAGESIZE).close()    # tells which address space is ours
        return self

    def mark(self, where):
        """What comes next, for .where of its holds."""
        write(self.root + "trace_marker", where)

    def events(self):
        vectors = os.listdir(self.root + "events/irq_vectors") if os.path.exists(
            self.root + "events/irq_vectors") else []
        return EVENTS + tuple("irq_vectors/" + v for v in vectors if v.endswith(("_entry", "_exit")))

    def __exit__(self, kind, *unused):
        write(self.root + "tracing_on", 0)
        try:
            if kind is None:
                self.read()
        finally:
            self.close()

    def close(self):
        with contextlib.suppress(OSError):
            write(self.root + "current_tracer", "nop")
        os.rmdir(self.root)

    def read(self):
        with open(self.root + "per_cpu/cpu0/stats") as f:
            lost = dict(line.split(": ") for line in f if ": " in line)
        if int(lost["overrun"]) or int(lost["dropped events"]):
            raise RuntimeError("the trace buffer was too small: %s" % lost)
        module, away = module_functions(), Away()
        with open(self.root + "trace") as f:
            for match in filter(None, map(LINE.match, f)):
                now, what, more = int(match[2]) * 1000000 + int(match[3]), match[4], match[5]
                if what == "sched_switch:":
                    out = "prev_pid=%d " % self.pid in more
                    if out and re.search(r"prev_state=(\S+)", more)[1] not in RUNNABLE:
                        self.sleep()
                    away.step(now, out)
                elif what.endswith(("_entry:", "_exit:")):
                    away.step(now, what.endswith("_entry:"))
                elif not away.depth:
                    self.take(now, what, more, away.total, module)

    def sleep(self):
        for hold in self.open.values():
            hold.slept = True

    def take(self, now, what, more, paused, module):
        caller = more.strip(" <-")
        if what == "tracing_mark_write:":
            self.where = more.strip()
        elif what == "mmap_lock_acquire_returned:" and "success=true" in more:
            mm = more.split()[0]
            if "write=true" in more and self.where == OWN:
                self.own = mm
            if mm != self.own:
                self.open[mm] = Hold(mm, self.where, now, paused)
        elif what == "mmap_lock_released:" and more.split()[0] in self.open:
            self.mmap.append(self.open.pop(more.split()[0]).end(now, paused))
        elif what in LOCKS and caller in module:
            self.open["spin"] = Hold(caller, self.where, now, paused)
        elif what in UNLOCKS and caller in module and "spin" in self.open:
            self.spin.append(self.open.pop("spin").end(now, paused))
        elif what in self.called and "spin" in self.open:
            self.open["spin"].calls += 1


def module_functions():
    """The module's functions as the tracer knows them."""
    with open(TRACING + "available_filter_functions") as f:
        return {line.split()[0] for line in f if line.endswith("[mmscope]\n")}
