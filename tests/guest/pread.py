#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Positions and sizes that pte_raw is read at: what each gives, and that pieces make up the whole."""
import errno
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, kinds, proc, tap, view  # noqa: E402
from mmtest.witness import PAGE  # noqa: E402


def positions(made):
    size = view.layout("pte_raw").size
    with tap.group("pte_raw"), view.PteRaw(made.pid) as f:
        whole, _ = f.whole()
        for n in (1, 7, size - 1, size, 2 * size - 1):
            with tap.case("a buffer of %d bytes" % n):
                tap.fails(errno.EINVAL, "pread", os.pread, f.fd, n, made["start"])
        with tap.case("a buffer of two records"):
            records, stamp = f.read(made["start"], 2 * size)
            tap.equal([r.va for r in records], [made["start"]], "record")
            tap.equal(stamp.next, made["start"] + PAGE, "next")
        with tap.case("two records and a half: whole records only"):
            tap.equal(len(os.pread(f.fd, 3 * size - 1, made["start"])), 2 * size, "bytes")
        with tap.case("an odd position gives the entry around it"):
            for off in (1, 0x123, PAGE - 1):
                records, _ = f.read(made["start"] + off, 4 * size)
                tap.equal(records[0].va, made["start"], "first record at offset %#x" % off)
        with tap.case("seeks"):
            tap.fails(errno.EINVAL, "SEEK_END", os.lseek, f.fd, 0, os.SEEK_END)
            tap.fails(errno.EINVAL, "SEEK_END -1", os.lseek, f.fd, -1, os.SEEK_END)
            tap.fails(errno.EINVAL, "SEEK_SET -1", os.lseek, f.fd, -1, os.SEEK_SET)
            tap.equal(os.lseek(f.fd, made["start"], os.SEEK_SET), made["start"], "position far above 2 GiB")
            tap.equal(os.lseek(f.fd, PAGE, os.SEEK_CUR), made["start"] + PAGE, "a page further")
            tap.fails(errno.EINVAL, "before 0", os.lseek, f.fd, -made["start"] - 2 * PAGE, os.SEEK_CUR)
            tap.equal(os.lseek(f.fd, 0, os.SEEK_CUR), made["start"] + PAGE, "position after the failure")
            records, stamp = f.split(os.read(f.fd, 2 * size))
            tap.equal((records[0].va, os.lseek(f.fd, 0, os.SEEK_CUR)),
                      (made["start"] + PAGE, stamp.next), "record, and the position that read() leaves")
        with tap.case("read() to the end is pread() by stamps"):
            os.lseek(f.fd, 0, os.SEEK_SET)
            got = []
            while True:
                data = os.read(f.fd, 64 << 10)
                if not data:
                    break
                got += f.split(data)[0]
            tap.equal([r[:6] for r in got], [r[:6] for r in whole], "records")
        with tap.case("two records at a time"):
            some, _ = f.whole(made["start"], made["end"], 2 * size)
            tap.equal([r[:6] for r in some], [r[:6] for r in whole if made["start"] <= r.va < made["end"]], "records")
        with tap.case("behind the end"):
            for position in (1 << 57, 1 << 62, (1 << 63) - 2 * PAGE):
                data = os.pread(f.fd, 4096, position)
                tap.check(not data or not f.split(data)[0], "records at %#x" % position)


def cut_ranges(pid, what):
    """Threads that pread pieces of the space: together the whole, nothing twice."""
    with view.PteRaw(pid) as f:
        whole, _ = f.whole()
        cuts = sorted({0, 1 << 64} | {r.va for r in whole[3::97]} | {r.va + r.size // 2 & ~0xfff | 0x111 for r in whole[5::89]}
                      | {va for r in whole for va in range((r.va >> 30) << 30, r.va + r.size + 1, 1 << 30)})
        pieces = [None] * (len(cuts) - 1)

        def take(first):
            for i in range(first, len(pieces), 4):
                pieces[i] = f.whole(cuts[i], cuts[i + 1], (8 + i) * view.layout("pte_raw").size)[0]
        threads = [threading.Thread(target=take, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        tap.check(all(p is not None for p in pieces), "a thread died")
        got = []
        for piece in pieces:     # an entry that a cut goes through is in both pieces, whole
            got += [r for r in piece if not got or r.va > got[-1].va]
        tap.same_rows([r[:8] for r in got], [r[:8] for r in whole], "%s: records of %d cuts" % (what, len(cuts)))
        for i, piece in enumerate(pieces):
            if cuts[i] % (1 << 30) == 0 and piece:
                tap.check(piece[0].va >= cuts[i], "a range cut at 1 GiB repeats %#x" % piece[0].va)
        tap.count("cut ranges read", len(pieces))


def main():
    guest.quiet()
    with proc.Mkmm("anon") as made:
        made.stop()
        view.attach(made.pid)
        positions(made)
        with tap.case("parallel preads of cut ranges: small pages"):
            cut_ranges(made.pid, "anon")
    for kind, what in ("thp n=3", "huge pages"), ("sparse", "1 TiB"):
        with tap.case("parallel preads of cut ranges: " + what), kinds.processes(kind) as found:
            view.attach(found[0][1])
            cut_ranges(found[0][1], kind.split()[0])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
