#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The tool come to harm: whatever ends it early, be it its cgroup, a full disk, a closed pipe, its target
or the module, it says why, exits with 1, and what it printed does not pass for a whole answer.
"""
import contextlib
import errno
import json
import os
import pty
import random
import re
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from mmtest import cgroup, guest, proc, tap, view  # noqa: E402

KB, MB = 1 << 10, 1 << 20
LONG = 300      # seconds, for a loaded machine
ROOM = 256 * KB
SLACK = 4096        # what a file system finds beyond: ext4 frees the index of the file that was cut
FORMATS = ("-J", "-r", "")
STAMP = re.compile(rb"# consistent=\w+ holds=\d+ hold_max_us=\d+\n\Z")


def whole(form, data):
    """Would a program that reads it take it for the whole answer?"""
    if form != "-J":
        return bool(STAMP.search(data))
    try:
        return json.loads(data) is not None
    except ValueError:
        return False


def nouns(pid, address):
    """The command lines of every noun that prints, by what its usage says that it takes."""
    said = {"PID": "%d" % pid, "ADDR": "%#x" % address, "PFN": "1"}
    listed = subprocess.run(["mmscope", "--complete"], capture_output=True, text=True, check=True).stdout.split()
    for noun in listed:
        if noun.startswith("-"):
            continue
        usage = subprocess.run(["mmscope", noun, "--help"], capture_output=True, text=True, check=True).stdout
        words = usage.splitlines()[0].split()[3:]
        if "--json" in usage:
            yield [noun] + [said[word.strip("[]")] for word in words if not word.startswith("[OPTION")]


def tool(words, **more):
    more.setdefault("stdout", subprocess.PIPE)
    return subprocess.Popen(["mmscope"] + words, stderr=subprocess.PIPE, **more)


def judge(what, status, form, data, said, error=None):
    """The rules for any end of the tool. `error`: what it has to say when it failed; '' is nothing."""
    if status == 0:
        tap.check(whole(form, data), "%s: exit 0, but the output ends in %r" % (what, data[-80:]))
        return
    tap.check(not whole(form, data), "%s: exit %d, but %d bytes that pass for whole" % (what, status, len(data)))
    if status == -signal.SIGKILL:
        return
    tap.equal(status, 1, "%s: exit status (it said %r)" % (what, said))
    if error == "":
        tap.equal(said, b"", "%s: stderr" % what)
    else:
        tap.check(re.match(rb"mmscope: [^\n]+: [^\n]+\n", said), "%s: it said %r" % (what, said))
        tap.check(error is None or error.encode() in said, "%s: it said %r" % (what, said))


def lines(words):
    return [(form, words + ([form] if form else [])) for form in FORMATS]


def pipes(commands, big):
    with tap.group("a pipe closed"):
        for ignored in (False, True):
            with tap.case("SIGPIPE %s" % ("ignored" if ignored else "as it comes")):
                for words in commands:
                    for form, line in lines(words):
                        ours, theirs = os.pipe()
                        os.close(ours)
                        child = tool(line, stdout=theirs, restore_signals=not ignored)
                        os.close(theirs)
                        said = child.communicate(timeout=LONG)[1]
                        judge(" ".join(line), child.returncode, form, b"", said, "Broken pipe" if ignored else "")
        with tap.case("after the first line"):
            for form, line in lines(big[0]):
                child = tool(line)
                first = os.read(child.stdout.fileno(), 10)
                child.stdout.close()
                said = child.stderr.read()
                judge(" ".join(line), child.wait(LONG), form, first, said, "")


def into_file(line, form, path, error, **more):
    with open(path, "wb", buffering=0) as out:
        child = tool(line, stdout=out, **more)
        said = child.communicate(timeout=LONG)[1]
    data = b"" if path.startswith("/dev") else open(path, "rb").read()
    tap.equal(child.returncode, 1, "%s: exit status" % " ".join(line))
    judge(" ".join(line), child.returncode, form, data, said, error)
    return len(data)


@contextlib.contextmanager
def ext4(kilobytes):
    """A file system in a file."""
    subprocess.run(["modprobe", "-a", "loop", "ext4"], check=False, stderr=subprocess.DEVNULL)
    with guest.tmpfs() as where:
        image = where + "/image"
        with open(image, "wb") as f:
            f.truncate(kilobytes * KB)
        mkfs = subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", image], check=False, stderr=subprocess.DEVNULL)
        inside = where + "/inside"
        os.mkdir(inside)
        if mkfs.returncode or subprocess.run(["mount", "-o", "loop", image, inside], check=False,
                                             stderr=subprocess.DEVNULL).returncode:
            tap.skip("no ext4 on a loop device here")
        try:
            yield inside
        finally:
            guest.umount(inside)


def fill(where):
    """Leaves so much room as the tool's output outgrows."""
    with open(where + "/filler", "wb", buffering=0) as f:
        with contextlib.suppress(OSError):
            while f.write(bytes(4096)):
                pass
        f.truncate(f.tell() - ROOM)


