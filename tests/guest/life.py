#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Lifetimes: of processes that end, exec or hand on their number while they are read; of readers that
are stuck; of the module, which stays while a file is open and leaves nothing behind.
"""
import errno
import os
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, kinds, proc, tap, view, witness  # noqa: E402

ROUNDS = max(90, int(os.environ.get("MMSCOPE_ROUNDS", 200)))    # fewer judge nothing
PROMPT = 5      # seconds that no request may take, stuck readers or not


def open_ro(*path):
    return os.open(os.path.join(*path), os.O_RDONLY)


def starts(pid):
    return [int(c, 16) for c in view.read_text(view.target(pid, "vma")).column("start")]


def starts_of_maps(pid):
    return [a.start for a in witness.maps(pid) if a.name != b"[vsyscall]"]


def exits():
    with tap.group("exit"):
        with tap.case("between open and read"), proc.Mkmm("anon") as made:
            view.attach(made.pid)
            fds = [open_ro(view.target(made.pid, f)) for f in ("vma", "pte_raw")]
            made.kill()
            for fd in fds:
                tap.fails(errno.ESRCH, "read", os.read, fd, 1 << 16)
                os.close(fd)
            with view.Request("walk") as walk:
                tap.fails(errno.ESRCH, "walk", walk.raw, "%d 0" % made.pid)
            for f in ("vma", "pte_raw"):
                try:
                    os.close(open_ro(view.target(made.pid, f)))
                    tap.check(False, "a new open of %s worked" % f)
                except OSError as error:    # the sweep may have taken the directory by now
                    tap.check(error.errno in (errno.ESRCH, errno.ENOENT), "a new open: %s" % error)
        with tap.case("in the middle of a read"), proc.Mkmm("many n=2000") as made:
            view.attach(made.pid)
            fd, raw = open_ro(view.target(made.pid, "vma")), view.PteRaw(made.pid)
            head = os.read(fd, 1000)
            records, stamp = raw.read(0, 4096)
            tap.check(len(head) == 1000 and records, "nothing before the exit")
            made.kill()
            text = view.Text(head + view.read_all(fd))
            tap.check(len(text.rows) > 2000, "the capture did not outlive the process")
            tap.fails(errno.ESRCH, "pte_raw, further on", os.pread, raw.fd, 4096, stamp.next)
            tap.fails(errno.ESRCH, "vma, anew", os.pread, fd, 4096, 0)
            os.close(fd)
            os.close(raw.fd)
        with tap.case("while it is read again and again"):
            good, lives = 0, (10, 40, 80, 160, 320, 640, 1280, 2560)
            for i, ms in enumerate(lives):
                if i >= 3 and good > 3:     # a loaded machine gets longer lives
                    break
                with proc.Mkmm("exiting pages=500 ms=%d" % ms) as made:
                    try:
                        view.attach(made.pid)
                    except OSError as error:
                        tap.equal(error.errno, errno.ESRCH, "attach of what ended before")
                        continue
                    good += read_until_gone(made.pid)
            tap.check(good > 3, "only %d reads before the ends" % good)


def read_until_gone(pid):
    good = 0
    for _ in range(100000):
        try:
            with view.PteRaw(pid) as raw:
                view.read_text(view.target(pid, "vma"))
                raw.whole()
            good += 1
        except OSError as error:
            tap.check(error.errno in (errno.ESRCH, errno.ENOENT), str(error))
            return good
    raise tap.Failure("the process never went")


def execs():
    with tap.group("exec"):
        with tap.case("between open and read"), proc.Mkmm("anon") as made:
            view.attach(made.pid)
            fds = [open_ro(view.target(made.pid, f)) for f in ("vma", "pte_raw")]
            os.pread(fds[1], 4096, 0)
            said = made.command("exec many n=50")
            tap.check(said and "areas=50" in said, "the exec: %s" % said)
            for fd in fds:
                tap.fails(errno.ESRCH, "read", os.read, fd, 1 << 16)
                tap.fails(errno.ESRCH, "read once more", os.pread, fd, 1 << 16, 0)
                os.close(fd)
            tap.equal(starts(made.pid), starts_of_maps(made.pid), "areas by a new open")
        with tap.case("while it is read again and again"), proc.Mkmm("execing ms=5") as made:
            view.attach(made.pid)
            good = gone = 0
            end = time.monotonic() + 4
            while time.monotonic() < end:
                try:
                    with view.PteRaw(made.pid) as raw:
                        text = view.read_text(view.target(made.pid, "vma"))
                        raw.whole()
                    rows = [(int(r[0], 16), int(r[1], 16)) for r in text.rows]
                    tap.check(rows and all(a[1] <= b[0] for a, b in zip(rows, rows[1:])), "areas overlap")
                    good += 1
                except OSError as error:
                    tap.equal(error.errno, errno.ESRCH, "errno")
                    gone += 1
            tap.check(good >= 10, "only %d good reads, %d ESRCH" % (good, gone))
            tap.count("reads across execs", good)


def take_number(pid):
    """A process of exactly this number, or None."""
    for _ in range(50):
        if not guest.put("/proc/sys/kernel/ns_last_pid", pid - 1):
            tap.skip("no ns_last_pid in this kernel")
        made = proc.Mkmm("many n=77")
        if made.pid == pid:
            return made
        made.close()
    return None


def reuse():
    with tap.case("a process number that is used again"):
        with proc.Mkmm("anon") as first:
            pid = first.pid
            view.attach(pid)
            fd = open_ro(view.target(pid, "vma"))
            tap.check(os.read(fd, 100), "nothing")
            first.kill()
        second = take_number(pid)
        tap.check(second is not None, "the number %d did not come back" % pid)
        with second:
            tap.fails(errno.ESRCH, "the old open", os.pread, fd, 4096, 0)
            try:
                old = starts(pid)
                tap.check(False, "the dead process's directory shows %d areas of another" % len(old))
            except OSError as error:
                tap.check(error.errno in (errno.ESRCH, errno.ENOENT), str(error))
            view.attach(pid)
            tap.equal(starts(pid), starts_of_maps(pid), "areas after attaching the new one")
            tap.fails(errno.ESRCH, "the old open, still", os.pread, fd, 4096, 0)
            tap.equal(view.read_text(view.PROC + "/attach").column("dir").count(b"%d" % pid), 1, "rows of it")
            os.close(fd)


def in_time(function, what):
    """In a fork that must end in time; gives what it returns. One that hangs is left behind."""
    try:
        return guest.in_child(function, PROMPT)
    except TimeoutError:
        raise tap.Failure("%s took more than %d s" % (what, PROMPT)) from None


def unload_errno():
    try:
        guest.unload()
        return 0
    except OSError as error:
        return error.errno


def stuck():
    with tap.group("a reader stuck in a page fault, of"), proc.Mkmm("anon") as target, proc.Mkmm("anon") as other:
        files = ["%s/%d/vma" % (view.DEBUG, target.pid), "%s/%d/pte_raw" % (view.DEBUG, target.pid),
                 view.DEBUG + "/self/vma", view.DEBUG + "/self/pte_raw", view.DEBUG + "/name",
                 view.PROC + "/version", view.PROC + "/attach"]
        for path in files:
            name = path.replace("/%d/" % target.pid, "/PID/")
            with tap.case(name):
                view.attach(target.pid)
                with proc.Mkmm("stuck path=" + path) as reader:
                    in_time(lambda: view.attach(other.pid), "attach of another")
                    tap.check(int(in_time(lambda: len(starts(other.pid)), "reading another")) > 5, "no areas")
                    in_time(lambda: view.detach(other.pid), "detach of another")
                    tap.equal(int(in_time(unload_errno, "rmmod")), errno.EAGAIN, "rmmod")
                    # Neither the target nor the reader's own memory may be locked meanwhile.
                    for process in (target, reader):
                        tap.equal(process.command("map 0x10000000 8192"), "ok", "mmap by process %d" % process.pid)
                        tap.equal(process.command("write 0x10000000 2"), "ok", "a fault of process %d" % process.pid)
                        tap.equal(process.command("unmap 0x10000000 8192"), "ok", "munmap by process %d" % process.pid)
                    if "PID" in name:
                        in_time(lambda: view.detach(target.pid), "detach of what is being read")
                        in_time(lambda: view.attach(target.pid), "attach of it")
                    tap.check(proc.state(reader["tid"]) in "SD", "the reader is %s" % proc.state(reader["tid"]))
                    reader.child.stdin.close()
                    said = reader.readline(20)
                    tap.check(said and said.endswith("errno=0") and not said.startswith("read=0"), "the reader: %s" % said)


def shared_file():
    with tap.group("one open file, its first reader stuck in a page fault, of"), proc.Mkmm("many n=500") as target:
        view.attach(target.pid)
        for path in ("%s/%d/vma" % (view.DEBUG, target.pid), "%s/%d/pte_raw" % (view.DEBUG, target.pid),
                     view.PROC + "/attach"):
            with tap.case(path.replace("/%d/" % target.pid, "/PID/")), proc.Mkmm("stuck path=" + path) as reader:
                fd = guest.take_fd(reader.pid, path)
                try:
                    for position in (0, 8) if "pte_raw" not in path else (0, target["start"]):
                        got = in_time(lambda p=position: len(os.pread(fd, 4096, p)), "pread at %#x" % position)
                        tap.check(int(got) > 50, "%s bytes at %#x" % (got, position))
                finally:
                    os.close(fd)
                tap.check(proc.state(reader["tid"]) in "SD", "the reader is %s" % proc.state(reader["tid"]))
                reader.child.stdin.close()
                said = reader.readline(20)
                tap.check(said and said.endswith("errno=0") and not said.startswith("read=0"), "the reader: %s" % said)


def mapped_kb():
    """Of anonymous memory. (MemFree misses what the lists of each processor keep.)"""
    rows = dict(line.split(":") for line in guest.get("/proc/meminfo").splitlines())
    return int(rows["AnonPages"].split()[0])


def memory_of_dead():
    """A reader that sleeps in its own fault keeps a dead target's numbers, not its memory."""
    with tap.group("a killed target's memory comes back while a reader is stuck in"):
        for name in ("pte_raw", "vma"):
            with tap.case(name), proc.Mkmm("anon pages=25000") as target:
                view.attach(target.pid)
                at = target["start"] if name == "pte_raw" else 0
                with proc.Mkmm("stuck path=%s at=%d" % (view.target(target.pid, name), at)) as reader:
                    before = mapped_kb()
                    target.kill()
                    proc.wait_for(lambda: before - mapped_kb() > 80000, "100 MB of a dead process to come back", 10)
                    tap.check(proc.state(reader["tid"]) in "SD", "the reader is %s" % proc.state(reader["tid"]))


