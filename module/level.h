/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The levels of page tables above the lowest, one step of each: what an entry says, and the table
 * that it points to. The kernel has a type and accessors of its own for each level; here is the
 * only place that names them all.
 */
#ifndef MMSCOPE_LEVEL_H
#define MMSCOPE_LEVEL_H

#include <linux/mm_types.h>

#include "abi.h"

enum mmscope_found {
	MMSCOPE_FOUND_none,	/* empty */
	MMSCOPE_FOUND_table,	/* points to a table of the next level */
	MMSCOPE_FOUND_leaf,	/* maps memory itself */
	MMSCOPE_FOUND_absent,	/* neither: swapped, under migration, ... */
	MMSCOPE_FOUND_bad,	/* present, but neither table nor leaf */
};

/* Bytes that an entry covers. */
unsigned long mmscope_level_size(enum mmscope_level level);

/* Reads the entry at @at, once. Without its lock, only none, table and bad are worth acting on. */
enum mmscope_found mmscope_level_read(enum mmscope_level level, void *at, u64 *value);

/* The entry of @addr in the table that the entry at @at points to, and goes on pointing to. */
void *mmscope_level_below(enum mmscope_level level, void *at, unsigned long addr);

/* Does @pmd point to a table of PTEs? */
bool mmscope_level_is_table(pmd_t pmd);

#endif
