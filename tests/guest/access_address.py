#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
No address of the kernel gets out: everything that the files, the tool and the kernel's log say is
searched for one (mmtest/leak.py), with show_addresses off and on, kptr_restrict 0, 1 and 2, by
readers with CAP_SYSLOG and without. Loads the module anew; afterwards it is loaded as it was.
"""
import contextlib
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import become, guest, kinds, leak, rights, tap, view  # noqa: E402

KPTR = "/proc/sys/kernel/kptr_restrict"
TARGETS = ("anon", "file name=odd", "swapped", "protnone", "pfnmap", "thp n=1", "guard by=madvise", "uffd", "hwpoison")
READERS = [("root", lambda: None, True), ("root without CAP_SYSLOG", lambda: become.without(guest.CAP_SYSLOG), False),
           ("a user", become.user, False)]
PARAMETER = rights.PARAMETERS + "/show_addresses"


def shown():
    return guest.get(PARAMETER) in ("1", "Y")


def reload(show):
    guest.unload()
    guest.load(guest.module_path(), "show_addresses=%d" % show)
    view.formats.cache_clear()


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


def controls():
    """The search must find what it is for, and nothing in what is none."""
    secret = leak.LOWEST + 0x11000082345678
    with tap.group("the search"):
        with tap.case("finds an address in every form"):
            for form in ("%#x", "%x", "0x%016X", "%d"):
                tap.equal(leak.in_text(b"a " + (form % secret).encode() + b" b"), ["%#x" % secret], form)
            tap.equal(leak.in_text(b"%d" % (secret - (1 << 64))), ["%#x" % secret], "negative")
            row = view.layout("pte_raw").type._make([0] * 14)
            for field in ("va", "pfn", "swap_offset", "kpf"):
                data = view.layout("pte_raw").struct.pack(*row._replace(**{field: secret}))
                tap.equal(leak.in_records("pte_raw", data), ["pte_raw.%s: %#x" % (field, secret)], field)
            text = b"pid dir comm\n1 1 %x\n# consistent=yes holds=0 hold_max_us=0\n"
            tap.equal(leak.in_view("attach", text % secret), ["attach.comm: %#x" % secret], "a cell")
            text = b'{"attach": [{"comm": "%x"}]}'
            tap.equal(leak.in_json("attach", text % secret), ["attach.comm: %#x" % secret], "JSON")
        with tap.case("finds none in what is none"):
            tap.equal(leak.in_text(b"0x7fffffffe000 0xffffffffffffffff 0x80000000023f1867 -1 5fc0ffee "
                                   b"18446744073709551615 a-20250101"), [], "numbers")
            row = view.layout("pte_raw").type._make([0] * 14)
            data = view.layout("pte_raw").struct.pack(*row._replace(entry=secret, pfn=(1 << 64) - 1))
            tap.equal(leak.in_records("pte_raw", data), [], "a raw entry, an absent member")
        with tap.case("finds those of /proc/kallsyms just where kptr_restrict lets it"):
            for restrict, some in ((0, True), (2, False)):
                with guest.setting(KPTR, restrict), open("/proc/kallsyms", "rb") as f:
                    tap.equal(len(leak.in_text(f.read(1 << 18))) > 1000, some, "with kptr_restrict=%d" % restrict)


def may_show():
    """The fields that are hashed but for show_addresses and CAP_SYSLOG, as `format` says of them."""
    return {"%s.%s" % (name, row["field"]) for name, rows in view.formats().items() for row in rows
            if "show_addresses" in row["help"]}


def search_files(reader, listed, requests):
    """What the reader finds in all files that it can open, and in how many."""
    view.formats(), view.names("kind")      # while they can be read

    def inside():
        reader[1]()
        there = [f for f in listed if not rights.outcome(
            rights.open_and_close, f.path, os.O_RDWR if f.format == "request" else os.O_RDONLY)]
        return len(there), sum((leak.in_file(f, requests) for f in there), [])
    return rights.as_plain(inside)


def search_tool(reader, listed):
    """What the reader finds in the tool's output and errors, text and JSON."""
    commands = [argv for argv, _ in rights.commands(listed) if argv[0] != "detach"]

    def inside():
        reader[1]()
        found = []
        for argv in commands:
            for option, search in ("-r", leak.in_view), ("-J", leak.in_json):
                ran = subprocess.run(["mmscope", option] + argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, check=False)
                found += leak.in_text(ran.stderr) + (search(argv[0], ran.stdout) if not ran.returncode else [])
        return found
    return rights.as_plain(inside)


def judge(found, reader, show):
    """Only those fields, only if shown, only to those who may; and then they must be found."""
    fields = {text.split(":")[0] for text in found}
    tap.equal(fields, may_show() if show and reader[2] else set(), "fields with kernel addresses")


def every_output(show, pids):
    for pid in pids:
        view.attach(pid)
    listed = list(dict.fromkeys(f for pid in pids for f in rights.files(pid)))
    requests = [b"%d" % pids[0]] + [b"%d %x" % (pid, int(start, 16)) for pid in pids
                                    for start in view.read_text(view.target(pid, "vma")).column("start")[:40]]
    for restrict in (0, 1, 2):
        with guest.setting(KPTR, restrict), tap.group("show_addresses=%d kptr_restrict=%d" % (show, restrict)):
            for reader in READERS:
                with tap.case("files, " + reader[0]):
                    n, found = search_files(reader, listed, requests)
                    judge(found, reader, show)
                    tap.count("files searched", n)
                if restrict == 2:
                    with tap.case("the tool, " + reader[0]):
                        judge(search_tool(reader, listed), reader, show)


def hash_of(reader):
    return int(rights.as_plain(lambda: (reader[1](), direct_map())[1]))


def direct_map_cases(show):
    with tap.group("show_addresses=%d, direct_map of version" % show):
        for reader in READERS:
            if show and reader[2]:
                with tap.case("equals kcore's, " + reader[0]):
                    if not os.path.exists("/proc/kcore"):
                        tap.skip("no /proc/kcore")
                    tap.equal(hash_of(reader), direct_map_of_kcore(), "address of frame 0")
                continue
            with tap.case("is a hash, " + reader[0]):
                tap.check(0 < hash_of(reader) < 1 << 32, "%#x is no hash as %%p makes it" % hash_of(reader))
                tap.equal(hash_of(reader), hash_of(READERS[1]), "the same for all who may not see it")


def log_of_kernel():
    with tap.case("no address in the module's lines of the kernel log"):
        lines = subprocess.run(["dmesg"], stdout=subprocess.PIPE, check=True).stdout.split(b"\n")
        mine = [line for line in lines if b"mmscope:" in line]
        tap.check(len(mine) >= 4, "only %d lines" % len(mine))
        tap.none_of([v + " in %r" % line for line in mine for v in leak.in_text(line)], "addresses")


def main():
    guest.quiet()
    controls()
    before = shown()
    with contextlib.ExitStack() as stack:
        pids = []
        for kind in TARGETS:
            with contextlib.suppress(tap.Skip):
                pids += [pid for _, pid in stack.enter_context(kinds.processes(kind))[:1]]
        try:
            for show in (0, 1):
                reload(show)
                every_output(show, pids)
                direct_map_cases(show)
        finally:
            if shown() != before:
                reload(before)
    log_of_kernel()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
