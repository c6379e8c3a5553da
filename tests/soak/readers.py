# SPDX-License-Identifier: GPL-2.0
"""
Readers of every view, as views.def has them (read back from `view`): whole, in small reads, by many
threads at once, with what each of these must give. A view that is added is read without another line.

A reader calls itself mm:VIEW while it is at a view, so a report of the kernel names the view.
"""
import collections
import ctypes
import errno
import json
import os
import random
import threading
import time

from mmtest import guest, view

PR_SET_NAME = 15
GONE = {errno.ESRCH, errno.ENOENT, errno.ENODATA}
NO_MEMORY = {errno.ENOMEM, errno.EFAULT}
UNLOADED = {errno.EIO, errno.ENODEV, errno.ENXIO, errno.EAGAIN}
SHOWN = 8
ENDLESS = 256 << 20
FIRST = 40 << 10        # of a long text, for those who read it in small pieces

View = collections.namedtuple("View", "name place mode format need help")


class Wrong(Exception):
    """An answer that no moment can explain."""


def views():
    return [View(*(cell.decode() for cell in row)) for row in view.read_text(view.DEBUG + "/view").rows]


def say_name(text):
    guest.libc.prctl(PR_SET_NAME, ctypes.c_char_p(text[:15].encode()), 0, 0, 0)


def at_once(function, items):
    """The function on each item in a thread of its own; the first exception is everybody's."""
    raised = []

    def run(item):
        try:
            function(item)
        except BaseException as error:  # handed on below
            raised.append(error)
    threads = [threading.Thread(target=run, args=(item,)) for item in items]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if raised:
        raise raised[0]


def same_capture(fd, data):
    """What is read at any position but 0 is of the capture made at 0."""
    def look(seed):
        rnd = random.Random(seed)
        for _ in range(8):
            at = rnd.randrange(1, len(data) + 1)
            got = os.pread(fd, rnd.choice([1, 7, 100, 4096]), at)
            if got != data[at:at + len(got)] or (not got and at < len(data)):
                raise Wrong("pread at %d of %d differs from the whole" % (at, len(data)))
    at_once(look, [random.random() for _ in range(3)])


def small_reads(fd):
    """Pieces of odd sizes: all of a short text, the beginning of a long one."""
    parts, got = [], 0
    while got < FIRST:
        part = os.read(fd, random.choice([1, 2, 7, 63, 512, 4095]) * random.randrange(1, 40))
        if not part:
            return b"".join(parts), True
        parts.append(part)
        got += len(part)
    return b"".join(parts), False


def whole_read(fd):
    """All of a text, which has an end."""
    parts, got = [], 0
    while got < ENDLESS:
        part = os.read(fd, view.STREAM)
        if not part:
            return b"".join(parts)
        parts.append(part)
        got += len(part)
    raise Wrong("a text without an end: %d bytes" % got)


def read_open_text(v, fd, how):
    """The text of an open file, or None where only a part was read."""
    if how == "small":
        data, whole = small_reads(fd)
        if not whole:
            return None
    else:
        data = whole_read(fd)
        # A capture longer than max_capture_mb goes on in parts, which are not kept.
        if how == "pread" and len(data) < 1 << 20:
            same_capture(fd, data)
    text = view.Text(data, v.name)
    columns = [row["field"] for row in view.formats().get(v.name, []) if row["field"]]
    shown = [c.decode() for c in text.column("field")] if text.header == ["field", "value"] else text.header
    if columns and shown != columns:
        raise Wrong("columns are %s, format says %s" % (shown, columns))
    if {"start", "end"} <= set(text.header):
        behind = 0
        for start, end in zip(text.column("start"), text.column("end")):
            start, end = int(start, 16), int(end, 16)
            if start < behind or end <= start:
                raise Wrong("rows overlap at %#x" % start)
            behind = end
    return text


def read_text(v, path, how, target, setup):
    fd = os.open(path, os.O_RDONLY)
    try:
        text = read_open_text(v, fd, how)
    finally:
        os.close(fd)
    if text and target == setup.still and v.name in setup.rows and text.rows != setup.rows[v.name]:
        raise Wrong("a process that stands still shows other rows: %s" % text.stamp)


def read_pte_raw(path, how, target, setup):
    with view.PteRaw(os.path.basename(os.path.dirname(path))) as raw:
        if how == "pread":
            def look(seed):
                rnd = random.Random(seed)
                for _ in range(6):
                    raw.read(rnd.choice([rnd.randrange(1 << 47), rnd.randrange(1 << 56)]), rnd.choice([4096, 65536]))
            at_once(look, [random.random() for _ in range(3)])
            return
        begin, end = setup.area if target == setup.still else (0, 1 << 64)
        size, position, total = 4096 if how == "small" else view.STREAM, begin, 0
        while position < end:
            records, stamp = raw.read(position, size)
            if not stamp:
                break
            # Only the first may begin before: a huge page that lies around the position, given whole.
            behind = position if not records or records[0].va >= position else records[0].va
            for r in records:
                if r.va < behind or (behind < position and r.va + r.size <= position):
                    raise Wrong("read at %#x: an entry at %#x of %d bytes" % (position, r.va, r.size))
                behind = r.va + r.size
                total += min(behind, end) - max(r.va, begin) if r.va < end else 0
            if not stamp.next:
                break
            if stamp.next < max(behind, position + 1):
                raise Wrong("read at %#x ends at %#x and goes on at %#x" % (position, behind, stamp.next))
            position = stamp.next
    if target == setup.still and total != end - begin:
        raise Wrong("%d bytes of entries in a locked area of %d" % (total, end - begin))


