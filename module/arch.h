/* SPDX-License-Identifier: GPL-2.0 */
/* What each architecture says of its page-table entries beyond the kernel's portable accessors. */
#ifndef MMSCOPE_ARCH_H
#define MMSCOPE_ARCH_H

#include <linux/mm_types.h>

#include "names.h"

/* The names of an entry's bits: at the lowest level, and above it. */
extern const struct mmscope_set mmscope_arch_pte, mmscope_arch_table;

/* The bits of a present entry that are no part of the address it holds. */
u64 mmscope_arch_attributes(u64 entry, unsigned int level, bool leaf);

/* MMSCOPE_PTE_exec and MMSCOPE_PTE_user of a present leaf. */
u64 mmscope_arch_access(u64 entry);

/* A present leaf that the CPU may not use: mprotect(PROT_NONE) or a NUMA hint. */
bool mmscope_arch_protnone(u64 entry);

/* Significant bits of a user or kernel address, with the levels in use. */
unsigned int mmscope_arch_address_bits(void);
unsigned int mmscope_arch_levels(void);

#endif
