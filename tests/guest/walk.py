#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
`walk` agrees with pte_raw and pagemap for sampled addresses of every area: entries, kinds, frames,
physical addresses, page flags; an entry's bits have the manual's names; each level's index follows
from the address; tables lie where entries point.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, kinds, proc, space, tap, view, witness  # noqa: E402
from mmtest.witness import PAGE  # noqa: E402

KINDS = [
    "anon", "protnone", "guard", "guard by=madvise", "sparse", "high", "file share=shared write=no", "pfnmap",
    "thp", "thp n=1 split=protect", "thp n=1 split=protnone", "hugezero", "hugetlb", "hugetlb size=1G n=1",
    "swapped", "uffd of=shmem", "hwpoison", "zombie",
]
SHIFT = {"pte": 12, "pmd": 21, "pud": 30, "p4d": 39, "pgd": 48}
PER_KIND = 250


def levels():
    """The levels in use from the top, as the machine itself says: la57 in use or not."""
    five = int(view.version()["levels"]) == 5
    return ["pgd", "p4d", "pud", "pmd", "pte"] if five else ["pgd", "pud", "pmd", "pte"]


def shift_of(level, top):
    return 39 if level == "pgd" and len(top) == 4 else SHIFT[level]


def number(cell):
    return None if cell is None else int(cell, 16 if cell.startswith(b"0x") else 10)


class Walk:
    """One answer: rows of levels, and the frame."""

    def __init__(self, text):
        rows = [{"level": r["level"].decode(), "index": number(r["index"]), "table": number(r["table_pfn"]),
                 "entry": number(r["entry"]), "kind": r["kind"].decode(), "flags": r["flags"]}
                for r in text.dicts()]
        self.levels, self.frame = rows[:-1], rows[-1]


def entry_bits(pte_level):
    """
    mask -> name in the bits of an x86-64 entry, from the tables of its manual (Intel SDM 3A, 4.5) and,
    of the bits left to software (9-11, 52-58), from the kernel's use of them, which moved in 6.6.
    """
    low = "present rw user pwt pcd accessed dirty".split() + ["pat" if pte_level else "pse"]
    low += "global special uffd_wp soft_dirty".split()
    found = {1 << i: name for i, name in enumerate(low)}
    now = witness.release()
    if now < (6, 17):
        found[1 << (57 if now >= (6, 6) else 58)] = "devmap"
    if now >= (6, 6):
        found[1 << 58] = "saved_dirty"
    found.update((1 << 59 + i, "pkey%d" % i) for i in range(4))
    found[1 << 63] = "nx"
    if not pte_level:
        found[1 << 12] = "pat"
    return found


def flags_of(row, r, names):
    """What the flags column of a level should say."""
    entry, pte_level = row["entry"], row["level"] == "pte"
    if row["kind"] == "none":
        return None
    if row["kind"] not in space.PRESENT + ("table",):
        return space.spelled(r.pte, {mask: name for name, mask in names.bit.items()}) or None
    attributes = entry & (0xfff << 52 | 0xfff)
    if not pte_level and row["kind"] != "table" and entry & 1:
        attributes |= entry & 1 << 12
    return space.spelled(attributes, entry_bits(pte_level)) or None


def check_flags(got, r, names):
    bad = []
    if os.uname().machine == "x86_64":
        for row in got.levels:
            want = flags_of(row, r, names)
            if row["flags"] != want:
                bad.append("%s %#x: flags %s, should be %s"
                           % (row["level"], row["entry"], row["flags"], want))
    want = []
    if r is not None and r.kpf != (1 << 64) - 1 and r.kpf:
        want.append(space.spelled(r.kpf, names.kpf))
    if got.frame["kind"] == "swap":
        want.append(b"swap_type:%d|swap_offset:%#x" % (r.swap_type, r.swap_offset))
    if got.frame["flags"] != (b"|".join(want) or None):
        bad.append("frame: flags %s, should be %s" % (got.frame["flags"], want))
    return bad


def check_levels(got, va, top, pgtable):
    """Complaints about the rows above the frame, whatever they map."""
    bad = []
    if got.frame["level"] != "frame":
        return ["last row is %s" % got.frame["level"]]
    if [r["level"] for r in got.levels] != top[:len(got.levels)]:
        return ["levels are %s" % [r["level"] for r in got.levels]]
    for i, row in enumerate(got.levels):
        index = va >> shift_of(row["level"], top) & 511
        if row["index"] != index:
            bad.append("%s index %s, should be %d" % (row["level"], row["index"], index))
        last = i == len(got.levels) - 1
        if (row["kind"] == "table") == last:
            bad.append("%s is %s" % (row["level"], row["kind"]))
        if not last and os.uname().machine == "x86_64":
            to = (row["entry"] & ((1 << 52) - 1)) // PAGE
            if to != got.levels[i + 1]["table"]:
                bad.append("%s points to %#x, the next table is at %#x" % (row["level"], to, got.levels[i + 1]["table"]))
        if row["level"] in ("pmd", "pte") and not pgtable(row["table"]):
            bad.append("%s table at %#x: kpageflags calls it no page table" % (row["level"], row["table"]))
    return bad


