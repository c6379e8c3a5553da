# SPDX-License-Identifier: GPL-2.0
"""
Who may do what: a row says what somebody is, the `view` view says what each file asks for, and from
these two follows how every open must end. So a view added later is judged without another line, and a
new kind of reader is one row.
"""
import ast
import collections
import errno
import os
import re
import subprocess

from . import become, guest, tap, view

PARAMETERS = "/sys/module/mmscope/parameters"
DAC_OVERRIDE, DAC_READ_SEARCH, SYS_MODULE = 1, 2, 16
READ, WRITE = 4, 2
ASKED = {os.O_RDONLY: READ, os.O_WRONLY: WRITE, os.O_RDWR: READ | WRITE}
WAYS = {os.O_RDONLY: "read", os.O_WRONLY: "write", os.O_RDWR: "read and write"}
TREE = {"proc": "/proc", "debug": "/sys/kernel/debug", "target": "/sys/kernel/debug", "parameter": "/sys"}
READONLY_SYS = frozenset(["/sys"])
COMPLAINTS = {errno.EPERM: "Operation not permitted", errno.EACCES: "Permission denied"}

# What somebody is: how to become it; whether the files' owner (uid 0 of the machine); the
# capabilities that count, those over the initial user namespace; which mounts are not there, which
# cannot be written to.
Who = collections.namedtuple("Who", "name become owner caps missing readonly override",
                             defaults=(frozenset(), frozenset(), False))
# A file: `own` tells `self` from the directory of another process.
File = collections.namedtuple("File", "path place mode need format own")


def people():
    """Everybody but those who lack one capability, who are `deprived`."""
    every = become.all_caps()
    asked = (guest.CAP_SYS_PTRACE, guest.CAP_SYS_ADMIN, guest.CAP_SYSLOG)
    none, debugfs = frozenset(), frozenset(["/sys/kernel/debug"])
    docker = become.DOCKER_CAPS

    def mounted(options, then=lambda: None):
        return lambda: (become.proc_mounted(options), then())

    return [
        Who("root", lambda: None, True, every),
        Who("a user", become.user, False, none),
        Who("root without any capability", become.only, True, none),
        Who("root without SYS_PTRACE, SYS_ADMIN and SYSLOG", lambda: become.without(*asked), True, every - set(asked)),
        Who("a user with all capabilities", lambda: become.user(*every), False, every),
        Who("a user with these three alone", lambda: become.user(*asked), False, frozenset(asked)),
        Who("a user with DAC_READ_SEARCH", lambda: become.user(DAC_READ_SEARCH), False, frozenset([DAC_READ_SEARCH])),
        Who("root of a user's namespace", become.user_namespace_of_user, False, none),
        Who("root of root's own user namespace", become.user_namespace, True, none, override=True),
        Who("root in namespaces of mounts, net, ipc, uts and cgroups", become.namespaces, True, every),
        Who("root in a pid namespace", become.pid_namespace, True, every),
        Who("root without debugfs", become.without_debugfs, True, every, debugfs),
        Who("root, /proc hidepid=invisible", mounted("hidepid=2"), True, every),
        Who("a user, /proc hidepid=invisible", mounted("hidepid=2", become.user), False, none),
        Who("root, /proc hidepid=ptraceable", mounted("hidepid=4"), True, every),
        Who("root, /proc subset=pid", mounted("subset=pid"), True, every, frozenset(["/proc"])),
        Who("root of a container", become.container, True, docker, debugfs, READONLY_SYS),
        Who("root of a container with debugfs", lambda: become.container(True), True, docker, none, READONLY_SYS),
        Who("root of a container in a user namespace", become.rootless_container, True, none, none, READONLY_SYS, True),
        Who("root of a privileged container", lambda: become.container(True, every, ()), True, every, none,
            READONLY_SYS),
    ]