def refused():
    with tap.group("rmmod is refused while open"), proc.Mkmm("anon") as made:
        view.attach(made.pid)
        rows = view.read_text(view.DEBUG + "/view").dicts()
        tops = {b"proc": [view.PROC], b"debug": [view.DEBUG], b"target": [view.target(made.pid), view.target("self")]}
        for row in rows:
            for top in tops[row["place"]]:
                path = os.path.join(top, row["view"].decode())
                with tap.case(path.replace("/%d/" % made.pid, "/PID/")):
                    fd = os.open(path, os.O_RDWR if row["format"] == b"request" else os.O_RDONLY)
                    try:
                        tap.fails(errno.EAGAIN, "delete_module", guest.unload)
                        tap.check(os.path.exists("/sys/module/mmscope"), "the module went all the same")
                        if row["format"] != b"request":
                            tap.check(os.read(fd, 1 << 16), "nothing to read after it")
                    finally:
                        os.close(fd)


def directories():
    return {int(d) for d in os.listdir(view.DEBUG) if d.isdigit()}


def many_attaches():
    most = int(guest.get("/sys/module/mmscope/parameters/max_targets"))
    children = most + 44
    with tap.case("1000 attaches stay within max_targets and spare open readers"), \
            proc.Mkmm("forked pages=1 cow=0 children=%d" % children) as made:
        pids = made.pids()
        view.attach(pids[0])
        view.attach(pids[1])
        open_files = [(pid, open_ro(view.target(pid, f))) for pid in pids[:2] for f in ("vma", "pte_raw")]
        seen = 0
        for i in range(1000):
            view.attach(pids[2 + i % (len(pids) - 2)])
            if i % 50 == 0 or i > 990:
                dirs = directories()
                tap.check(len(dirs) <= most, "%d directories" % len(dirs))
                tap.check({pids[0], pids[1]} <= dirs, "the directory of an open reader went")
                seen = max(seen, len(dirs))
        tap.equal(seen, most, "directories at most")
        tap.equal(len(view.read_text(view.PROC + "/attach").rows), most, "rows of attach")
        for pid, fd in open_files:
            tap.check(len(os.pread(fd, 1 << 16, 0)) > 300, "process %d cannot be read any more" % pid)
            os.close(fd)
        with tap.group("all of them open"):
            dirs = [int(d) for d in os.listdir(view.DEBUG) if d.isdigit()]
            held = [open_ro(view.target(pid, "vma")) for pid in dirs]
            spare = next(p for p in pids if p not in dirs)
            tap.fails(errno.EBUSY, "attach of one more", view.attach, spare)
            os.close(held.pop())
            view.attach(spare)
            tap.check(str(spare) in os.listdir(view.DEBUG), "no directory after one was closed")
            for fd in held:
                os.close(fd)
        for pid in pids:
            if os.path.exists(view.target(pid)):
                view.detach(pid)


