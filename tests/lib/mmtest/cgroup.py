# SPDX-License-Identifier: GPL-2.0
"""A memory cgroup, to see what is charged to a reader and what happens when there is no more."""
import os
import signal
import tempfile
import time

from . import guest, tap

ROOT = "/sys/fs/cgroup"


class Cgroup:
    def __init__(self):
        if "memory" not in guest.get(ROOT + "/cgroup.controllers").split():
            tap.skip("no memory cgroups in this kernel")
        guest.put(ROOT + "/cgroup.subtree_control", "+memory")
        self.path = tempfile.mkdtemp(prefix="reader-", dir=ROOT)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for pid in self.get("cgroup.procs").split():
            os.kill(int(pid), signal.SIGKILL)
        end = time.monotonic() + 20
        while True:
            try:
                os.rmdir(self.path)
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def get(self, name):
        return guest.get(os.path.join(self.path, name))

    def put(self, name, value):
        if not guest.put(os.path.join(self.path, name), value):
            raise tap.Failure("%s of a cgroup cannot be set to %s" % (name, value))

    def join(self):
        """This process, with what it is charged for from now on."""
        self.put("cgroup.procs", os.getpid())

    def bytes(self):
        return int(self.get("memory.current"))

    def peak(self):
        return int(self.get("memory.peak"))

    def killed(self):
        """Processes killed because it was full."""
        return dict(line.split() for line in self.get("memory.events").splitlines())["oom_kill"] != "0"

    def idle(self):
        """What is still charged when nobody is inside and what can be reclaimed was."""
        guest.put(os.path.join(self.path, "memory.reclaim"), "256M")     # Linux 5.19; fails when it finds less
        return self.bytes()

    def inside(self, function, *args):
        """In a fork that belongs to it; what the function returned, evaluated again."""
        def work():
            self.join()
            return function(*args)
        said = guest.in_child(work, 120)
        return eval(said, {"__builtins__": {}})     # a repr of numbers and strings of our own

    def stat(self, name):
        """A row of memory.stat: `kernel`, `slab`, `vmalloc`, `anon`, in bytes."""
        rows = dict(line.split() for line in self.get("memory.stat").splitlines())
        return int(rows[name])
