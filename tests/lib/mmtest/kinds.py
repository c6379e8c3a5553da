# SPDX-License-Identifier: GPL-2.0
"""
The processes that every comparison of a whole address space goes through: mkmm of each kind, a
shell, a Python, process 1; and what the machine needs to have for them.
"""
import contextlib

from . import guest, proc, tap

KINDS = """
anon
anon touch=odd zero=16
brk
stack pages=300
protnone
guard
guard by=madvise
many n=500
sparse
high
file
file share=shared write=all
file share=shared write=no dir=/var/tmp
file dir=/var/tmp offset=7 write=odd
file name=odd
file share=shared deleted=yes name=odd dir=/var/tmp
shmem
shmem by=sysv
memfd name=it-has-(deleted)
pfnmap
pfnmap cow=yes
mlock
mlock onfault=yes
pkey
softdirty
uffd
uffd of=shmem
hwpoison
forked
forked of=thp
forked of=hugetlb
threads
zombie
vfork
pidns
execing rounds=2
thp
thp n=1 split=protect
thp n=1 split=protnone
thp n=1 split=unmap
thp n=1 split=drop
thp n=1 of=memfd
thp n=1 of=memfd split=protect
hugezero
hugetlb
hugetlb share=shared touched=2
hugetlb size=1G n=1
swapped
swapped of=shmem
swapped clear=yes back=0
ksm
""".split("\n")
KINDS = [kind for kind in KINDS if kind]


@contextlib.contextmanager
def machine(kind):
    """What the kind needs, for as long as the block lasts."""
    with contextlib.ExitStack() as stack:
        if kind.startswith("swapped"):
            if not stack.enter_context(guest.swap()):
                tap.skip("no zram in this kernel, hence no swap")
        elif kind.startswith("ksm"):
            stack.enter_context(guest.setting("/sys/kernel/mm/ksm/pages_to_scan", 2000))
            stack.enter_context(guest.setting("/sys/kernel/mm/ksm/run", 1))
        elif "size=1G" in kind:
            if stack.enter_context(guest.huge_pages(1 << 20, 1)) < 1:
                tap.skip("no free huge page of 1 GiB: boot with hugepagesz=1G hugepages=1")
        elif "hugetlb" in kind:
            if stack.enter_context(guest.huge_pages(2048, 8)) < 4:
                tap.skip("no free huge pages of 2 MiB")
        yield


class Found(list):
    """(name, pid) of each process that mkmm made, itself first."""

    def __init__(self, made, rows):
        super().__init__(rows)
        self.made = made


@contextlib.contextmanager
def processes(kind):
    """The processes of one kind, stopped."""
    with machine(kind), proc.Mkmm(kind) as made:
        if kind.startswith("ksm"):
            guest.put("/sys/kernel/mm/ksm/run", 0)
        if kind.startswith("execing"):
            made.hear()     # the last round speaks again
        pids = made.pids()
        stoppable = [p for p in pids if p != made.said.get("parent")]
        made.stop(*stoppable)
        yield Found(made, [(kind if pid == made.pid else "%s, %s" % (kind, word_of(made, pid)), pid) for pid in pids])


def word_of(made, pid):
    return next((k for k, v in made.said.items() if v == pid and k != "pid"), "")


@contextlib.contextmanager
def others():
    """A shell and a Python, stopped, and process 1, which cannot be."""
    with proc.shell() as shell, proc.python() as python:
        shell.stop()
        python.stop()
        yield [("a shell", shell.pid), ("a Python", python.pid), ("process 1", 1)]
