#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Who may: file modes, capabilities at open and at write, hashed kernel addresses."""
import errno
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, kinds, tap, view  # noqa: E402

NOBODY = 65534
CLONE_NEWUSER = 0x10000000


def try_open(path, flags=os.O_RDONLY):
    """0, or the errno of an open."""
    try:
        os.close(os.open(path, flags))
        return 0
    except OSError as error:
        return error.errno


def outcomes(files, become):
    """{name: errno} of opening each after become(), in a fork."""
    def look():
        become()
        return [try_open(path, flags) for path, flags in files]
    said = guest.in_child(look)
    return [int(n) for n in said.strip("[]").split(",")]


def be_nobody():
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def without(*caps):
    return lambda: guest.drop_caps(*caps)


def be_root_of_user_namespace():
    """Nobody's own user namespace, full of capabilities that count only there."""
    be_nobody()
    guest.prctl(4, 1)    # PR_SET_DUMPABLE, lost with the uid: /proc/self/uid_map is ours again
    guest.check_call(guest.libc.unshare(CLONE_NEWUSER), "unshare")
    with open("/proc/self/uid_map", "w") as f:
        f.write("0 %d 1" % NOBODY)


def words(numbers):
    return [errno.errorcode.get(n, "ok") for n in numbers]


def expect(files, become, want):
    for (path, _), got, should in zip(files, words(outcomes(files, become)), want):
        tap.equal(got, should, "open of %s" % path)


def direct_map():
    return int(view.version()["direct_map"], 16)


def direct_map_of_kcore():
    """Kernel address of frame 0: each segment of memory in /proc/kcore has both its addresses."""
    with open("/proc/kcore", "rb") as f:
        head = f.read(64)
        offset, = struct.unpack_from("<Q", head, 32)
        size, n = struct.unpack_from("<HH", head, 54)
        f.seek(offset)
        table = f.read(size * n)
    bases = {}
    for i in range(n):
        kind, _, _, virtual, physical, _, length, _ = struct.unpack_from("<IIQQQQQQ", table, i * size)
        if kind == 1 and physical < 1 << 52 and virtual < 0xffffffff80000000:
            bases[virtual - physical] = bases.get(virtual - physical, 0) + length
    tap.check(bases, "kcore has no segment of memory")
    return max(bases, key=bases.get)


def open_cases(pid):
    procs = [(view.PROC + "/" + f, flags) for f, flags in
             [("version", os.O_RDONLY), ("attach", os.O_RDWR), ("detach", os.O_WRONLY), ("walk", os.O_RDWR)]]
    tops = [(view.DEBUG + "/" + f, os.O_RDONLY) for f in ("view", "name", "format")]
    target = [(view.target(pid, f), os.O_RDONLY) for f in ("vma", "pte_raw")]
    every = procs + tops + target
    with tap.group("open by"):
        with tap.case("root"):
            expect(every, lambda: None, ["ok"] * 9)
        with tap.case("a user"):
            expect(every, be_nobody, ["ok"] + ["EACCES"] * 8)
        with tap.case("root of another user namespace"):
            expect(every, be_root_of_user_namespace, ["ok"] + ["EACCES"] * 8)
        with tap.case("root without CAP_SYS_PTRACE"):
            expect(procs + tops + target, without(guest.CAP_SYS_PTRACE),
                   ["ok"] + ["EPERM"] * 3 + ["ok"] * 3 + ["EPERM"] * 2)
        with tap.case("root without CAP_SYS_PTRACE, of its own mm"):
            expect([(view.DEBUG + "/self/" + f, os.O_RDONLY) for f in ("vma", "pte_raw")],
                   without(guest.CAP_SYS_PTRACE), ["ok"] * 2)
        with tap.case("root without CAP_SYS_ADMIN"):
            expect(procs[3:] + tops + target, without(guest.CAP_SYS_ADMIN), ["EPERM"] + ["ok"] * 4 + ["EPERM"])
        with tap.case("root without CAP_SYSLOG"):
            expect(procs[3:] + tops + target, without(guest.CAP_SYSLOG), ["ok"] * 6)
        with tap.case("root without any of them"):
            expect(procs[3:] + target, without(guest.CAP_SYS_PTRACE, guest.CAP_SYS_ADMIN, guest.CAP_SYSLOG), ["EPERM"] * 3)


def write_cases(pid):
    """The rights of who opened count, not of who writes, as for the kernel's own files."""
    def dropped_later():
        fd = os.open(view.PROC + "/walk", os.O_RDWR)
        guest.drop_caps(guest.CAP_SYS_PTRACE)
        return os.write(fd, b"%d 0" % pid)

    with tap.case("an opener of walk who dropped CAP_SYS_PTRACE later may still write"):
        tap.check(int(guest.in_child(dropped_later)) > 0, "write")


def address_cases():
    parameter = "/sys/module/mmscope/parameters/show_addresses"

    def hidden():
        guest.drop_caps(guest.CAP_SYSLOG)
        return direct_map()

    with tap.group("direct_map of version"):
        shown = guest.get(parameter) in ("1", "Y")
        with tap.case("equals kcore's, with show_addresses and CAP_SYSLOG"):
            if not os.path.exists("/proc/kcore"):
                tap.skip("no /proc/kcore")
            if not shown:
                tap.skip("loaded without show_addresses=1")
            tap.equal(direct_map(), direct_map_of_kcore(), "address of frame 0")
        with tap.case("is hashed without CAP_SYSLOG"):
            first, second = int(guest.in_child(hidden)), int(guest.in_child(hidden))
            tap.check(first != direct_map(), "shows the address")
            tap.check(0 <= first < 1 << 32, "%#x is no hash as %%p makes it" % first)
            tap.equal(second, first, "hash, the second time")

        def as_user():
            be_nobody()
            return direct_map()
        with tap.case("is hashed for a user"):
            tap.check(int(guest.in_child(as_user)) < 1 << 32, "shows the address")


def main():
    guest.quiet()
    with kinds.processes("anon") as found:
        pid = found[0][1]
        view.attach(pid)
        open_cases(pid)
        write_cases(pid)
    address_cases()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
