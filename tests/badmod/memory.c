// SPDX-License-Identifier: GPL-2.0
/* Memory used wrongly, in ways that the kernel reports and survives. */
#include <linux/bug.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmdebug.h>
#include <linux/pgtable.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>
#include "bad.h"

static int sink;

/* --- KASAN */

static void kasan_heap(void)
{
	char *p = HIDDEN(kmalloc(20, GFP_KERNEL));

	WRITE_ONCE(p[20], 1);	/* there are 32 */
	kfree(p);
}

static void kasan_freed(void)
{
	char *p = HIDDEN(kmalloc(20, GFP_KERNEL));

	kfree(p);
	sink = READ_ONCE(p[3]);
}

static void kasan_vmalloc(void)
{
	char *p = HIDDEN(vmalloc(100));

	sink = READ_ONCE(p[100]);	/* of a page that is there */
	vfree(p);
}

static void kasan_stack(void)
{
	char array[8] = "";
	char *p = HIDDEN(&array[0]);

	sink = READ_ONCE(p[9]);
}

static void kasan_global(void)
{
	static char array[10];
	char *p = HIDDEN(&array[0]);

	sink = READ_ONCE(p[12]);
}

/* --- UBSAN */

static void ubsan_shift(void)
{
	sink = 1 << HIDDEN(40);
}

static void ubsan_bounds(void)
{
	static struct {
		int array[4];
		int more[4];	/* where it really goes */
	} both;

	sink = READ_ONCE(both.array[HIDDEN(5)]);
}

static void ubsan_bool(void)
{
	static char byte = 7;

	sink = *HIDDEN((bool *)&byte);
}

/* --- Structures that contradict themselves */

static void list(void)
{
	LIST_HEAD(head);
	LIST_HEAD(entry);

	list_add(&entry, &head);
	head.next = &head;
	list_del(&entry);
}

static void refcount(void)
{
	refcount_t count = REFCOUNT_INIT(1);

	sink = refcount_dec_and_test(&count);
	sink = refcount_dec_and_test(&count);
}

static void timer_hit(struct timer_list *timer) { }

static void object(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	timer_setup(timer, timer_hit, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);		/* debugobjects stops it then */
}

static void field(void)
{
	static struct {
		char first[4];
		char second[4];
	} both;
	char from[8] = "1234567";

	memcpy(both.first, from, HIDDEN(sizeof(from)));
}

/* Where KASAN does not look; found when the cache, which wants slab_debug=Z, is asked to look. */
static void redzone(void)
{
	static char *p;

	p = kmalloc(1024, GFP_KERNEL);
	asm volatile("movb $1, 1024(%0)" : : "r" (p) : "memory");
}

static void leak(void)
{
	int i;

	/* Some may be found in a register or on a stack. */
	for (i = 0; i < 8; i++)
		HIDDEN(kmalloc(333, GFP_KERNEL));
}

/* --- Pages and address spaces */

static void page_state(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	page->mapping = (void *)8;
	__free_page(page);
}

static void vm_warn(void)
{
	VM_WARN_ON(HIDDEN(1));
}

static void vm_warn_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	VM_WARN_ON_ONCE_PAGE(page_count(page) == 1, page);
	__free_page(page);
}

static void bad_pmd(void)
{
	pmd_t pmd = __pmd(0xbad);

	pmd_ERROR(pmd);		/* what pmd_none_or_clear_bad() says of one */
}

/* Seen when the writer's address space goes. */
static void rss(void)
{
	percpu_counter_inc(&current->mm->rss_stat[MM_SWAPENTS]);
}

const struct kind memory_kinds[] = {
	KIND(kasan_heap), KIND(kasan_freed), KIND(kasan_vmalloc), KIND(kasan_stack),
	KIND(kasan_global), KIND(ubsan_shift), KIND(ubsan_bounds), KIND(ubsan_bool),
	KIND(list), KIND(refcount), KIND(object), KIND(field), KIND(redzone), KIND(leak),
	KIND(page_state), KIND(vm_warn), KIND(vm_warn_page), KIND(bad_pmd), KIND(rss),
	{}
};
