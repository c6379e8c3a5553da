#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Readers killed at any point of their reading, also while they wait for the target's lock: each is gone
at once and leaves nothing. By the list of views. MMSCOPE_KILLS (150) says how many of each.
"""
import contextlib
import ctypes
import mmap
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import cgroup, every, guest, proc, tap  # noqa: E402

ROUNDS = int(os.environ.get("MMSCOPE_KILLS", 150))      # of each view, for each target
SECONDS = ROUNDS * 0.2  # of those as many as there is time for
PROMPT = 20     # seconds that a killed reader may take on a loaded machine, at the very most
MB = 1 << 20


def forker(areas):
    """A process that forks all the time: each fork holds its mmap_lock for writing while it copies the areas."""
    base = mmap.mmap(-1, areas * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start = ctypes.addressof(ctypes.c_char.from_buffer(base))
    for i in range(0, areas, 2):
        guest.libc.mprotect(ctypes.c_void_p(start + i * mmap.PAGESIZE), mmap.PAGESIZE, 1)
    while True:
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)
        time.sleep(0.005)


@contextlib.contextmanager
def forking(areas):
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            guest.prctl(1, signal.SIGKILL)      # PR_SET_PDEATHSIG
            forker(areas)
        os._exit(1)
    try:
        proc.wait_for(lambda: len(open("/proc/%d/maps" % pid).readlines()) > areas, "%d areas" % areas, 60)
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def read_for_ever(one, size):
    while True:
        with contextlib.suppress(OSError):
            fd = one.open()
            while os.read(fd, size):
                pass
            os.close(fd)


def kill_readers(one, group, rounds):
    """Readers of the view, each killed at a random moment; how many were in state D, the longest end."""
    waiting, longest, end = 0, 0, time.monotonic() + SECONDS
    for done in range(rounds):
        if time.monotonic() > end and done > 10:
            break
        pid = os.fork()
        if not pid:
            group.join()
            read_for_ever(one, random.choice((128, 4096, 65536)))
        time.sleep(random.random() ** 2 * 0.03)
        waiting += proc.state(pid) == "D"
        os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        status = os.waitpid(pid, 0)[1]
        longest = max(longest, time.monotonic() - begun)
        tap.equal(status, signal.SIGKILL, "status of a killed reader")
        tap.count("readers killed")
    return waiting, longest


def nothing_left(group):
    """No charge, no reference, no memory of ours."""
    proc.wait_for(lambda: group.idle() < 2 * MB, "the charge of dead readers to go, now %d" % group.idle())
    proc.wait_for(lambda: guest.get("/sys/module/mmscope/refcnt") == "0", "open files of dead readers to be closed")
    with open("/proc/vmallocinfo") as f:
        tap.equal([line for line in f if "[mmscope]" in line], [], "left in vmallocinfo")


def killed_readers(name, pid, address):
    with tap.group("readers of %s killed, of" % name):
        for one in every.views(pid, address):
            with tap.case(one.name), cgroup.Cgroup() as group:
                waiting, longest = kill_readers(one, group, ROUNDS)
                tap.note("%s: %d were asleep, the longest end took %.0f ms" % (one, waiting, longest * 1000))
                tap.check(longest < PROMPT, "a killed reader took %.1f s to go" % longest)
                nothing_left(group)
                fd = one.open()
                tap.check(len(os.read(fd, 65536)) > 50, "nothing to read after it")
                os.close(fd)


def main():
    guest.quiet()
    taint = guest.taint()
    with proc.Mkmm("many n=2000") as made:
        killed_readers("2,000 areas", made.pid, made["start"])
    with forking(6000) as pid:
        killed_readers("a target that forks", pid, 0)
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
