#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
How long a process waits for its own memory calls while somebody looks at it: nobody, mmscope in a
loop over everything it has, and the kernel's own files likewise. In the target and in a process beside
it, all readers in turn, round by round, so that what else goes on strikes all alike. There is nobody
twice in a round: what those two differ by is noise. Run by tests/bench in a guest of two processors:
the probe has one, the reader the other.

MMSCOPE_BENCH_ROUNDS (8) rounds of MMSCOPE_BENCH_MS (600) each.
"""
import os
import signal
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, proc, view  # noqa: E402

ROUNDS = int(os.environ.get("MMSCOPE_BENCH_ROUNDS", 8))
MS = int(os.environ.get("MMSCOPE_BENCH_MS", 600))
READERS = (None, "mmscope", "smaps", "page-types", "kcore", None)
PEERS = [i for i, name in enumerate(READERS) if name not in (None, "mmscope")]
NAMES = ("nobody", "mmscope", "smaps", "page-types", "kcore", "nobody again")
FIGURES = ("p50", "p99.9", "worst")
PROBES = (("the target", ("64", "2000")), ("beside it", ("1", "0")))


class Probe(proc.Process):
    """mmlat probe, on the first processor."""

    def __init__(self, size):
        super().__init__(("mmlat", "probe") + size)
        os.sched_setaffinity(self.pid, {0})
        tgid = int(self.readline())
        assert tgid == self.pid

    def ask(self, line):
        """{op: (count, p50, p999, worst)} in ns."""
        found, row = {}, self.command(line)
        while row != ".":
            name, *numbers = row.split()
            found[name] = tuple(map(int, numbers))
            row = self.readline()
        return found


class Reader:
    """Someone who reads about a process in a loop on the second processor, while the block lasts."""

    def __init__(self, what, pid):
        self.argv = ("mmlat", "read", what, str(pid)) if what else None
        self.passes = 0

    def __enter__(self):
        if self.argv:
            self.child = subprocess.Popen(self.argv, stdout=subprocess.PIPE)
            os.sched_setaffinity(self.child.pid, {1})
        return self

    def __exit__(self, *unused):
        if self.argv:
            self.child.send_signal(signal.SIGTERM)
            said = self.child.communicate()[0]
            if self.child.returncode:
                raise RuntimeError("%s: status %d" % (" ".join(self.argv), self.child.returncode))
            self.passes = int(said)


def measure(probes):
    """(rounds[probe][reader] of {op: figures}, passes of each reader)"""
    rounds = [[[] for _ in READERS] for _ in probes]
    passes = [0] * len(READERS)
    for _ in range(ROUNDS):
        for slot, what in enumerate(READERS):
            with Reader(what, probes[0].pid) as reader:
                for found, probe in zip(rounds, probes):
                    found[slot].append(probe.ask("run %d %d" % (slot, MS // len(probes))))
            passes[slot] += reader.passes
    return rounds, passes


def spread(rounds, op, figure, base):
    """Over the rounds: the ratio to nobody of the same round, its quartiles."""
    ratios = sorted(r[op][figure] / max(1, b[op][figure]) for r, b in zip(rounds, base))
    return ratios[len(ratios) // 4], statistics.median(ratios), ratios[-1 - len(ratios) // 4]


def table(where, probe, rounds):
    """A line for each call and reader; gives where mmscope is behind the gentlest peer."""
    behind = []
    whole = [probe.ask("sum %d" % slot) for slot in range(len(READERS))]
    print("\n%-10s %-6s %-13s %8s %9s %9s %9s   %s" % (
        "where", "call", "who reads", "calls", "p50_us", "p99.9_us", "worst_us",
        "ratio to nobody of the round: p50, p99.9 (quartiles)"))
    for op in whole[0]:
        ratios = []
        for slot, name in enumerate(NAMES):
            n, *ns = whole[slot][op]
            ratios.append([spread(rounds[slot], op, f, rounds[0]) for f in (1, 2)])
            print("%-10s %-6s %-13s %8d %9.1f %9.1f %9.1f   %s" % (
                where, op, name, n, ns[0] / 1000, ns[1] / 1000, ns[2] / 1000,
                "  ".join("%.2f (%.2f-%.2f)" % (m, low, high) for low, m, high in ratios[-1])))
        for f, name in enumerate(FIGURES[:2]):
            low, _, high = ratios[-1][f]
            noise = max(high, 1 / max(low, 0.01))
            best = min(PEERS, key=lambda slot: ratios[slot][f][1])
            ours, theirs = ratios[1][f][1], ratios[best][f][1]
            if ours > theirs * noise:
                behind.append("%s, %s, %s: mmscope %.2f, %s %.2f, noise %.2f" % (
                    where, op, name, ours, NAMES[best], theirs, noise))
    return behind


def main():
    guest.quiet()
    print("# %s, budget_us=%s, %d rounds of %d ms" % (
        os.uname().release, guest.get("/sys/module/mmscope/parameters/budget_us"), ROUNDS, MS))
    os.sched_setaffinity(0, {1})
    behind, probes = [], [Probe(size) for _, size in PROBES]
    view.attach(probes[0].pid)
    rounds, passes = measure(probes)
    for (where, _), probe, found in zip(PROBES, probes, rounds):
        behind += table(where, probe, found)
    print("\n# passes over the target: %s" % ", ".join(
        "%s %d" % (READERS[i], n) for i, n in enumerate(passes) if READERS[i]))
    for line in behind:
        print("# behind the gentlest, beyond noise: " + line)
    print("# mmscope is behind the gentlest of the others in %d of %d figures" % (
        len(behind), len(PROBES) * 4 * 2))
    for probe in probes:
        probe.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
