#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every file of the `view` view: there, of its mode, with `format`'s columns, one capture however it is read."""
import errno
import os
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, kinds, tap, view, witness  # noqa: E402

PIECE = 7


def path_of(row, pid):
    return os.path.join({"proc": view.PROC, "debug": view.DEBUG, "target": view.target(pid)}[row["place"]], row["view"])


def open_view(row, pid):
    """The file, with its request written where it wants one."""
    path = path_of(row, pid)
    if row["format"] != "request":
        return os.open(path, os.O_RDONLY)
    fd = os.open(path, os.O_RDWR)
    requests = {"walk": "%d 0" % pid, "attach": str(pid)}
    if row["view"] not in requests:
        os.close(fd)
        tap.skip("it is only written")
    os.write(fd, requests[row["view"]].encode())
    return fd


def columns(row, text):
    fields = [f["field"] for f in view.formats()[row["view"]] if f["field"]]
    tap.check(fields, "format has no columns of it")
    if text.header == ["field", "value"]:
        tap.equal([r[0].decode() for r in text.rows], fields, "its fields")
    else:
        tap.equal(text.header, fields, "its columns")


def one_capture(fd):
    """Pieces read one after the other, then from odd positions: the same bytes, of one capture."""
    os.lseek(fd, 0, os.SEEK_SET)
    pieces = view.read_all(fd, PIECE)
    tap.check(len(pieces) > 20, "only %d bytes" % len(pieces))
    pieces.decode("utf-8")
    text = view.Text(pieces, "in pieces of %d bytes" % PIECE)
    for position in [1, 3, 7, 63, 4095, 4097, len(pieces) // 2 | 1, len(pieces) - 1]:
        for size in (1, 13, 4096, 1 << 20):
            got, want = os.pread(fd, size, position), pieces[position:position + size]
            if got != want[:len(got)] or (want and not got):
                tap.check(False, "%d bytes at %d: %r, should be %r" % (size, position, got[:80], want[:80]))
    for position in (len(pieces), len(pieces) + 1, 1 << 40):
        tap.equal(os.pread(fd, 4096, position), b"", "bytes behind the end, at %d" % position)
    return text


def cells(row, text):
    """Every cell is what `format` says it is."""
    shows = {f["field"]: f["show"] for f in view.formats()[row["view"]]}
    bad = []
    for line in text.rows:
        pairs = [(line[0].decode(), line[1])] if text.header == ["field", "value"] else zip(text.header, line)
        for name, cell in pairs:
            show = shows[name]
            if cell is None or show in ("str", "name", "flags"):
                continue
            try:
                if show in ("addr", "pfn", "entry", "hex"):
                    right = cell.startswith(b"0x") and int(cell, 16) >= 0
                else:
                    right = str(int(cell)).encode() == cell
            except ValueError:
                right = False
            if not right:
                bad.append("%s is no %s: %r" % (name, show, cell))
    tap.none_of(bad, "cells")
    tap.count("text rows parsed", len(text.rows))


def main():
    rows = [{k: v.decode() if v else "" for k, v in r.items()} for r in view.read_text(view.DEBUG + "/view").dicts()]
    with kinds.processes("file name=odd") as found:
        pid = found[0][1]
        view.attach(pid)
        with tap.case("directories hold the views and nothing else"):
            places = {p: sorted(r["view"] for r in rows if r["place"] == p) for p in ("proc", "debug", "target")}
            tap.equal(sum(map(len, places.values())), len(rows), "views with a known place")
            tap.equal(sorted(os.listdir(view.PROC)), places["proc"], "files in /proc/mmscope")
            others = [n for n in os.listdir(view.DEBUG) if n != "self" and not n.isdigit()]
            tap.equal(sorted(others), places["debug"], "files in debugfs")
            tap.equal(sorted(os.listdir(view.target(pid))), places["target"], "files of a target")
            tap.equal(sorted(os.listdir(view.target("self"))), places["target"], "files of self")
        with tap.case("modes of the directories"):
            for path, want in ((view.PROC, 0o555), (view.DEBUG, 0o700)):
                tap.equal(oct(stat.S_IMODE(os.stat(path).st_mode)), oct(want), path)
        with tap.case("names, formats and helps say something"):
            for path in ("name", "format", "view"):
                text = view.read_text(os.path.join(view.DEBUG, path))
                tap.check(len(text.rows) >= 5, "%s has %d rows" % (path, len(text.rows)))
                at = text.header.index("help")
                empty = [r for r in text.rows if r[at] is None and path != "name"]
                tap.equal(empty, [], "rows of %s without help" % path)
            tap.equal([n for n in view.read_text(view.DEBUG + "/name").column("name") if not n], [], "empty names")
            tap.equal(sorted(set(view.formats()) - {r["view"] for r in rows} - {"stamp"}), [], "formats of no view")
            # Of itself and of those that are only written there may be no columns.
            silent = {r["view"] for r in rows} - set(view.formats())
            tap.equal(sorted(silent - {"detach"}), [], "views without a format")
        for row in rows:
            with tap.group(row["view"]):
                with tap.case("mode and owner"):
                    st = os.stat(path_of(row, pid))
                    tap.equal("%04o" % stat.S_IMODE(st.st_mode), row["mode"], "mode")
                    tap.equal((st.st_uid, st.st_gid), (0, 0), "owner")
                if row["format"] == "binary":
                    continue
                with tap.case("columns, cells, pieces"):
                    fd = open_view(row, pid)
                    try:
                        text = one_capture(fd)
                    finally:
                        os.close(fd)
                    columns(row, text)
                    cells(row, text)
        with tap.case("binary layouts fit their members"):
            tap.equal(view.layout("pte_raw").size, view.layout("stamp").size, "size of a stamp")
            tap.check(view.layout("pte_raw").size % 8 == 0, "no multiple of 8")
        with tap.case("a text of many chunks"), kinds.processes("many n=20000 touch=none") as big:
            view.attach(big[0][1])
            fd = os.open(view.target(big[0][1], "vma"), os.O_RDONLY)
            try:
                whole = view.read_all(fd, 1 << 20)
                tap.check(len(whole) > 1 << 20 and len(view.Text(whole).rows) > 20000, "only %d bytes" % len(whole))
                for position in range(65521, len(whole), 262147):
                    tap.check(os.pread(fd, 131, position) == whole[position:position + 131],
                              "131 bytes at %d differ from the whole" % position)
            finally:
                os.close(fd)
        with tap.case("what outgrows max_capture_mb comes in parts"), \
                guest.setting("/sys/module/mmscope/parameters/max_capture_mb", 1) as made, \
                kinds.processes("many n=20000 touch=none") as big:
            if not made:
                tap.skip("max_capture_mb cannot be set")
            view.attach(big[0][1])
            fd = os.open(view.target(big[0][1], "vma"), os.O_RDONLY)
            try:
                rows = view.Text(view.read_all(fd, 50001)).rows
                tap.fails(errno.ESPIPE, "a position of a part that is gone", os.pread, fd, 100, 1)
            finally:
                os.close(fd)
            tap.equal([(int(r[0], 16), int(r[1], 16)) for r in rows],
                      [(a.start, a.end) for a in witness.maps(big[0][1]) if a.name != b"[vsyscall]"], "ranges")
        with tap.case("what outgrows max_capture_mb by its text comes in parts"), guest.tmpfs() as where, \
                guest.setting("/sys/module/mmscope/parameters/max_capture_mb", 1) as made:
            tap.check(made, "max_capture_mb cannot be set")
            # A row of 2.6 KB: the text is full before the 1024 records that 1 MiB stands for.
            deep = "/".join([where] + ["%d" % i * 250 for i in range(10)])
            os.makedirs(deep)
            with kinds.processes("file maps=2000 dir=" + deep) as long:
                view.attach(long[0][1])
                whole = view.read_file(view.target(long[0][1], "vma"))
                tap.check(len(whole) > 5 << 20, "only %d bytes of text" % len(whole))
                tap.same_rows([(int(r[0], 16), int(r[1], 16), r[-1]) for r in view.Text(whole).rows],
                              [(a.start, a.end, a.name or None) for a in witness.maps(long[0][1])
                               if a.name != b"[vsyscall]"], "ranges and paths")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