def disks(commands, big):
    with tap.group("a full disk"):
        with tap.case("from the first byte, /dev/full, every noun"):
            for words in commands:
                for form, line in lines(words):
                    into_file(line, form, "/dev/full", "No space left on device")
            for line in (["--help"], ["vma", "--help"], ["--version"]):
                into_file(line, "", "/dev/full", "No space left on device")
        for name in ("tmpfs", "ext4"):
            with tap.case("in the middle, " + name), contextlib.ExitStack() as stack:
                where = stack.enter_context(guest.tmpfs() if name == "tmpfs" else ext4(1024))
                if name == "tmpfs":
                    guest.check_call(guest.libc.mount(b"tmpfs", where.encode(), b"tmpfs", 32, b"size=1m"), "remount")
                fill(where)
                for words in big:
                    for form, line in lines(words):
                        got = into_file(line, form, where + "/out", "No space left on device")
                        tap.check(ROOM / 2 < got <= ROOM + SLACK, "%s: %d bytes found room" % (" ".join(line), got))
                        os.unlink(where + "/out")
        with tap.case("a limit on the size of files"):
            def limit():
                resource.setrlimit(resource.RLIMIT_FSIZE, (100 * KB, 100 * KB))
            for words in big:
                for form, line in lines(words):
                    with guest.tmpfs() as where:
                        got = into_file(line, form, where + "/out", "File too large", preexec_fn=limit)
                        tap.equal(got, 100 * KB, "bytes")


def closed(commands, pid):
    def close(*fds):
        for fd in fds:
            os.close(fd)
    with tap.group("descriptors that come closed"):
        with tap.case("standard output, every noun"):
            before = view.read_text(view.PROC + "/attach").rows
            for words in commands:
                for form, line in lines(words):
                    child = tool(line, stdout=None, preexec_fn=lambda: close(1))
                    said = child.communicate(timeout=LONG)[1]
                    tap.equal(child.returncode, 1, "%s: exit status" % " ".join(line))
                    judge(" ".join(line), child.returncode, form, b"", said, "Bad file descriptor")
            tap.equal(view.read_text(view.PROC + "/attach").rows, before, "attached, after output went nowhere")
            ended = subprocess.run(["mmscope", "detach", str(pid)], preexec_fn=lambda: close(0, 1), check=False)
            tap.equal(ended.returncode, 0, "exit of detach, which prints nothing")
            view.attach(pid)
        with tap.case("standard error and input"):
            for line, want in ((["vma", str(pid), "-J"], 0), (["vma", "4194304"], 1), (["nonsense"], 2)):
                child = subprocess.run(["mmscope"] + line, stdout=subprocess.PIPE, check=False,
                                       preexec_fn=lambda: close(0, 2))
                tap.equal(child.returncode, want, "exit of %s" % line)
                tap.equal(whole("-J", child.stdout), want == 0, "whole output of %s" % line)
        with tap.case("a terminal that hung up: EIO"):
            master, slave = pty.openpty()
            os.close(master)
            for form, line in lines(commands[0]):
                child = tool(line, stdout=slave)
                said = child.communicate(timeout=LONG)[1]
                tap.equal(child.returncode, 1, "exit status")
                judge(" ".join(line), 1, form, b"", said, "Input/output error")
            os.close(slave)


def slowly(line, first, interfere):
    """The tool with its output held up in a pipe after the first bytes; then what happens to it; all it printed."""
    child = tool(line)
    try:
        data = os.read(child.stdout.fileno(), first)
        interfere()
        data += child.stdout.read()
        said = child.stderr.read()
        return child.wait(LONG), data, said
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        child.stderr.close()


def target_goes():
    with tap.group("the target ends while the tool prints"):
        for words, kind in ((["pte", "-a"], "anon pages=20000"), (["vma"], "many n=20000")):
            for how in ("is killed", "execs"):
                with tap.case("%s: it %s" % (" ".join(words), how)), \
                        guest.setting("/sys/module/mmscope/parameters/max_capture_mb", 1):
                    for form in FORMATS:
                        with proc.Mkmm(kind) as made:
                            line = words + [str(made.pid)] + ([form] if form else [])
                            end = made.kill if how == "is killed" else lambda m=made: m.command("exec anon")
                            status, data, said = slowly(line, 100, end)
                            tap.equal(status, 1, "%s: exit status" % " ".join(line))
                            judge(" ".join(line), status, form, data, said, "no such process, or it has ended")


