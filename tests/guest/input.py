#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Bad input: each with its exact errno, nothing changed by it; and what is unusual but good."""
import errno
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, kinds, proc, tap, view, witness  # noqa: E402
from mmtest.witness import PAGE  # noqa: E402

MIB = b"1" * (1 << 20)
CLONE_NEWPID = 0x20000000


def unused_pid():
    with open("/proc/sys/kernel/pid_max") as f:
        pid = int(f.read()) - 2
    while os.path.exists("/proc/%d" % pid):
        pid -= 1
    return pid


def kernel_thread():
    return next(int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) > 1
                and not witness.slurp("/proc/%s/maps" % p) and proc.state(int(p)) not in "ZX")


def bad_pids():
    return [(b"%d" % unused_pid(), errno.ESRCH, "unused"), (b"2147483647", errno.ESRCH, "largest"),
            (b"%d" % kernel_thread(), errno.ENODATA, "a kernel thread"), (b"0", errno.ESRCH, "0"),
            (b"-1", errno.EINVAL, "-1"), (b"+1", errno.EINVAL, "+1"), (b"2147483648", errno.ERANGE, "2^31"),
            (b"4294967297", errno.ERANGE, "2^32+1"), (b"9" * 40, errno.ERANGE, "forty digits"),
            (b"abc", errno.EINVAL, "text"), (b"12x", errno.EINVAL, "12x"), (b"0x1", errno.EINVAL, "0x1")]


BAD_TEXTS = [(b"", "an empty write"), (MIB, "1 MiB"), (b"\n", "a newline"), (b" ", "a blank"), (b"\0", "a NUL"),
             (b"1\0", "1 and a NUL"), (b"\xff\xfe", "bytes"), (b"-", "a dash")]


def attach_cases(pid):
    with tap.group("attach"):
        fd = os.open(view.PROC + "/attach", os.O_RDWR)
        os.write(fd, b"%d\n" % pid)
        before, dirs = os.pread(fd, 4096, 0), view.attached()
        for request, number, what in bad_pids() + [(t, errno.EINVAL, w) for t, w in BAD_TEXTS] + \
                [(b"%d %d" % (pid, pid), errno.EINVAL, "two numbers"), (b"%d junk" % pid, errno.EINVAL, "junk behind")]:
            with tap.case(what):
                tap.fails(number, what, os.write, fd, request)
                after = os.pread(fd, 4096, 0)
                tap.equal(view.Text(after).rows, view.Text(before).rows, "the earlier request's answer")
                tap.equal(view.attached(), dirs, "directories")
        os.close(fd)
        with tap.case("of one: header, its row, stamp"):
            text = view.Text(before)
            tap.equal([[r[0], r[1]] for r in text.rows], [[b"%d" % pid] * 2], "pid and dir")
            tap.equal(text.rows[0][2], witness.slurp("/proc/%d/comm" % pid).rstrip(b"\n"), "comm")
        with tap.case("twice is once"):
            view.attach(pid)
            tap.equal(view.read_text(view.PROC + "/attach").column("dir").count(b"%d" % pid), 1, "rows")
        with tap.case("read without a write lists all"):
            tap.equal(sorted(int(d) for d in view.read_text(view.PROC + "/attach").column("dir")),
                      sorted(view.attached()), "rows")


def new_request_cases(pid, other, address):
    with tap.group("a new request drops the earlier answer"):
        for name, first, second in (("attach", "%d" % pid, "%d" % other), ("walk", "%d 0" % pid, "%d %#x" % (pid, address))):
            with tap.case(name), view.Request(name) as request, view.Request(name) as afresh:
                # The stamp tells times, which differ.
                want = afresh.raw(second).rpartition(b"\n# ")[0]
                os.write(request.fd, first.encode())
                old = os.pread(request.fd, 4096, 0).rpartition(b"\n# ")[0]
                os.write(request.fd, second.encode())
                got = os.pread(request.fd, 4096, 8).rpartition(b"\n# ")[0]
                tap.check(old[8:] != want[8:], "the two answers are alike")
                tap.equal(got, want[8:], "what is behind byte 8")


