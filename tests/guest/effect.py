#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
What a reader costs its target: the work done per hold of each lock, for the largest targets. It wants
a guest whose time counts instructions (scripts/vm -i): 1 us is then 1000 of them, and the kernel's
tracing, the witness, tells every hold to the microsecond, less the interrupts in it.

A hold of mmap_lock may last the budget and one step more, since the module looks at the clock at most
64 entries or one area apart. One of a page-table lock is one step. STEP is what 64 entries cost,
with a third on top: 500 instructions each were seen.
"""
import contextlib
import ctypes
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import every, guest, proc, tap, trace, view, witness  # noqa: E402
from mmtest.witness import PAGE  # noqa: E402

PARAMETERS = "/sys/module/mmscope/parameters/"
STEP = 48           # us of work between two looks at the clock
ENTRIES = 64        # under one page-table lock
BUDGETS = (50, 200, 1000)
LOOKS = 6           # us of a hold that the witness sees and the stamp does not: it looks later and earlier
ENTRY_READ = "mmscope_entry_read"


def counts_instructions():
    """Does the same work always take the same time here?"""
    took = []
    for _ in range(40):
        begun = time.monotonic_ns()
        for _ in range(2000):
            pass
        took.append(time.monotonic_ns() - begun)
    took.sort()
    return took[20] - took[2] <= took[2] // 500


@contextlib.contextmanager
def forked(make):
    """A child that makes its own memory and waits; ends with the block. Gives its pid."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setpgid(0, 0)
            os.write(theirs, b"%d" % make())
            signal.pause()
        finally:
            os._exit(1)
    try:
        said = os.read(ours, 32)
        tap.check(said.isdigit(), "the target was not made")
        yield int(said)
    finally:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ours)
        os.close(theirs)


def long_paths(n=4000, parts=15):
    """n areas of one file whose path is as long as it gets."""
    os.chdir("/dev/shm")
    for i in range(parts):
        os.mkdir("p" * 250)
        os.chdir("p" * 250)
    fd = os.open("f", os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, PAGE)
    guest.libc.mmap.restype = ctypes.c_void_p
    for _ in range(n):      # the same page of the file again and again: neighbours do not merge
        guest.libc.mmap(None, ctypes.c_size_t(PAGE), 1, 1, fd, ctypes.c_long(0))
    return os.getpid()


def fork_chain(depth=60, pages=64):
    """The last of a line of forks, each of which wrote a page of what it inherited."""
    area = ctypes.create_string_buffer(pages * PAGE)
    area.raw = b"x" * len(area)
    for i in range(depth):
        child = os.fork()
        if child:
            os.close(0)
            signal.pause()
        area[i % pages * PAGE] = b"y"
    return os.getpid()


# name, mkmm kind or what makes it, huge pages it needs, budgets, are its page-table locks judged
TARGETS = (
    ("60,000 areas", "many n=60000 touch=none", None, BUDGETS, False),
    ("4,000 areas with long paths", long_paths, None, BUDGETS[:1], False),
    ("512 MiB of small pages", "anon pages=131072 zero=4096", None, BUDGETS, True),
    ("1 TiB reserved, few pages", "sparse", None, BUDGETS[:1], True),
    ("80 TiB reserved, few pages", "sparse bytes=80T pages=64", None, BUDGETS[:1], True),
    ("a GiB of hugetlb pages, 2 MiB each", "hugetlb n=512 touched=512", (2048, 512), BUDGETS[:1], True),
    ("one hugetlb page of 1 GiB", "hugetlb size=1G n=1", (1 << 20, 1), BUDGETS[:1], True),
    ("huge pages", "thp n=128", None, BUDGETS[:1], True),
    ("swapped pages", "swapped pages=16384 partial=yes", None, BUDGETS[:1], True),
    ("500 threads", "threads n=500", None, BUDGETS[:1], False),
    ("60 forks deep", fork_chain, None, BUDGETS[:1], False),
)


@contextlib.contextmanager
def made(make, pool):
    with contextlib.ExitStack() as stack:
        if pool and stack.enter_context(guest.huge_pages(*pool)) < pool[1]:
            tap.skip("no %d huge pages of %d kB" % (pool[1], pool[0]))
        if callable(make):
            yield stack.enter_context(forked(make))
            return
        if make.startswith("swapped") and not stack.enter_context(guest.swap(256)):
            tap.skip("no zram in this kernel, hence no swap")
        process = stack.enter_context(proc.Mkmm(make))
        if "touched" in process.said and pool:
            tap.equal(process["touched"], pool[1], "huge pages touched")
        yield process.pid


class Said:
    """What the stamps of one view told."""

    def __init__(self):
        self.holds = self.longest = self.bytes = 0

    def text(self, fd):
        end = b""
        for part in iter(lambda: os.read(fd, view.STREAM), b""):
            self.bytes += len(part)
            end = (end + part)[-200:]
        stamp = view.STAMP.search(end)
        self.holds, self.longest = int(stamp[2]), int(stamp[3])

    def binary(self, fd):
        closing = view.layout("stamp")
        for part in iter(lambda: os.read(fd, view.STREAM), b""):
            self.bytes += len(part)
            stamp = closing.one(part[-closing.size:])
            self.holds += stamp.holds
            self.longest = max(self.longest, stamp.hold_max_us)


