# SPDX-License-Identifier: GPL-2.0
"""The records of a process against what is said of its addresses: by pagemap, by smaps, and by each other."""
import os

from . import guest, proc, space, tap, witness
from .space import ABSENT64
from .witness import PAGE, kpf

LEVEL_SIZE = {"pte": PAGE, "pmd": PAGE << 9, "pud": PAGE << 18}
# What smaps counts as resident: a page lost to poison, too, since such an entry says which.
RESIDENT = ("page", "protnone", "hwpoison")


def shape(records, what):
    """What must hold for any records: order, sizes, bits that belong together."""
    names = space.names()
    bad, end, bit = [], 0, names.bit
    for r in records:
        kind, level = names.kind_of(r), names.level.get(r.level)
        present = bool(r.pte & bit["present"])
        if r.va < end:
            bad.append("%#x overlaps the record before it" % r.va)
        end = r.va + r.size
        if r.size != LEVEL_SIZE.get(level):
            bad.append("%#x: %d bytes at level %s" % (r.va, r.size, level))
        elif r.va % r.size:
            bad.append("%#x: not aligned to its %d bytes" % (r.va, r.size))
        if present != (kind in space.PRESENT):
            bad.append("%#x: kind %s, present %d" % (r.va, kind, present))
        if bool(r.pte & bit["huge"]) != (level != "pte"):
            bad.append("%#x: huge at level %s" % (r.va, level))
        if (r.swap_type == ABSENT64) != present or (r.swap_offset == ABSENT64) != present:
            bad.append("%#x: kind %s, swap %#x %#x" % (r.va, kind, r.swap_type, r.swap_offset))
        if present and r.pfn == ABSENT64:
            bad.append("%#x: kind %s without a frame" % (r.va, kind))
        if kind in ("none", "table", "hole", "bad", "stamp") or r.entry == 0:
            bad.append("%#x: a record of kind %s, entry %#x" % (r.va, kind, r.entry))
    tap.none_of(bad, what)


