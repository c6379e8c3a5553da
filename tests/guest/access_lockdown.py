#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Who may under kernel lockdown, with the module loaded before: integrity, then confidentiality. It
cannot be lowered again, and nothing unsigned loads any more, so this runs last in its boot.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, kinds, leak, rights, tap, view, witness  # noqa: E402

LOCKDOWN = "/sys/kernel/security/lockdown"
PEOPLE = ("root", "a user", "root without any capability", "root without SYS_PTRACE, SYS_ADMIN and SYSLOG",
          "root of root's own user namespace", "root of a container with debugfs", "root of a privileged container")
# One call that each level forbids: proof that it is in force.
FORBIDDEN = {"integrity": "/dev/port", "confidentiality": "/proc/kcore"}


def raised(level):
    """Raises it; what is in force afterwards."""
    guest.put(LOCKDOWN, level)
    return guest.get(LOCKDOWN).split("[")[1].split("]")[0]


def same_as_before(pid, start):
    """What can be read is what the kernel says, as without lockdown."""
    starts = [int(c, 16) for c in view.read_text(view.target(pid, "vma")).column("start")]
    tap.equal(starts, [a.start for a in witness.maps(pid) if a.name != b"[vsyscall]"], "areas")
    with view.PteRaw(pid) as raw, witness.pagemap(pid) as pagemap:
        records, _ = raw.whole(start, start + 16 * witness.PAGE)
        tap.equal([r.pfn for r in records], [pagemap[r.va // witness.PAGE] & witness.PM_PFN for r in records], "frames")
        tap.check(records, "no entries")
    with view.Request("walk") as walk:
        tap.equal(walk("%d %x" % (pid, start)).rows[-1][4], b"page", "what walk finds")


def judged(level, pid, start):
    listed = rights.files(pid)
    with tap.group("lockdown=" + level):
        with tap.case("is in force"):
            tap.equal(raised(level), level, "level")
            path = FORBIDDEN[level]
            if os.path.exists(path):
                tap.fails(1, "open of " + path, os.open, path, os.O_RDONLY)
        with tap.case("what is read is true"):
            same_as_before(pid, start)
        for who in (w for w in rights.people() if w.name in PEOPLE):
            with tap.case(who.name):
                view.attach(pid)
                tap.none_of(rights.judge(who, listed, True) + rights.judge_use(who, listed, True)
                            + rights.judge_modules(who, True), who.name)
        with tap.case("the tool's commands"):
            root = rights.people()[0]
            tap.none_of(rights.judge_tool(root, listed, True), root.name)
        with tap.case("kernel addresses: none but direct_map, with show_addresses and CAP_SYSLOG"):
            view.attach(pid)
            found = sum((leak.in_file(f, [b"%d %x" % (pid, start)]) for f in rights.files(pid)), [])
            shown = guest.get(rights.PARAMETERS + "/show_addresses") in "1Y"
            tap.equal([text.split(":")[0] for text in found], ["version.direct_map"] if shown else [], "fields")


def main():
    guest.quiet()
    with kinds.processes("anon") as found:
        if not os.path.exists(LOCKDOWN):
            with tap.case("lockdown"):
                tap.skip("not in this kernel")
        else:
            view.attach(found[0][1])
            for level in ("integrity", "confidentiality"):
                judged(level, found[0][1], found.made["start"])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