def read_all(targets, witnessed):
    """Every view once, as a whole; {view: what its stamps said}."""
    said = {}
    for looked in targets:
        said[looked.name] = Said()
        fd = looked.open()
        witnessed.mark(looked.name)
        try:
            getattr(said[looked.name], "binary" if looked.format == "binary" else "text")(fd)
        finally:
            os.close(fd)
    return said


def judge_budget(targets, budget):
    tap.check(guest.put(PARAMETERS + "budget_us", budget), "budget_us cannot be set")
    with trace.Trace() as seen:
        said = read_all(targets, seen)
    bad, longest = [], {"vma": 0, "pte_raw": 0}
    for hold in seen.mmap:
        longest[hold.where] = max(longest.get(hold.where, 0), hold.us)
        if hold.us > budget + STEP:
            bad.append("%s: held for %d us of work" % (hold.where, hold.us))
        if hold.slept:
            bad.append("%s: slept with the lock" % hold.where)
    for name, stamps in said.items():
        holds = [h for h in seen.mmap if h.where == name]
        # The read that finds the end of a binary view has a hold, but no stamp.
        if len(holds) < stamps.holds:
            bad.append("%s: %d holds by its stamps, %d seen" % (name, stamps.holds, len(holds)))
        elif len(holds) == stamps.holds and holds:
            work, wall = max(h.us for h in holds), max(h.wall for h in holds)
            if not work - LOOKS <= stamps.longest <= wall + 1:
                bad.append("%s: hold_max_us=%d, but %d us of work in %d seen" % (name, stamps.longest, work, wall))
    tap.note("budget %d us, longest of %d holds: %s" % (
        budget, len(seen.mmap), ", ".join("%s %d" % kv for kv in sorted(longest.items()))))
    tap.check(all(longest.values()), "no hold was seen of one of %s" % longest)
    tap.none_of(bad, "holds with a budget of %d us" % budget)
    tap.count("holds seen", len(seen.mmap))


def judge_tables(targets):
    """Page-table locks: the time of each, then the entries read under each."""
    with trace.Trace(spin=True) as timed:
        read_all(targets, timed)
    with trace.Trace(calls=(ENTRY_READ,)) as counted:
        read_all(targets, counted)
    tap.check(timed.spin and counted.spin, "no page-table lock was seen")
    longest = max(timed.spin, key=lambda h: h.us)
    most = max(counted.spin, key=lambda h: h.calls)
    tap.note("page-table locks: %d holds, at most %d us (%s), %d entries" % (
        len(timed.spin), longest.us, longest.lock, most.calls))
    tap.check(longest.us <= STEP, "%s held a page-table lock for %d us" % (longest.lock, longest.us))
    tap.check(0 < most.calls <= ENTRIES, "%s read %d entries under one lock" % (most.lock, most.calls))
    tap.equal([h.lock for h in timed.spin + counted.spin if h.slept], [], "sleepers with a page-table lock")
    tap.count("page-table holds seen", len(timed.spin))


def peers(pid):
    """For comparison: the longest hold of those who read the same from the kernel's own files."""
    longest = {}
    with trace.Trace() as seen:
        for name in ("maps", "smaps", "smaps_rollup"):
            seen.mark(name)
            with contextlib.suppress(OSError):
                witness.slurp("/proc/%d/%s" % (pid, name))
        seen.mark("pagemap")
        with witness.pagemap(pid) as numbers:
            for area in witness.maps(pid):
                if 1 < area.pages() <= 1 << 18:
                    numbers.read(area.start // PAGE, area.pages())
    for hold in seen.mmap:
        longest[hold.where] = max(longest.get(hold.where, 0), hold.us)
    tap.note("the kernel's own files: %s" % ", ".join("%s %d us" % kv for kv in sorted(longest.items())))


def changing():
    """What a capture throws away, because the areas changed, it throws away without the lock."""
    with tap.case("60,000 areas that change while they are read"), proc.Mkmm("churn n=60000 us=15000") as process:
        guest.put(PARAMETERS + "budget_us", 200)
        areas = [v for v in every.views(process.pid) if v.name == "vma"]
        with trace.Trace() as seen:
            for _ in range(6):
                read_all(areas, seen)
        longest = max(h.us for h in seen.mmap if h.where == "vma")
        tap.note("longest of %d holds: %d us" % (len(seen.mmap), longest))
        tap.check(longest <= 200 + STEP, "held for %d us of work" % longest)


def main():
    guest.quiet()
    guest.put("/proc/sys/vm/max_map_count", 1 << 20)
    if not counts_instructions():
        with tap.case("work per hold"):
            tap.skip("time does not count instructions here: scripts/vm -i -m 4G -- tests/guest/run effect")
        return tap.done()
    for name, make, pool, budgets, tables in TARGETS:
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        with tap.case(name), made(make, pool) as pid:
            targets = every.views(pid, witness.maps(pid)[-3].start)
            for budget in budgets:
                judge_budget(targets, budget)
            guest.put(PARAMETERS + "budget_us", 200)
            if tables:
                judge_tables(targets)
            if budgets == BUDGETS:
                peers(pid)
    if not sys.argv[1:]:
        changing()
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), 0, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
