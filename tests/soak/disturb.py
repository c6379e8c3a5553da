# SPDX-License-Identifier: GPL-2.0
"""
What happens around the readers, a phase at a time: a table of names and of things that go on while a
phase lasts. Each is a context manager that is given the board and counts what it did in figures.
"""
import contextlib
import ctypes
import errno
import mmap
import os
import random
import signal
import subprocess
import tempfile
import time
import traceback

import faults
from mmtest import guest, proc, view

MADV_COLLAPSE, MADV_PAGEOUT, MADV_HUGEPAGE, MADV_DONTNEED, MADV_MERGEABLE = 25, 21, 14, 4, 12
HUGE = 2 << 20
THP = "/sys/kernel/mm/transparent_hugepage/"


@contextlib.contextmanager
def command(*words):
    """A program with all it starts, for as long as the block lasts."""
    with open(os.devnull, "r+") as null:
        child = subprocess.Popen(words, stdin=null, stdout=null, stderr=null, start_new_session=True)
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(20)
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def stress(*workers):
    """stress-ng, one worker each."""
    words = ["nice", "-n", "5", "stress-ng", "--temp-path", "/dev/shm", "--timeout", "0"]
    for worker in workers:
        name, *more = worker.split()
        words += ["--" + name, "1"] + more
    return lambda board, figures: command(*words)


def forked(step):
    """step(n) again and again in a process of its own; what it returns is counted under its name."""
    @contextlib.contextmanager
    def going(board, figures):
        ours, theirs = os.pipe()
        pid = os.fork()
        if not pid:
            ending, done = [], 0
            signal.signal(signal.SIGTERM, lambda *_: ending.append(1))
            try:
                while not ending:
                    done += step(random.random)
                os.write(theirs, b"%d" % done)
            except BaseException:   # told to the parent, who raises it
                os.write(theirs, traceback.format_exc().encode())
            finally:
                os._exit(0)
        os.close(theirs)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGTERM)
            said = os.read(ours, 4096).decode()
            os.close(ours)
            os.waitpid(pid, 0)
            if not said.isdigit():
                raise RuntimeError("%s: %s" % (step.__name__, said))
            figures[step.__name__] = figures.get(step.__name__, 0) + int(said)
    return going


def huge_pages(rnd):
    """A huge page is made, torn at its middle, collapsed, swapped out, and given back."""
    with mmap.mmap(-1, 3 * HUGE) as area:
        area.madvise(MADV_HUGEPAGE)
        for i in range(0, 3 * HUGE, 4096 * 16):
            area[i] = 1
        at = HUGE - (ctypes.addressof(ctypes.c_char.from_buffer(area)) & (HUGE - 1))
        for advice, start, length in ((MADV_DONTNEED, at + HUGE // 2, 65536), (MADV_COLLAPSE, at, HUGE),
                                      (MADV_PAGEOUT, at, HUGE), (MADV_COLLAPSE, at, HUGE)):
            with contextlib.suppress(OSError):      # no memory, no such advice here
                area.madvise(advice, start, length)
    return 1


def exits(rnd):
    """Processes that are attached, forked, exec'ed and dead at once."""
    pids = []
    for i in range(4):
        pid = os.fork()
        if not pid:
            if i == 3:
                with contextlib.suppress(OSError):
                    os.execv("/bin/true", ["true"])
            os._exit(0)
        pids.append(pid)
        with contextlib.suppress(OSError):
            view.attach(pid)
    for pid in pids:
        os.waitpid(pid, 0)
    return len(pids)


def detaches(rnd):
    """Directories go while others are at them."""
    with contextlib.suppress(OSError):
        for name in os.listdir(view.DEBUG):
            if name.isdigit() and rnd() < 0.5:
                with contextlib.suppress(OSError):
                    view.detach(name)
    time.sleep(0.02)
    return 1


def processors(rnd):
    """The second processor goes and comes."""
    done = guest.put("/sys/devices/system/cpu/cpu1/online", 0) and guest.put("/sys/devices/system/cpu/cpu1/online", 1)
    time.sleep(0.2)
    return int(done)


def memory_blocks(rnd):
    """Blocks of memory go, where what they hold can be moved, and come back."""
    base, gone = "/sys/devices/system/memory/", []
    blocks = sorted(b for b in os.listdir(base) if b.startswith("memory") and b[6:].isdigit())
    for block in random.sample(blocks, min(4, len(blocks))):
        if "Movable" in guest.get(base + block + "/valid_zones") and guest.put(base + block + "/state", "offline"):
            gone.append(block)
    for block in gone:
        guest.put(base + block + "/state", "online_movable")
    time.sleep(0.2)
    return len(gone)


def rounds(rnd):
    """rmmod, whenever no file is open, and insmod."""
    try:
        guest.unload()
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EBUSY):
            raise
        time.sleep(0.02)
        return 0
    guest.load(guest.module_path(), "show_addresses=1")
    return 1


