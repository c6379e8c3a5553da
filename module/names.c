// SPDX-License-Identifier: GPL-2.0
/*
 * The names of values and bits. The kernel's come from <trace/events/mmflags.h> of the headers at
 * hand, so they are the running kernel's own; mmscope's come from abi.h. Constant data.
 */
#include <linux/kernel-page-flags.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/mmflags.h>

#include "abi.h"
#include "arch.h"
#include "names.h"

#define VALUE(v, n, h) { v, #n, h },
#define BIT_NAME(b, n, h) { 1ULL << (b), #n, h },

static const struct mmscope_name kinds[] = { MMSCOPE_KINDS(VALUE) };
static const struct mmscope_name levels[] = { MMSCOPE_LEVELS(VALUE) };
static const struct mmscope_name consistencies[] = { MMSCOPE_CONSISTENCIES(VALUE) };
static const struct mmscope_name pte_bits[] = { MMSCOPE_PTE_BITS(BIT_NAME) };

/* The bits of the kernel-page-flags headers, which give numbers but no strings. */
static const struct mmscope_name kpf_bits[] = {
	{ 1ULL << KPF_LOCKED, "locked", "locked for I/O or exclusive work" },
	{ 1ULL << KPF_ERROR, "error", "I/O error" },
	{ 1ULL << KPF_REFERENCED, "referenced", "accessed since it was last looked at" },
	{ 1ULL << KPF_UPTODATE, "uptodate", "its content is valid" },
	{ 1ULL << KPF_DIRTY, "dirty", "newer than its copy on disk" },
	{ 1ULL << KPF_LRU, "lru", "on a list of pages to reclaim from" },
	{ 1ULL << KPF_ACTIVE, "active", "on the active list" },
	{ 1ULL << KPF_SLAB, "slab", "holds kernel objects" },
	{ 1ULL << KPF_WRITEBACK, "writeback", "being written to disk" },
	{ 1ULL << KPF_RECLAIM, "reclaim", "to be reclaimed after writeback, or read ahead" },
	{ 1ULL << KPF_BUDDY, "buddy", "free" },
	{ 1ULL << KPF_MMAP, "mmap", "mapped by a page table" },
	{ 1ULL << KPF_ANON, "anon", "anonymous memory" },
	{ 1ULL << KPF_SWAPCACHE, "swapcache", "has a slot on a swap device" },
	{ 1ULL << KPF_SWAPBACKED, "swapbacked", "goes to swap when reclaimed" },
	{ 1ULL << KPF_COMPOUND_HEAD, "compound_head", "first page of a compound page" },
	{ 1ULL << KPF_COMPOUND_TAIL, "compound_tail", "further page of a compound page" },
	{ 1ULL << KPF_HUGE, "huge", "hugetlb page" },
	{ 1ULL << KPF_UNEVICTABLE, "unevictable", "not to be reclaimed" },
	{ 1ULL << KPF_HWPOISON, "hwpoison", "lost to a memory error" },
	{ 1ULL << KPF_NOPAGE, "nopage", "no page frame of memory" },
	{ 1ULL << KPF_KSM, "ksm", "shared by KSM with pages of equal content" },
	{ 1ULL << KPF_THP, "thp", "part of a transparent huge page of any size" },
	{ 1ULL << KPF_OFFLINE, "offline", "logically offline" },
	{ 1ULL << KPF_ZERO_PAGE, "zero_page", "the shared page of zeroes, or the huge one" },
	{ 1ULL << KPF_IDLE, "idle", "not accessed since it was marked idle" },
	{ 1ULL << KPF_PGTABLE, "pgtable", "holds a page table" },
	{ 1ULL << KPF_RESERVED, "reserved", "not managed by the page allocator" },
	{ 1ULL << KPF_MLOCKED, "mlocked", "locked into memory" },
#ifdef KPF_OWNER_2
	{ 1ULL << KPF_OWNER_2, "owner_2", "for its owner's use; of a file: has blocks on disk" },
#else
	{ 1ULL << KPF_MAPPEDTODISK, "mappedtodisk", "its blocks on disk are allocated" },
#endif
	{ 1ULL << KPF_PRIVATE, "private", "its owner keeps private data with it" },
	{ 1ULL << KPF_PRIVATE_2, "private_2", "its owner keeps more private data" },
	{ 1ULL << KPF_OWNER_PRIVATE, "owner_private", "for its owner's use" },
	{ 1ULL << KPF_ARCH, "arch", "for the architecture's use" },
#ifdef KPF_UNCACHED
	{ 1ULL << KPF_UNCACHED, "uncached", "mapped uncached" },
#endif
	{ 1ULL << KPF_SOFTDIRTY, "softdirty", "written since it was last asked" },
	{ 1ULL << KPF_ARCH_2, "arch_2", "for the architecture's use" },
#ifdef KPF_ARCH_3
	{ 1ULL << KPF_ARCH_3, "arch_3", "for the architecture's use" },
#endif
};

/*
 * smaps knows these bits and mmflags.h does not (as of 6.1 to 7.3). A kernel without one defines it
 * as 0 or not at all; a bit that mmflags.h comes to name is named by its row, which stands first.
 */
static const struct mmscope_name vm_flags[] = {
	__def_vmaflag_names,
#ifdef VM_SHADOW_STACK
	{ VM_SHADOW_STACK, "shadow_stack" },
#endif
#ifdef VM_SEALED
	{ VM_SEALED, "sealed" },
#endif
#ifdef VM_DROPPABLE
	{ VM_DROPPABLE, "droppable" },
#endif
#ifdef VM_ALLOW_ANY_UNCACHED
	{ VM_ALLOW_ANY_UNCACHED, "allow_any_uncached" },
#endif
#ifdef VM_PKEY_BIT0
	{ VM_PKEY_BIT0, "pkey_bit0" },
	{ VM_PKEY_BIT1, "pkey_bit1" },
	{ VM_PKEY_BIT2, "pkey_bit2" },
	{ VM_PKEY_BIT3, "pkey_bit3" },
#endif
#ifdef VM_UFFD_MINOR
	{ VM_UFFD_MINOR, "uffd_minor" },
#endif
};

static const struct mmscope_name page_flags[] = { __def_pageflag_names };

#define SET(id, n, rows, f) \
	const struct mmscope_set mmscope_set_##id = { .name = n, .names = rows, \
		.count = ARRAY_SIZE(rows), .flags = f }
SET(kind, "kind", kinds, false);
SET(level, "level", levels, false);
SET(consistent, "consistent", consistencies, false);
SET(pte, "pte", pte_bits, true);
SET(kpf, "kpf", kpf_bits, true);
SET(vm_flags, "flags", vm_flags, true);

const struct mmscope_set *const mmscope_sets[] = {
	&mmscope_set_kind, &mmscope_set_level, &mmscope_set_consistent, &mmscope_set_pte,
	&mmscope_set_kpf, &mmscope_set_vm_flags, &mmscope_arch_pte, &mmscope_arch_table, NULL
};

unsigned long mmscope_page_flag(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(page_flags); i++)
		if (!strcmp(page_flags[i].name, name))
			return page_flags[i].value;
	return 0;
}

const char *mmscope_set_name(const struct mmscope_set *set, u64 value)
{
	unsigned int i;

	for (i = 0; i < set->count; i++)
		if (set->names[i].value == value)
			return set->names[i].name;
	return NULL;
}
