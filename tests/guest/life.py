#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Processes that end, exec or hand on their number while they are read, and what they leave behind then:
no task, no mm, no file.
"""
import errno
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, proc, tap, view, witness  # noqa: E402


def exits():
    with tap.group("exit"):
        with tap.case("between open and read"), proc.Mkmm("anon") as made:
            view.attach(made.pid)
            fds = [view.open_ro(view.target(made.pid, f)) for f in ("vma", "pte_raw")]
            made.kill()
            for fd in fds:
                tap.fails(errno.ESRCH, "read", os.read, fd, 1 << 16)
                os.close(fd)
            with view.Request("walk") as walk:
                tap.fails(errno.ESRCH, "walk", walk.raw, "%d 0" % made.pid)
            for f in ("vma", "pte_raw"):
                try:
                    os.close(view.open_ro(view.target(made.pid, f)))
                    tap.check(False, "a new open of %s worked" % f)
                except OSError as error:    # the sweep may have taken the directory by now
                    tap.check(error.errno in (errno.ESRCH, errno.ENOENT), "a new open: %s" % error)
        with tap.case("in the middle of a read"), proc.Mkmm("many n=2000") as made:
            view.attach(made.pid)
            fd, raw = view.open_ro(view.target(made.pid, "vma")), view.PteRaw(made.pid)
            head = os.read(fd, 1000)
            records, stamp = raw.read(0, 4096)
            tap.check(len(head) == 1000 and records, "nothing before the exit")
            made.kill()
            text = view.Text(head + view.read_all(fd))
            tap.check(len(text.rows) > 2000, "the capture did not outlive the process")
            tap.fails(errno.ESRCH, "pte_raw, further on", os.pread, raw.fd, 4096, stamp.next)
            tap.fails(errno.ESRCH, "vma, anew", os.pread, fd, 4096, 0)
            os.close(fd)
            os.close(raw.fd)
        with tap.case("while it is read again and again"):
            good, lives = 0, (10, 40, 80, 160, 320, 640, 1280, 2560)
            for i, ms in enumerate(lives):
                if i >= 3 and good > 3:     # a loaded machine gets longer lives
                    break
                with proc.Mkmm("exiting pages=500 ms=%d" % ms) as made:
                    try:
                        view.attach(made.pid)
                    except OSError as error:
                        tap.equal(error.errno, errno.ESRCH, "attach of what ended before")
                        continue
                    good += read_until_gone(made.pid)
            tap.check(good > 3, "only %d reads before the ends" % good)


def read_until_gone(pid):
    good = 0
    for _ in range(100000):
        try:
            with view.PteRaw(pid) as raw:
                view.read_text(view.target(pid, "vma"))
                raw.whole()
            good += 1
        except OSError as error:
            tap.check(error.errno in (errno.ESRCH, errno.ENOENT), str(error))
            return good
    raise tap.Failure("the process never went")


def execs():
    with tap.group("exec"):
        with tap.case("between open and read"), proc.Mkmm("anon") as made:
            view.attach(made.pid)
            fds = [view.open_ro(view.target(made.pid, f)) for f in ("vma", "pte_raw")]
            os.pread(fds[1], 4096, 0)
            said = made.command("exec many n=50")
            tap.check(said and "areas=50" in said, "the exec: %s" % said)
            for fd in fds:
                tap.fails(errno.ESRCH, "read", os.read, fd, 1 << 16)
                tap.fails(errno.ESRCH, "read once more", os.pread, fd, 1 << 16, 0)
                os.close(fd)
            tap.equal(view.starts(made.pid), witness.starts(made.pid), "areas by a new open")
        with tap.case("while it is read again and again"), proc.Mkmm("execing ms=5") as made:
            view.attach(made.pid)
            good = gone = 0
            end = time.monotonic() + 4
            while time.monotonic() < end:
                try:
                    with view.PteRaw(made.pid) as raw:
                        text = view.read_text(view.target(made.pid, "vma"))
                        raw.whole()
                    rows = [(int(r[0], 16), int(r[1], 16)) for r in text.rows]
                    tap.check(rows and all(a[1] <= b[0] for a, b in zip(rows, rows[1:])), "areas overlap")
                    good += 1
                except OSError as error:
                    tap.equal(error.errno, errno.ESRCH, "errno")
                    gone += 1
            tap.check(good >= 10, "only %d good reads, %d ESRCH" % (good, gone))
            tap.count("reads across execs", good)


def take_number(pid):
    """A process of exactly this number, or None."""
    for _ in range(50):
        if not guest.put("/proc/sys/kernel/ns_last_pid", pid - 1):
            tap.skip("no ns_last_pid in this kernel")
        made = proc.Mkmm("many n=77")
        if made.pid == pid:
            return made
        made.close()
    return None


def reuse():
    with tap.case("a process number that is used again"):
        with proc.Mkmm("anon") as first:
            pid = first.pid
            view.attach(pid)
            fd = view.open_ro(view.target(pid, "vma"))
            tap.check(os.read(fd, 100), "nothing")
            first.kill()
        second = take_number(pid)
        tap.check(second is not None, "the number %d did not come back" % pid)
        with second:
            tap.fails(errno.ESRCH, "the old open", os.pread, fd, 4096, 0)
            try:
                old = view.starts(pid)
                tap.check(False, "the dead process's directory shows %d areas of another" % len(old))
            except OSError as error:
                tap.check(error.errno in (errno.ESRCH, errno.ENOENT), str(error))
            view.attach(pid)
            tap.equal(view.starts(pid), witness.starts(pid), "areas after attaching the new one")
            tap.fails(errno.ESRCH, "the old open, still", os.pread, fd, 4096, 0)
            tap.equal(view.read_text(view.PROC + "/attach").column("dir").count(b"%d" % pid), 1, "rows of it")
            os.close(fd)


def use(pid, other):
    """Every way to a process's memory once; the walk file names two."""
    view.attach(pid)
    view.read_file(view.target(pid, "vma"))
    fd = view.open_ro(view.target(pid, "pte_raw"))
    os.pread(fd, 1 << 16, 0)
    os.close(fd)
    with view.Request("walk") as walk:
        walk.raw("%d 0" % other)
        walk.raw("%d 0" % pid)


