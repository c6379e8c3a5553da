/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What the module and its readers agree on beyond the fields of fields.def: the numbers behind the
 * names. Shared by the kernel and user space; values are only ever added.
 */
#ifndef MMSCOPE_ABI_H
#define MMSCOPE_ABI_H

#include <linux/types.h>

#define MMSCOPE_ABI 1

/* An absent value has all bits set. */
#define MMSCOPE_ABSENT64 (~0ULL)
#define MMSCOPE_ABSENT32 (-1)

/*
 * X(value, name, help): the sets of `name` that are mmscope's own. Where several kinds hold for
 * one entry, the kind is the first of: protnone, zero, pfnmap, page.
 */
#define MMSCOPE_KINDS(X) \
	X(0, none, "empty entry: nothing was ever mapped here, or it was dropped") \
	X(1, page, "maps a page of memory") \
	X(2, zero, "maps the shared page of zeroes, or the huge one") \
	X(3, swap, "paged out: swap_type and swap_offset say where") \
	X(4, migration, "its page is being moved to another frame; an access waits") \
	X(5, hwpoison, "its page was lost to a memory error; an access gets SIGBUS") \
	X(6, device, "its page lies in a device's private memory, or the device has it to itself") \
	X(7, marker, "no page, only a note: userfaultfd, poison or guard") \
	X(8, protnone, "page present but the CPU may not use it: PROT_NONE or a NUMA hint") \
	X(9, pfnmap, "maps a frame that the kernel does not manage as a page (device or special)") \
	X(10, table, "points to a table of the next level") \
	X(11, hole, "no memory area covers the address") \
	X(12, bad, "present, yet neither a table nor a leaf: a damaged entry") \
	X(13, stamp, "closes a read of pte_raw")
/* Kinds of special entry that this list does not know are this plus the kernel's own number. */
#define MMSCOPE_KIND_UNKNOWN 64

#define MMSCOPE_LEVELS(X) \
	X(1, pte, "page table, the lowest level") \
	X(2, pmd, "page middle directory") \
	X(3, pud, "page upper directory") \
	X(4, p4d, "fourth level directory, folded away with 4 levels") \
	X(5, pgd, "page global directory, the root")

#define MMSCOPE_CONSISTENCIES(X) \
	X(0, no, "the target changed while it was read") \
	X(1, yes, "all of it stood so at one moment") \
	X(2, unknown, "it may have changed while it was read")

/* X(bit, name, help) */
#define MMSCOPE_PTE_BITS(X) \
	X(0, present, "the kernel counts it as present (pte_present), protnone included") \
	X(1, write, "writable as it stands; of a migration entry: was writable") \
	X(2, exec, "executable") \
	X(3, user, "open to user mode") \
	X(4, young, "accessed since the bit was last cleared") \
	X(5, dirty, "written since the bit was last cleared") \
	X(6, soft_dirty, "written since /proc/PID/clear_refs was told to forget") \
	X(7, uffd_wp, "write protected by userfaultfd") \
	X(8, exclusive, "mapped by no other page table; of a huge leaf: no page of it is") \
	X(9, anon_exclusive, "anonymous and held by this process alone: a write needs no copy") \
	X(10, file, "page of a file or of shared memory") \
	X(11, special, "the kernel keeps no count of it (pte_special)") \
	X(12, huge, "a leaf above the lowest level") \
	X(13, poison, "a marker that gives SIGBUS") \
	X(14, guard, "a marker that gives SIGSEGV: MADV_GUARD_INSTALL") \
	X(15, uffd_rwp, "userfaultfd hears of any access")

#define MMSCOPE_KIND_ENUM(v, n, h) MMSCOPE_KIND_##n = v,
#define MMSCOPE_LEVEL_ENUM(v, n, h) MMSCOPE_LEVEL_##n = v,
#define MMSCOPE_CONSISTENT_ENUM(v, n, h) MMSCOPE_CONSISTENT_##n = v,
#define MMSCOPE_PTE_ENUM(v, n, h) MMSCOPE_PTE_##n = 1ULL << v,
enum mmscope_kind { MMSCOPE_KINDS(MMSCOPE_KIND_ENUM) };
enum mmscope_level { MMSCOPE_LEVELS(MMSCOPE_LEVEL_ENUM) };
enum mmscope_consistent { MMSCOPE_CONSISTENCIES(MMSCOPE_CONSISTENT_ENUM) };
enum mmscope_pte { MMSCOPE_PTE_BITS(MMSCOPE_PTE_ENUM) };

/* struct mmscope_pte_raw, struct mmscope_stamp: made from fields.def */
#define BINARY(r, help) struct mmscope_##r {
#define MEMBER(r, name, ctype, show, help) ctype name;
#define BINARY_END(r) };
#include "fields.def"

#endif
