// SPDX-License-Identifier: GPL-2.0
/*
 * Merges neighbouring entries into runs. Of a run the first entry is printed, so all that is
 * printed of it must follow for the others: equal, or counting on page by page.
 */
#include "run.h"

/** run_begin - a run of one entry */
void run_begin(struct run *run, const struct mmscope_pte_raw *entry)
{
	run->first = *entry;
	run->bytes = entry->size;
	run->entries = 1;
}

/* Absent stays absent; else the value has moved on by @pages. */
static bool follows(uint64_t first, uint64_t value, uint64_t pages)
{
	if (first == MMSCOPE_ABSENT64 || value == MMSCOPE_ABSENT64)
		return first == value;
	return value == first + pages;
}

/**
 * run_extend - take in @entry if it continues the run
 *
 * Return: false where it begins another.
 */
bool run_extend(struct run *run, const struct mmscope_pte_raw *entry, uint64_t page_size)
{
	const struct mmscope_pte_raw *first = &run->first;
	uint64_t pages = run->bytes / page_size;
	/* The page of zeroes is one frame for all, the value of a marker one note. */
	uint64_t frames = first->kind == MMSCOPE_KIND_zero ? 0 : pages;
	uint64_t offsets = first->kind == MMSCOPE_KIND_marker ? 0 : pages;

	if (entry->va != first->va + run->bytes || entry->size != first->size ||
	    entry->level != first->level || entry->kind != first->kind ||
	    entry->swap_type != first->swap_type || entry->pte != first->pte ||
	    entry->kpf != first->kpf || entry->refcount != first->refcount ||
	    entry->mapcount != first->mapcount || entry->order != first->order ||
	    entry->node != first->node ||
	    !follows(first->pfn, entry->pfn, frames) ||
	    !follows(first->swap_offset, entry->swap_offset, offsets))
		return false;
	run->bytes += entry->size;
	run->entries++;
	return true;
}
