#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
What reading costs, and whom: memory is charged to the reader's cgroup, per open file and in all, is
bounded by max_capture_mb, and comes back. At a limit a read fails with a clear errno, and can be
tried again. The second witness beside memory.stat is /proc/vmallocinfo, which names who allocated.
"""
import contextlib
import errno
import mmap
import os
import re
import resource
import signal
import statistics
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import cgroup, every, guest, proc, tap, view  # noqa: E402

READERS = 1000
ROUNDS = 21     # of thirds
KB, MB = 1 << 10, 1 << 20
PAGE = mmap.PAGESIZE
# An open file beside the pages of its text: the kernel's struct file, ours, the capture, the tree of pages.
FILE = 3 * KB
NODE = 640      # of that tree, for 64 pages of text
# Charges are made in batches for each processor, and come back likewise.
BATCH = 64 * PAGE * os.cpu_count()
MAX_CAPTURE = "/sys/module/mmscope/parameters/max_capture_mb"
MAX_TARGETS = "/sys/module/mmscope/parameters/max_targets"


def vmalloc_rows():
    """Of /proc/vmallocinfo, what this module allocated and did not free."""
    with open("/proc/vmallocinfo") as f:
        return [line for line in f if "[mmscope]" in line]


def settled(truth, seconds=10):
    """Whether it comes true: what is freed after a grace period takes a moment."""
    end = time.monotonic() + seconds
    while not truth():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def read_on(fd, buffer):
    """To the end, into the same buffer; how many bytes."""
    size = 0
    while True:
        got = os.readv(fd, [buffer])
        if not got:
            return size
        size += got


def hold_open(made, group, one):
    """In the group: open and read one view READERS times; what each file is charged, the text's length."""
    fds, buffer = [0] * READERS, bytearray(64 * KB)
    fd = one.open()
    length = read_on(fd, buffer)
    os.close(fd)
    before = group.stat("kernel")
    for i in range(READERS):
        fds[i] = one.open()
        read_on(fds[i], buffer)
    time.sleep(0.1)
    cost = (group.stat("kernel") - before) // READERS
    for fd in fds:
        os.close(fd)
    return cost, length


