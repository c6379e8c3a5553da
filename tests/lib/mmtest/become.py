# SPDX-License-Identifier: GPL-2.0
"""
What a process can give up or be put into: another user, fewer capabilities, namespaces, a container.
Each call changes the calling process for good, so it belongs into a fork (guest.in_child), and each
holds for programs that it executes, too. Some fork once more and go on in the child.
"""
import ctypes
import os
import struct
import tempfile

from . import guest

NOBODY = 65534
NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_BIND, MS_REC, MS_PRIVATE = 1, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_CAP_AMBIENT = 4, 8, 22, 24, 47
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41}[os.uname().machine]

# What Docker leaves to root in a container, as numbers of capabilities: chown dac_override fowner
# fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write setfcap.
DOCKER_CAPS = frozenset([0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31])
# And calls that its filter answers with EPERM, on x86-64: syslog, pivot_root, mounts, swap, reboot,
# modules, kexec, keys, namespaces, perf, bpf, file handles, userfaultfd, the new mount calls.
DOCKER_DENIES = (103, 155, 163, 165, 166, 167, 168, 169, 172, 173, 175, 176, 179, 246, 248, 249, 250, 272, 298, 304,
                 308, 313, 320, 321, 323, 428, 429, 430, 431, 432, 433, 438)


def all_caps():
    return frozenset(range(int(guest.get("/proc/sys/kernel/cap_last_cap")) + 1))


def mount(source, where, kind=None, flags=0, options=None):
    text = [None if s is None else s.encode() for s in (source, where, kind, options)]
    guest.check_call(guest.libc.mount(text[0], text[1], text[2], ctypes.c_ulong(flags), text[3]),
                     "mount on " + where)


def unshare(flags):
    guest.check_call(guest.libc.unshare(flags), "unshare")
    if flags & NEWNS:
        mount("none", "/", flags=MS_REC | MS_PRIVATE)


def go_on_in_child():
    """The rest runs in a fork, for a new pid namespace begins with a child; ends as the child ends."""
    pid = os.fork()
    if pid:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xff)


def only(*caps):
    """Root with these capabilities and no others."""
    rest = all_caps() - set(caps)
    for cap in rest:
        guest.prctl(PR_CAPBSET_DROP, cap)
    guest.drop_caps(*rest)


def without(*caps):
    only(*(all_caps() - set(caps)))


def user(*caps):
    """A user, with these capabilities."""
    guest.prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    guest.drop_caps(*(all_caps() - set(caps)))
    guest.set_caps(True, *caps, sets=(0, 2))
    for cap in caps:
        guest.prctl(PR_CAP_AMBIENT, 2, cap)


def user_namespace(outer=0):
    """Root of a new user namespace: full of capabilities that count only there."""
    guest.prctl(PR_SET_DUMPABLE, 1)    # lost with a change of user: /proc/self/uid_map is ours again
    unshare(NEWUSER)
    for name, text in ("setgroups", "deny"), ("uid_map", "0 %d 1" % outer), ("gid_map", "0 %d 1" % outer):
        with open("/proc/self/" + name, "w") as f:
            f.write(text)


def user_namespace_of_user():
    user()
    user_namespace(NOBODY)


def namespaces():
    unshare(NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWNET)


def pid_namespace():
    unshare(NEWNS | NEWPID)
    go_on_in_child()
    mount("proc", "/proc", "proc")


def proc_mounted(options):
    """Another /proc of the same pid namespace."""
    unshare(NEWNS)
    mount("proc", "/proc", "proc", options=options)


def without_debugfs():
    unshare(NEWNS)
    guest.umount("/sys/kernel/debug", MNT_DETACH)


def filter_calls(numbers):
    """These system calls fail with EPERM."""
    load, equal, give = 0x20, 0x15, 0x06
    code = [(load, 0, 0, 0)]
    code += [(equal, len(numbers) - i, 0, n) for i, n in enumerate(numbers)]
    code += [(give, 0, 0, 0x7fff0000), (give, 0, 0, 0x50000 | 1)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(program)))
    guest.prctl(PR_SET_SECCOMP, 2, ctypes.addressof(head))


def container(debugfs=False, caps=DOCKER_CAPS, denies=DOCKER_DENIES):
    """
    Process 1 of a container as Docker makes them: all namespaces but the user's, a root of its own with
    little in it, /proc, a read-only /sys (debugfs only where asked for), few capabilities, few calls.
    """
    unshare(NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWNET | NEWPID)
    go_on_in_child()
    root = tempfile.mkdtemp()
    mount("tmpfs", root, "tmpfs")
    for name in ("proc", "sys", "dev", "tmp", "usr", "run/mmscope"):
        os.makedirs(os.path.join(root, name))
    for name in ("bin", "sbin", "lib", "lib64"):
        os.symlink("usr/" + name, os.path.join(root, name))
    for name in ("/usr", "/dev", "/run/mmscope"):
        mount(name, root + name, flags=MS_BIND | MS_REC)
    mount("proc", root + "/proc", "proc")
    mount("sysfs", root + "/sys", "sysfs", MS_RDONLY)
    if debugfs:
        mount("/sys/kernel/debug", root + "/sys/kernel/debug", flags=MS_BIND | MS_REC)
    os.chdir(root)
    guest.check_call(guest.libc.syscall(SYS_PIVOT_ROOT, b".", b"."), "pivot_root")
    guest.umount(".", MNT_DETACH)
    os.chdir("/")
    if denies and os.uname().machine == "x86_64":
        filter_calls(denies)
    only(*caps)


def rootless_container():
    """The same, made by root of a user namespace."""
    user_namespace()
    container(True)