def module_goes(pid):
    ko = guest.module_path()
    with tap.group("the module"):
        with tap.case("cannot go while the tool prints"):
            tried = []

            def unload():
                try:
                    guest.unload()
                except OSError as error:
                    tried.append(error.errno)
            status, data, said = slowly(["pte", "-aJ", str(pid)], 100, unload)
            tap.equal(tried, [errno.EAGAIN], "delete_module")
            tap.equal((status, said), (0, b""), "exit status and errors")
            judge("pte", status, "-J", data, said)
        with tap.case("goes and comes while the tool runs"):
            if not ko:
                tap.skip("no mmscope.ko at hand")
            parameters = "show_addresses=%s" % guest.get("/sys/module/mmscope/parameters/show_addresses")
            seen = {}
            try:
                for i in range(150):
                    if i >= 30 and len(seen) == 2:
                        break
                    if os.path.exists(view.PROC):
                        view.attach(pid)
                    child = tool(["pte", "-J", "-R", "0-100000000", str(pid)])
                    # How far the tool has come by then is a matter of the machine.
                    time.sleep(random.random() * 0.5)
                    end = time.monotonic() + random.random() * 0.15
                    while time.monotonic() < end:
                        with contextlib.suppress(OSError):
                            guest.unload()
                            time.sleep(random.random() * 0.01)
                            if i % 3:
                                guest.load(ko, parameters)
                    data, said = child.communicate(timeout=LONG)
                    judge("pte", child.returncode, "-J", data, said)
                    seen[child.returncode] = seen.get(child.returncode, 0) + 1
                    if not os.path.exists(view.PROC):
                        guest.load(ko, parameters)
            finally:
                if not os.path.exists(view.PROC):
                    guest.load(ko, parameters)
            tap.note("exits: %s" % seen)
            tap.check(len(seen) == 2, "of both kinds: %s" % seen)


def small_cgroups(pid):
    with tap.case("the tool in a cgroup too small"), cgroup.Cgroup() as group:
        seen = {}
        for kilobytes in (600, 1000, 1500, 2000, 2500, 3000, 4000, 8000, 24000):
            group.put("memory.max", kilobytes * KB)
            child = tool(["vma", "-J", str(pid)], preexec_fn=group.join)
            data, said = child.communicate(timeout=LONG)
            judge("vma in %d kB" % kilobytes, child.returncode, "-J", data, said, "Cannot allocate memory")
            seen.setdefault(child.returncode, []).append(kilobytes)
            group.idle()
        tap.note("exit status by kB: %s" % seen)
        tap.check(len(seen.get(1, ())) > 1 and 0 in seen, "of all kinds: %s" % seen)
        group.put("memory.max", "max")
        proc.wait_for(lambda: group.idle() < 2 * MB, "the charge of dead tools to go, now %d" % group.idle())
        tap.equal(guest.get("/sys/module/mmscope/refcnt"), "0", "open files")


def small_spaces(pid):
    with tap.case("the tool in an address space too small"):
        seen = {}
        for megabytes in (3, 4, 6, 8, 12, 32):
            def limit(m=megabytes):
                resource.setrlimit(resource.RLIMIT_AS, (m * MB, m * MB))
            for form, line in lines(["vma", str(pid)]):
                child = tool(line, preexec_fn=limit)
                data, said = child.communicate(timeout=LONG)
                seen.setdefault(child.returncode, []).append("%d%s" % (megabytes, form))
                # 127 is the loader's; exec itself kills what it cannot give a stack.
                if child.returncode not in (127, -signal.SIGKILL, -signal.SIGSEGV) or whole(form, data):
                    judge("vma in %d MiB" % megabytes, child.returncode, form, data, said)
        tap.note("exit status by MiB: %s" % seen)
        tap.check(0 in seen, "of all kinds: %s" % seen)


def killed_tool(pid):
    with tap.case("the tool ended by a signal at any point"):
        seen = {}
        for i in range(30):
            form, line = lines(["vma", str(pid)])[i % 3]
            with guest.tmpfs() as where, open(where + "/out", "wb") as out:
                child = tool(line, stdout=out)
                time.sleep(random.random() * 0.6)
                child.send_signal(random.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGINT)))
                child.communicate(timeout=LONG)
                with open(where + "/out", "rb") as f:
                    data = f.read()
            seen[child.returncode] = seen.get(child.returncode, 0) + 1
            if child.returncode == 0 or not whole(form, data):
                judge(" ".join(line), min(child.returncode, 0) and -signal.SIGKILL, form, data, b"")
            else:   # killed between its last byte and its end
                tap.count("tools killed when all was printed")
        tap.note("exits: %s" % seen)


def main():
    guest.quiet()
    taint = guest.taint()
    with proc.Mkmm("many n=200") as small, proc.Mkmm("many n=6000") as made:
        big = [["vma", str(made.pid)], ["pte", "-a", str(made.pid)]]
        commands = list(nouns(small.pid, small["start"]))
        tap.note("nouns: %s" % ", ".join(w[0] for w in commands))
        pipes(commands, big)
        disks(commands, big)
        closed(commands, small.pid)
        killed_tool(made.pid)
        small_cgroups(made.pid)
        small_spaces(made.pid)
        module_goes(made.pid)
    target_goes()
    with tap.case("no oops, warning or bad page"):
        tap.equal(guest.taint(), taint, "taint")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