def comm_of_a_dash():
    with tap.case("attach: a process named -"), tempfile.TemporaryDirectory() as where:
        os.symlink(shutil.which(proc.MKMM), where + "/-")
        with proc.Process([where + "/-", "anon"]) as made, view.Request("attach") as request:
            made.readline()
            tap.equal(witness.slurp("/proc/%d/comm" % made.pid), b"-\n", "its comm")
            text = request.raw("%d" % made.pid)
            tap.equal(text.split(b"\n")[1].split()[2], b"\\055", "the cell")
            tap.equal(view.Text(text).rows[0][2], b"-", "what the cell means")


def detach_cases(pid):
    with tap.group("detach"):
        for request, number, what in [b for b in bad_pids() if b[1] != errno.ENODATA] + \
                [(t, errno.EINVAL, w) for t, w in BAD_TEXTS]:
            with tap.case(what):
                dirs = view.attached()
                tap.fails(number, what, view.write, view.PROC + "/detach", request)
                tap.equal(view.attached(), dirs, "directories")
        with tap.case("what is not attached"), kinds.processes("anon") as found:
            tap.fails(errno.ENOENT, "detach", view.detach, found[0][1])
        with tap.case("reading it"):
            fd = os.open(view.PROC + "/detach", os.O_RDWR)
            try:
                tap.fails(errno.EINVAL, "read", os.read, fd, 4096)
            finally:
                os.close(fd)
        with tap.case("takes the directory"), kinds.processes("anon") as found:
            other = found[0][1]
            view.attach(other)
            tap.check(other in view.attached(), "was not attached")
            view.detach(other)
            proc.wait_for(lambda: other not in view.attached(), "the directory to go", 5)
            tap.fails(errno.ENOENT, "again", view.detach, other)
            tap.check(pid in view.attached(), "another's directory went too")


def walk_cases(made):
    pid, start = made.pid, made["start"]
    bits = int(view.version()["address_bits"])
    top = 1 << bits - 1
    with tap.group("walk"):
        with tap.case("a read before a write"):
            fd = os.open(view.PROC + "/walk", os.O_RDWR)
            tap.fails(errno.EINVAL, "read", os.read, fd, 4096)
            os.close(fd)
        with view.Request("walk") as walk:
            before = walk("%d %#x" % (pid, start)).rows
            good = b"%d " % pid
            for request, number, what in (
                    [(p + b" 0x1000", n, "pid " + w) for p, n, w in bad_pids()] +
                    [(t, errno.EINVAL, w) for t, w in BAD_TEXTS] +
                    [(good[:-1], errno.EINVAL, "no address"), (good, errno.EINVAL, "an empty address"),
                     (good + b"0x", errno.EINVAL, "0x"), (good + b"zz", errno.EINVAL, "zz"),
                     (good + b"-1", errno.EINVAL, "a negative address"), (good + b"+1", errno.EINVAL, "+1"),
                     (good + b"+0x1000", errno.EINVAL, "+0x1000"), (good + b"0x+1", errno.EINVAL, "0x+1"), (good + b"1 2", errno.EINVAL, "three words"),
                     (good + b"12g", errno.EINVAL, "12g"),
                     (good + b"%#x" % top, errno.ERANGE, "the first address above user space"),
                     (good + b"0x8000000000000000", errno.ERANGE, "a non-canonical address"),
                     (good + b"0xffffffff81000000", errno.ERANGE, "a kernel address"),
                     (good + b"0xffff888000000000", errno.ERANGE, "the direct map"),
                     (good + b"ffffffffffffffff", errno.ERANGE, "the last address"),
                     (good + b"0x10000000000000000", errno.ERANGE, "65 bits"),
                     (good + b"f" * 60, errno.ERANGE, "240 bits")]):
                with tap.case(what):
                    tap.fails(number, what, os.write, walk.fd, request)
                    tap.equal(view.Text(os.pread(walk.fd, 1 << 16, 0)).rows, before, "the earlier request's answer")
            for word, what in [("%x" % start, "without 0x"), ("%X" % start, "in capitals"), ("0x%016x" % start, "with zeroes"),
                               ("%#x\n" % start, "with a newline")]:
                with tap.case("an address " + what):
                    tap.equal(walk("%d %s" % (pid, word)).rows, before, "rows")
            with tap.case("unaligned: only the offset and the physical address differ"):
                rows = walk("%d %#x" % (pid, start + 0x123)).rows
                tap.equal(rows[:-1], before[:-1], "levels")
                tap.equal(int(rows[-1][3], 16), int(before[-1][3], 16) + 0x123, "physical address")
            for va, kind, what in [(0, b"hole", "address 0"), (top - 2 * PAGE, b"hole", "the end of user space"),
                                   (made["end"] - 1, b"zero", "the zero page"), (start + 1, b"page", "a page")]:
                with tap.case("%s is a %s" % (what, kind.decode())):
                    tap.equal(walk("%d %x" % (pid, va)).rows[-1][4], kind, "kind of the frame")


