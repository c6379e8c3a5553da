// SPDX-License-Identifier: GPL-2.0
/* What makes the kernel talk, at length, though nobody did wrong. */
#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "bad.h"

static void nothing(void)
{
}

static void advice(void)
{
	pr_warn("bad: WARNING: this is advice, and so is BUG: that\n");
	pr_info("bad: INFO: task x:1 is not blocked for more than a moment\n");
	dump_stack();
}

/* Each allocation is refused, if the caller injects faults. */
static void faults(void)
{
	void *slab = kmalloc(333, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	void *area = vmalloc(4 * PAGE_SIZE);

	pr_info("bad: faults: %d of 3 refused\n", !slab + !page + !area);
	vfree(area);
	if (page)
		__free_page(page);
	kfree(slab);
}

/* The same, but here somebody did not count on it. */
static void fault_warns(void)
{
	void *p = kmalloc(333, GFP_KERNEL);

	WARN_ON(!p);
	kfree(p);
}

static void no_memory(void)
{
	struct page *page, *next;
	int order = MAX_PAGE_ORDER;
	LIST_HEAD(pages);

	while ((page = alloc_pages(GFP_KERNEL | __GFP_NORETRY, order)))
		list_add(&page->lru, &pages);
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_pages(page, order);
}

const struct kind harmless_kinds[] = {
	KIND(nothing), KIND(advice), KIND(faults), KIND(fault_warns), KIND(no_memory),
	{}
};