@contextlib.contextmanager
def module(board, figures):
    board.switch("module")
    try:
        with forked(rounds)(board, figures):
            yield
    finally:
        board.switch("module", False)


def fault(kind):
    @contextlib.contextmanager
    def going(board, figures):
        if not faults.there(kind):
            yield
            return

        def count(n):
            figures[kind] = figures.get(kind, 0) + n
        board.switch("faults")
        try:
            with faults.injected(kind, count):
                yield
        finally:
            board.switch("faults", False)
    return going


def setting(path, value):
    return lambda board, figures: guest.setting(path, value)


def mkmm(kind):
    return lambda board, figures: proc.Mkmm(kind)


@contextlib.contextmanager
def fuzz(board, figures):
    """Whatever can be asked of a file, by tests/fuzz, which judges the answers."""
    with tempfile.TemporaryFile(dir="/dev/shm") as said:
        words = ["mmfuzz", "-s", str(random.randrange(1 << 30)), "-T", "100000"] + ["-f"] * board.on("faults")
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT) as child:
            try:
                yield
            finally:
                child.terminate()
                status = child.wait(180)
        said.seek(0)
        lines = said.read().decode(errors="backslashreplace").splitlines()
    judged = [int(line.split()[3]) for line in lines if line.startswith("# results judged: ")]
    figures["fuzz_requests"] = figures.get("fuzz_requests", 0) + sum(judged)
    if status or not judged:
        raise RuntimeError("mmfuzz ended with %s:\n%s" % (status, "\n".join(
            [line for line in lines if not line.startswith("count ")][:20])))


numa = setting("/proc/sys/kernel/numa_balancing", 1)
ksm = setting("/sys/kernel/mm/ksm/run", 1)
khugepaged = setting(THP + "khugepaged/scan_sleep_millisecs", 10)
churn = stress("mmapmany", "mremap", "munmap", "mprotect")

PHASES = {
    "churn": [churn, stress("stackmmap", "vm-segv", "pagemove")],
    "pages": [numa, ksm, stress("userfaultfd", "pageswap", "memthrash", "tlb-shootdown", "rmap",
                          "vm --vm-bytes 32M --vm-madvise mergeable")],
    "exits": [stress("fork", "vfork", "clone"), forked(exits), forked(detaches)],
    "huge": [numa, khugepaged, forked(huge_pages), stress("numa", "vm --vm-bytes 64M --vm-madvise hugepage")],
    "failslab": [churn, fault("failslab"), forked(exits)],
    "hotplug": [forked(processors), forked(memory_blocks), stress("mmapmany", "vm --vm-bytes 64M")],
    "failpage": [stress("fork", "rmap"), fault("fail_page_alloc"), forked(exits)],
    "module": [module, churn],
    "failcopy": [churn, fault("fail_usercopy")],
    "peers": [stress("procfs", "sysfs"), mkmm("churn us=100 n=2000")],
    "fuzz": [fuzz, stress("mmapmany", "fork")],
    "fuzzfail": [fault("failslab"), fuzz],
}
