/* SPDX-License-Identifier: GPL-2.0 */
/* What a mapped page's `struct page` and folio say. */
#ifndef MMSCOPE_PAGE_H
#define MMSCOPE_PAGE_H

#include <linux/mm_types.h>

#include "abi.h"

/* Pairs each KPF bit with the kernel's own flag of that name. Once, at load. */
void mmscope_page_init(void);

/*
 * Fills kpf, refcount, mapcount, order and node of @record from @page. The caller holds the
 * page-table lock under which it found the entry that keeps @page (page.c). @zero: it is the
 * shared page of zeroes, or the huge one, whose mappings the kernel does not count.
 */
void mmscope_page_read(struct page *page, bool zero, struct mmscope_pte_raw *record);

#endif
