#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Who may: each file of the module opened in each way, and used, by root, users, root without each
capability, in namespaces and containers; the tool's commands; loading and unloading. What must come
out follows from views.def, see mmtest/rights.py.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import guest, proc, rights, tap, view  # noqa: E402


def what_is_there(listed):
    """No file but those that views.def lists, each with its mode, and root's."""
    with tap.case("every file is listed in views.def, with that mode, and root's"):
        want = {(f.place, os.path.basename(f.path)): f.mode for f in listed if f.place != "parameter"}
        got, others = {}, []
        for top, place in (view.PROC, "proc"), (view.DEBUG, "debug"):
            for folder, _, names in os.walk(top):
                for name in names:
                    stat = os.stat(os.path.join(folder, name))
                    got[place if folder == top else "target", name] = stat.st_mode & 0o7777
                    others += [name] if stat.st_uid or stat.st_gid else []
        tap.equal(got, want, "files and their modes")
        tap.equal(others, [], "files that are not root's")
    with tap.case("modes of directories"):
        tap.equal(["%o" % (os.stat(d).st_mode & 0o7777) for d in (view.PROC, view.DEBUG)], ["555", "700"],
                  "/proc/mmscope and that of debugfs")
    with tap.case("show_addresses can only be given when loading"):
        tap.equal(os.stat(rights.PARAMETERS + "/show_addresses").st_mode & 0o777, 0o444, "its mode")


def everybody(pid, listed):
    with tap.group("opens by"):
        for who in rights.people() + rights.deprived():
            with tap.case(who.name):
                view.attach(pid)
                tap.none_of(rights.judge(who, listed) + rights.judge_modules(who), who.name)
    with tap.group("reads and requests of"):
        for who in rights.people():
            with tap.case(who.name):
                view.attach(pid)
                tap.none_of(rights.judge_use(who, listed), who.name)
    with tap.group("commands of"):
        for who in rights.people():
            with tap.case(who.name):
                tap.none_of(rights.judge_tool(who, listed), who.name)


def main():
    guest.quiet()
    with proc.Mkmm("anon") as made:
        view.attach(made.pid)
        listed = rights.files(made.pid)
        what_is_there(listed)
        everybody(made.pid, listed)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
