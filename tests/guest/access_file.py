#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
What an open file is worth: rights are those of who opened it, at that time; what it shows is the
memory bound then, whoever reads and whatever the process became since. And which process a number
means: in pid namespaces, and when it comes again.
"""
import contextlib
import errno
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import become, guest, kinds, proc, rights, tap, view, witness  # noqa: E402

ATTACH, WALK = view.PROC + "/attach", view.PROC + "/walk"


def starts(data):
    return [int(c, 16) for c in view.Text(data, "vma").column("start")]


def starts_of_maps(pid):
    return [a.start for a in witness.maps(pid) if a.name != b"[vsyscall]"]


def dirs():
    return view.read_text(ATTACH).column("dir")


@contextlib.contextmanager
def opened(path, flags=os.O_RDONLY):
    fd = os.open(path, flags)
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def setuid_copy(program):
    """A program that becomes root whoever starts it."""
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "setuid-" + program)
    shutil.copy(shutil.which(program), path)
    os.chmod(path, 0o4755)
    try:
        yield path
    finally:
        shutil.rmtree(folder)


class OfUser(proc.Process):
    """A user's process, which waits at its stdin and says one line first."""

    def __init__(self, argv, **more):
        super().__init__(argv, preexec_fn=become.user, **more)


def dropped_rights(pid, address):
    with tap.group("opened by root, then"):
        with opened(view.target(pid, "vma")) as vma, opened(view.target(pid, "pte_raw")) as raw, \
                opened(WALK, os.O_RDWR) as walk:
            def use():
                become.user()
                os.write(walk, b"%d %x" % (pid, address))
                again = [rights.outcome(rights.open_and_close, "/proc/self/fd/%d" % fd, os.O_RDONLY)
                         for fd in (vma, raw, walk)]
                return starts(os.pread(vma, 1 << 16, 0)), len(os.pread(raw, 1 << 16, 0)) > 0, \
                    len(view.Text(os.read(walk, 1 << 16)).rows) > 1, again
            said = rights.as_plain(use)
            with tap.case("read and written by a user: works, for rights are asked at open"):
                tap.equal(said[:3], (starts_of_maps(pid), True, True), "what it reads")
            with tap.case("opened anew by the user through /proc/self/fd: refused"):
                tap.equal([rights.words(n) for n in said[3]], ["EACCES"] * 3, "opens")

        def root_without():
            fd = os.open(WALK, os.O_RDWR)
            become.only()
            return os.write(fd, b"%d 0" % pid), rights.outcome(os.open, WALK, os.O_RDWR)
        with tap.case("used without capabilities: works, but opens no more"):
            tap.equal(rights.as_plain(root_without), (len("%d 0" % pid), errno.EPERM), "write, open")

        def dropped_syslog():
            with opened(view.PROC + "/version") as fd:
                become.without(guest.CAP_SYSLOG)
                return os.read(fd, 1 << 16) == shown
        with tap.case("version: addresses as the opener may see them"):
            shown = view.read_file(view.PROC + "/version")
            tap.equal(rights.as_plain(dropped_syslog), True, "the same as before")


