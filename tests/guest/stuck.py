#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Readers stuck in a page fault of their own: nobody else waits for them, and nothing of the target stays."""
import errno
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, proc, tap, view  # noqa: E402

PROMPT = 5      # seconds that no request may take, stuck readers or not


def in_time(function, what):
    """In a fork that must end in time; gives what it returns. One that hangs is left behind."""
    try:
        return guest.in_child(function, PROMPT)
    except TimeoutError:
        raise tap.Failure("%s took more than %d s" % (what, PROMPT)) from None


def unload_errno():
    try:
        guest.unload()
        return 0
    except OSError as error:
        return error.errno


def stuck():
    with tap.group("a reader stuck in a page fault, of"), proc.Mkmm("anon") as target, proc.Mkmm("anon") as other:
        files = ["%s/%d/vma" % (view.DEBUG, target.pid), "%s/%d/pte_raw" % (view.DEBUG, target.pid),
                 view.DEBUG + "/self/vma", view.DEBUG + "/self/pte_raw", view.DEBUG + "/name",
                 view.PROC + "/version", view.PROC + "/attach"]
        for path in files:
            name = path.replace("/%d/" % target.pid, "/PID/")
            with tap.case(name):
                view.attach(target.pid)
                with proc.Mkmm("stuck path=" + path) as reader:
                    in_time(lambda: view.attach(other.pid), "attach of another")
                    tap.check(int(in_time(lambda: len(view.starts(other.pid)), "reading another")) > 5, "no areas")
                    in_time(lambda: view.detach(other.pid), "detach of another")
                    tap.equal(int(in_time(unload_errno, "rmmod")), errno.EAGAIN, "rmmod")
                    # Neither the target nor the reader's own memory may be locked meanwhile.
                    for process in (target, reader):
                        tap.equal(process.command("map 0x10000000 8192"), "ok", "mmap by process %d" % process.pid)
                        tap.equal(process.command("write 0x10000000 2"), "ok", "a fault of process %d" % process.pid)
                        tap.equal(process.command("unmap 0x10000000 8192"), "ok", "munmap by process %d" % process.pid)
                    if "PID" in name:
                        in_time(lambda: view.detach(target.pid), "detach of what is being read")
                        in_time(lambda: view.attach(target.pid), "attach of it")
                    tap.check(proc.state(reader["tid"]) in "SD", "the reader is %s" % proc.state(reader["tid"]))
                    reader.child.stdin.close()
                    said = reader.readline(20)
                    tap.check(said and said.endswith("errno=0") and not said.startswith("read=0"), "the reader: %s" % said)


def shared_file():
    with tap.group("one open file, its first reader stuck in a page fault, of"), proc.Mkmm("many n=500") as target:
        view.attach(target.pid)
        for path in ("%s/%d/vma" % (view.DEBUG, target.pid), "%s/%d/pte_raw" % (view.DEBUG, target.pid),
                     view.PROC + "/attach"):
            with tap.case(path.replace("/%d/" % target.pid, "/PID/")), proc.Mkmm("stuck path=" + path) as reader:
                fd = guest.take_fd(reader.pid, path)
                try:
                    for position in (0, 8) if "pte_raw" not in path else (0, target["start"]):
                        got = in_time(lambda p=position: len(os.pread(fd, 4096, p)), "pread at %#x" % position)
                        tap.check(int(got) > 50, "%s bytes at %#x" % (got, position))
                finally:
                    os.close(fd)
                tap.check(proc.state(reader["tid"]) in "SD", "the reader is %s" % proc.state(reader["tid"]))
                reader.child.stdin.close()
                said = reader.readline(20)
                tap.check(said and said.endswith("errno=0") and not said.startswith("read=0"), "the reader: %s" % said)


def mapped_kb():
    """Of anonymous memory. (MemFree misses what the lists of each processor keep.)"""
    rows = dict(line.split(":") for line in guest.get("/proc/meminfo").splitlines())
    return int(rows["AnonPages"].split()[0])


def memory_of_dead():
    """A reader that sleeps in its own fault keeps a dead target's numbers, not its memory."""
    with tap.group("a killed target's memory comes back while a reader is stuck in"):
        for name in ("pte_raw", "vma"):
            with tap.case(name), proc.Mkmm("anon pages=25000") as target:
                view.attach(target.pid)
                at = target["start"] if name == "pte_raw" else 0
                with proc.Mkmm("stuck path=%s at=%d" % (view.target(target.pid, name), at)) as reader:
                    before = mapped_kb()
                    target.kill()
                    proc.wait_for(lambda: before - mapped_kb() > 80000, "100 MB of a dead process to come back", 10)
                    tap.check(proc.state(reader["tid"]) in "SD", "the reader is %s" % proc.state(reader["tid"]))


def main():
    guest.quiet()
    taint = guest.taint()
    stuck()
    shared_file()
    memory_of_dead()
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