def against_record(got, va, r, names):
    """Complaints about one address that a record covers."""
    leaf, frame, kind = got.levels[-1], got.frame, names.kind_of(r)
    bad = []
    if leaf["level"] != names.level[r.level] or leaf["entry"] != r.entry or leaf["kind"] != kind:
        bad.append("leaf %s %s %#x, pte_raw has %s %s %#x" % (
            leaf["level"], leaf["kind"], leaf["entry"], names.level[r.level], kind, r.entry))
    if frame["kind"] != kind:
        bad.append("frame is %s, pte_raw says %s" % (frame["kind"], kind))
    if r.pfn != (1 << 64) - 1:     # mapped, or known to a migration or poison entry
        physical = r.pfn * PAGE + va - r.va
        if frame["entry"] != physical:
            bad.append("physical address %s, should be %#x" % (frame["entry"], physical))
        elif frame["table"] * PAGE + frame["index"] != physical:
            bad.append("frame %#x and offset %#x are not %#x" % (frame["table"], frame["index"], physical))
    elif frame["entry"] is not None:
        bad.append("a physical address %#x of kind %s" % (frame["entry"], kind))
    return bad


def against_pagemap(got, entry, area):
    frame = got.frame
    if b"pf" in area.flags:
        return []
    if bool(entry & witness.PM_PRESENT) != (frame["kind"] in space.PRESENT):
        return ["kind %s, pagemap %#x" % (frame["kind"], entry)]
    if entry & witness.PM_PRESENT and frame["entry"] // PAGE != entry & witness.PM_PFN:
        return ["frame %#x, pagemap %#x" % (frame["entry"] // PAGE, entry)]
    if not entry & (witness.PM_PRESENT | witness.PM_SWAP) and frame["kind"] != "none" and b"ht" not in area.flags:
        return ["kind %s, pagemap is empty" % frame["kind"]]
    return []


def samples(found):
    """(address, record or None, area): in each area the edges and middles of some entries, and empties."""
    for area, records in found:
        some = records if len(records) < 24 else records[:8] + records[8:-8:max(1, len(records) // 8)] + records[-8:]
        for r in some:
            yield r.va, r, area
            yield r.va + r.size // 2 + 123, r, area
            if r.size > PAGE:
                yield r.va + r.size - 1, r, area
        covered = {r.va for r in records if r.size == PAGE}
        huge = [r for r in records if r.size > PAGE]
        for va in (area.start, area.start + (area.end - area.start) // 2 & -PAGE, area.end - PAGE):
            if va not in covered and not any(r.va <= va < r.va + r.size for r in huge):
                yield va + 5, None, area


def compare(pid, top, names):
    view.attach(pid)
    with view.PteRaw(pid) as pte_raw, view.Request("walk") as walk, witness.pagemap(proc.live(pid)) as pagemap, \
            witness.kpageflags() as flags:
        def look():
            records, _ = pte_raw.whole()
            found, _ = space.by_area([a for a in witness.smaps(proc.live(pid), sizes=False) if a.name != b"[vsyscall]"], records)
            return [(va, r, area, Walk(walk("%d %#x" % (pid, va)))) for va, r, area in take(found)]

        def take(found):
            all_of = list(samples(found))
            return all_of if len(all_of) <= PER_KIND else all_of[::len(all_of) // PER_KIND + 1] + all_of[-5:]

        def settled():
            return pte_raw.whole()[0]

        _, seen = proc.witnessed(settled, look, "walk of %d" % pid)
        bad = []
        for va, r, area, got in seen:
            wrong = check_levels(got, va, top, lambda pfn: flags[pfn] & witness.kpf("PGTABLE"))
            if not wrong:
                if r is not None:
                    wrong = against_record(got, va, r, names)
                elif got.frame["kind"] != "none" or got.levels[-1]["kind"] != "none":
                    wrong = ["kind %s, %s, of an address without entry" % (got.levels[-1]["kind"], got.frame["kind"])]
                wrong += check_flags(got, r, names) if not wrong else []
                wrong += against_pagemap(got, pagemap[va // PAGE], area)
            bad += ["%#x in %s: %s" % (va, area.name.decode(errors="replace"), w) for w in wrong]
        tap.check(len(seen) > 20, "only %d addresses" % len(seen))
        tap.none_of(bad, "walks")
        tap.count("walks compared", len(seen))
        return seen


def holes(pid, top):
    """Between areas: the frame is a hole, whatever tables are there."""
    areas = [a for a in witness.maps(proc.live(pid)) if a.name != b"[vsyscall]"]
    gaps = [(a.end + b.start) // 2 for a, b in zip(areas, areas[1:]) if a.end < b.start] + [0, 1, 0xfff, areas[0].start - 1]
    bad = []
    with view.Request("walk") as walk:
        for va in gaps:
            got = Walk(walk("%d %x" % (pid, va)))
            if got.frame["level"] != "frame" or got.frame["kind"] != "hole" or got.frame["entry"] is not None \
                    or got.frame["flags"] is not None:
                bad.append("%#x: %s" % (va, got.frame))
    tap.none_of(bad, "holes")
    tap.count("holes walked", len(gaps))


def main():
    guest.quiet()
    names, top = space.names(), levels()
    with tap.case("levels are those of the machine"):
        with open("/proc/cpuinfo") as f:
            flags = f.read().split("flags", 1)[-1].split("\n", 1)[0].split()
        tap.equal(len(top), 5 if "la57" in flags else 4, "levels of page tables")
        tap.equal(int(view.version()["address_bits"]), 57 if len(top) == 5 else 48, "address bits")
    for kind in KINDS:
        with tap.case(kind), kinds.processes(kind) as found:
            name, pid = found[-1]
            seen = compare(pid, top, names)
            holes(pid, top)
            if kind == "high":
                tap.check(any(va >> 47 for va, *_ in seen), "no address above 47 bits")
    with tap.case("a Python"), proc.python() as python:
        python.stop()
        compare(python.pid, top, names)
        holes(python.pid, top)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
