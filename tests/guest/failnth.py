#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Each allocation of each call failed once: /proc/self/fail-nth makes the first one of an open, a write or
a read fail, then the second, until the call has no more of them. Whatever fails gives ENOMEM (EFAULT
where it is a copy to or from the user), takes nothing with it, and the same call then works. By the
list of views. Needs CONFIG_FAULT_INJECTION; a leak is for kmemleak to find at the end.
"""
import errno
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import every, guest, proc, tap, view  # noqa: E402

FAIL_NTH = "/proc/self/fail-nth"
INJECTORS = ("failslab", "fail_page_alloc", "fail_usercopy")
MOST = 3000     # allocations of one call
ALLOWED = (errno.ENOMEM, errno.EFAULT)
STREAM = 64 << 10
MAX_CAPTURE = "/sys/module/mmscope/parameters/max_capture_mb"


def arm():
    """Injectors that fail what is told by fail-nth alone, whatever kind of memory it is, and say nothing."""
    for name in INJECTORS:
        top = "/sys/kernel/debug/%s/" % name
        for knob, value in (("probability", 0), ("verbose", 0), ("ignore-gfp-wait", "N"), ("ignore-gfp-highmem", "N"),
                            ("min-order", 0), ("cache-filter", "N"), ("task-filter", "N")):
            if os.path.exists(top + knob):
                guest.put(top + knob, value)


class Nth:
    def __init__(self):
        self.fd = os.open(FAIL_NTH, os.O_RDWR)

    def set(self, n):
        os.pwrite(self.fd, b"%d" % n, 0)

    def left(self):
        """Failures still to come, and none any more: 0 when it has struck."""
        try:
            left = int(os.pread(self.fd, 32, 0).split(b"\0")[0])
        except OSError:     # it struck this very read
            left = 1
        try:
            self.set(0)
        except OSError:     # or this write
            self.set(0)
        return left


def sweep(nth, what, call, before=None, after=None):
    """
    Calls with the n-th allocation failing, for each n. before() makes the scene, its result is the
    call's argument; after() looks at the scene when the call failed. The call then has to work on it.
    """
    n = struck = failed = 0
    while n < MOST:
        n += 1
        scene = before() if before else None
        error = result = None
        nth.set(n)
        try:
            result = call(scene)
        except OSError as why:
            error = why
        left = nth.left()
        if error:
            tap.check(error.errno in ALLOWED, "%s, failure %d: %s" % (what, n, error))
            if after:
                after(scene)
            result = call(scene)
            failed += 1
        struck += not left
        yield scene, result
        if left and not error:
            break
    else:
        raise tap.Failure("%s: more than %d failures and no end" % (what, MOST))
    tap.note("%s: %d failures, %d of them told" % (what, struck, failed))
    tap.count("faults injected one by one", struck)
    tap.check(failed, "%s: no failure was told" % what)


def rows(data):
    """What of a text has to be the same each time: its rows, how many there are."""
    return len(view.Text(data).rows)


def opens(nth, one):
    mode = os.O_RDONLY if one.request is None else os.O_RDWR
    for _, fd in sweep(nth, "open", lambda _: os.open(one.path, mode)):
        os.close(fd)


def writes(nth, one, pid):
    def before():
        if one.name == "attach":
            view.detach(pid)    # so that there is a directory to make
        elif one.name == "detach":
            view.attach(pid)
        return os.open(one.path, os.O_RDWR)
    for fd, size in sweep(nth, "write", lambda fd: os.write(fd, one.request), before):
        tap.equal(size, len(one.request), "bytes written")
        os.close(fd)
        listed = view.read_text(view.PROC + "/attach").column("pid").count(b"%d" % pid)
        tap.equal(listed, one.name != "detach", "rows of attach for it")
        tap.equal(os.path.exists(view.target(pid)), one.name != "detach", "a directory for it")
    view.attach(pid)


def reads(nth, one):
    whole = read_whole(one)
    want = len(whole) if one.format == "binary" else rows(whole)
    tap.check(want, "there is nothing to read")
    for fd, first in sweep(nth, "read", lambda fd: os.read(fd, STREAM), one.open):
        data = first
        # A copy that is cut short gives what came before it.
        while one.format != "binary" or len(first) < want:
            part = os.read(fd, STREAM)
            if not part:
                break
            data += part
        os.close(fd)
        got = len(data) if one.format == "binary" else rows(data)
        tap.equal(got, want, "%s that were read" % ("bytes" if one.format == "binary" else "rows"))


def read_whole(one):
    fd = one.open()
    try:
        return os.read(fd, STREAM) if one.format == "binary" else view.read_all(fd)
    finally:
        os.close(fd)


def later_parts(nth, pid):
    """The read that asks for a capture's second part."""
    path = view.target(pid, "vma")
    starts = view.read_text(path).column("start")

    def before():
        fd = os.open(path, os.O_RDONLY)
        taken = [b""]
        while taken[0].count(b"\n") < 1000:     # into the first part, which has 1024 rows
            taken[0] += os.read(fd, 4096)
        return fd, taken

    def call(scene):
        fd, taken = scene
        for _ in range(100):
            taken[0] += os.read(fd, 4096)
    for (fd, taken), _ in sweep(nth, "read of what follows", call, before):
        text = view.Text(taken[0] + view.read_all(fd))
        os.close(fd)
        tap.equal(text.column("start"), starts, "first addresses of the areas")


def main():
    guest.quiet()
    taint = guest.taint()
    if not os.path.exists(FAIL_NTH):
        with tap.case("each allocation failed once"):
            tap.skip("no fault injection in this kernel")
        return tap.done()
    arm()
    nth = Nth()
    with proc.Mkmm("many n=30") as made:
        made.stop()
        for one in every.views(made.pid, made["start"], readable=False):
            with tap.group(one.name):
                with tap.case("open"):
                    opens(nth, one)
                if one.request is not None:
                    with tap.case("write"):
                        writes(nth, one, made.pid)
                if not one.silent:
                    with tap.case("read"):
                        reads(nth, one)
    with tap.case("a capture in parts"), proc.Mkmm("many n=1500") as made, guest.setting(MAX_CAPTURE, 1) as can:
        tap.check(can, "max_capture_mb cannot be set")
        made.stop()
        view.attach(made.pid)
        later_parts(nth, made.pid)
    with tap.case("nothing left: no open file, no memory"):
        with open("/proc/vmallocinfo") as f:
            tap.equal([line for line in f if "[mmscope]" in line], [], "left in vmallocinfo")
        tap.equal(guest.get("/sys/module/mmscope/refcnt"), "0", "open files")
        tap.equal(guest.kmemleak(), "", "kmemleak")
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
