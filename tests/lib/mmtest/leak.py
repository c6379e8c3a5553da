# SPDX-License-Identifier: GPL-2.0
"""
Values in an output that could be an address of the kernel: in text any number of that size, in hex (0x
or not) or decimal (a sign or not); in binary records any member. Left out is what cannot be one: raw
entries (show `entry`), which are bits, the mark of an absent member (all ones), and the last page
of all, where error numbers lie.
"""
import json
import os
import re

from . import view

ADDRESS_BITS = 57 if "la57" in open("/proc/cpuinfo").read().split() else 48
LOWEST = (1 << 64) - (1 << (ADDRESS_BITS - 1))      # 0xff00000000000000, or 0xffff800000000000
HIGHEST = (1 << 64) - 4096
HEX = re.compile(rb"(?<![0-9a-fA-F])(?:0x)?0*([0-9a-fA-F]{16})(?![0-9a-fA-F])")
DECIMAL = re.compile(rb"(?<![\w.])[0-9]{19,20}(?!\w)|(?<![\w./-])-[0-9]{4,19}(?!\w)")


def is_kernel(value):
    return LOWEST <= value & (1 << 64) - 1 < HIGHEST


def in_text(data):
    """Suspects in bytes of any form."""
    found = [int(n, 16) for n in HEX.findall(data)]
    found += [int(n) for n in DECIMAL.findall(data)]
    return ["%#x" % (v & (1 << 64) - 1) for v in found if is_kernel(v)]


def entries(record):
    """The fields of a record that hold raw entries."""
    return {row["field"] for row in view.formats().get(record, []) if row["show"] == "entry"}


def in_view(name, data):
    """In a text view, all but raw entries. An object's rows are called by its fields."""
    text, raw, found = view.Text(data, name), entries(name), in_text(data.split(b"\n")[-2])
    for row in text.rows:
        cells = [(row[0].decode(), row[1])] if text.header == ["field", "value"] else zip(text.header, row)
        found += ["%s.%s: %s" % (name, column, v) for column, cell in cells if cell and column not in raw
                  for v in in_text(cell)]
    return found


def in_records(name, data):
    """In binary records, all 64-bit members but raw entries; each read of pte_raw ends in a stamp."""
    layout, found = view.layout(name), []
    wide = {kind: [r["field"] for r in view.formats()[kind] if r["field"] and r["size"] == "8" and r["show"] != "entry"]
            for kind in (name, "stamp")}
    for at in range(0, len(data), layout.size):
        part = data[at:at + layout.size]
        record, kind = layout.one(part), name
        if getattr(record, "kind", None) == view.value_of("kind", "stamp"):
            record, kind = view.layout("stamp").one(part), "stamp"
        found += ["%s.%s: %#x" % (kind, field, getattr(record, field) & (1 << 64) - 1)
                  for field in wide[kind] if is_kernel(getattr(record, field))]
    return found


def in_json(name, data):
    """In the tool's JSON, all but raw entries."""
    raw = entries(name) | entries(name + "_raw")
    found = []
    for row in json.loads(data)[name]:
        row = {row["field"]: row["value"]} if set(row) == {"field", "value"} else row
        found += ["%s.%s: %s" % (name, key, v) for key, cell in row.items() if key not in raw
                  for v in in_text(str(cell).encode())]
    return found


def in_answers(name, fd, requests):
    """What a request file says to each of the requests that it takes."""
    found = []
    for request in requests if name in view.formats() else []:
        try:
            os.write(fd, request)
        except OSError:
            continue    # not of the form that this one takes
        found += in_view(name, view.read_all(fd))
    return found


def in_file(file, requests):
    """What the file says."""
    name = os.path.basename(file.path)
    fd = os.open(file.path, os.O_RDWR if file.format == "request" else os.O_RDONLY)
    try:
        if file.format == "request":
            return in_answers(name, fd, requests)
        if file.format == "binary":
            return in_records(name, view.read_all(fd))
        return in_view(name, view.read_all(fd)) if file.format == "text" else in_text(view.read_all(fd))
    finally:
        os.close(fd)