def oldest_goes():
    with tap.case("the least recently used makes room"), proc.Mkmm("forked pages=1 cow=0 children=12") as made, \
            guest.setting("/sys/module/mmscope/parameters/max_targets", 8) as can:
        tap.check(can, "max_targets cannot be set")
        for pid in directories():
            view.detach(pid)
        pids = made.pids()

        def later(function, *args):
            time.sleep(0.03)    # several ticks: what is used is known by the tick
            function(*args)
        for pid in pids[:8]:
            later(view.attach, pid)
        tap.equal(directories(), set(pids[:8]), "directories of the first eight")
        later(lambda: os.close(open_ro(view.target(pids[0], "vma"))))
        later(view.attach, pids[2])
        expected = set(pids[:8])
        for newer, goes in zip(pids[8:], (1, 3, 4, 5)):
            later(view.attach, newer)
            expected = expected - {pids[goes]} | {newer}
            tap.equal(sorted(map(pids.index, directories())), sorted(map(pids.index, expected)),
                      "those attached, by age, when number %d must go" % goes)
        for pid in expected:
            view.detach(pid)


def sweeps():
    with tap.case("a dead target's directory goes by itself"), proc.Mkmm("anon") as made:
        view.attach(made.pid)
        made.kill()
        proc.wait_for(lambda: not os.path.exists(view.target(made.pid)), "its directory to go", 25)
        tap.check(os.path.exists(view.target("self")), "self went, too")


