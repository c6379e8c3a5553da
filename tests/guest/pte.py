#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
`pte_raw` against pagemap, kpageflags, kpagecount, smaps and move_pages, for every page of known
processes: what those say follows from the records, exactly, and nothing they show is missing.
"""
import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, kinds, proc, space, tap, view, witness  # noqa: E402
from mmtest.witness import KPF_PRIVATE, PAGE, kpf  # noqa: E402

NAMES = None
GUARDS = KSM_FILE_WRONG = False
LEVEL_SIZE = {"pte": PAGE, "pmd": PAGE << 9, "pud": PAGE << 18}
ABSENT64, ABSENT32 = (1 << 64) - 1, -1
# What smaps counts as resident: a page lost to poison, too, since such an entry says which.
RESIDENT = ("page", "protnone", "hwpoison")


def ksm_file_wrong():
    """Linux 6.12 to 6.19 show KPF_KSM for every anonymous page: seen at a page of our own."""
    page = guest.ctypes.create_string_buffer(b"x", 2 * PAGE)
    at = (guest.ctypes.addressof(page) + PAGE) & -PAGE
    guest.ctypes.memset(at, 1, 1)
    with witness.pagemap("self") as pagemap, witness.kpageflags() as flags:
        return bool(flags[pagemap[at // PAGE] & witness.PM_PFN] & kpf("KSM"))


def shape(records, what):
    """What must hold for any records: order, sizes, bits that belong together."""
    bad, end, bit = [], 0, NAMES.bit
    for r in records:
        kind, level = NAMES.kind_of(r), NAMES.level.get(r.level)
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
    bad = []
    with witness.pagemap(proc.live(pid)) as pagemap:
        for area, records in found:
            want = space.pagemap_of(area, records, NAMES, GUARDS) if area.start in now.pages else None
            got = now.pages.get(area.start)
            if want is None:    # vast: only around what is mapped; Rss and Swap speak for the rest
                for r in records:
                    lo, hi = max(area.start, r.va - PAGE), min(area.end, r.va + r.size + PAGE)
                    part = witness.Area(b"%x-%x rw-p 0 0:0 0" % (lo, hi))
                    part.flags = area.flags
                    near = [n for n in records if n.va < hi and n.va + n.size > lo]
                    if pagemap.read(lo // PAGE, (hi - lo) // PAGE) != space.pagemap_of(part, near, NAMES, GUARDS):
                        bad.append("%#x: pagemap differs around it" % r.va)
                tap.count("pages compared", 3 * len(records))
                continue
            tap.count("pages compared", len(got))
            if any(r.size > LEVEL_SIZE["pmd"] for r in records) and witness.release() > (6, 2):
                got, want = without_exclusive(got), without_exclusive(want)
                bad += ["%#x: exclusive, kpagecount %d" % (r.va, now.frames.count(r.pfn)) for r in records
                        if bool(r.pte & NAMES.bit["exclusive"]) != (now.frames.count(r.pfn) == 1)]
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
                               % (va, area.name.decode(errors="replace"), g, w, tell(r)))
                    if len(bad) > 50:
                        break
    tap.none_of(bad, "pagemap")


def without_exclusive(entries):
    """
    Of a 1 GiB page pagemap asks the table above for the share count that only tables of 2 MiB pages
    have (hugetlb_pmd_shared() on a PUD): whatever was left there answers for the bit.
    """
    return space.array.array("Q", [e & ~witness.PM_EXCLUSIVE for e in entries])


def tell(r):
    if r is None:
        return "no record"
    bits = "|".join(n for n, m in NAMES.bit.items() if r.pte & m)
    return "%s %s %#x pte %s kpf %#x ref %d map %d order %d" % (
        NAMES.kind_of(r), NAMES.level.get(r.level), r.entry, bits, r.kpf, r.refcount, r.mapcount, r.order)


def against_frames(found, now):
    bad, flags, counts = [], 0, 0
    for area, records in found:
        if b"pf" in area.flags or area.start not in now.pages:
            continue
        for r in records:
            kind = NAMES.kind_of(r)
            if kind not in ("page", "zero", "protnone") or r.kpf == ABSENT64:
                if kind in ("page", "zero"):
                    bad.append("%#x: no page flags: %s" % (r.va, tell(r)))
                continue
            want, ours = now.frames.kpf(r.pfn), r.kpf
            if witness.release() < (6, 2) and want & kpf("COMPOUND_TAIL"):
                # 6.1 gives a tail page's own flags; those of its folio stand at the head.
                with witness.kpageflags() as f:
                    head = f[r.pfn & -(1 << r.order)]
                theirs = witness.KPF_OF_HEAD | space.KPF_COPIED
                want = want & ~theirs | head & theirs
            mask = witness.KPF_STABLE | space.KPF_COPIED
            if KSM_FILE_WRONG:
                mask &= ~kpf("KSM")
            if (want ^ ours) & mask:
                bad.append("%#x: kpageflags %#x, differ in %#x: %s"
                           % (r.va, want, (want ^ ours) & mask, tell(r)))
            flags += 1
            count = now.frames.count(r.pfn)
            if count != (0 if r.mapcount == ABSENT32 and kind == "zero" else r.mapcount):
                bad.append("%#x: kpagecount %d: %s" % (r.va, count, tell(r)))
            counts += 1
    tap.none_of(bad, "kpageflags and kpagecount")
    tap.count("page flags compared", flags)
    tap.count("map counts compared", counts)


def order_of(flags, pfn):
    """The order of the folio around a frame, from runs of compound bits."""
    head, tail = kpf("COMPOUND_HEAD"), kpf("COMPOUND_TAIL")
    if not flags[pfn] & (head | tail):
        return pfn, 0
    first = pfn
    while flags[first] & tail:
        first -= 1
    n = 1
    around = flags.read(first, (1 << 18) + 1 if flags[first] & kpf("HUGE") else 1025)
    while n < len(around) and around[n] & tail:
        n += 1
    return first, n.bit_length() - 1 if n & (n - 1) == 0 else -n


def against_folios(found, now, pid):
    """order, refcount and node."""
    bad, orders, known = [], {}, 0
    asked = []
    with witness.kpageflags() as flags, witness.kpagecount() as counts:
        for area, records in found:
            if b"pf" in area.flags or area.start not in now.pages:
                continue
            for r in records:
                if NAMES.kind_of(r) not in ("page", "protnone") or r.order == ABSENT32:
                    continue
                asked.append(r)
                if now.frames.kpf(r.pfn) & kpf("COMPOUND_HEAD", "COMPOUND_TAIL"):
                    head = r.pfn & -(1 << r.order)
                    if head not in orders:
                        orders[head] = order_of(flags, r.pfn)
                    if orders[head] != (head, r.order):
                        bad.append("%#x: folio at %#x of order %d: %s" % ((r.va,) + orders[head] + (tell(r),)))
                        continue
                elif r.order:
                    bad.append("%#x: not compound: %s" % (r.va, tell(r)))
                want = references(r, now, counts)
                if want is None:
                    if r.refcount < r.mapcount:
                        bad.append("%#x: fewer references than mappings: %s" % (r.va, tell(r)))
                elif want != r.refcount:
                    bad.append("%#x: should have %d references: %s" % (r.va, want, tell(r)))
                else:
                    known += 1
    nodes = witness.nodes_of(proc.live(pid), [r.va for r in asked])
    for r, node in zip(asked, nodes):
        if 0 <= node != r.node:
            bad.append("%#x: move_pages says node %d: %s, node %d" % (r.va, node, tell(r), r.node))
    tap.none_of(bad, "order, refcount, node")
    tap.count("reference counts known", known)
    tap.count("nodes compared", sum(n >= 0 for n in nodes))


def references(r, now, counts):
    """
    The references of a folio on the LRU that nobody works on: one a mapping, one a page in the page
    or swap cache, one for private data. None where more may have hold of it.
    """
    flags = now.frames.kpf(r.pfn)
    if r.order:
        if r.size > PAGE or not flags & kpf("ANON") or not flags & kpf("THP") or flags & kpf("SWAPCACHE"):
            return None
        return sum(counts.read(r.pfn & -(1 << r.order), 1 << r.order))
    if not flags & kpf("LRU") or flags & kpf("LOCKED", "WRITEBACK", "KSM") and not KSM_FILE_WRONG:
        return None
    if flags & kpf("ANON"):
        return r.mapcount + bool(flags & kpf("SWAPCACHE"))
    return r.mapcount + 1 + bool(flags >> KPF_PRIVATE & 1)


def against_smaps(found):
    bad, bit = [], NAMES.bit
    for area, records in found:
        kb = dict.fromkeys(("Rss", "Referenced", "Dirty", "Swap", "Huge", "KSM"), 0)
        for r in records:
            kind, size = NAMES.kind_of(r), r.size // 1024
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
                bad += ["not referenced: %#x %s" % (r.va, tell(r)) for r in records
                        if not (r.pte & bit["young"] or r.kpf & kpf("REFERENCED"))]
        for r in records:
            if NAMES.kind_of(r) in space.PRESENT:
                if r.pte & bit["write"] and b"wr" not in area.flags:
                    bad.append("%#x: writable in %s" % (r.va, area.perms))
                if r.pte & bit["exec"] and NAMES.kind_of(r) != "protnone" and b"ex" not in area.flags:
                    bad.append("%#x: executable in %s" % (r.va, area.perms))
    tap.none_of(bad, "smaps")


def against_rights(found):
    """What the bits user and write must be, given the area and the other bits."""
    bad, bit, written = [], NAMES.bit, 0
    for area, records in found:
        for r in records:
            kind, write = NAMES.kind_of(r), bool(r.pte & bit["write"])
            if kind not in space.PRESENT:
                continue
            if bool(r.pte & bit["user"]) != (kind != "protnone"):
                bad.append("%#x: user: %s" % (r.va, tell(r)))
            if write and (kind in ("zero", "protnone") or r.pte & bit["uffd_wp"]):
                bad.append("%#x: writable: %s" % (r.va, tell(r)))
            if kind != "page" or b"sh" in area.flags:
                continue
            if write and not r.pte & bit["anon_exclusive"]:
                bad.append("%#x: writable without a copy: %s" % (r.va, tell(r)))
            # clear_refs takes soft_dirty and write together; x86 gives both with dirty.
            if b"wr" in area.flags and not r.pte & bit["uffd_wp"] and \
                    all(r.pte & bit[b] for b in ("anon_exclusive", "dirty", "soft_dirty")):
                written += 1
                if not write:
                    bad.append("%#x: not writable: %s" % (r.va, tell(r)))
    tap.none_of(bad, "user and write")
    tap.count("written pages", written)


def compare(name, pid):
    """One process: all witnesses."""
    view.attach(pid)
    witness.drain_lru()
    with view.PteRaw(pid) as pte_raw:
        now, (records, stamps) = proc.witnessed(lambda: space.Space(pid), pte_raw.whole, name)
    shape(records, "records")
    found, stray = space.by_area(now.areas, records)
    tap.none_of(["%#x: in no area: %s" % (r.va, tell(r)) for r in stray], "records outside of areas")
    tap.check(records, "no records at all")
    against_pagemap(found, now, pid)
    against_frames(found, now)
    against_folios(found, now, pid)
    against_smaps(found)
    against_rights(found)
    tap.count("entries compared", len(records))
    for r in records:
        tap.count("kind %s" % NAMES.kind_of(r))
    return records


def has(records, kind=None, size=None, bit=None, within=None):
    """How many records are so."""
    return sum((kind is None or NAMES.kind_of(r) == kind) and (size is None or r.size == size)
               and (bit is None or bool(r.pte & NAMES.bit[bit]))
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
    with kinds.processes("common of=thp") as found:
        made = found.made
        view.attach(made.pid)
        with view.PteRaw(made.pid) as pte_raw, witness.kpagecount() as counts:
            records, _ = pte_raw.whole(made["start"], made["end"])
            tap.equal([(NAMES.kind_of(r), r.size) for r in records], [("page", PAGE << 9)], "records")
            tap.equal(list(counts.read(records[0].pfn, 512)), [1] + [2] * 511, "mappings of its pages")
            tap.equal(has(records, bit="exclusive"), 0, "exclusive ones")


@contextlib.contextmanager
def budget(us):
    with guest.setting("/sys/module/mmscope/parameters/budget_us", us) as made:
        tap.check(made, "budget_us could not be set to %d" % us)
        yield


def shortest(look, holds):
    """Of several looks one with the fewest holds: the machine may have been away during one."""
    return min((look() for _ in range(8)), key=holds)


def closing(pte_raw, position, entries):
    """The stamp of one read, which has that many records."""
    records, stamp = pte_raw.read(position, pte_raw.entry.size * (entries + 1))
    tap.equal(len(records), entries, "records of the read at %#x" % position)
    return stamp


def stamps():
    """What the stamps say of a process that does nothing, and how many holds of its lock they count."""
    consistent, longest, second = view.names("consistent"), 10000, 1000000
    with tap.case("pte_raw, one table"), proc.Mkmm("anon pages=1100") as made, budget(longest):
        made.stop()
        view.attach(made.pid)
        table = made["start"] + (PAGE << 9) - 1 & -(PAGE << 9)
        with view.PteRaw(made.pid) as pte_raw:
            for at, n, want in (table, 1, "yes"), (table + PAGE * 448, 63, "yes"), (table, 65, "unknown"), \
                    (table + PAGE * 504, 16, "unknown"):
                stamp = shortest(lambda: closing(pte_raw, at, n), lambda s: s.holds)
                what = "%d entries at %#x" % (n, at)
                tap.equal(consistent[stamp.consistent], want, what + ": consistent")
                tap.equal(stamp.next, at + n * PAGE, what + ": next")
                tap.equal(stamp.holds, 1, what + ": holds")
                tap.check(0 < stamp.hold_max_us < second, "%s: held %d us" % (what, stamp.hold_max_us))
    with tap.case("pte_raw, lock_seq"), proc.Mkmm("anon") as made:
        view.attach(made.pid)
        with view.PteRaw(made.pid) as pte_raw:
            seqs = [closing(pte_raw, made["start"], 2).lock_seq for _ in range(2)]
            tap.equal(made.command("map %#x %d" % (made["start"], PAGE)), "ok", "map")
            seqs.append(closing(pte_raw, made["start"] + PAGE, 2).lock_seq)
            tap.equal(seqs[0], seqs[1], "lock_seq of a still process")
            if witness.release() < (6, 4):
                tap.equal(seqs, [ABSENT64] * 3, "lock_seq, which this kernel has not")
            else:
                tap.check(seqs[0] != seqs[2], "lock_seq is %d before and after a mapping" % seqs[0])
                tap.check(ABSENT64 not in seqs, "lock_seq is absent")
    for kind in "many n=500", "anon pages=1100":
        with tap.case("pte_raw, budget: %s" % kind), proc.Mkmm(kind) as made:
            made.stop()
            view.attach(made.pid)
            with view.PteRaw(made.pid) as pte_raw:
                with budget(longest):
                    stamp = shortest(lambda: closing(pte_raw, made["start"], 490), lambda s: s.holds)
                    tap.equal(stamp.holds, 1, "holds of 10 ms")
                with budget(1):
                    holds = closing(pte_raw, made["start"], 490).holds
                tap.check(holds > 1, "%d holds of a microsecond" % holds)
    with tap.case("text views"), proc.Mkmm("anon") as made, budget(longest), view.Request("walk") as walk:
        made.stop()
        view.attach(made.pid)
        for what, look in ("vma", lambda: view.read_text(view.target(made.pid, "vma"))), \
                ("walk", lambda: walk("%d %#x" % (made.pid, made["start"]))):
            text = shortest(look, lambda t: t.stamp["holds"])
            tap.equal(text.stamp["consistent"], "yes", what + ": consistent")
            tap.equal(text.stamp["holds"], 1, what + ": holds")
            tap.check(0 < text.stamp["hold_max_us"] < second, "%s: held %d us" % (what, text.stamp["hold_max_us"]))
        tap.equal(view.read_text(view.PROC + "/version").stamp, {"consistent": "yes", "holds": 0, "hold_max_us": 0},
                  "version: stamp")


def main():
    global NAMES, GUARDS, KSM_FILE_WRONG
    guest.quiet()
    NAMES = space.Names()
    GUARDS = witness.release() >= (6, 15)
    KSM_FILE_WRONG = ksm_file_wrong()
    tap.note("kpageflags is wrong about KSM here: %s" % KSM_FILE_WRONG)
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
    with tap.group("stamp"):
        stamps()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
