#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The directories of targets: how many there may be, which makes room, and that the dead lose theirs."""
import errno
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, proc, tap, view  # noqa: E402


def many_attaches():
    most = int(guest.get("/sys/module/mmscope/parameters/max_targets"))
    children = most + 44
    with tap.case("1000 attaches stay within max_targets and spare open readers"), \
            proc.Mkmm("forked pages=1 cow=0 children=%d" % children) as made:
        pids = made.pids()
        view.attach(pids[0])
        view.attach(pids[1])
        open_files = [(pid, view.open_ro(view.target(pid, f))) for pid in pids[:2] for f in ("vma", "pte_raw")]
        seen = 0
        for i in range(1000):
            view.attach(pids[2 + i % (len(pids) - 2)])
            if i % 50 == 0 or i > 990:
                dirs = view.attached()
                tap.check(len(dirs) <= most, "%d directories" % len(dirs))
                tap.check({pids[0], pids[1]} <= dirs, "the directory of an open reader went")
                seen = max(seen, len(dirs))
        tap.equal(seen, most, "directories at most")
        tap.equal(len(view.read_text(view.PROC + "/attach").rows), most, "rows of attach")
        for pid, fd in open_files:
            tap.check(len(os.pread(fd, 1 << 16, 0)) > 300, "process %d cannot be read any more" % pid)
            os.close(fd)
        with tap.group("all of them open"):
            dirs = view.attached()
            held = [view.open_ro(view.target(pid, "vma")) for pid in dirs]
            spare = next(p for p in pids if p not in dirs)
            tap.fails(errno.EBUSY, "attach of one more", view.attach, spare)
            os.close(held.pop())
            view.attach(spare)
            tap.check(spare in view.attached(), "no directory after one was closed")
            for fd in held:
                os.close(fd)
        for pid in pids:
            if os.path.exists(view.target(pid)):
                view.detach(pid)


def oldest_goes():
    with tap.case("the least recently used makes room"), proc.Mkmm("forked pages=1 cow=0 children=12") as made, \
            guest.setting("/sys/module/mmscope/parameters/max_targets", 8) as can:
        tap.check(can, "max_targets cannot be set")
        for pid in view.attached():
            view.detach(pid)
        pids = made.pids()

        def later(function, *args):
            time.sleep(0.03)    # several ticks: what is used is known by the tick
            function(*args)
        for pid in pids[:8]:
            later(view.attach, pid)
        tap.equal(view.attached(), set(pids[:8]), "directories of the first eight")
        later(lambda: os.close(view.open_ro(view.target(pids[0], "vma"))))
        later(view.attach, pids[2])
        expected = set(pids[:8])
        for newer, goes in zip(pids[8:], (1, 3, 4, 5)):
            later(view.attach, newer)
            expected = expected - {pids[goes]} | {newer}
            tap.equal(sorted(map(pids.index, view.attached())), sorted(map(pids.index, expected)),
                      "those attached, by age, when number %d must go" % goes)
        for pid in expected:
            view.detach(pid)


def sweeps():
    with tap.case("a dead target's directory goes by itself"), proc.Mkmm("anon") as made:
        view.attach(made.pid)
        made.kill()
        proc.wait_for(lambda: not os.path.exists(view.target(made.pid)), "its directory to go", 25)
        tap.check(os.path.exists(view.target("self")), "self went, too")


def main():
    guest.quiet()
    taint = guest.taint()
    many_attaches()
    oldest_goes()
    sweeps()
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
