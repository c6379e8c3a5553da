#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The module goes only when no file is open, and then leaves nothing behind."""
import errno
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, proc, tap, view  # noqa: E402

ROUNDS = max(90, int(os.environ.get("MMSCOPE_ROUNDS", 200)))    # fewer judge nothing


def refused():
    with tap.group("rmmod is refused while open"), proc.Mkmm("anon") as made:
        view.attach(made.pid)
        rows = view.read_text(view.DEBUG + "/view").dicts()
        tops = {b"proc": [view.PROC], b"debug": [view.DEBUG], b"target": [view.target(made.pid), view.target("self")]}
        for row in rows:
            for top in tops[row["place"]]:
                path = os.path.join(top, row["view"].decode())
                with tap.case(path.replace("/%d/" % made.pid, "/PID/")):
                    fd = os.open(path, os.O_RDWR if row["format"] == b"request" else os.O_RDONLY)
                    try:
                        tap.fails(errno.EAGAIN, "delete_module", guest.unload)
                        tap.check(os.path.exists("/sys/module/mmscope"), "the module went all the same")
                        if row["format"] != b"request":
                            tap.check(os.read(fd, 1 << 16), "nothing to read after it")
                    finally:
                        os.close(fd)


def memory():
    """kB, when caches are dropped: of slab, of vmalloc, and of all memory in use."""
    guest.put("/proc/sys/vm/drop_caches", 3)
    rows = dict(line.split(":") for line in guest.get("/proc/meminfo").splitlines())
    rows = {k: int(v.split()[0]) for k, v in rows.items()}
    return {"slab": rows["SUnreclaim"] + rows["SReclaimable"], "vmalloc": rows["VmallocUsed"],
            "memory": rows["MemTotal"] - rows["MemFree"] - rows["Cached"] - rows["Buffers"]}


# kB a round that each may grow by: less than one forgotten object, area or buffer of 64 KiB would make.
GROWTH = {"slab": 0.5, "vmalloc": 0.2, "memory": 8}


def slope(points):
    """kB per round: the median over all pairs, since a step (a cache that settles) is no leak."""
    return statistics.median((y - v) / (x - u) for i, (x, y) in enumerate(points) for u, v in points[:i])


def steady(points):
    """The least slope of any third: a leak is in all of them, a step in one."""
    third = -(-len(points) // 3)
    return min(slope(points[i:i + third]) for i in range(0, len(points), third))


def kmemleak():
    path = "/sys/kernel/debug/kmemleak"
    if not os.path.exists(path):
        return ""
    for _ in range(2):
        guest.put(path, "scan")
        time.sleep(6)
    return guest.get(path)


def rounds():
    ko = guest.module_path()
    with tap.case("%d rounds of load, use, unload leave nothing" % ROUNDS), proc.Mkmm("many n=200") as made:
        if not ko:
            tap.skip("no mmscope.ko at hand")
        parameters = "show_addresses=%s" % guest.get("/sys/module/mmscope/parameters/show_addresses")
        guest.unload()
        seen = {what: [] for what in GROWTH}
        for i in range(ROUNDS):
            guest.load(ko, parameters)
            view.attach(made.pid)
            view.read_file(view.target(made.pid, "vma"))
            fd = view.open_ro(view.target(made.pid, "pte_raw"))
            os.pread(fd, 1 << 16, 0)
            os.close(fd)
            with view.Request("walk") as walk:
                walk.raw("%d %#x" % (made.pid, made["start"]))
            guest.unload()
            if i >= ROUNDS // 4 and i % 3 == 0:
                for what, kb in memory().items():
                    seen[what].append((i, kb))
        tap.equal(os.path.exists(view.PROC) or os.path.exists(view.DEBUG), False, "files without the module")
        guest.load(ko, parameters)
        slopes = {what: steady(points) for what, points in seen.items()}
        tap.note("kB a round: %s" % ", ".join("%s %+.3f" % kv for kv in slopes.items()))
        tap.none_of(["%s grows by %.3f kB a round: %s" % (what, slopes[what], seen[what])
                     for what in GROWTH if slopes[what] > GROWTH[what]], "growth")
        tap.equal(kmemleak(), "", "kmemleak")
        tap.count("load and unload rounds", ROUNDS)


def main():
    guest.quiet()
    taint = guest.taint()
    refused()
    rounds()
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
