// SPDX-License-Identifier: GPL-2.0
/*
 * x86-64 page-table entries, by the kernel's _PAGE_* bits (Intel SDM volume 3, 4.5; AMD APM volume
 * 2, 5.3). Bits 9-11 and 58 are the kernel's own. Pure functions of an entry's value.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "abi.h"
#include "arch.h"

/* Bits of the kernel's own that moved and went. */
#ifdef _PAGE_BIT_DEVMAP
#define DEVMAP { 1ULL << _PAGE_BIT_DEVMAP, "devmap", "software: memory of a device" },
#else
#define DEVMAP
#endif
#ifdef _PAGE_BIT_SAVED_DIRTY
#define SAVED_DIRTY { 1ULL << _PAGE_BIT_SAVED_DIRTY, "saved_dirty", \
	"software: dirty, kept apart while the entry is not writable" },
#else
#define SAVED_DIRTY
#endif

/* Bit 7 is the page size above the lowest level and part of the memory type at it. */
#define COMMON_LOW \
	{ _PAGE_PRESENT, "present", "the CPU may use the entry" }, \
	{ _PAGE_RW, "rw", "writable" }, \
	{ _PAGE_USER, "user", "open to user mode" }, \
	{ _PAGE_PWT, "pwt", "memory type, bit 0: write-through" }, \
	{ _PAGE_PCD, "pcd", "memory type, bit 1: cache disabled" }, \
	{ _PAGE_ACCESSED, "accessed", "used by the CPU" }, \
	{ _PAGE_DIRTY, "dirty", "written by the CPU" }
#define COMMON_HIGH \
	{ _PAGE_GLOBAL, "global", "kept in the TLB; without present: PROT_NONE" }, \
	{ _PAGE_SPECIAL, "special", "software: the kernel keeps no count of the page" }, \
	{ 1ULL << _PAGE_BIT_SOFTW2, "uffd_wp", "software: userfaultfd" }, \
	{ 1ULL << _PAGE_BIT_SOFT_DIRTY, "soft_dirty", "software: written since clear_refs" }, \
	DEVMAP \
	SAVED_DIRTY \
	{ 1ULL << _PAGE_BIT_PKEY_BIT0, "pkey0", "protection key, bit 0" }, \
	{ 1ULL << _PAGE_BIT_PKEY_BIT1, "pkey1", "protection key, bit 1" }, \
	{ 1ULL << _PAGE_BIT_PKEY_BIT2, "pkey2", "protection key, bit 2" }, \
	{ 1ULL << _PAGE_BIT_PKEY_BIT3, "pkey3", "protection key, bit 3" }, \
	{ 1ULL << _PAGE_BIT_NX, "nx", "not executable" }

static const struct mmscope_name pte_names[] = {
	COMMON_LOW,
	{ _PAGE_PAT, "pat", "memory type, bit 2" },
	COMMON_HIGH,
};

static const struct mmscope_name table_names[] = {
	COMMON_LOW,
	{ _PAGE_PSE, "pse", "maps a huge page itself" },
	COMMON_HIGH,
	{ _PAGE_PAT_LARGE, "pat", "memory type of a huge page, bit 2" },
};

const struct mmscope_set mmscope_arch_pte = {
	.name = "entry_pte", .names = pte_names, .count = ARRAY_SIZE(pte_names),
	.flags = true
};

const struct mmscope_set mmscope_arch_table = {
	.name = "entry_table", .names = table_names, .count = ARRAY_SIZE(table_names),
	.flags = true
};

u64 mmscope_arch_attributes(u64 entry, unsigned int level, bool leaf)
{
	u64 attributes = entry & ~(u64)PTE_PFN_MASK;

	/* Without present the bit may be part of the frame number, inverted. */
	if (leaf && level > MMSCOPE_LEVEL_pte && entry & _PAGE_PRESENT)
		attributes |= entry & _PAGE_PAT_LARGE;
	return attributes;
}

u64 mmscope_arch_access(u64 entry)
{
	return (entry & _PAGE_NX ? 0 : MMSCOPE_PTE_exec) |
	       (entry & _PAGE_USER ? MMSCOPE_PTE_user : 0);
}

bool mmscope_arch_protnone(u64 entry)
{
	return (entry & (_PAGE_PRESENT | _PAGE_PROTNONE)) == _PAGE_PROTNONE;
}

unsigned int mmscope_arch_levels(void)
{
	return pgtable_l5_enabled() ? 5 : 4;
}

unsigned int mmscope_arch_address_bits(void)
{
	return pgtable_l5_enabled() ? 57 : 48;
}
