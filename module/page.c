// SPDX-License-Identifier: GPL-2.0
/*
 * A page found through a present page-table entry, read under that table's lock: the entry holds a
 * reference, so the page can be neither freed nor split nor merged into another folio until the
 * lock is dropped. Its flags and counts do change meanwhile (other mappings, reclaim, I/O): each is
 * read once and is true of that moment.
 *
 * kpf says what /proc/kpageflags means, for every page of a folio the folio's flags. It goes by the
 * names: the kernel's bit called `dirty` is KPF_DIRTY, whatever its number. Linux 6.12 to 6.19
 * show KPF_KSM for every anonymous page in that file, and 6.1 shows a tail page's own, empty flags;
 * here they are right.
 */
#include <linux/kernel-page-flags.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "compat.h"
#include "names.h"
#include "page.h"

/* KPF bits that stand for a flag of the same name, or for the one named here. */
static struct {
	unsigned char kpf;
	const char *name;
	unsigned long mask;
} copied[] = {
	{ KPF_LOCKED, "locked" },
	{ KPF_ERROR, "error" },
	{ KPF_REFERENCED, "referenced" },
	{ KPF_UPTODATE, "uptodate" },
	{ KPF_DIRTY, "dirty" },
	{ KPF_LRU, "lru" },
	{ KPF_ACTIVE, "active" },
	{ KPF_WRITEBACK, "writeback" },
	{ KPF_RECLAIM, "reclaim" },
	{ KPF_SWAPBACKED, "swapbacked" },
	{ KPF_UNEVICTABLE, "unevictable" },
	{ KPF_IDLE, "idle" },
	{ KPF_RESERVED, "reserved" },
	{ KPF_MLOCKED, "mlocked" },
#ifdef KPF_OWNER_2
	{ KPF_OWNER_2, "owner_2" },
#else
	{ KPF_MAPPEDTODISK, "mappedtodisk" },
#endif
	{ KPF_PRIVATE, "private" },
	{ KPF_PRIVATE_2, "private_2" },
	{ KPF_OWNER_PRIVATE, "owner_priv_1" },
	{ KPF_ARCH, "arch_1" },
#ifdef KPF_UNCACHED
	{ KPF_UNCACHED, "uncached" },
#endif
	{ KPF_ARCH_2, "arch_2" },
#ifdef KPF_ARCH_3
	{ KPF_ARCH_3, "arch_3" },
#endif
};

void mmscope_page_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(copied); i++)
		copied[i].mask = mmscope_page_flag(copied[i].name);
}

/* The first word of page->flags, a plain long at first, later wrapped in a struct. */
static unsigned long flags_of(const struct page *page)
{
	BUILD_BUG_ON(sizeof(page->flags) != sizeof(unsigned long));
	return READ_ONCE(*(const unsigned long *)&page->flags);
}

static u64 kpf_of(struct folio *folio, struct page *page, bool zero, bool mapped)
{
	const unsigned long flags = flags_of(&folio->page);
	u64 kpf = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(copied); i++)
		if (flags & copied[i].mask)
			kpf |= 1ULL << copied[i].kpf;

	if (mapped)
		kpf |= 1ULL << KPF_MMAP;
	if (folio_test_anon(folio))
		kpf |= 1ULL << KPF_ANON;
	if (folio_test_ksm(folio))
		kpf |= 1ULL << KPF_KSM;
	if (folio_test_swapcache(folio))
		kpf |= 1ULL << KPF_SWAPCACHE;
	if (page != &folio->page)
		kpf |= 1ULL << KPF_COMPOUND_TAIL;
	else if (folio_test_large(folio))
		kpf |= 1ULL << KPF_COMPOUND_HEAD;
	if (folio_test_hugetlb(folio))
		kpf |= 1ULL << KPF_HUGE;
	if (mmscope_folio_is_thp(folio) || (zero && folio_test_large(folio)))
		kpf |= 1ULL << KPF_THP;
	if (zero)
		kpf |= 1ULL << KPF_ZERO_PAGE;
	/* Poison is a page's own, but for hugetlb. */
	if (PageHWPoison(folio_test_hugetlb(folio) ? &folio->page : page))
		kpf |= 1ULL << KPF_HWPOISON;
	return kpf;
}

void mmscope_page_read(struct page *page, bool zero, struct mmscope_pte_raw *record)
{
	struct folio *folio = page_folio(page);

	record->refcount = folio_ref_count(folio);
	record->mapcount = mmscope_page_mapcount(folio, page, MMSCOPE_ABSENT32);
	record->kpf = kpf_of(folio, page, zero, record->mapcount != 0 && !zero);
	record->order = folio_order(folio);
	record->node = page_to_nid(page);
}
