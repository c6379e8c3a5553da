#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""make.py DIR: copies of what the module gives, in DIR/proc and DIR/debugfs, for tests of the tool.

Its own account of the formats (design: text, binary), so that the tool is held against a second
one. Beside them DIR/paths.json: the paths of the vma view as JSON has to give them.
"""
import json
import os
import struct
import sys

STAMP = "# consistent=yes holds=1 hold_max_us=12\n"
ABSENT = 2**64 - 1
PAGE = 4096

# A path as bytes, and what JSON says of it.
PATHS = [
    (b"/usr/bin/caf\xc3\xa9", "/usr/bin/caf\u00e9"),
    (b"/tmp/with space", "/tmp/with space"),
    (b" leading and trailing ", " leading and trailing "),
    (b'/tmp/"quoted"', '/tmp/"quoted"'),
    (b"/tmp/back\\slash\\040", "/tmp/back\\134slash\\134040"),
    (b"/tmp/new\nline\ttab\x1b[31m\x7f\x01\r\b\f", "/tmp/new\nline\ttab\x1b[31m\x7f\x01\r\b\f"),
    (b"/tmp/bad\xff\xc3utf8\xed\xa0\x80\xc0\xaf",
     "/tmp/bad\\377\\303utf8\\355\\240\\200\\300\\257"),
    (b"-", "-"),
    (b"--", "--"),
    (b"#", "#"),
    (b"/tmp/c1\xc2\x9b31m", "/tmp/c1\x9b31m"),
    (b"/tmp/" + b"x" * 4000, "/tmp/" + "x" * 4000),
    ("/tmp/\U0001f427".encode(), "/tmp/\U0001f427"),
    (b"null", "null"),
    (b"0x10", "0x10"),
    (b"12", "12"),
    (b'{"a":[1,2]},', '{"a":[1,2]},'),
    (None, None),
]


def cell(data):
    """Bytes as a cell of a text view."""
    if data is None:
        return b"-"
    if data == b"-":
        return b"\\055"
    out, at = b"", 0
    while at < len(data):
        size = 0
        for size in range(1, 5):
            try:
                data[at:at + size].decode()
                break
            except UnicodeDecodeError:
                size = 0
        if not size or data[at] <= 0x20 or data[at] in b"\x7f\\":
            out, size = out + b"\\%03o" % data[at], 1
        else:
            out += data[at:at + size]
        at += size
    return out


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)


def table(path, *rows):
    """A text view: the row of headings, the rows, the stamp."""
    write(path, "".join("   ".join(row.split()) + "\n" for row in rows) + STAMP)


def vma(paths):
    lines = [b"start  end  perms offset dev inode flags  path"]
    for i, path in enumerate(paths):
        lines.append(b"0x%-16x 0x%x rw-p 0x0 fe:01 %d read|write %s" %
                     (0x400000 + i * PAGE, 0x401000 + i * PAGE, i, cell(path)))
    return b"\n".join(lines) + b"\n" + STAMP.encode()


def entry(va, kind, pfn=ABSENT, size=PAGE, level=1, pte=3, kpf=0, swap=(ABSENT, ABSENT),
          refcount=1, mapcount=1, order=0, node=0, raw=None):
    raw = pfn << 12 | 0x67 if raw is None and pfn != ABSENT else raw or 0
    return struct.pack("=QQIIQQQQQQiiii", va, size, level, kind, raw, pfn, *swap, pte, kpf,
                       refcount, mapcount, order, node)


def stamp(after, consistent=1, holds=1, hold_max_us=5):
    return struct.pack("=QQIIQQQQQQQQ", after, 0, 0, 13, consistent, holds, hold_max_us, ABSENT,
                       0, 0, 0, 0)


def layout():
    """The rows of `format` for both records: u64 but for the u32 at 16 and 20, and an entry's last."""
    yield "vma start - - - addr first\\040address"
    for record, narrow, names in (
            ("pte_raw", (16, 20, 72, 76, 80, 84), "va size level kind entry pfn swap_type swap_offset"
             " pte kpf refcount mapcount order node"),
            ("stamp", (16, 20), "next size level kind consistent holds hold_max_us lock_seq reserved0"
             " reserved1 reserved2 reserved3")):
        offset = 0
        for name in names.split():
            size = 4 if offset in narrow else 8
            yield "%s %s %d %d __u%d - -" % (record, name, offset, size, 8 * size)
            offset += size
        yield "%s - - %d - - -" % (record, offset)


