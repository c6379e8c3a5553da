// SPDX-License-Identifier: GPL-2.0
/*
 * Architectures without a file of their own: everything portable works, the bits of a raw entry
 * print as bitN.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "abi.h"
#include "arch.h"

const struct mmscope_set mmscope_arch_pte = { .name = "entry_pte", .flags = true };
const struct mmscope_set mmscope_arch_table = { .name = "entry_table", .flags = true };

u64 mmscope_arch_attributes(u64 entry, unsigned int level, bool leaf)
{
	return entry & ~((u64)pte_pfn(__pte(entry)) << PAGE_SHIFT);
}

u64 mmscope_arch_access(u64 entry)
{
	return MMSCOPE_PTE_user;
}

bool mmscope_arch_protnone(u64 entry)
{
	return pte_protnone(__pte(entry));
}

unsigned int mmscope_arch_levels(void)
{
	return CONFIG_PGTABLE_LEVELS;
}

unsigned int mmscope_arch_address_bits(void)
{
	return fls64(TASK_SIZE_MAX - 1);
}
