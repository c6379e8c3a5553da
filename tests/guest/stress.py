#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
A reader in a loop while its targets map, unmap, fork, exec and are swapped: no splat, and within one
capture no row that overlaps another. MMSCOPE_STRESS_SECONDS (60) says for how long.
"""
import errno
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, proc, space, tap, view, witness  # noqa: E402
from mmtest.witness import PAGE  # noqa: E402

SECONDS = int(os.environ.get("MMSCOPE_STRESS_SECONDS", 60))
WORKERS = ["--mmapmany", "1", "--mremap", "1", "--mprotect", "1", "--munmap", "1", "--stackmmap", "1", "--vm", "1",
           "--vm-bytes", "16M", "--vm-method", "zero-one", "--fork", "1", "--vfork", "1", "--userfaultfd", "1",
           "--pageswap", "1", "--tlb-shootdown", "1", "--rmap", "1"]
CAPTURES = 12
TORN_SECONDS = 10
GONE = (errno.ESRCH, errno.ENOENT, errno.ENODATA)


def descendants(root):
    """Processes below the root, by one pass over /proc."""
    parent = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as f:
                    parent[int(name)] = int(f.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
    found = []
    for pid in parent:
        up = pid
        while up in parent and up != root:
            up = parent[up]
        if up == root and pid != root:
            found.append(pid)
    return found


def check_vma(pid, figures):
    """Only ranges are taken apart: some targets have 60,000 areas."""
    lines = view.read_file(view.target(pid, "vma")).split(b"\n")
    stamp = view.STAMP.match(lines[-2] + b"\n")
    if not stamp:
        return "no stamp at the end: %r" % lines[-2], []
    figures["last"] = stamp[1].decode()
    figures[stamp[1].decode()] = figures.get(stamp[1].decode(), 0) + 1
    behind, rows = 0, []
    for line in lines[1:-2]:
        start, end, _ = line.split(None, 2)
        start, end = int(start, 16), int(end, 16)
        if start < behind:
            return "areas overlap at %#x (%s)" % (start, lines[-2].decode()), rows
        if end <= start:
            return "area %#x ends at %#x" % (start, end), rows
        behind = end
        rows.append((start, end))
    tap.count("areas read under stress", len(rows))
    return None, rows


def check_pte(pid):
    end = 0
    with view.PteRaw(pid) as raw:
        records, stamps = raw.whole(size=random.choice([1 << 16, 1 << 16, 8192]))
    for r in records:
        if r.va < end:
            return "entries overlap at %#x" % r.va
        end = r.va + r.size
    tap.count("entries read under stress", len(records))
    return None


def check_walks(pid, rows):
    with view.Request("walk") as walk:
        for start, end in random.sample(rows, min(3, len(rows))):
            text = walk("%d %#x" % (pid, random.randrange(start, end)))
            if text.rows[-1][0] != b"frame":
                return "a walk of %d ends at %s" % (pid, text.rows[-1])
    return None


def read_for(root, seconds, figures):
    proc.wait_for(lambda: time.sleep(0.5) or len(descendants(root)) > 10, "stress-ng to start its workers", 120)
    bad, end = [], time.monotonic() + seconds
    while time.monotonic() < end and not bad:
        targets = descendants(root)
        random.shuffle(targets)
        for pid in targets[:8]:
            try:
                view.attach(pid)
                wrong, rows = check_vma(pid, figures)
                wrong = wrong or check_pte(pid) or (check_walks(pid, rows) if rows else None)
                if wrong:
                    bad.append("process %d: %s" % (pid, wrong))
                figures["reads"] = figures.get("reads", 0) + 1
            except OSError as error:
                if error.errno not in GONE:
                    raise
                figures["gone"] = figures.get("gone", 0) + 1
    return bad


def one_moment(kind, expected, figures):
    """
    Captures of mkmm's churn: its high area is as long as the low one, or a step behind. One that calls
    itself consistent and shows anything else mixes two moments.
    """
    bad = []
    with proc.Mkmm(kind) as made:
        view.attach(made.pid)
        end, seen = time.monotonic() + 60, 0
        while time.monotonic() < end and not bad and (seen < CAPTURES or not figures.get(expected, 0)):
            seen += 1
            wrong, rows = check_vma(made.pid, figures)
            text_says = figures.pop("last")
            ends = dict(rows)
            low, high = ((ends[made[w]] - made[w]) // PAGE if made[w] in ends else None for w in ("low", "high"))
            if wrong or low is None or high is None:
                bad.append(wrong or "an area is missing: low %s, high %s" % (low, high))
            elif text_says == "yes" and (low - high) % made["steps"] not in (0, 1):
                bad.append("called consistent: low %d, high %d pages" % (low, high))
    return bad


def consistency():
    with tap.group("consistent=yes is one moment"):
        # Before Linux 6.4 there is no lock sequence: many holds are `unknown`.
        sequence = witness.release() >= (6, 4)
        for kind, budget, expected, name in [("churn us=100 n=20000", 20, "no" if sequence else "unknown", "in a storm"),
                                             ("churn us=40000", 200 if sequence else 10000, "yes", "in a breeze")]:
            # Many areas and a small budget make many holds of one capture: the storm gets in between.
            with tap.case(name), guest.setting("/sys/module/mmscope/parameters/budget_us", budget) as made:
                tap.check(made, "budget_us cannot be set")
                figures = {}
                tap.none_of(one_moment(kind, expected, figures), "captures")
                tap.note("captures: %s" % ", ".join("%s %d" % kv for kv in sorted(figures.items())))
                tap.check(sum(figures.values()) >= CAPTURES, "only %d captures" % sum(figures.values()))
                tap.check(figures.get(expected, 0) > 0, "captures were %s" % figures)
                if sequence:
                    tap.equal(figures.get("unknown", 0), 0, "unknown, where there is a lock sequence")
                tap.count("captures judged", sum(figures.values()))


def torn():
    """
    Areas that fall apart and merge between two holds of one capture: what is behind the last row may
    by then begin before it.
    """
    with tap.case("areas that merge between two holds do not overlap"), proc.Mkmm("torn") as made, \
            guest.setting("/sys/module/mmscope/parameters/budget_us", 1) as can:
        tap.check(can, "budget_us cannot be set")
        view.attach(made.pid)
        bad, seen, split, begun = [], 0, 0, time.monotonic()
        while not bad and (seen < 50 or time.monotonic() < begun + TORN_SECONDS) and \
                time.monotonic() < begun + 6 * TORN_SECONDS:
            text = view.read_text(view.target(made.pid, "vma"))
            seen += 1
            split += text.stamp["holds"] > 1
            behind = 0
            for start, stop in ((int(r[0], 16), int(r[1], 16)) for r in text.rows):
                if start < behind or stop <= start:
                    bad.append("capture %d: area %#x-%#x behind %#x, %s" % (seen, start, stop, behind, text.stamp))
                # However it is torn, nothing of it is ever unmapped.
                if made["start"] < start <= made["end"] and start != behind:
                    bad.append("capture %d: a hole %#x-%#x, %s" % (seen, behind, start, text.stamp))
                behind = stop
        tap.none_of(bad, "captures")
        tap.check(seen >= 20, "only %d captures" % seen)
        tap.check(split > seen // 2, "only %d of %d captures were made in several holds" % (split, seen))
        tap.count("captures of torn areas", seen)


def main():
    guest.quiet()
    taint, figures = guest.taint(), {}
    random.seed(1)
    os.nice(-5)     # one reader against a dozen stressors
    with tap.case("readers beside stress-ng for %d s" % SECONDS):
        with guest.swap(), open("/dev/null", "w") as null:
            stress = subprocess.Popen(["nice", "-n", "10", "stress-ng", "--temp-path", "/dev/shm", "--timeout", str(SECONDS + 180)] + WORKERS,
                                      stdout=null, stderr=null)
            try:
                bad = read_for(stress.pid, SECONDS, figures)
                tap.check(stress.poll() is None, "stress-ng ended early")
            finally:
                stress.terminate()
                try:
                    stress.wait(30)
                except subprocess.TimeoutExpired:
                    stress.kill()
                    stress.wait()
        figures.pop("last", None)
        tap.note("reads: %s" % ", ".join("%s %d" % kv for kv in sorted(figures.items())))
        tap.none_of(bad, "captures")
        tap.check(figures.get("reads", 0) >= SECONDS // 4, "only %d reads" % figures.get("reads", 0))
        tap.check(figures.get("yes", 0) > 0, "no capture was consistent")
        tap.count("captures under stress", figures["reads"])
    consistency()
    torn()
    with tap.case("the module and its views still stand"), proc.Mkmm("anon") as made:
        view.attach(made.pid)
        tap.check(len(view.read_text(view.target(made.pid, "vma")).rows) > 5, "no areas")
        tap.check(space.names().kind, "no names")
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
