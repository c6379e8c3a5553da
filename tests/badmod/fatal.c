// SPDX-License-Identifier: GPL-2.0
/* What ends the writer, or with oops=panic the kernel. */
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/page-flags.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "bad.h"

static int sink;

/* KASAN stumbles over its own shadow first: a general protection fault. */
static void null_pointer(void)
{
	sink = READ_ONCE(*HIDDEN((int *)NULL));
}

static void store(unsigned long address)
{
	asm volatile("movl $1, (%0)" : : "r" (address) : "memory");
}

static void null_store(void)
{
	store(8);
}

static void wild_store(void)
{
	store((unsigned long)VMALLOC_START - PAGE_SIZE);
}

static void divide(void)
{
	WRITE_ONCE(sink, HIDDEN(7) / HIDDEN(0));
}

static void bug(void)
{
	BUG();
}

static void usercopy(void)
{
	unsigned long user = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, 0);
	char *p = HIDDEN(kmalloc(64, GFP_KERNEL));

	sink = copy_to_user((void __user *)user, p, HIDDEN(128UL));
	kfree(p);
}

static void fortify(void)
{
	static char array[4];

	memset(array, 0, HIDDEN(8UL));
}

static void page_flag(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);

	SetPageUptodate(page + 1);	/* of a tail, which has none */
}

/* Freed while an entry of a process still has it. */
static void page_table(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	pte_t entry = __pte(0);

	set_pte_at(current->mm, 0, &entry, mk_pte(page, PAGE_SHARED));
	__free_page(page);
}

/* No handler, not a word. */
static void triple_fault(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed none = {};

	asm volatile("lidt %0; int3" : : "m" (none));
}

const struct kind fatal_kinds[] = {
	KIND(null_pointer), KIND(null_store), KIND(wild_store), KIND(divide), KIND(bug),
	KIND(usercopy), KIND(fortify), KIND(page_flag), KIND(page_table), KIND(triple_fault),
	{}
};