def entries():
    """Rows that merge, rows that must not, one of each oddity; see tool.sh for what is expected."""
    out = [entry(0x10000 + i * PAGE, 1, 0x100 + i) for i in range(3)]       # run of 3
    out += [entry(0x13000, 1, 0x200)]                                       # frame jumps
    out += [entry(0x14000, 1, 0x201, mapcount=2)]                           # shared
    out += [entry(0x15000 + i * PAGE, 2, 0x5) for i in range(4)]            # zero page: run of 4
    out += [entry(0x1a000 + i * PAGE, 3, swap=(0, 0x40 + i), refcount=-1, mapcount=-1, order=-1,
                  node=-1) for i in range(2)]                               # swap: run of 2
    out += [entry(0x1c000 + i * PAGE, 7, swap=(9, 4), pte=1 << 14, refcount=-1, mapcount=-1,
                  order=-1, node=-1) for i in range(3)]                     # marker: run of 3
    out += [entry(0x20000, 70, pte=0, refcount=-1, mapcount=-1, order=-1, node=-1)]
    out += [entry(0x21000, 1, 0x300, level=9, pte=1 << 63 | 1 << 40 | 1, kpf=1 << 12 | 1 << 50)]
    out += [entry(0x200000, 1, 0x800, size=512 * PAGE, level=2, order=9)]
    return out


def main(top):
    proc, debug = top + "/proc", top + "/debugfs"
    version = ["field value", "module 0.1.0", "abi 1", "kernel 6.12.0-fake", "arch x86_64",
               "page_size 4096", "levels 4", "address_bits 48", "direct_map -"]
    table(proc + "/version", *version)
    table(top + "/other/version", *version[:2], "abi 2", *version[3:])
    table(proc + "/attach", "pid dir comm", "77 4321 a\\040b")
    write(proc + "/detach", "\n")
    table(proc + "/walk", "level index table_pfn entry kind flags",
          "pgd 255 0x1000 0x8000000001001067 table present|write", "pte 17 0x1003 0x0 none -",
          "frame - - - none -")
    table(debug + "/view", "view place mode format need help",
          "version proc 0444 text none a\\040b", "future proc 0444 text none a\\040b")
    table(debug + "/format", "view field offset size type show help", *layout())
    table(debug + "/name", "set value name help", "kind 0x0 none a", "kind 0x1 page a",
          "kind 0x2 zero a", "kind 0x3 swap a", "kind 0x7 marker a", "kind 0xd stamp a",
          "level 0x1 pte a", "level 0x2 pmd a", "consistent 0x0 no a", "consistent 0x1 yes a",
          "consistent 0x2 unknown a", "pte 0x1 present a", "pte 0x2 write a", "pte 0x4000 guard a",
          "kpf 0x1000 anon a")
    write(debug + "/self/vma", vma([path for path, _ in PATHS]))
    write(top + "/paths.json", json.dumps([said for _, said in PATHS]))
    write(debug + "/self/pte_raw", b"".join(entries()) + stamp(0x7ffffffff000))
    write(debug + "/4321/vma", vma([b"/of/another"]))
    write(debug + "/4321/pte_raw", entry(0x10000, 1, 0x10) + stamp(0x11000) +
          entry(0x11000, 1, 0x11) + stamp(0x7ffffffff000, hold_max_us=9))
    # Damaged copies, one a directory: of each the tool has to say so.
    good = vma([b"/a", b"/b"])
    write(top + "/cut/self/vma", good[:-60])
    write(top + "/stampless/self/vma", good[:-len(STAMP)])
    write(top + "/empty/self/vma", b"\n")
    write(top + "/short/self/vma", good.replace(b" /a", b""))
    write(top + "/column/self/vma", good.replace(b"perms", b"modes"))
    write(top + "/nul/self/vma", good.replace(b"/a", b"/\0"))


if __name__ == "__main__":
    main(sys.argv[1])