def who_is_meant():
    with tap.group("a target by"):
        with tap.case("the number of a thread"), kinds.processes("threads") as found:
            tid = next(int(t) for t in os.listdir("/proc/%d/task" % found[0][1]) if int(t) != found[0][1])
            view.attach(tid)
            tap.check(found[0][1] in view.attached() and tid not in view.attached(), "not attached by its process")
            with view.Request("attach") as request:
                tap.equal(request("%d" % tid).column("dir"), [b"%d" % found[0][1]], "dir")
        with tap.case("the number of a leader that is gone"), kinds.processes("zombie") as found:
            pid = found[0][1]
            tap.equal(proc.state(pid), "Z", "state of the leader")
            view.attach(pid)
            tid = next(t for t in os.listdir("/proc/%d/task" % pid) if int(t) != pid)
            tap.equal(view.starts(pid), witness.starts("%d/task/%s" % (pid, tid)), "areas")
        with tap.case("the number of a dead child"), proc.Mkmm("zombie live=no") as made:
            tap.equal(proc.state(made["child"]), "Z", "its state")
            tap.fails(errno.ESRCH, "attach", view.attach, made["child"])
            with view.Request("walk") as walk:
                tap.fails(errno.ESRCH, "walk", walk.raw, "%d 0" % made["child"])
        with tap.case("its number in the reader's pid namespace"):
            said = guest.in_child(from_inside)
            tap.equal(said.split()[:2], ["'1", "dir"], "what process 1 of the namespace saw")
            tap.equal(said.rstrip("'").split()[2], said.rstrip("'").split()[4], "directory and outer number")


def from_inside():
    """In a fork: process 1 of a new pid namespace attaches itself by that number."""
    guest.check_call(guest.libc.unshare(CLONE_NEWPID), "unshare")
    ours, theirs = os.pipe()
    go, went = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.read(go, 1)
            with view.Request("attach") as request:
                row = request("1").rows[0]
            os.write(theirs, b"%s dir %s" % (row[0], row[1]))
        finally:
            os._exit(0)
    os.write(went, b"x")
    os.close(theirs)
    said = os.read(ours, 100).decode()
    os.waitpid(pid, 0)
    return "%s outer %d" % (said, pid)


def main():
    guest.quiet()
    with proc.Mkmm("anon") as made:
        made.stop()
        view.attach(made.pid)
        view.attach(1)      # else the list of all would be the row of one
        attach_cases(made.pid)
        new_request_cases(made.pid, 1, made["start"])
        comm_of_a_dash()
        detach_cases(made.pid)
        walk_cases(made)
    who_is_meant()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
