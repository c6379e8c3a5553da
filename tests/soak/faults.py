# SPDX-License-Identifier: GPL-2.0
"""
The kernel's fault injection, aimed at the module: only where one of its functions is on the stack do
slab allocations, page allocations or copies to and from user space fail.
"""
import contextlib
import os
import subprocess

from mmtest import guest

MANY = 1 << 30
KINDS = {       # directory in debugfs -> percent that fail, settings of its own
    "failslab": (10, {"ignore-gfp-wait": "N", "cache-filter": "N"}),
    "fail_page_alloc": (20, {"ignore-gfp-wait": "N", "ignore-gfp-highmem": "N", "min-order": "0"}),
    "fail_usercopy": (5, {}),
}


def where(kind):
    return "/sys/kernel/debug/" + kind


def there(kind):
    return os.path.isdir(where(kind))


def text_range():
    """First and last address of the module's code, which moves with each insmod."""
    base = size = 0
    with open("/proc/modules") as f:
        for line in f:
            cells = line.split()
            if cells[0] == "mmscope":
                size = int(cells[1])
    with contextlib.suppress(OSError):
        base = int(guest.get("/sys/module/mmscope/sections/.text"), 16)
    # A module's parts lie apart; the stack is compared with the code, which is less than all of it.
    return base, base + size


@contextlib.contextmanager
def injected(kind, count):
    """Failures of that kind while the block lasts; count(n) is told how many there were."""
    low, high = text_range()
    percent, more = KINDS[kind]
    settings = {"verbose": 0, "space": 0, "interval": 1, "task-filter": "N", "times": MANY, **more,
                "stacktrace-depth": 48, "require-start": hex(low), "require-end": hex(high)}
    for name, value in settings.items():
        path = "%s/%s" % (where(kind), name)
        if os.path.exists(path) and not guest.put(path, value):
            raise OSError("cannot set %s" % path)
    guest.put(where(kind) + "/probability", percent)
    try:
        yield
    finally:
        guest.put(where(kind) + "/probability", 0)
        count(MANY - int(guest.get(where(kind) + "/times")))


def klog(top):
    """The first report in the kernel's log so far, or None."""
    said = subprocess.run(["dmesg"], stdout=subprocess.PIPE, check=True).stdout
    log = "/dev/shm/klog"
    with open(log, "wb") as f:
        f.write(said)
    done = subprocess.run([top + "/scripts/klog", log], stdout=subprocess.PIPE, check=False)
    return done.stdout.decode(errors="replace") if done.returncode else None