def use(pid, other):
    """Every way to a process's memory once; the walk file names two."""
    view.attach(pid)
    view.read_file(view.target(pid, "vma"))
    fd = open_ro(view.target(pid, "pte_raw"))
    os.pread(fd, 1 << 16, 0)
    os.close(fd)
    with view.Request("walk") as walk:
        walk.raw("%d 0" % other)
        walk.raw("%d 0" % pid)


def use_and_kill(children):
    """How many processes, of which nothing of ours may remain."""
    with proc.Mkmm("forked pages=1 cow=0 children=%d" % children) as made:
        pids = made.pids()[1:]
        for pid, other in zip(pids, pids[1:] + pids[:1]):
            use(pid, other)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    proc.wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in pids), "%d processes to go" % children)
    with proc.Mkmm("anon") as fresh:    # attaching takes away the dead
        view.attach(fresh.pid)
        tap.equal(directories() & set(pids), set(), "directories of the dead")
        view.detach(fresh.pid)


CACHES = ("mm_struct", "pid")


def leaves_no_process():
    with tap.case("200 processes looked at and killed leave no mm and no pid"):
        use_and_kill(30)
        before = {cache: guest.slab_objects(cache) for cache in CACHES}
        if None in before.values():
            tap.skip("no counts of slab objects in this kernel")
        use_and_kill(200)

        def more():
            return {cache: guest.slab_objects(cache) - before[cache] for cache in CACHES}
        end = time.monotonic() + 15     # they go after a grace period
        while max(more().values()) > 60 and time.monotonic() < end:
            time.sleep(0.5)
        left = more()
        tap.note("objects more than before: %s" % ", ".join("%s %+d" % kv for kv in left.items()))
        tap.none_of(["%s: %d more of 200" % kv for kv in left.items() if kv[1] > 60], "caches")


