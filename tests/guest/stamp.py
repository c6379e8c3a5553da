#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the stamps say of a process that does nothing, and how many holds of its lock they count."""
import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, proc, tap, view, witness  # noqa: E402
from mmtest.space import ABSENT64  # noqa: E402
from mmtest.witness import PAGE  # noqa: E402


@contextlib.contextmanager
def budget(us):
    with guest.setting("/sys/module/mmscope/parameters/budget_us", us) as made:
        tap.check(made, "budget_us could not be set to %d" % us)
        yield


def shortest(look, holds):
    """Of several looks one with the fewest holds: the machine may have been away during one."""
    return min((look() for _ in range(8)), key=holds)


def closing(pte_raw, position, entries):
    """The stamp of one read, which has that many records."""
    records, stamp = pte_raw.read(position, pte_raw.entry.size * (entries + 1))
    tap.equal(len(records), entries, "records of the read at %#x" % position)
    return stamp


def stamps():
    """What the stamps say of a process that does nothing, and how many holds of its lock they count."""
    consistent, longest, second = view.names("consistent"), 10000, 1000000
    with tap.case("pte_raw, one table"), proc.Mkmm("anon pages=1100") as made, budget(longest):
        made.stop()
        view.attach(made.pid)
        table = made["start"] + (PAGE << 9) - 1 & -(PAGE << 9)
        with view.PteRaw(made.pid) as pte_raw:
            for at, n, want in (table, 1, "yes"), (table + PAGE * 448, 63, "yes"), (table, 65, "unknown"), \
                    (table + PAGE * 504, 16, "unknown"):
                stamp = shortest(lambda: closing(pte_raw, at, n), lambda s: s.holds)
                what = "%d entries at %#x" % (n, at)
                tap.equal(consistent[stamp.consistent], want, what + ": consistent")
                tap.equal(stamp.next, at + n * PAGE, what + ": next")
                tap.equal(stamp.holds, 1, what + ": holds")
                tap.check(0 < stamp.hold_max_us < second, "%s: held %d us" % (what, stamp.hold_max_us))
    with tap.case("pte_raw, lock_seq"), proc.Mkmm("anon") as made:
        view.attach(made.pid)
        with view.PteRaw(made.pid) as pte_raw:
            seqs = [closing(pte_raw, made["start"], 2).lock_seq for _ in range(2)]
            tap.equal(made.command("map %#x %d" % (made["start"], PAGE)), "ok", "map")
            seqs.append(closing(pte_raw, made["start"] + PAGE, 2).lock_seq)
            tap.equal(seqs[0], seqs[1], "lock_seq of a still process")
            if witness.release() < (6, 4):
                tap.equal(seqs, [ABSENT64] * 3, "lock_seq, which this kernel has not")
            else:
                tap.check(seqs[0] != seqs[2], "lock_seq is %d before and after a mapping" % seqs[0])
                tap.check(ABSENT64 not in seqs, "lock_seq is absent")
    for kind in "many n=500", "anon pages=1100":
        with tap.case("pte_raw, budget: %s" % kind), proc.Mkmm(kind) as made:
            made.stop()
            view.attach(made.pid)
            with view.PteRaw(made.pid) as pte_raw:
                with budget(longest):
                    stamp = shortest(lambda: closing(pte_raw, made["start"], 490), lambda s: s.holds)
                    tap.equal(stamp.holds, 1, "holds of 10 ms")
                with budget(1):
                    holds = closing(pte_raw, made["start"], 490).holds
                tap.check(holds > 1, "%d holds of a microsecond" % holds)
    with tap.case("text views"), proc.Mkmm("anon") as made, budget(longest), view.Request("walk") as walk:
        made.stop()
        view.attach(made.pid)
        for what, look in ("vma", lambda: view.read_text(view.target(made.pid, "vma"))), \
                ("walk", lambda: walk("%d %#x" % (made.pid, made["start"]))):
            text = shortest(look, lambda t: t.stamp["holds"])
            tap.equal(text.stamp["consistent"], "yes", what + ": consistent")
            tap.equal(text.stamp["holds"], 1, what + ": holds")
            tap.check(0 < text.stamp["hold_max_us"] < second, "%s: held %d us" % (what, text.stamp["hold_max_us"]))
        tap.equal(view.read_text(view.PROC + "/version").stamp, {"consistent": "yes", "holds": 0, "hold_max_us": 0},
                  "version: stamp")


def main():
    guest.quiet()
    stamps()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
