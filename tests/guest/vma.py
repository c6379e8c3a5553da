#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`vma` equals /proc/PID/maps field by field, and its flags equal VmFlags of smaps."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, kinds, proc, tap, view, witness  # noqa: E402

# vm_flags by the kernel's name (mmflags.h) and by the two letters of smaps.
SPELLINGS = {
    "read": "rd", "write": "wr", "exec": "ex", "shared": "sh", "mayread": "mr", "maywrite": "mw",
    "mayexec": "me", "mayshare": "ms", "growsdown": "gd", "pfnmap": "pf", "locked": "lo", "io": "io",
    "seqread": "sr", "randread": "rr", "dontcopy": "dc", "dontexpand": "de", "lockonfault": "lf",
    "account": "ac", "noreserve": "nr", "hugetlb": "ht", "sync": "sf", "pat": "ar", "arch_1": "ar",
    "wipeonfork": "wf", "dontdump": "dd", "softdirty": "sd", "mixedmap": "mm", "hugepage": "hg",
    "nohugepage": "nh", "mergeable": "mg", "uffd_missing": "um", "uffd_wp": "uw", "uffd_minor": "ui",
    "uffd_rwp": "ur", "shadow_stack": "ss", "droppable": "dp", "sealed": "sl", "maybe_guard": "gu",
}
# Named by mmscope alone: smaps gives the key in a line of its own.
KEY_BITS = {"pkey_bit0": 1, "pkey_bit1": 2, "pkey_bit2": 4, "pkey_bit3": 8}
# smaps of 6.1 prints ?? for what it has no letters for.
WITHOUT_LETTERS = {"lockonfault", "allow_any_uncached"}

GATE = b"[vsyscall]"

# What only flags tell apart.
MORE = ["advised", "uffd of=shmem mode=minor"]


def rows_of(pid):
    """Our rows in the words of maps."""
    with open(view.target(pid, "vma"), "rb", buffering=0) as f:
        data = view.read_all(f.fileno())
    data.decode("utf-8")    # whatever bytes a path has
    text = view.Text(data, "vma of %s" % pid)
    rows = []
    for row in text.dicts():
        path = witness.mangled(row["path"] or b"")
        rows.append((int(row["start"], 16), int(row["end"], 16), row["perms"],
                     int(row["offset"], 16), row["dev"], int(row["inode"]), path))
    return rows, [(row["flags"] or b"").decode().split("|") for row in text.dicts()], text.stamp


def compare(pid, with_flags=True):
    def kernel():
        """maps and smaps without the gate area, which is in no mm; and how many gates there were."""
        rows = [a.key() for a in witness.maps(live)]
        areas = witness.smaps(live, sizes=False) if with_flags else []
        inside = [(a.key(), sorted(a.flags), a.pkey) for a in areas if a.name != GATE]
        return [r for r in rows if r[-1] != GATE], inside, len(rows) - sum(r[-1] != GATE for r in rows)

    live = proc.live(pid)
    (rows, areas, gates), (ours, flags, stamp) = proc.witnessed(kernel, lambda: rows_of(pid), "vma of %s" % pid)
    tap.check(ours and gates <= 1, "%d areas, %d gates" % (len(ours), gates))
    tap.same_rows(ours, rows, "rows against maps")
    # Without a lock sequence (before Linux 6.4) several holds cannot be known to be one moment.
    sure = stamp["holds"] == 1 or witness.release() >= (6, 4)
    tap.equal(stamp["consistent"], "yes" if sure else "unknown", "consistent, of a process that stands still")
    tap.count("areas compared", len(ours))
    if with_flags:
        tap.same_rows([a[0] for a in areas], rows, "smaps against maps")
        compare_flags(areas, flags)


def compare_flags(areas, flags):
    bad = []
    for i, names in enumerate(flags):
        letters = sorted(areas[i][1])
        unnamed = letters.count(b"??")
        want = sorted(SPELLINGS[n] for n in names if n in SPELLINGS)
        open_names = [n for n in names if n not in SPELLINGS and n not in KEY_BITS
                      and n not in WITHOUT_LETTERS and not n.startswith("bit")]
        if open_names:
            bad.append("%#x: no spelling known for %s" % (areas[i][0][0], open_names))
            continue
        without = [n for n in names if n in WITHOUT_LETTERS or n.startswith("bit")]
        if unnamed == len(without):
            want = sorted([SPELLINGS[n] for n in names if n in SPELLINGS and n not in without]
                          + ["??"] * unnamed)
        if [x.decode() for x in letters] != want:
            bad.append("%#x: %s, smaps has %s" % (areas[i][0][0], names, b" ".join(letters).decode()))
        key = sum(KEY_BITS[n] for n in names if n in KEY_BITS)
        if key != areas[i][2]:
            bad.append("%#x: protection key %d, smaps has %d" % (areas[i][0][0], key, areas[i][2]))
    tap.none_of(bad, "flags against VmFlags")


def compare_file(kind, beginning, least):
    """A file mapped by mkmm, whose path begins so and is not shorter."""
    with kinds.processes(kind) as found:
        view.attach(found[0][1])
        compare(found[0][1])
        paths = [r[6] for r in rows_of(found[0][1])[0] if r[6].startswith(beginning)]
        tap.check(paths and all(len(p) >= least for p in paths), "paths: %s" % paths)


def overlay(where):
    dirs = {name: "%s/%s" % (where, name) for name in ("lower", "upper", "work", "merged")}
    for path in dirs.values():
        os.mkdir(path)
    try:
        guest.mount("overlay", dirs["merged"], "lowerdir={lower},upperdir={upper},workdir={work}".format(**dirs))
    except OSError as error:
        tap.skip("no overlay here: %s" % error)
    try:
        compare_file("file share=shared dir=" + dirs["merged"], dirs["merged"].encode(), 0)
        compare_file("file dir=" + dirs["merged"], dirs["merged"].encode(), 0)
    finally:
        guest.umount(dirs["merged"], 2)     # MNT_DETACH


def deep_path(where):
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(where)
        for i in range(20):
            name = "%c" % (ord("a") + i) * 250
            os.mkdir(name)
            os.chdir(name)
        compare_file("file dir=.", where.encode(), 5000)
    finally:
        os.fchdir(here)
        os.close(here)


def main():
    guest.quiet()
    with tap.case("every name of the set `flags` has a spelling in smaps or is known to have none"):
        unknown = set(view.names("flags").values()) - set(SPELLINGS) - set(KEY_BITS) - WITHOUT_LETTERS
        tap.equal(sorted(unknown), [], "names without a spelling")
    with tap.group("vma is maps and VmFlags"):
        with kinds.others() as found:
            for name, pid in found:
                with tap.case(name):
                    view.attach(pid)
                    compare(pid)
        for kind in kinds.KINDS + MORE:
            with tap.case(kind), kinds.processes(kind) as found:
                for name, pid in found:
                    view.attach(pid)
                    compare(pid)
        with tap.case("20000 areas"), kinds.processes("many n=20000 touch=none") as found:
            view.attach(found[0][1])
            compare(found[0][1], with_flags=False)
        with tap.case("a file of an overlay"), guest.tmpfs() as where:
            overlay(where)
        with tap.case("a path longer than PATH_MAX"), guest.tmpfs() as where:
            deep_path(where)
        with tap.case("self"):
            ours, _, _ = rows_of("self")
            tap.check(any(r[6].startswith(b"/") and b"python" in r[6] for r in ours), "self is not this Python")
            tap.equal(len({r[0] for r in ours}), len(ours), "distinct starts")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
