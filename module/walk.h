/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page-table walker: visits the entries of a range of a target's address space under the right
 * locks and hands each to the caller. It prints nothing and knows no view.
 */
#ifndef MMSCOPE_WALK_H
#define MMSCOPE_WALK_H

#include <linux/mm_types.h>

#include "abi.h"
#include "hold.h"

/* One entry as it stood in its table. */
struct mmscope_entry {
	struct vm_area_struct *vma;
	u64 value;
	unsigned long va;		/* first address that it covers */
	unsigned long size;		/* bytes that it covers */
	unsigned long table_pfn;	/* frame of the table it stands in */
	unsigned int index;		/* its place in that table */
	enum mmscope_level level;
	bool none;			/* empty, whatever bits an erratum left */
	bool present;			/* as the kernel sees it: protnone is, too */
	bool bad;			/* present, but neither table nor leaf */
	bool table_shared;		/* other processes use this table, too (hugetlb) */
};

struct mmscope_walk {
	struct mmscope_hold *hold;
	unsigned long pos;		/* in: where to begin; out: first address not covered */
	unsigned long end;
	/*
	 * A leaf or a non-present entry, called under the lock of its table: no sleep, no
	 * allocation, no user memory. False when it has no room: pos stays before the entry.
	 * An empty or bad one above the PTEs comes without that lock: there is no page to look at.
	 */
	bool (*leaf)(struct mmscope_walk *walk, const struct mmscope_entry *entry);
	/* An entry that points to a table, read without a lock; NULL where not wanted. */
	void (*table)(struct mmscope_walk *walk, const struct mmscope_entry *entry);
	void *private;
	bool empties;			/* leaf() for empty entries as well */
	/* Kept by the walker: */
	unsigned int looked;		/* entries since the last look at the clock */
	unsigned int locks;		/* page-table locks taken */
	struct file *busy;		/* the hugetlb file whose lock was taken */
};

/*
 * Walks from pos to end in as many holds as the budget needs. The caller has a reference on
 * mm_users (mmget). 0 when end was reached or leaf() had no room; -EINTR when killed.
 */
int mmscope_walk_range(struct mmscope_walk *walk);

/* Takes @entry apart into @record. Only from leaf(), for it may look at the entry's page. */
void mmscope_entry_read(const struct mmscope_entry *entry, struct mmscope_pte_raw *record);

#endif
