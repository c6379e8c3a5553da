# SPDX-License-Identifier: GPL-2.0
"""Processes to look at, and the protocol of looking: witness, mmscope, witness."""
import contextlib
import os
import select
import signal
import subprocess
import time

from . import tap

MKMM = os.environ.get("MMSCOPE_MKMM", "mkmm")
MKMM_SKIPS = {16: "no permission", 17: "not in this kernel or CPU", 18: "no memory for it", 19: "no swap"}
TRIES = 20


def state(pid):
    """The letter of /proc/PID/stat, or None when there is no such process."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as f:
            return f.read().rpartition(b")")[2].split()[0].decode()
    except (FileNotFoundError, ProcessLookupError):
        return None


def wait_for(truth, what, seconds=20):
    end = time.monotonic() + seconds
    while not truth():
        if time.monotonic() > end:
            raise tap.Failure("waited %d s: %s" % (seconds, what))
        time.sleep(0.005)


def thread_states(pid):
    found = []
    for tid in os.listdir("/proc/%d/task" % pid):
        with contextlib.suppress(OSError), open("/proc/%d/task/%s/stat" % (pid, tid), "rb") as f:
            found.append(f.read().rpartition(b")")[2].split()[0].decode())
    return found


def live(pid):
    """The thread whose /proc directory shows the memory: the leader's is empty once it is gone."""
    if state(pid) != "Z":
        return pid
    return next(t for t in map(int, os.listdir("/proc/%d/task" % pid)) if t != pid)


class Process:
    """A child that lives until its stdin ends."""

    def __init__(self, argv, **more):
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, bufsize=0, **more)
        self.pid = self.child.pid
        self.stopped = []

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def readline(self, seconds=120):
        """A line of its stdout; None at the end."""
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self.child.stdout], [], [], seconds)[0]:
                raise tap.Failure("%r said nothing for %d s" % (self.child.args, seconds))
            byte = self.child.stdout.read(1)
            if not byte:
                return None
            line += byte
        return line.decode().rstrip("\n")

    def command(self, line):
        """A line to its stdin; the line it answers."""
        self.child.stdin.write(line.encode() + b"\n")
        return self.readline()

    def stop(self, *pids):
        """SIGSTOP, and wait until every thread is stopped (or dead)."""
        for pid in pids or (self.pid,):
            os.kill(pid, signal.SIGSTOP)
            self.stopped.append(pid)
            wait_for(lambda p=pid: all(s in "TZX" for s in thread_states(p)), "process %d to stop" % pid)

    def go_on(self):
        for pid in self.stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.stopped = []

    def close(self):
        self.go_on()
        with contextlib.suppress(BrokenPipeError, ValueError):
            self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()
        self.child.stderr.close()

    def kill(self):
        self.child.kill()
        self.child.wait()


class Mkmm(Process):
    """mkmm KIND k=v...: the words of its line are items, numbers as int."""

    def __init__(self, kind):
        words = kind.split()
        super().__init__([MKMM] + words)
        self.kind = kind
        self.said = self.hear()

    def hear(self):
        line = self.readline()
        if line is None:
            code = self.child.wait()
            why = self.child.stderr.read().decode(errors="replace").strip()
            if code in MKMM_SKIPS:
                raise tap.Skip("%s: %s" % (MKMM_SKIPS[code], why))
            raise tap.Failure("mkmm %s: exit %s: %s" % (self.kind, code, why))
        said = dict(word.split("=", 1) for word in line.split())
        said = {k: int(v, 0) if v[:1].isdigit() else v for k, v in said.items()}
        self.pid = said["pid"]
        return said

    def __getitem__(self, name):
        return self.said[name]

    def pids(self):
        """Every process it made, itself first."""
        return [self.pid] + [v for k, v in self.said.items() if k.startswith("child") or k == "parent"]


def shell():
    """A shell that waits in a read."""
    made = Process(["/bin/sh", "-c", "x=1; echo there; read line"])
    made.readline()
    return made


def python():
    made = Process(["python3", "-S", "-c", "import ctypes, json, sys; print('there', flush=True); sys.stdin.read()"])
    made.readline()
    return made


def witnessed(witness, look, what):
    """
    witness, look, witness: what was seen counts only when both witnesses agree. Gives the witness's
    word and the look's; retries are counted.
    """
    before = witness()
    for _ in range(TRIES):
        seen = look()
        after = witness()
        if before == after:
            return before, seen
        tap.count("retries")
        before = after
    raise tap.Failure("%s: the witnesses disagreed %d times" % (what, TRIES))