def use_and_kill(children):
    """How many processes, of which nothing of ours may remain."""
    with proc.Mkmm("forked pages=1 cow=0 children=%d" % children) as made:
        pids = made.pids()[1:]
        for pid, other in zip(pids, pids[1:] + pids[:1]):
            use(pid, other)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    proc.wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in pids), "%d processes to go" % children)
    with proc.Mkmm("anon") as fresh:    # attaching takes away the dead
        view.attach(fresh.pid)
        tap.equal(view.attached() & set(pids), set(), "directories of the dead")
        view.detach(fresh.pid)


CACHES = ("mm_struct", "pid")


def leaves_no_process():
    with tap.case("200 processes looked at and killed leave no mm and no pid"):
        use_and_kill(30)
        before = {cache: guest.slab_objects(cache) for cache in CACHES}
        if None in before.values():
            tap.skip("no counts of slab objects in this kernel")
        use_and_kill(200)

        def more():
            return {cache: guest.slab_objects(cache) - before[cache] for cache in CACHES}
        end = time.monotonic() + 15     # they go after a grace period
        while max(more().values()) > 60 and time.monotonic() < end:
            time.sleep(0.5)
        left = more()
        tap.note("objects more than before: %s" % ", ".join("%s %+d" % kv for kv in left.items()))
        tap.none_of(["%s: %d more of 200" % kv for kv in left.items() if kv[1] > 60], "caches")


def leaves_no_file():
    with tap.case("a mapped file that was looked at can be unmounted"), guest.tmpfs() as where:
        with proc.Mkmm("file share=shared dir=" + where) as made:
            view.attach(made.pid)
            text = view.read_text(view.target(made.pid, "vma"))
            tap.check(any(p and p.startswith(where.encode()) for p in text.column("path")), "the file is no row")
            fd = view.open_ro(view.target(made.pid, "vma"))
            tap.equal(len(os.read(fd, 100)), 100, "bytes of a capture that is not read to its end")
            tap.fails(errno.EBUSY, "umount while it is mapped", guest.umount, where)
            made.kill()

        def unmounted():
            try:
                guest.umount(where)
                return True
            except OSError as error:
                tap.equal(error.errno, errno.EBUSY, "errno of umount")
                return False
        # The capture is text by now: it keeps no file, open or not.
        proc.wait_for(unmounted, "umount: a reference is left", 5)
        os.close(fd)


def main():
    guest.quiet()
    taint = guest.taint()
    exits()
    execs()
    reuse()
    leaves_no_process()
    leaves_no_file()
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
