# SPDX-License-Identifier: GPL-2.0
"""
One process as the kernel's files show it, page by page, and what those files should say given the
records of pte_raw. The rules are those of fs/proc/task_mmu.c and fs/proc/page.c, not of mmscope.
"""
import array
import bisect
import functools

from . import proc, view, witness
from .witness import PAGE

WHOLE = 1 << 18     # an area of more pages is looked at only where something is mapped
STEADY = ("Rss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous",
          "KSM", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Swap", "KernelPageSize")
ABSENT64, ABSENT32 = (1 << 64) - 1, -1
PRESENT = ("page", "zero", "protnone", "pfnmap")
# reserved mlocked owner_2 private private_2 owner_private arch uncached, arch_2 arch_3: what kpageflags
# copies beside its stable bits, and where Linux 6.1 gives a tail page's own.
KPF_COPIED = 0xff << 32 | 3 << 41


class Frames:
    """kpageflags and kpagecount of the frames that a process maps."""

    def __init__(self, pfns):
        self.runs = witness.runs(pfns)
        self.starts = [first for first, _ in self.runs]
        with witness.kpageflags() as flags, witness.kpagecount() as counts:
            self.flags = [flags.read(first, n) for first, n in self.runs]
            self.counts = [counts.read(first, n) for first, n in self.runs]

    def __eq__(self, other):
        return (self.runs, self.flags, self.counts) == (other.runs, other.flags, other.counts)

    def _at(self, table, pfn):
        run = bisect.bisect_right(self.starts, pfn) - 1
        if run < 0 or pfn - self.starts[run] >= len(table[run]):
            return None
        return table[run][pfn - self.starts[run]]

    def kpf(self, pfn):
        return self._at(self.flags, pfn)

    def count(self, pfn):
        return self._at(self.counts, pfn)


class Space:
    """What the kernel's files say at one moment; equal when nothing moved."""

    def __init__(self, pid):
        pid = proc.live(pid)
        self.areas = [a for a in witness.smaps(pid) if a.name != b"[vsyscall]"]
        self.pages, pfns = {}, set()
        with witness.pagemap(pid) as pagemap:
            for area in self.areas:
                if area.pages() > WHOLE and b"ht" not in area.flags:
                    continue
                entries = pagemap.read(area.start // PAGE, area.pages())
                self.pages[area.start] = entries
                step = area.kb["KernelPageSize"] * 1024 // PAGE
                pfns.update(e & witness.PM_PFN for e in entries[::step] if e & witness.PM_PRESENT)
        self.frames = Frames(sorted(pfns))

    def key(self):
        return [(a.key(), a.flags, [a.kb.get(k) for k in STEADY]) for a in self.areas]

    def __eq__(self, other):
        return (self.key(), self.pages, self.frames) == (other.key(), other.pages, other.frames)


class Names:
    """The numbers of pte_raw by name, looked up once in the module's own `name` view."""

    def __init__(self):
        self.kind = view.names("kind")
        self.level = view.names("level")
        self.bit = {name: mask for mask, name in view.names("pte").items()}
        self.kpf = view.names("kpf")

    def kind_of(self, record):
        return self.kind.get(record.kind, "kind%d" % record.kind)


@functools.lru_cache(None)
def names():
    return Names()


def tell(r):
    if r is None:
        return "no record"
    bits = "|".join(n for n, m in names().bit.items() if r.pte & m)
    return "%s %s %#x pte %s kpf %#x ref %d map %d order %d" % (
        names().kind_of(r), names().level.get(r.level), r.entry, bits, r.kpf, r.refcount, r.mapcount, r.order)


def spelled(bits, names):
    """The cell of a text view for these bits, given mask -> name: in their order, then what has no name."""
    said = []
    for mask, name in names.items():
        if mask and bits & mask == mask:
            said.append(name)
            bits &= ~mask
    return "|".join(said + ["bit%d" % i for i in range(64) if bits >> i & 1]).encode()


def pagemap_of(area, records, names):
    """The entries of pagemap for one area, as its records demand."""
    guards = witness.release() >= (6, 15)
    base = witness.PM_SOFT_DIRTY if b"sd" in area.flags else 0
    hugetlb = b"ht" in area.flags
    bit = names.bit
    entries = array.array("Q", [base]) * area.pages()
    if b"pf" in area.flags:
        return entries      # the walk of pagemap skips VM_PFNMAP
    for r in records:
        kind, entry = names.kind_of(r), base
        if kind == "none":
            continue
        if r.pte & bit["soft_dirty"] and not hugetlb:   # of hugetlb only the area's flag counts
            entry |= witness.PM_SOFT_DIRTY
        if r.pte & bit["uffd_wp"]:
            entry |= witness.PM_UFFD_WP
        step = 0
        if kind in PRESENT:
            entry |= witness.PM_PRESENT | r.pfn
            step = 1
            # The huge page of zeroes is not anonymous, hence a file's for pagemap, until it became special.
            if r.pte & bit["file"] or (kind == "zero" and r.size > PAGE and not r.pte & bit["special"]):
                entry |= witness.PM_FILE
            if r.pte & bit["exclusive"]:
                entry |= witness.PM_EXCLUSIVE
        elif not hugetlb:
            entry |= witness.PM_SWAP
            entry |= (r.swap_type | r.swap_offset << witness.SWAP_TYPE_BITS) & witness.PM_PFN
            step = 1 << witness.SWAP_TYPE_BITS
            if r.pte & bit["file"]:
                entry |= witness.PM_FILE
            if r.pte & bit["guard"] and guards:
                entry |= witness.PM_GUARD
        first, n = (r.va - area.start) // PAGE, r.size // PAGE
        if n == 1:
            entries[first] = entry
        elif step:
            entries[first:first + n] = array.array("Q", range(entry, entry + n * step, step))
        else:
            entries[first:first + n] = array.array("Q", [entry]) * n
    return entries


def by_area(areas, records):
    """[(area, its records)], and the records that lie in no area."""
    starts = [a.start for a in areas]
    found, stray = [[] for _ in areas], []
    for r in records:
        i = bisect.bisect_right(starts, r.va) - 1
        if i < 0 or r.va + r.size > areas[i].end:
            stray.append(r)
        else:
            found[i].append(r)
    return list(zip(areas, found)), stray