def leaves_no_file():
    with tap.case("a mapped file that was looked at can be unmounted"), guest.tmpfs() as where:
        with proc.Mkmm("file share=shared dir=" + where) as made:
            view.attach(made.pid)
            text = view.read_text(view.target(made.pid, "vma"))
            tap.check(any(p and p.startswith(where.encode()) for p in text.column("path")), "the file is no row")
            fd = open_ro(view.target(made.pid, "vma"))
            tap.equal(len(os.read(fd, 100)), 100, "bytes of a capture that is not read to its end")
            tap.fails(errno.EBUSY, "umount while it is mapped", guest.umount, where)
            made.kill()

        def unmounted():
            try:
                guest.umount(where)
                return True
            except OSError as error:
                tap.equal(error.errno, errno.EBUSY, "errno of umount")
                return False
        # The capture is text by now: it keeps no file, open or not.
        proc.wait_for(unmounted, "umount: a reference is left", 5)
        os.close(fd)


def memory():
    """kB, when caches are dropped: of slab, of vmalloc, and of all memory in use."""
    guest.put("/proc/sys/vm/drop_caches", 3)
    rows = dict(line.split(":") for line in guest.get("/proc/meminfo").splitlines())
    rows = {k: int(v.split()[0]) for k, v in rows.items()}
    return {"slab": rows["SUnreclaim"] + rows["SReclaimable"], "vmalloc": rows["VmallocUsed"],
            "memory": rows["MemTotal"] - rows["MemFree"] - rows["Cached"] - rows["Buffers"]}


# kB a round that each may grow by: less than one forgotten object, area or buffer of 64 KiB would make.
GROWTH = {"slab": 0.5, "vmalloc": 0.2, "memory": 8}


def slope(points):
    """kB per round: the median over all pairs, since a step (a cache that settles) is no leak."""
    return statistics.median((y - v) / (x - u) for i, (x, y) in enumerate(points) for u, v in points[:i])


def steady(points):
    """The least slope of any third: a leak is in all of them, a step in one."""
    third = -(-len(points) // 3)
    return min(slope(points[i:i + third]) for i in range(0, len(points), third))


def kmemleak():
    path = "/sys/kernel/debug/kmemleak"
    if not os.path.exists(path):
        return ""
    for _ in range(2):
        guest.put(path, "scan")
        time.sleep(6)
    return guest.get(path)


def rounds():
    ko = guest.module_path()
    with tap.case("%d rounds of load, use, unload leave nothing" % ROUNDS), proc.Mkmm("many n=200") as made:
        if not ko:
            tap.skip("no mmscope.ko at hand")
        parameters = "show_addresses=%s" % guest.get("/sys/module/mmscope/parameters/show_addresses")
        guest.unload()
        seen = {what: [] for what in GROWTH}
        for i in range(ROUNDS):
            guest.load(ko, parameters)
            view.attach(made.pid)
            view.read_file(view.target(made.pid, "vma"))
            fd = open_ro(view.target(made.pid, "pte_raw"))
            os.pread(fd, 1 << 16, 0)
            os.close(fd)
            with view.Request("walk") as walk:
                walk.raw("%d %#x" % (made.pid, made["start"]))
            guest.unload()
            if i >= ROUNDS // 4 and i % 3 == 0:
                for what, kb in memory().items():
                    seen[what].append((i, kb))
        tap.equal(os.path.exists(view.PROC) or os.path.exists(view.DEBUG), False, "files without the module")
        guest.load(ko, parameters)
        slopes = {what: steady(points) for what, points in seen.items()}
        tap.note("kB a round: %s" % ", ".join("%s %+.3f" % kv for kv in slopes.items()))
        tap.none_of(["%s grows by %.3f kB a round: %s" % (what, slopes[what], seen[what])
                     for what in GROWTH if slopes[what] > GROWTH[what]], "growth")
        tap.equal(kmemleak(), "", "kmemleak")
        tap.count("load and unload rounds", ROUNDS)


def main():
    guest.quiet()
    taint = guest.taint()
    exits()
    execs()
    reuse()
    stuck()
    shared_file()
    memory_of_dead()
    refused()
    many_attaches()
    oldest_goes()
    sweeps()
    leaves_no_process()
    leaves_no_file()
    rounds()
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
