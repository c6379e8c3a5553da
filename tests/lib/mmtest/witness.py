# SPDX-License-Identifier: GPL-2.0
"""The second witness: what the kernel's own files say about the same memory."""
import array
import ctypes
import os
import re
import struct

PAGE = os.sysconf("SC_PAGE_SIZE")
PM_PFN = (1 << 55) - 1
PM_SOFT_DIRTY, PM_EXCLUSIVE, PM_UFFD_WP, PM_GUARD = 1 << 55, 1 << 56, 1 << 57, 1 << 58
PM_FILE, PM_SWAP, PM_PRESENT = 1 << 61, 1 << 62, 1 << 63
SWAP_TYPE_BITS = 5

KPF = {name: bit for bit, name in enumerate(
    "LOCKED ERROR REFERENCED UPTODATE DIRTY LRU ACTIVE SLAB WRITEBACK RECLAIM BUDDY MMAP ANON SWAPCACHE "
    "SWAPBACKED COMPOUND_HEAD COMPOUND_TAIL HUGE UNEVICTABLE HWPOISON NOPAGE KSM THP OFFLINE ZERO_PAGE "
    "IDLE PGTABLE".split())}
KPF_STABLE = (1 << len(KPF)) - 1
KPF_PRIVATE = 35
# The bits that Linux 6.1 takes from a tail page itself instead of its head.
KPF_OF_HEAD = sum(1 << KPF[n] for n in
                  "LOCKED ERROR REFERENCED UPTODATE DIRTY LRU ACTIVE WRITEBACK RECLAIM SWAPBACKED "
                  "UNEVICTABLE".split())


def kpf(*which):
    return sum(1 << KPF[n] for n in which)


def release():
    return tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())


def slurp(path):
    with open(path, "rb", buffering=0) as f:
        return f.readall()


class Area:
    """A row of maps, with what smaps says of it where it was asked."""
    __slots__ = ("start", "end", "perms", "offset", "dev", "inode", "name", "flags", "pkey", "kb")

    def __init__(self, line):
        cells = line.split(None, 5)
        self.start, self.end = (int(n, 16) for n in cells[0].split(b"-"))
        self.perms, self.offset = cells[1], int(cells[2], 16)
        self.dev, self.inode = cells[3], int(cells[4])
        # maps pads to a column; a name may begin with blanks only if it is a file's, which begins with /
        self.name = cells[5] if len(cells) > 5 else b""
        self.flags, self.pkey, self.kb = None, 0, {}

    def key(self):
        return (self.start, self.end, self.perms, self.offset, self.dev, self.inode, self.name)

    def pages(self):
        return (self.end - self.start) // PAGE


def maps(pid):
    return [Area(line) for line in slurp("/proc/%s/maps" % pid).split(b"\n") if line]


def starts(pid):
    """Where the areas begin that are the process's own."""
    return [a.start for a in maps(pid) if a.name != b"[vsyscall]"]


HEAD = re.compile(rb"[0-9a-f]+-[0-9a-f]+ [-r][-w][-x][ps] ")


def smaps(pid, sizes=True):
    """The areas with their flags, and with the lines in kB where wanted."""
    areas = []
    for line in slurp("/proc/%s/smaps" % pid).split(b"\n"):
        if HEAD.match(line):
            areas.append(Area(line))
        elif line.startswith(b"VmFlags:"):
            areas[-1].flags = line.split()[1:]
        elif line.startswith(b"ProtectionKey:"):
            areas[-1].pkey = int(line.split()[1])
        elif sizes and line.endswith(b" kB"):
            name, value = line[:-3].split(b":")
            areas[-1].kb[name.decode()] = int(value)
    return areas


def mangled(path):
    """A path as maps prints it: of all bytes it escapes only the newline."""
    return path.replace(b"\n", b"\\012")


class Numbers:
    """A file of 64-bit numbers by index: pagemap, kpageflags, kpagecount."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        os.close(self.fd)

    def read(self, first, n):
        data, want = [], n * 8
        while want:
            part = os.pread(self.fd, min(want, 1 << 20), first * 8)
            if not part:
                break
            data.append(part)
            want -= len(part)
            first += len(part) // 8
        return array.array("Q", b"".join(data))

    def __getitem__(self, index):
        data = os.pread(self.fd, 8, index * 8)
        return struct.unpack("Q", data)[0] if data else None


def pagemap(pid):
    return Numbers("/proc/%s/pagemap" % pid)


def kpageflags():
    return Numbers("/proc/kpageflags")


def kpagecount():
    return Numbers("/proc/kpagecount")


def runs(numbers):
    """Sorted distinct numbers as (first, count) of neighbours."""
    found = []
    for n in numbers:
        if found and found[-1][0] + found[-1][1] == n:
            found[-1][1] += 1
        else:
            found.append([n, 1])
    return found


_libc = ctypes.CDLL(None, use_errno=True)
SYS_MOVE_PAGES = {"x86_64": 279, "aarch64": 239, "riscv64": 239}[os.uname().machine]


def _move_pages(pid, addresses, nodes):
    n = len(addresses)
    status = (ctypes.c_int * n)(*[-999] * n)
    if _libc.syscall(SYS_MOVE_PAGES, ctypes.c_int(pid), ctypes.c_ulong(n),
                     (ctypes.c_void_p * n)(*addresses), nodes, status, ctypes.c_int(0)) < 0:
        error = ctypes.get_errno()
        raise OSError(error, "move_pages: " + os.strerror(error))
    return list(status)


def nodes_of(pid, addresses):
    """The NUMA node of the page at each address, or a negative errno."""
    return _move_pages(pid, addresses, None) if addresses else []


def drain_lru():
    """Empties the per-CPU lists of pages on their way to the LRU, each of which holds a reference."""
    here = ctypes.create_string_buffer(b"x", 16)
    _move_pages(0, [ctypes.addressof(here) & -PAGE], (ctypes.c_int * 1)(0))
