# SPDX-License-Identifier: GPL-2.0
"""The machine the tests run in: swap, huge pages, daemons that must be quiet."""
import contextlib
import ctypes
import os
import select
import signal
import subprocess
import tempfile
import time

THP = "/sys/kernel/mm/transparent_hugepage/"
DAMON = "/sys/module/damon_stat/parameters/enabled"


def put(path, value):
    """Writes a setting; False where it is not to be had."""
    try:
        with open(path, "w") as f:
            f.write(str(value))
        return True
    except OSError:
        return False


def get(path):
    with open(path) as f:
        return f.read().strip()


@contextlib.contextmanager
def setting(path, value):
    """A setting for as long as the block lasts; gives whether it could be made."""
    try:
        old = get(path)
    except OSError:
        yield False
        return
    if "[" in old:
        old = old[old.index("[") + 1:old.index("]")]
    made = put(path, value)
    try:
        yield made
    finally:
        put(path, old)


def quiet():
    """Daemons that move pages of a stopped process, off."""
    put(THP + "khugepaged/defrag", 0)
    put(THP + "khugepaged/scan_sleep_millisecs", 4000000000)
    put("/sys/kernel/mm/ksm/run", 0)
    put("/proc/sys/kernel/numa_balancing", 0)
    put("/proc/sys/vm/compaction_proactiveness", 0)
    put("/proc/sys/vm/overcommit_memory", 1)
    put(DAMON, "N")
    put(THP + "shmem_enabled", "advise")


def has_swap():
    return len(get("/proc/swaps").splitlines()) > 1


@contextlib.contextmanager
def swap(megabytes=64):
    """Swap on zram while the block lasts; gives whether there is any."""
    if has_swap():
        yield True
        return
    subprocess.run(["modprobe", "zram", "num_devices=1"], stderr=subprocess.DEVNULL, check=False)
    device = "/dev/zram0"
    if not os.path.exists("/sys/block/zram0") or not put("/sys/block/zram0/disksize", "%dM" % megabytes):
        yield False
        return
    subprocess.run(["mkswap", device], stdout=subprocess.DEVNULL, check=True)
    subprocess.run(["swapon", device], check=True)
    try:
        yield True
    finally:
        subprocess.run(["swapoff", device], check=False)
        put("/sys/block/zram0/reset", 1)


@contextlib.contextmanager
def huge_pages(kilobytes, n):
    """A pool of hugetlb pages while the block lasts; gives how many there are."""
    path = "/sys/kernel/mm/hugepages/hugepages-%dkB/nr_hugepages" % kilobytes
    put("/proc/sys/vm/compact_memory", 1) if kilobytes > 2048 else None
    with setting(path, n) as made:
        yield int(get(path)) if made else 0


libc = ctypes.CDLL(None, use_errno=True)


def check_call(result, what):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, "%s: %s" % (what, os.strerror(error)))
    return result


def prctl(option, *args):
    args = [ctypes.c_ulong(a) for a in args] + [ctypes.c_ulong(0)] * (4 - len(args))
    return check_call(libc.prctl(ctypes.c_int(option), *args), "prctl")


def mount(kind, where, options=""):
    check_call(libc.mount(kind.encode(), where.encode(), kind.encode(), 0, options.encode()), "mount of " + kind)


def umount(where, flags=0):
    check_call(libc.umount2(where.encode(), flags), "umount")


@contextlib.contextmanager
def tmpfs():
    """A directory with a tmpfs of its own, which the block may unmount."""
    where = tempfile.mkdtemp()
    mount("tmpfs", where)
    try:
        yield where
    finally:
        with contextlib.suppress(OSError):
            umount(where, 2)    # MNT_DETACH
        os.rmdir(where)


def take_fd(pid, path):
    """The open file of that path of another process: the same one, not one opened anew."""
    fd = next(int(n) for n in os.listdir("/proc/%d/fd" % pid) if os.readlink("/proc/%d/fd/%s" % (pid, n)) == path)
    process = os.pidfd_open(pid)
    try:
        return check_call(libc.syscall(438, process, fd, 0), "pidfd_getfd")
    finally:
        os.close(process)


def slab_objects(cache):
    """Objects in use of a cache (or of all that it was merged with), or None where none tells."""
    path = "/sys/kernel/slab/%s/" % cache
    put(path + "shrink", 1)
    try:
        return int(get(path + "objects").split()[0])
    except OSError:
        return None


CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYSLOG = 19, 21, 34
_SYS = {"x86_64": (125, 126), "aarch64": (90, 91), "riscv64": (90, 91)}[os.uname().machine]


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


def set_caps(on, *caps, sets=(0,)):
    """Capabilities of this process on or off, in the effective (0) and the permitted (1) set."""
    head = _Header(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    check_call(libc.syscall(_SYS[0], ctypes.byref(head), data), "capget")
    for cap in caps:
        for part in sets:
            word = cap // 32 * 3 + part
            data[word] = data[word] | 1 << cap % 32 if on else data[word] & ~(1 << cap % 32) & 0xffffffff
    check_call(libc.syscall(_SYS[1], ctypes.byref(head), data), "capset")


def drop_caps(*caps):
    """For good."""
    set_caps(False, *caps, sets=(0, 1))


def in_child(function, seconds=None):
    """
    Runs the function in a fork, so that what it gives up stays given up only there, and gives what it
    returned as text. TimeoutError when it has not ended in time: it may be where no signal reaches it.
    """
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.close(ours)
            os.write(theirs, repr(function()).encode())
            code = 0
        except BaseException as error:  # the fork must not go on as the test
            os.write(theirs, repr(error).encode())
        finally:
            os._exit(code)
    os.close(theirs)
    said = b""
    try:
        while True:
            if not select.select([ours], [], [], seconds)[0]:
                os.kill(pid, signal.SIGKILL)
                raise TimeoutError("not done within %s s" % seconds)
            part = os.read(ours, 65536)
            if not part:
                break
            said += part
    finally:
        os.close(ours)
    status = os.waitpid(pid, 0)[1]
    if status:
        raise RuntimeError("in child: %s (status %#x)" % (said.decode(), status))
    return said.decode()


_MODULE_CALLS = {"x86_64": (313, 176), "aarch64": (273, 106), "riscv64": (273, 106)}[os.uname().machine]


def load_fd(fd, parameters=""):
    check_call(libc.syscall(_MODULE_CALLS[0], fd, parameters.encode(), 0), "finit_module")


def load(path, parameters=""):
    fd = os.open(path, os.O_RDONLY)
    try:
        load_fd(fd, parameters)
    finally:
        os.close(fd)


def unload(name="mmscope"):
    """rmmod, which never waits."""
    check_call(libc.syscall(_MODULE_CALLS[1], name.encode(), os.O_NONBLOCK), "delete_module")


def module_path():
    """The mmscope.ko that was loaded here, or None."""
    for path in (os.environ.get("MMSCOPE_KO", ""), "/run/mmscope/mmscope.ko"):
        if path and os.path.exists(path):
            return path
    return None


def kmemleak():
    """What nobody points to any more, by two scans, since a new object is given time; empty also without it."""
    path = "/sys/kernel/debug/kmemleak"
    if not os.path.exists(path):
        return ""
    for _ in range(2):
        put(path, "scan")
        time.sleep(6)
    return get(path)


def taint():
    """The bits that an oops, a warning or a bad page leave for good."""
    return int(get("/proc/sys/kernel/tainted")) & (1 << 5 | 1 << 7 | 1 << 9 | 1 << 14)