def open_files():
    with tap.group("%d open files, each with what it read, of" % READERS), proc.Mkmm("many n=100") as made:
        resource.setrlimit(resource.RLIMIT_NOFILE, (READERS + 100, READERS + 100))
        for one in every.views(made.pid, made["start"]):
            with tap.case(one.name), cgroup.Cgroup() as group:
                cost, length = group.inside(hold_open, made, group, one)
                kept = 0 if one.format == "binary" else -(-length // PAGE) * PAGE + NODE * (length // (64 * PAGE))
                tap.note("%s: %d bytes charged a file, for %d of text" % (one, cost, length if kept else 0))
                tap.check(kept <= cost, "%d bytes charged for %d: somebody else pays" % (cost, kept))
                tap.check(cost <= kept + FILE, "%d bytes a file, for %d that are kept" % (cost, kept))
                tap.check(settled(lambda: group.idle() < BATCH), "%d bytes stay charged" % group.idle())
                tap.equal(vmalloc_rows(), [], "left in vmallocinfo")


UFFD_API, UFFD_REGISTER, UFFD_MISSING = 0xc018aa3f, 0xc020aa00, 1
SYS_USERFAULTFD = {"x86_64": 323, "aarch64": 282, "riscv64": 282}[os.uname().machine]


def never_filled(size):
    """Memory whose first touch never ends, by userfaultfd."""
    import ctypes
    import fcntl
    area = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    fd = guest.check_call(guest.libc.syscall(SYS_USERFAULTFD, os.O_CLOEXEC), "userfaultfd")
    fcntl.ioctl(fd, UFFD_API, struct.pack("=QQQ", 0xaa, 0, 0))
    fcntl.ioctl(fd, UFFD_REGISTER, struct.pack("=QQQQ", start, size, UFFD_MISSING, 0))
    return area, fd


def hold_reading(path, position, n, ready, go):
    """n threads inside a read of their own open file, none of which can end; then wait to be killed."""
    size = 64 * KB
    area, uffd = never_filled(n * size)
    whole = memoryview(area)
    threading.stack_size(64 * KB)
    fds = [os.open(path, os.O_RDONLY) for _ in range(n)]
    for i, fd in enumerate(fds):
        args = (fd, [whole[i * size:(i + 1) * size]], position)
        threading.Thread(target=os.preadv, args=args, daemon=True).start()
    # Each fault is one message: all are inside when that many have come.
    left = n
    while left:
        left -= len(os.read(uffd, 32 * left)) // 32
    os.write(ready, b"!")
    os.read(go, 1)
    os._exit(0)


@contextlib.contextmanager
def readers_inside(group, path, position):
    """As many readers as we judge by, in a process of the group that is killed at the end; gives its charge."""
    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            group.join()
            hold_reading(path, position, READERS, ready[1], go[0])
        os._exit(1)
    try:
        os.close(ready[1])
        tap.equal(os.read(ready[0], 1), b"!", "the readers are inside")
        yield group.stat("kernel") / READERS
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        for fd in (ready[0], *go):
            os.close(fd)


def inside_reads():
    """All that a reader in the middle of a read costs, beside the cost of such a thread that reads /dev/zero."""
    with tap.group("%d readers inside a read at once, then killed, of" % READERS), proc.Mkmm("anon pages=1000") as made:
        view.attach(made.pid)
        with cgroup.Cgroup() as group, readers_inside(group, "/dev/zero", 0) as thread:
            tap.note("a thread inside a read of /dev/zero: %d bytes" % thread)
        text = len(view.read_file(view.target(made.pid, "vma")))
        for name, position, kept in (("pte_raw", made["start"], 64 * KB), ("vma", 0, -(-text // PAGE) * PAGE)):
            with tap.case(name), cgroup.Cgroup() as group:
                with readers_inside(group, view.target(made.pid, name), position) as whole:
                    cost = whole - thread
                    tap.note("%s: %d bytes charged a reader, vmalloc %d; all of the cgroup %d MiB" % (
                        name, cost, group.stat("vmalloc") / READERS, group.bytes() / MB))
                    tap.check(kept - KB <= cost <= kept + FILE, "%d bytes a reader, for %d" % (cost, kept))
                    # The target is not held by any of them.
                    tap.equal(made.command("map 0x10000000 8192"), "ok", "mmap by the target")
                    tap.equal(made.command("unmap 0x10000000 8192"), "ok", "munmap by the target")
                tap.check(settled(lambda g=group: g.idle() < BATCH), "%d bytes stay charged" % group.idle())
                tap.check(settled(lambda: not vmalloc_rows()), "in vmallocinfo: %s" % vmalloc_rows()[:3])


def read_whole(path, group):
    """Bytes, the most that was charged for it at once, and what is charged at the end."""
    buffer = bytearray(64 * KB)
    fd = os.open(path, os.O_RDONLY)
    before = group.bytes()
    size = read_on(fd, buffer)
    result = size, group.peak() - before, group.bytes() - before
    os.close(fd)
    return result


def longest_paths():
    """A text that outgrows the limit by far: no two parts of it are ever held."""
    with tap.case("paths of 2.6 KB, max_capture_mb=2"), guest.tmpfs() as where, guest.setting(MAX_CAPTURE, 2) as can:
        tap.check(can, "max_capture_mb cannot be set")
        deep = "/".join([where] + ["%d" % i * 250 for i in range(10)])
        os.makedirs(deep)
        with proc.Mkmm("file maps=2500 dir=" + deep) as made, cgroup.Cgroup() as group:
            view.attach(made.pid)
            size, most, end = group.inside(read_whole, view.target(made.pid, "vma"), group)
            tap.note("%d KiB read, %d KiB charged at most, %d at the end" % (size / KB, most / KB, end / KB))
            tap.check(size > 6 * MB, "only %d bytes read" % size)
            tap.check(MB < most <= 2 * MB + BATCH, "%d KiB charged" % (most / KB))


def largest():
    with tap.group("a target of 60,000 areas"), proc.Mkmm("many n=60000") as made:
        view.attach(made.pid)
        for name in ("vma", "pte_raw"):
            for limit in (64, 4, 1):
                with tap.case("%s, max_capture_mb=%d" % (name, limit)), guest.setting(MAX_CAPTURE, limit) as can, \
                        cgroup.Cgroup() as group:
                    tap.check(can, "max_capture_mb cannot be set")
                    size, most, end = group.inside(read_whole, view.target(made.pid, name), group)
                    tap.note("%s, limit %d MiB: %d KiB read, %d KiB charged at most, %d at the end" % (
                        name, limit, size / KB, most / KB, end / KB))
                    tap.check(size > 4 * MB, "only %d bytes read" % size)
                    bound = limit * MB if name == "vma" else 64 * KB
                    tap.check(most <= bound + BATCH, "%d KiB charged" % (most / KB))
                    tap.check(settled(lambda: group.idle() < BATCH), "%d bytes stay charged" % group.idle())
        tap.equal(vmalloc_rows(), [], "left in vmallocinfo")


def read_when_full(path, group, most):
    """
    A read where the cgroup has room for less than the capture takes, then one with room again. What the
    first gave: its errno, whether anybody was killed; of the second the bytes.
    """
    buffer = bytearray(64 * KB)
    fd = os.open(path, os.O_RDONLY)
    group.put("memory.max", group.bytes() + most)
    try:
        code = 0
        os.readv(fd, [buffer])
    except OSError as error:
        code = error.errno
    killed = group.killed()
    group.put("memory.max", "max")
    size = read_on(fd, buffer)
    os.close(fd)
    return code, killed, size


def full_cgroup():
    with tap.group("a cgroup that is full in the middle of a read"), proc.Mkmm("many n=60000") as made:
        path = view.target(made.pid, "vma")
        view.attach(made.pid)
        want = len(view.read_file(path))
        for most in (2, 12):    # below its records, below records and text
            with tap.case("ENOMEM with %d MiB left, nobody killed, read again" % most), cgroup.Cgroup() as group, \
                    proc.shell() as bystander:
                guest.put(group.path + "/cgroup.procs", bystander.pid)
                code, killed, size = group.inside(read_when_full, path, group, most * MB)
                tap.equal(errno.errorcode.get(code, "worked"), "ENOMEM", "errno")
                tap.equal(killed, False, "somebody was killed")
                tap.equal(proc.state(bystander.pid), "S", "another process of the cgroup")
                tap.check(abs(size - want) < 100, "%d bytes, should be %d" % (size, want))
                tap.check(settled(lambda: group.idle() < BATCH + MB), "%d bytes stay charged" % group.idle())
        with tap.case("%d times, and nothing grows" % ROUNDS), cgroup.Cgroup() as group:
            left, vmalloc = [], []
            for _ in range(ROUNDS):
                code, killed, _ = group.inside(read_when_full, path, group, 12 * MB)
                tap.equal((code, killed), (errno.ENOMEM, False), "errno, killed")
                left.append(group.idle())
                vmalloc.append(int(re.search(r"VmallocUsed: *(\d+)", guest.get("/proc/meminfo"))[1]) * KB)
            for what, points in (("the charge", left), ("VmallocUsed", vmalloc)):
                third = ROUNDS // 3
                steps = [statistics.median(points[i + third:i + 2 * third]) - statistics.median(points[i:i + third])
                         for i in (0, third)]
                tap.note("%s: %d KiB after the first round, %d after the last" % (
                    what, points[0] / KB, points[-1] / KB))
                # A leak shows in both halves, a cache that settles in one.
                tap.check(min(steps) < third * PAGE, "%s grows: %s" % (what, points))
            tap.equal(vmalloc_rows(), [], "left in vmallocinfo")


def open_until(one, number):
    """Open and read until it fails; the errno, how many; then one more after one was closed."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))
    fds, code, buffer = [], 0, bytearray(64 * KB)
    try:
        while True:
            fds.append(one.open())
            os.readv(fds[-1], [buffer])
    except OSError as error:
        code = error.errno
    held = len(fds)
    for _ in range(3):      # room for this very descriptor
        os.close(fds.pop())
    fds.append(one.open())
    good = os.readv(fds[-1], [buffer]) > 0 and os.preadv(fds[0], [buffer], 0) > 0
    return code, held, good


def descriptors():
    with tap.case("no more descriptors: EMFILE, and the open ones read on"), proc.Mkmm("anon") as made:
        for one in every.views(made.pid, made["start"]):
            code, held, good = eval(guest.in_child(lambda o=one: open_until(o, 64)), {"__builtins__": {}})
            tap.equal(code, errno.EMFILE, "errno of %s" % one)
            tap.check(held > 40 and good, "%s: %d open, read on: %s" % (one, held, good))


def targets():
    with tap.case("no more targets: EBUSY, told by the tool, and nothing lost"), \
            proc.Mkmm("forked pages=1 cow=0 children=9") as made, guest.setting(MAX_TARGETS, 8) as can:
        tap.check(can, "max_targets cannot be set")
        pids = made.pids()
        with contextlib.ExitStack() as stack:
            held = []
            for pid in pids[:8]:
                view.attach(pid)
                held.append(os.open(view.target(pid, "vma"), os.O_RDONLY))
                stack.callback(os.close, held[-1])
            request = stack.enter_context(view.Request("attach"))
            asked = request.raw(str(pids[0]))
            tap.fails(errno.EBUSY, "attach of a ninth", request.raw, str(pids[8]))
            tap.equal(os.pread(request.fd, 4096, 0), asked, "the answer to the request before")
            ran = subprocess.run(["mmscope", "vma", str(pids[8])], capture_output=True, text=True, check=False)
            tap.equal((ran.returncode, ran.stdout), (1, ""), "status and output of the tool")
            tap.check("no directory is free" in ran.stderr and "max_targets" in ran.stderr, "it said: " + ran.stderr)
            tap.check(all(len(os.pread(fd, 4096, 0)) > 300 for fd in held), "an open file cannot be read any more")
            attached = {int(p) for p in view.read_text(view.PROC + "/attach").column("pid")}
            tap.equal(attached, set(pids[:8]), "who is attached")
        view.attach(pids[8])
        tap.check(os.path.exists(view.target(pids[8])), "no directory when the files are closed")


def main():
    guest.quiet()
    taint = guest.taint()
    open_files()
    inside_reads()
    largest()
    longest_paths()
    full_cgroup()
    descriptors()
    targets()
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
