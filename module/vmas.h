/* SPDX-License-Identifier: GPL-2.0 */
/* Captures that have one record for each VMA. */
#ifndef MMSCOPE_VMAS_H
#define MMSCOPE_VMAS_H

#include <linux/mm_types.h>

#include "view.h"

/* Every record of such a capture begins with its range. */
struct mmscope_range {
	unsigned long start, end;
};

/*
 * Captures the VMAs from capture->resume on: one hold if the budget allows, else several, again up
 * to three times when the address space changed between them. @take fills one record (its range is
 * filled already) under the mmap_lock: no sleep, no allocation. The records never overlap.
 */
int mmscope_vmas_capture(struct mmscope_capture *capture, const struct mmscope_view_ops *ops,
			 void (*take)(struct vm_area_struct *vma, void *record));

/* For mmscope_view_ops.position: the record's start. */
unsigned long mmscope_vmas_position(const void *record);

#endif