def against_pagemap(found, now, pid):
    names = space.names()
    bad = []
    with witness.pagemap(proc.live(pid)) as pagemap:
        for area, records in found:
            want = space.pagemap_of(area, records, names) if area.start in now.pages else None
            got = now.pages.get(area.start)
            if want is None:    # vast: only around what is mapped; Rss and Swap speak for the rest
                for r in records:
                    lo, hi = max(area.start, r.va - PAGE), min(area.end, r.va + r.size + PAGE)
                    part = witness.Area(b"%x-%x rw-p 0 0:0 0" % (lo, hi))
                    part.flags = area.flags
                    near = [n for n in records if n.va < hi and n.va + n.size > lo]
                    if pagemap.read(lo // PAGE, (hi - lo) // PAGE) != space.pagemap_of(part, near, names):
                        bad.append("%#x: pagemap differs around it" % r.va)
                tap.count("pages compared", 3 * len(records))
                continue
            tap.count("pages compared", len(got))
            if any(r.size > LEVEL_SIZE["pmd"] for r in records) and witness.release() > (6, 2):
                got, want = without_exclusive(got), without_exclusive(want)
                bad += ["%#x: exclusive, kpagecount %d" % (r.va, now.frames.count(r.pfn)) for r in records
                        if bool(r.pte & names.bit["exclusive"]) != (now.frames.count(r.pfn) == 1)]
            elif b"ht" in area.flags and b"sh" in area.flags and area.pages() >= LEVEL_SIZE["pud"] // PAGE \
                    and witness.release() < (6, 2):     # where pagemap did not yet ask for shared tables
                got, want = without_exclusive(got), without_exclusive(want)
            if got == want:
                continue
            if len(got) != len(want):
                bad.append("%#x: pagemap gives %d of %d entries" % (area.start, len(got), len(want)))
                continue
            for i, (g, w) in enumerate(zip(got, want)):
                if g != w:
                    va = area.start + i * PAGE
                    r = next((r for r in records if r.va <= va < r.va + r.size), None)
                    bad.append("%#x %s: pagemap has %#018x, the record says %#018x: %s"
                               % (va, area.name.decode(errors="replace"), g, w, space.tell(r)))
                    if len(bad) > 50:
                        break
    tap.none_of(bad, "pagemap")


def without_exclusive(entries):
    """
    Of a 1 GiB page pagemap asks the table above for the share count that only tables of 2 MiB pages
    have (hugetlb_pmd_shared() on a PUD): whatever was left there answers for the bit.
    """
    return space.array.array("Q", [e & ~witness.PM_EXCLUSIVE for e in entries])


def against_smaps(found):
    names = space.names()
    bad, bit = [], names.bit
    for area, records in found:
        kb = dict.fromkeys(("Rss", "Referenced", "Dirty", "Swap", "Huge", "KSM"), 0)
        for r in records:
            kind, size = names.kind_of(r), r.size // 1024
            if kind == "swap":
                kb["Swap"] += size
            if kind not in RESIDENT or r.pfn == ABSENT64:
                continue
            flags = r.kpf
            if flags == ABSENT64:       # nothing keeps a poisoned page: mmscope does not look at it
                with witness.kpageflags() as f:
                    flags = f[r.pfn]
            if flags & kpf("ZERO_PAGE"):
                continue
            if kind == "protnone" and r.size > PAGE and witness.release() < (6, 6):
                continue    # smaps did not see them: "smaps: Fix the abnormal memory statistics"
            kb["Rss"] += size
            kb["Huge"] += size if r.size > PAGE else 0
            kb["KSM"] += size if r.kpf != ABSENT64 and r.kpf & kpf("KSM") else 0
            kb["Referenced"] += size if r.pte & bit["young"] or flags & kpf("REFERENCED") else 0
            kb["Dirty"] += size if r.pte & bit["dirty"] or flags & kpf("DIRTY") else 0
        theirs = area.kb
        if b"ht" in area.flags:
            if any(r.size != theirs["KernelPageSize"] * 1024 for r in records):
                bad.append("%#x: not all entries have %d kB" % (area.start, theirs["KernelPageSize"]))
            if kb["Rss"] != theirs["Shared_Hugetlb"] + theirs["Private_Hugetlb"]:
                bad.append("%#x: hugetlb of %d kB, smaps has %d"
                           % (area.start, kb["Rss"], theirs["Shared_Hugetlb"] + theirs["Private_Hugetlb"]))
            continue
        if b"pf" in area.flags:
            continue
        theirs = {"Rss": theirs["Rss"], "Referenced": theirs["Referenced"],
                  "Dirty": theirs["Shared_Dirty"] + theirs["Private_Dirty"],
                  "Huge": theirs["AnonHugePages"] + theirs["ShmemPmdMapped"] + theirs["FilePmdMapped"],
                  "Swap": kb["Swap"] if b"sh" in area.flags else theirs["Swap"],
                  "KSM": theirs.get("KSM", kb["KSM"])}
        if area.inode and os.path.exists(guest.DAMON) and kb["Referenced"] <= theirs["Referenced"]:
            # Before it was switched off DAMON took young bits and noted them where no file shows them.
            theirs["Referenced"] = kb["Referenced"]
        if kb != theirs:
            bad.append("%#x-%#x %s: records give %s, smaps %s"
                       % (area.start, area.end, area.name.decode(errors="replace"), kb, theirs))
            if kb["Referenced"] != theirs["Referenced"]:
                bad += ["not referenced: %#x %s" % (r.va, space.tell(r)) for r in records
                        if not (r.pte & bit["young"] or r.kpf & kpf("REFERENCED"))]
        for r in records:
            if names.kind_of(r) in space.PRESENT:
                if r.pte & bit["write"] and b"wr" not in area.flags:
                    bad.append("%#x: writable in %s" % (r.va, area.perms))
                if r.pte & bit["exec"] and names.kind_of(r) != "protnone" and b"ex" not in area.flags:
                    bad.append("%#x: executable in %s" % (r.va, area.perms))
    tap.none_of(bad, "smaps")


def against_rights(found):
    """What the bits user and write must be, given the area and the other bits."""
    names = space.names()
    bad, bit, written = [], names.bit, 0
    for area, records in found:
        for r in records:
            kind, write = names.kind_of(r), bool(r.pte & bit["write"])
            if kind not in space.PRESENT:
                continue
            if bool(r.pte & bit["user"]) != (kind != "protnone"):
                bad.append("%#x: user: %s" % (r.va, space.tell(r)))
            if write and (kind in ("zero", "protnone") or r.pte & bit["uffd_wp"]):
                bad.append("%#x: writable: %s" % (r.va, space.tell(r)))
            if kind != "page" or b"sh" in area.flags:
                continue
            if write and not r.pte & bit["anon_exclusive"]:
                bad.append("%#x: writable without a copy: %s" % (r.va, space.tell(r)))
            # clear_refs takes soft_dirty and write together; x86 gives both with dirty.
            if b"wr" in area.flags and not r.pte & bit["uffd_wp"] and \
                    all(r.pte & bit[b] for b in ("anon_exclusive", "dirty", "soft_dirty")):
                written += 1
                if not write:
                    bad.append("%#x: not writable: %s" % (r.va, space.tell(r)))
    tap.none_of(bad, "user and write")
    tap.count("written pages", written)
