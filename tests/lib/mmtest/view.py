# SPDX-License-Identifier: GPL-2.0
"""The views of mmscope as a reader without its sources sees them: by `format` and `name`."""
import collections
import functools
import os
import re
import struct

PROC = "/proc/mmscope"
DEBUG = "/sys/kernel/debug/mmscope"
STREAM = 64 << 10
STAMP = re.compile(rb"# consistent=(yes|no|unknown) holds=(\d+) hold_max_us=(\d+)\n\Z")
CELL = re.compile(rb"(?:[\x21-\x5b\x5d-\x7e\x80-\xff]|\\[0-3][0-7][0-7])+\Z")


class Malformed(Exception):
    """Text or bytes that break the rules all views follow."""


class Text:
    """A text view: header, rows of cells (bytes, or None where absent), stamp."""

    def __init__(self, data, what="view"):
        lines = data.split(b"\n")
        if len(lines) < 3 or lines[-1]:
            raise Malformed("%s: no header, stamp and last newline: %r" % (what, data[-200:]))
        stamp = STAMP.match(lines[-2] + b"\n")
        if not stamp:
            raise Malformed("%s: last line is no stamp: %r" % (what, lines[-2]))
        self.stamp = {"consistent": stamp[1].decode(), "holds": int(stamp[2]),
                      "hold_max_us": int(stamp[3])}
        self.header = lines[0].decode("ascii").split()
        self.rows = []
        for line in lines[1:-2]:
            cells = line.split()
            if len(cells) != len(self.header):
                raise Malformed("%s: %d cells under %d columns: %r"
                                % (what, len(cells), len(self.header), line))
            self.rows.append([unescape(c) for c in cells])

    def dicts(self):
        return [dict(zip(self.header, row)) for row in self.rows]

    def column(self, name):
        at = self.header.index(name)
        return [row[at] for row in self.rows]


def unescape(cell):
    if not CELL.match(cell):
        raise Malformed("a cell with raw bytes: %r" % cell)
    if cell == b"-":
        return None
    if b"\\" not in cell:
        return cell
    return re.sub(rb"\\([0-3][0-7][0-7])", lambda m: bytes([int(m[1], 8)]), cell)


def read_all(fd, size=STREAM):
    """From the position on, until nothing comes."""
    parts = []
    while True:
        part = os.read(fd, size)
        if not part:
            return b"".join(parts)
        parts.append(part)


def open_ro(*path):
    return os.open(os.path.join(*path), os.O_RDONLY)


def read_file(path):
    fd = open_ro(path)
    try:
        return read_all(fd)
    finally:
        os.close(fd)


def read_text(path):
    return Text(read_file(path), path)


def target(pid, name=""):
    return os.path.join(DEBUG, str(pid), name)


def write(path, request):
    fd = os.open(path, os.O_WRONLY)
    try:
        return os.write(fd, request if isinstance(request, bytes) else str(request).encode())
    finally:
        os.close(fd)


def attach(pid):
    write(PROC + "/attach", pid)


def detach(pid):
    write(PROC + "/detach", pid)


def attached():
    """The directories of targets, by number."""
    return {int(d) for d in os.listdir(DEBUG) if d.isdigit()}


def starts(pid):
    """Where the areas of a target begin."""
    return [int(c, 16) for c in read_text(target(pid, "vma")).column("start")]


def version():
    return {r["field"].decode(): (r["value"] or b"-").decode()
            for r in read_text(PROC + "/version").dicts()}


@functools.lru_cache(None)
def formats():
    """view -> rows of `format` in order."""
    table = collections.OrderedDict()
    for row in read_text(DEBUG + "/format").dicts():
        row = {k: v.decode() if v is not None else None for k, v in row.items()}
        table.setdefault(row["view"], []).append(row)
    return table


@functools.lru_cache(None)
def names(which):
    """value -> name of one set of `name`."""
    found = {}
    for row in read_text(DEBUG + "/name").dicts():
        if row["set"].decode() == which:
            found[int(row["value"], 16)] = row["name"].decode()
    return found


def value_of(which, name):
    for value, known in names(which).items():
        if known == name:
            return value
    raise Malformed("no name %s in the set %s" % (name, which))


CODES = {"__u64": "Q", "__s64": "q", "__u32": "I", "__s32": "i", "__u16": "H", "__u8": "B"}


class Layout:
    """A binary record made from the rows of `format`."""

    def __init__(self, view):
        rows = formats()[view]
        whole = [r for r in rows if r["field"] is None]
        members = [r for r in rows if r["field"] is not None]
        if len(whole) != 1:
            raise Malformed("%s: %d rows for the whole record" % (view, len(whole)))
        code, at = "=", 0
        for m in members:
            if int(m["offset"]) != at:
                raise Malformed("%s.%s: at %s, not %d" % (view, m["field"], m["offset"], at))
            code += CODES[m["type"]]
            if struct.calcsize("=" + CODES[m["type"]]) != int(m["size"]):
                raise Malformed("%s.%s: %s of %s bytes" % (view, m["field"], m["type"], m["size"]))
            at += int(m["size"])
        self.size = int(whole[0]["size"])
        if at != self.size or self.size % 8:
            raise Malformed("%s: %d bytes of members, %d of record" % (view, at, self.size))
        self.struct = struct.Struct(code)
        self.type = collections.namedtuple(view, [m["field"] for m in members])

    def one(self, data):
        return self.type._make(self.struct.unpack(data))

    def many(self, data):
        return list(map(self.type._make, self.struct.iter_unpack(data)))


@functools.lru_cache(None)
def layout(view):
    return Layout(view)


class PteRaw:
    """An open pte_raw: read(position) gives its records and the stamp."""

    def __init__(self, pid):
        self.entry, self.closing = layout("pte_raw"), layout("stamp")
        self.stamp_kind = value_of("kind", "stamp")
        self.fd = os.open(target(pid, "pte_raw"), os.O_RDONLY)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        os.close(self.fd)

    def split(self, data):
        if len(data) % self.entry.size or not data:
            raise Malformed("pte_raw: %d bytes are no whole records" % len(data))
        records = self.entry.many(data)
        stamp = self.closing.one(data[-self.closing.size:])
        if stamp.kind != self.stamp_kind:
            raise Malformed("pte_raw: a read that does not end in a stamp: %r" % (records[-1],))
        del records[-1]
        if any(r.kind == self.stamp_kind for r in records):
            raise Malformed("pte_raw: a stamp amid records")
        return records, stamp

    def read(self, position, size=STREAM):
        data = os.pread(self.fd, size, position)
        if not data:
            return [], None
        return self.split(data)

    def whole(self, start=0, end=1 << 64, size=STREAM):
        """All records that begin before end, and the stamps."""
        records, stamps, position = [], [], start
        while position < end:
            some, stamp = self.read(position, size)
            if stamp is None:
                break
            records += some
            stamps.append(stamp)
            if stamp.next == 0:
                break
            if stamp.next <= position:
                raise Malformed("pte_raw: a read at %#x goes on at %#x" % (position, stamp.next))
            position = stamp.next
        while records and records[-1].va >= end:
            records.pop()
        return records, stamps


class Request:
    """An open request file: each call writes, then reads."""

    def __init__(self, name):
        self.fd = os.open(PROC + "/" + name, os.O_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        os.close(self.fd)

    def raw(self, request):
        os.write(self.fd, request if isinstance(request, bytes) else request.encode())
        return read_all(self.fd)

    def __call__(self, request):
        return Text(self.raw(request), "walk of " + str(request))