def privileged_writers(pid):
    """A privileged program made to write an attacker's bytes into a file that the attacker opened."""
    view.detach(pid) if b"%d" % pid in dirs() else None
    with tap.group("a setuid program made to write"), setuid_copy("printf") as program:
        line = "%s %d" % (program, pid)
        for way in (">", "2>", ">>", "<>"):
            with tap.case("a PID, %s by a user into attach: the user's open is refused" % way):
                ran = subprocess.run(["/bin/sh", "-c", "%s %s %s" % (line, way, ATTACH)], preexec_fn=become.user,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
                tap.check(ran.returncode and b"ermission denied" in ran.stderr, str(ran))
                tap.check(b"%d" % pid not in dirs(), "attached")
        with tap.case("its error message into a file that root opened: EINVAL, nothing attached"), \
                opened(ATTACH, os.O_WRONLY) as fd:
            ran = subprocess.run([program, "%d", "no-number"], preexec_fn=become.user, stdout=subprocess.DEVNULL,
                                 stderr=fd, check=False)
            tap.check(ran.returncode and b"%d" % pid not in dirs(), "attached")
        with tap.case("a PID into a file that root opened and gave away: attached, by root's right"), \
                opened(ATTACH, os.O_WRONLY) as fd:
            subprocess.run([program, str(pid)], preexec_fn=become.user, stdout=fd, check=True)
            tap.check(b"%d" % pid in dirs(), "not attached")


def out_of_reach():
    """Processes that ptrace would refuse to most: CAP_SYS_PTRACE reads them, nothing less does."""
    code = "import ctypes, sys; ctypes.CDLL(None).prctl(4, 0); print('there', flush=True); sys.stdin.read()"
    with tap.group("a process"):
        for name, made in (("of a user", OfUser(["python3", "-S", "-c", "print('there', flush=True); input()"])),
                           ("of a user, not dumpable", OfUser(["python3", "-S", "-c", code])),
                           ("of root", proc.python())):
            with tap.case(name), made:
                if name != "of root":
                    made.readline()
                view.attach(made.pid)
                path = view.target(made.pid, "vma")
                tap.equal(starts(view.read_file(path)), starts_of_maps(made.pid), "areas")
                for who in (lambda: become.without(guest.CAP_SYS_PTRACE), become.user, become.user_namespace,
                            become.user_namespace_of_user):
                    got = rights.as_plain(lambda who=who: (who(), rights.outcome(rights.open_and_close, path, 0))[1])
                    tap.check(got in (errno.EPERM, errno.EACCES), "opened by less: %s" % rights.words(got))


def own_memory(address):
    with tap.group("self"):
        with tap.case("is the opener's memory, whoever reads"), opened(view.DEBUG + "/self/vma") as fd:
            mine = starts_of_maps("self")
            seen = rights.as_plain(lambda: (become.user(), starts(os.pread(fd, 1 << 18, 0)))[1])
            tap.check(len(set(seen) & set(mine)) > len(mine) // 2 and address in set(seen), "another's")

        def exec_with_it():
            become.only()
            fd = os.open(view.DEBUG + "/self/vma", os.O_RDONLY)
            ran = subprocess.run(["cat"], stdin=fd, stdout=subprocess.PIPE, check=False)
            os.set_inheritable(fd, True)
            mine = len(starts(ran.stdout)) == len(starts(os.pread(fd, 1 << 18, 0)))
            os.dup2(fd, 0)
            os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
            os.set_inheritable(0, True)
            pid = os.fork()
            if not pid:
                os.dup2(os.open(view.DEBUG + "/self/vma", os.O_RDONLY), 0)
                os.execvp("cat", ["cat"])
            return mine, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with tap.case("given to a program: the opener's; kept over exec: gone, never the new program's"):
            tap.equal(rights.as_plain(exec_with_it), (True, 1), "the opener's, cat's exit status")


def over_exec():
    with tap.case("a user's process executes a setuid program: open files do not follow, a new open does"), \
            setuid_copy("sleep") as program, \
            OfUser(["/bin/sh", "-c", "echo there; read line; exec %s 60" % program]) as made:
        made.readline()
        view.attach(made.pid)
        with opened(view.target(made.pid, "vma")) as vma, opened(view.target(made.pid, "pte_raw")) as raw, \
                opened(WALK, os.O_RDWR) as walk:
            tap.equal(starts(os.pread(vma, 1 << 16, 0)), starts_of_maps(made.pid), "areas before")
            os.write(walk, b"%d 0" % made.pid)
            made.child.stdin.write(b"\n")
            proc.wait_for(lambda: os.readlink("/proc/%d/exe" % made.pid) == program
                          and proc.state(made.pid) == "S", "the exec")
            tap.equal(os.stat("/proc/%d" % made.pid).st_uid, 0, "its owner")
            for fd in (vma, raw, walk):
                tap.fails(errno.ESRCH, "a read after it", os.pread, fd, 1 << 16, 0)
            tap.equal(starts(view.read_file(view.target(made.pid, "vma"))), starts_of_maps(made.pid),
                      "areas, opened anew")
        made.child.kill()


def reused_number():
    with tap.case("a user's process ends, and root's gets its number: nothing of it through what was there"):
        with OfUser(["/bin/sh", "-c", "echo there; read line"]) as first:
            first.readline()
            pid = first.pid
            view.attach(pid)
            vma = os.open(view.target(pid, "vma"), os.O_RDONLY)
            first.kill()
        second = None
        for _ in range(50):
            if not guest.put("/proc/sys/kernel/ns_last_pid", pid - 1):
                tap.skip("no ns_last_pid in this kernel")
            second = proc.Process(["/bin/sh", "-c", "echo there; read line"])
            if second.pid == pid:
                break
            second.close()
        with second:
            tap.equal(second.pid, pid, "number of the second")
            second.readline()
            tap.fails(errno.ESRCH, "the old open", os.pread, vma, 4096, 0)
            got = rights.outcome(rights.open_and_close, view.target(pid, "vma"), os.O_RDONLY)
            tap.check(got in (errno.ESRCH, errno.ENOENT), "the old directory: " + rights.words(got))
            view.attach(pid)
            tap.equal(starts(view.read_file(view.target(pid, "vma"))), starts_of_maps(pid), "areas of the second")
            tap.fails(errno.ESRCH, "the old open, still", os.pread, vma, 4096, 0)
            os.close(vma)


def numbers_in_a_namespace(pid):
    """Numbers are those of who writes; in the list, what is not of the reader's namespace has none."""
    def inside():
        become.pid_namespace()
        list_of_all = [tuple(row[:2]) for row in view.read_text(ATTACH).rows]
        unknown = [rights.outcome(view.write, view.PROC + "/" + name, b"%d%s" % (pid, more))
                   for name, more in (("attach", b""), ("detach", b""), ("walk", b" 0"))]
        with view.Request("attach") as request:
            row = request("1").rows[0][:2]
        with view.Request("walk") as request:
            mine = request("1 %x" % id(row)).rows[-1][4]
        own = int(os.readlink("/proc/self"))
        return list_of_all, unknown, row, mine, own, starts(view.read_file(view.target(row[1].decode(), "vma"))) == \
            starts(view.read_file(view.target("self", "vma")))
    view.attach(pid)
    list_of_all, unknown, row, mine, own, same = rights.as_plain(inside)
    with tap.group("in a pid namespace"):
        with tap.case("attach lists others by directory alone"):
            tap.check((None, b"%d" % pid) in list_of_all, "%s" % (list_of_all,))
            tap.equal({number for number, _ in list_of_all}, {None}, "their numbers")
        with tap.case("a number from outside means no process there"):
            tap.equal([rights.words(n) for n in unknown], ["ESRCH"] * 3, "attach, detach, walk")
            tap.check(b"%d" % pid in dirs(), "detached all the same")
        with tap.case("1 is process 1 of that namespace, in attach and walk"):
            tap.equal((own, row[0], mine), (1, b"1", b"page"), "its number, the row's, what is at an address of its")
            tap.check(row[1] != b"1" and same, "directory %s is another's" % row[1].decode())


def main():
    guest.quiet()
    with kinds.processes("anon") as found:
        pid = found[0][1]
        address = found.made["start"]
        view.attach(pid)
        dropped_rights(pid, address)
        privileged_writers(pid)
        own_memory(starts_of_maps("self")[0])
        numbers_in_a_namespace(pid)
    out_of_reach()
    over_exec()
    reused_number()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
