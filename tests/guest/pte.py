#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
`pte_raw` against pagemap, kpageflags, kpagecount, smaps and move_pages, for every page of known
processes: what those say follows from the records, exactly, and nothing they show is missing.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import entries, folios, guest, kinds, proc, space, tap, view, witness  # noqa: E402
from mmtest.space import ABSENT64  # noqa: E402
from mmtest.witness import PAGE, kpf  # noqa: E402


def compare(name, pid):
    """One process: all witnesses."""
    names = space.names()
    view.attach(pid)
    witness.drain_lru()
    with view.PteRaw(pid) as pte_raw:
        now, (records, stamps) = proc.witnessed(lambda: space.Space(pid), pte_raw.whole, name)
    entries.shape(records, "records")
    found, stray = space.by_area(now.areas, records)
    tap.none_of(["%#x: in no area: %s" % (r.va, space.tell(r)) for r in stray], "records outside of areas")
    tap.check(records, "no records at all")
    entries.against_pagemap(found, now, pid)
    folios.against_frames(found, now)
    folios.against_folios(found, now, pid)
    entries.against_smaps(found)
    entries.against_rights(found)
    tap.count("entries compared", len(records))
    for r in records:
        tap.count("kind %s" % names.kind_of(r))
    return records


def has(records, kind=None, size=None, bit=None, within=None):
    """How many records are so."""
    names = space.names()
    return sum((kind is None or names.kind_of(r) == kind) and (size is None or r.size == size)
               and (bit is None or bool(r.pte & names.bit[bit]))
               and (within is None or within[0] <= r.va < within[1]) for r in records)


# What a kind is there for must have been seen: (kind of entry, size, bit, at least).
EXPECTED = {
    "anon": ("zero", PAGE, None, 4),
    "protnone": ("protnone", PAGE, None, 16),
    "guard by=madvise": ("marker", PAGE, "guard", 4),
    "pfnmap": ("pfnmap", PAGE, "special", 4),
    "pfnmap cow=yes": ("page", PAGE, "dirty", 1),
    "uffd": ("page", PAGE, "uffd_wp", 8),
    "uffd of=shmem": ("marker", PAGE, "uffd_wp", 4),
    "hwpoison": ("hwpoison", PAGE, None, 2),
    "thp": ("page", PAGE << 9, "huge", 2),
    "thp n=1 split=protnone": ("protnone", PAGE << 9, "huge", 1),
    "thp n=1 of=memfd": ("page", PAGE << 9, "file", 1),
    "hugezero": ("zero", PAGE << 9, "huge", 2),
    "hugetlb": ("page", PAGE << 9, "huge", 1),
    "hugetlb size=1G n=1": ("page", PAGE << 18, "huge", 1),
    "swapped": ("swap", PAGE, None, 50),
    "swapped clear=yes back=0": ("swap", PAGE, "soft_dirty", 32),
    "sparse": ("page", PAGE, "dirty", 16),
    "softdirty": ("page", PAGE, "soft_dirty", 8),
    "forked": ("page", PAGE, "exclusive", 8),
}


def expect(kind, i, made, records):
    """What process i of a kind must have shown."""
    within = (made["start"], made["end"]) if "start" in made.said else None
    if not i and kind in EXPECTED:
        want, size, bit, least = EXPECTED[kind]
        tap.check(has(records, want, size, bit) >= least,
                  "only %d entries of kind %s, %d bytes, %s" % (has(records, want, size, bit), want, size, bit))
    if kind == "anon":
        tap.equal(has(records, "page", bit="write", within=(made["start"], made["zero"])), 64, "writable pages")
    if kind == "forked":
        tap.equal(has(records, "page", bit="exclusive", within=within), 8, "copied pages, exclusive")
        tap.equal(has(records, "page", within=within), 32, "pages in all")
        tap.equal(has(records, "page", bit="anon_exclusive", within=within), 8 * i, "those that only it may write")
        tap.equal(has(records, "page", bit="write", within=within), 8 * i, "those that are writable")
    if kind in ("forked of=thp", "forked of=hugetlb"):
        tap.equal(has(records, "page", PAGE << 9, "huge"), 1, "huge pages")
        tap.equal(has(records, "page", PAGE << 9, "exclusive"), 0, "exclusive ones, of two processes'")
    if kind == "ksm":
        merged = [r for r in records if r.kpf != ABSENT64 and r.kpf & kpf("KSM")]
        tap.check(len(merged) >= 16, "only %d KSM pages" % len(merged))
    if kind.startswith("swapped") and "shmem" not in kind:
        tap.equal(has(records, "swap", bit="anon_exclusive"), has(records, "swap"), "pages in swap of one process")


def common_tables():
    """Two processes that share a table of hugetlb pages: mapped by one entry, yet not by one process."""
    with kinds.processes("common of=hugetlb") as found:
        tables, made = [], found.made
        for name, pid in found:
            records = compare(name, pid)
            tap.equal(has(records, "page", PAGE << 9, within=(made["start"], made["end"])), 1, "huge pages")
            tap.equal(has(records, "page", PAGE << 9, "exclusive"), 0, "exclusive ones, in a table of two")
            with view.Request("walk") as walk:
                rows = walk("%d %#x" % (pid, made["start"])).dicts()
                tables += [r["table_pfn"] for r in rows if r["level"] == b"pmd"]
        tap.check(len(tables) == 2 and tables[0] == tables[1], "not one table: %s" % tables)


def partly_common():
    """A huge page that another process maps but for its first page is not exclusive."""
    names = space.names()
    with kinds.processes("common of=thp") as found:
        made = found.made
        view.attach(made.pid)
        with view.PteRaw(made.pid) as pte_raw, witness.kpagecount() as counts:
            records, _ = pte_raw.whole(made["start"], made["end"])
            tap.equal([(names.kind_of(r), r.size) for r in records], [("page", PAGE << 9)], "records")
            tap.equal(list(counts.read(records[0].pfn, 512)), [1] + [2] * 511, "mappings of its pages")
            tap.equal(has(records, bit="exclusive"), 0, "exclusive ones")


def main():
    guest.quiet()
    tap.note("kpageflags is wrong about KSM here: %s" % folios.ksm_file_wrong())
    with tap.group("pte_raw"):
        with kinds.others() as found:
            for name, pid in found:
                with tap.case(name):
                    compare(name, pid)
        for kind in kinds.KINDS:
            with tap.case(kind), kinds.processes(kind) as found:
                for i, (name, pid) in enumerate(found):
                    expect(kind, i, found.made, compare(name, pid))
        with tap.case("common of=hugetlb"):
            common_tables()
        with tap.case("common of=thp"):
            partly_common()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