def read_binary(v, path, how, target, setup):
    if v.name == "pte_raw":
        return read_pte_raw(path, how, target, setup)
    size, fd = view.layout(v.name).size, os.open(path, os.O_RDONLY)

    def look(seed):
        rnd = random.Random(seed)
        for _ in range(4):
            got = os.pread(fd, 2 * size if how == "small" else view.STREAM, rnd.randrange(1 << 20) * size)
            if len(got) % size:
                raise Wrong("%d bytes are no whole records of %d" % (len(got), size))
    try:
        at_once(look, [random.random() for _ in range(3 if how == "pread" else 1)])
    finally:
        os.close(fd)


def requests(v, target, setup):
    """What may be asked; a view that is not known here is asked everything."""
    address = random.choice([setup.area[0], random.randrange(1 << 47), 0])
    number, pair = "%d" % target, "%d %#x" % (target, address)
    known = {"attach": [number], "detach": [number], "walk": [pair]}
    return known.get(v.name, [number, pair, "%#x" % random.randrange(1 << 20), "", "x"])


def request(v, path, how, target, setup):
    fd = os.open(path, os.O_RDWR if int(v.mode, 8) & 0o400 else os.O_WRONLY)
    try:
        words = requests(v, target, setup)
        try:
            os.write(fd, random.choice(words).encode())
        except OSError as error:
            if len(words) > 1 and error.errno in (errno.EINVAL, errno.ERANGE):
                return
            raise
        if v.name != "detach":
            read_open_text(v, fd, how)
    finally:
        os.close(fd)


HOW = {"text": read_text, "binary": read_binary, "request": request}
PLACE = {"proc": lambda v, target: "%s/%s" % (view.PROC, v.name),
         "debug": lambda v, target: "%s/%s" % (view.DEBUG, v.name),
         "target": lambda v, target: view.target(target, v.name)}


def read_once(v, setup):
    target = random.choice(setup.targets())
    how = random.choice(["whole", "small", "pread"])
    if v.place == "target" and target != "self":
        view.attach(target)
    number = os.getpid() if target == "self" else target
    HOW[v.format](v, PLACE[v.place](v, target), how, number if v.format == "request" else target, setup)


def allowed(board):
    also = {errno.EBUSY}    # attaching, with every directory in use
    if board.on("faults"):
        also |= NO_MEMORY
    if board.on("module"):
        also |= UNLOADED
    return GONE | also


def loop(slot, seed, board, setup, out):
    """A reader's life; its figures go to out."""
    random.seed(seed)
    table, figures = setup.views, {}
    while not board.on("stop"):
        number = random.randrange(len(table))
        v = table[number]
        mine = figures.setdefault(v.name, {"reads": 0, "refused": {}, "wrong": []})
        say_name("mm:" + v.name)
        permitted = allowed(board)
        board.at(slot, number)
        try:
            read_once(v, setup)
            mine["reads"] += 1
        except OSError as error:
            name = errno.errorcode.get(error.errno, str(error.errno))
            mine["refused"][name] = mine["refused"].get(name, 0) + 1
            if error.errno not in permitted | allowed(board):
                mine["wrong"].append("%s" % error)
        except (Wrong, view.Malformed) as why:
            mine["wrong"].append("%s" % why)
        del mine["wrong"][SHOWN:]
        board.at(slot, None)
        if board.on("module"):
            time.sleep(random.random() / 4)
    out.write(json.dumps(figures))


class Crew:
    """The readers, forked; end() gives their figures, added up by view."""

    def __init__(self, n, seed, board, setup):
        self.board, self.setup, self.pipes = board, setup, []
        board.switch("stop", False)
        for slot in range(n):
            board.at(slot, None)
            ours, theirs = os.pipe()
            pid = os.fork()
            if not pid:
                code = 1
                try:
                    os.close(ours)
                    with os.fdopen(theirs, "w") as out:
                        loop(slot, seed + slot, board, setup, out)
                    code = 0
                finally:
                    os._exit(code)
            os.close(theirs)
            self.pipes.append((pid, os.fdopen(ours)))

    def stuck(self, seconds):
        """Readers that are at the same read for longer: (pid, view)."""
        found = []
        for slot, (pid, _) in enumerate(self.pipes):
            since, number = self.board.since(slot)
            if number >= 0 and since > seconds:
                found.append((pid, self.setup.views[number].name))
        return found

    def end(self):
        self.board.switch("stop")
        total = {v.name: {"reads": 0, "refused": {}, "wrong": []} for v in self.setup.views}
        for pid, pipe in self.pipes:
            said = pipe.read()
            pipe.close()
            status = os.waitpid(pid, 0)[1]
            if status:
                raise RuntimeError("a reader ended with status %#x: %s" % (status, said))
            for name, figures in json.loads(said).items():
                sum_up(total[name], figures)
        return total


def sum_up(total, figures):
    total["reads"] += figures["reads"]
    total["wrong"] += figures["wrong"]
    for name, n in figures["refused"].items():
        total["refused"][name] = total["refused"].get(name, 0) + n
