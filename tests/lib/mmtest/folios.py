# SPDX-License-Identifier: GPL-2.0
"""The records of a process against what is said of its page frames: by kpageflags, kpagecount and move_pages."""
import ctypes
import functools

from . import proc, space, tap, witness
from .space import ABSENT32, ABSENT64
from .witness import KPF_PRIVATE, PAGE, kpf


@functools.lru_cache(None)
def ksm_file_wrong():
    """Linux 6.12 to 6.19 show KPF_KSM for every anonymous page: seen at a page of our own."""
    page = ctypes.create_string_buffer(b"x", 2 * PAGE)
    at = (ctypes.addressof(page) + PAGE) & -PAGE
    ctypes.memset(at, 1, 1)
    with witness.pagemap("self") as pagemap, witness.kpageflags() as flags:
        return bool(flags[pagemap[at // PAGE] & witness.PM_PFN] & kpf("KSM"))


def against_frames(found, now):
    names = space.names()
    bad, flags, counts = [], 0, 0
    for area, records in found:
        if b"pf" in area.flags or area.start not in now.pages:
            continue
        for r in records:
            kind = names.kind_of(r)
            if kind not in ("page", "zero", "protnone") or r.kpf == ABSENT64:
                if kind in ("page", "zero"):
                    bad.append("%#x: no page flags: %s" % (r.va, space.tell(r)))
                continue
            want, ours = now.frames.kpf(r.pfn), r.kpf
            if witness.release() < (6, 2) and want & kpf("COMPOUND_TAIL"):
                # 6.1 gives a tail page's own flags; those of its folio stand at the head.
                with witness.kpageflags() as f:
                    head = f[r.pfn & -(1 << r.order)]
                theirs = witness.KPF_OF_HEAD | space.KPF_COPIED
                want = want & ~theirs | head & theirs
            mask = witness.KPF_STABLE | space.KPF_COPIED
            if ksm_file_wrong():
                mask &= ~kpf("KSM")
            if (want ^ ours) & mask:
                bad.append("%#x: kpageflags %#x, differ in %#x: %s"
                           % (r.va, want, (want ^ ours) & mask, space.tell(r)))
            flags += 1
            count = now.frames.count(r.pfn)
            if count != (0 if r.mapcount == ABSENT32 and kind == "zero" else r.mapcount):
                bad.append("%#x: kpagecount %d: %s" % (r.va, count, space.tell(r)))
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
    names = space.names()
    bad, orders, known = [], {}, 0
    asked = []
    with witness.kpageflags() as flags, witness.kpagecount() as counts:
        for area, records in found:
            if b"pf" in area.flags or area.start not in now.pages:
                continue
            for r in records:
                if names.kind_of(r) not in ("page", "protnone") or r.order == ABSENT32:
                    continue
                asked.append(r)
                if now.frames.kpf(r.pfn) & kpf("COMPOUND_HEAD", "COMPOUND_TAIL"):
                    head = r.pfn & -(1 << r.order)
                    if head not in orders:
                        orders[head] = order_of(flags, r.pfn)
                    if orders[head] != (head, r.order):
                        bad.append("%#x: folio at %#x of order %d: %s" % ((r.va,) + orders[head] + (space.tell(r),)))
                        continue
                elif r.order:
                    bad.append("%#x: not compound: %s" % (r.va, space.tell(r)))
                want = references(r, now, counts)
                if want is None:
                    if r.refcount < r.mapcount:
                        bad.append("%#x: fewer references than mappings: %s" % (r.va, space.tell(r)))
                elif want != r.refcount:
                    bad.append("%#x: should have %d references: %s" % (r.va, want, space.tell(r)))
                else:
                    known += 1
    nodes = witness.nodes_of(proc.live(pid), [r.va for r in asked])
    for r, node in zip(asked, nodes):
        if 0 <= node != r.node:
            bad.append("%#x: move_pages says node %d: %s, node %d" % (r.va, node, space.tell(r), r.node))
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
    if not flags & kpf("LRU") or flags & kpf("LOCKED", "WRITEBACK", "KSM") and not ksm_file_wrong():
        return None
    if flags & kpf("ANON"):
        return r.mapcount + bool(flags & kpf("SWAPCACHE"))
    return r.mapcount + 1 + bool(flags >> KPF_PRIVATE & 1)