def deprived():
    """Root without each of the capabilities."""
    every = become.all_caps()
    names = subprocess.run(["setpriv", "--list-caps"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    return [Who("root without " + names[cap].upper(), lambda cap=cap: become.without(cap), True, every - {cap})
            for cap in sorted(every)]


def files(pid):
    """Every file of the module, by its own list; those of a target in pid's directory and in self."""
    found = []
    for row in view.read_text(view.DEBUG + "/view").dicts():
        name, place, mode, form, need = (row[k].decode() for k in ("view", "place", "mode", "format", "need"))
        folders = {"proc": [view.PROC], "debug": [view.DEBUG], "target": [view.target(pid), view.target("self")]}
        found += [File(os.path.join(folder, name), place, int(mode, 8), need, form, folder == view.target("self"))
                  for folder in folders[place]]
    for name in sorted(os.listdir(PARAMETERS)):
        path = os.path.join(PARAMETERS, name)
        found.append(File(path, "parameter", os.stat(path).st_mode & 0o777, "none", "parameter", False))
    return found


def may_search(who):
    """The directories of debugfs are the owner's alone."""
    return who.owner or who.override or who.caps & {DAC_OVERRIDE, DAC_READ_SEARCH}


def may_by_mode(who, file, asked):
    bits = file.mode >> 6 if who.owner else file.mode
    if file.place == "parameter" and asked & ~(file.mode >> 6):
        return False    # sysfs asks the mode of everybody
    return not asked & ~bits or who.override or DAC_OVERRIDE in who.caps or \
        asked == READ and DAC_READ_SEARCH in who.caps


def may_by_need(who, file):
    if file.need == "frames" and guest.CAP_SYS_ADMIN not in who.caps:
        return False
    return file.need == "none" or file.own or guest.CAP_SYS_PTRACE in who.caps


def expected(who, file, flags, lockdown=False):
    """The errno that an open must end with, 0 where it must not."""
    tree, asked = TREE[file.place], ASKED[flags]
    if tree in who.missing or tree.startswith("/sys") and "/sys" in who.missing:
        return errno.ENOENT
    if tree == "/sys/kernel/debug" and not may_search(who):
        return errno.EACCES
    if tree in who.readonly and asked & WRITE:
        return errno.EROFS
    if not may_by_mode(who, file, asked):
        return errno.EACCES
    if lockdown and tree == "/sys/kernel/debug" and asked & WRITE:
        return errno.EPERM
    return 0 if may_by_need(who, file) else errno.EPERM


def outcome(function, *args):
    """0, or the errno of the call."""
    try:
        function(*args)
        return 0
    except OSError as error:
        return error.errno


def open_and_close(path, flags):
    os.close(os.open(path, flags))


def as_plain(function):
    """What the function gives in a fork: plain data."""
    return ast.literal_eval(guest.in_child(function))


def as_who(who, function):
    return as_plain(lambda: (who.become(), function())[1])


def words(number):
    return errno.errorcode.get(number, "ok")


def judge(who, listed, lockdown=False):
    """Complaints about each open that did not end as it must; counts the opens."""
    cells = [(file, flags) for file in listed for flags in WAYS]
    got = as_who(who, lambda: [outcome(open_and_close, f.path, flags) for f, flags in cells])
    tap.count("opens judged", len(cells))
    return ["%s to %s: %s, should be %s" % (f.path, WAYS[flags], words(g), words(expected(who, f, flags, lockdown)))
            for (f, flags), g in zip(cells, got) if g != expected(who, f, flags, lockdown)]


def use(listed, sentences):
    """
    In the fork: reads what can be read, requests what can be requested, writes where nothing is taken.
    Gives complaints. Each of the files can be opened that way.
    """
    complaints = []
    for file, flags in listed:
        fd = os.open(file.path, flags)
        try:
            if file.format == "request":
                taken = [s for s in sentences if not outcome(os.write, fd, s)]
                if not taken:
                    complaints.append("%s takes none of %s" % (file.path, sentences))
                elif flags == os.O_RDWR and os.path.basename(file.path) in view.formats():
                    os.lseek(fd, 0, os.SEEK_SET)
                    if not os.read(fd, 1 << 16):
                        complaints.append("%s: no answer" % file.path)
            elif flags == os.O_RDONLY and not os.read(fd, 1 << 16):
                complaints.append("%s: nothing to read" % file.path)
            elif flags == os.O_WRONLY and outcome(os.write, fd, b"1") != errno.EINVAL:
                complaints.append("%s: a write should be EINVAL" % file.path)
        except OSError as error:
            complaints.append("%s to %s: %s" % (file.path, WAYS[flags], error))
        finally:
            os.close(fd)
    return complaints


def judge_use(who, listed, lockdown=False):
    """Complaints about what does not work though it could be opened, the reader itself being the target."""
    view.formats()      # while it can be read
    # In rounds, so that what was detached in one is attached in the next before it is detached again.
    rounds = [("request", os.O_RDWR), ("request", os.O_WRONLY),
              ("text binary", os.O_RDONLY), ("text binary", os.O_WRONLY)]
    cells = [(f, flags) for formats, flags in rounds for f in listed
             if f.format in formats.split() and not expected(who, f, flags, lockdown)]

    def inside():
        # The process itself, by its number in its own namespace, and an address that it has.
        return use(cells, [b"%d" % os.getpid(), b"%d %x" % (os.getpid(), id(cells))])
    tap.count("opens used", len(cells))
    return as_who(who, inside)


def judge_modules(who, lockdown=False):
    """Loading what is loaded and unloading what is in use (by us), which tell who would be let."""
    busy, ko = os.open(view.PROC + "/version", os.O_RDONLY), os.open(guest.module_path(), os.O_RDONLY)
    try:
        got = as_who(who, lambda: [outcome(guest.load_fd, ko), outcome(guest.unload)])
    finally:
        os.close(busy)
        os.close(ko)
    may = SYS_MODULE in who.caps
    want = [errno.EPERM if lockdown or not may else errno.EEXIST, errno.EAGAIN if may else errno.EPERM]
    return ["%s: %s, should be %s" % (what, words(g), words(w))
            for what, g, w in zip(("load", "unload"), got, want) if g != w]


def commands(listed):
    """Each noun of the tool, and the opens that it takes."""
    said = subprocess.run(["mmscope", "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()
    by_name = {(os.path.basename(f.path), f.own): f for f in listed}
    attach = by_name["attach", False], os.O_RDWR
    for noun, operands in re.findall(r"^  ([a-z]+) +((?:\[?PID\]?(?: ADDR)?)?)  ", said, re.M):
        name = noun if (noun, False) in by_name else noun + "_raw"
        there = by_name[name, False]
        names = [(by_name["name", False], os.O_RDONLY)] if there.format == "binary" else []
        flags = os.O_RDWR if operands.startswith("PID") else os.O_RDONLY
        words = {"": [], "[PID]": [], "PID": ["1"], "PID ADDR": ["1", "%x" % id(said)]}[operands]
        yield [noun] + words, names + [(by_name.get((name, True), there), flags)]
        if there.place == "target":     # process 1 of whatever pid namespace
            yield [noun, "1"], names + [attach, (there, flags)]


def judge_tool(who, listed, lockdown=False):
    """Complaints about the tool's commands: exit status and, where it was denied, the reason."""
    version = next(f for f in listed if f.path == view.PROC + "/version"), os.O_RDONLY
    asked = list(commands(listed))

    def inside():
        return [subprocess.run(["mmscope"] + argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, check=False) for argv, _ in asked]
    got = as_who(who, lambda: [(ran.returncode, ran.stderr.decode()) for ran in inside()])
    tap.count("commands judged", len(asked))
    wrong = []
    for (argv, opens), (code, said) in zip(asked, got):
        why = next(filter(None, (expected(who, f, flags, lockdown) for f, flags in [version] + opens)), 0)
        reason = COMPLAINTS.get(why, "mmscope: ") if why else ""
        if code != bool(why) or reason not in said or bool(reason) != bool(said):
            wrong.append("mmscope %s: exit %d, %r; should be %s" % (" ".join(argv), code, said, words(why)))
    return wrong
