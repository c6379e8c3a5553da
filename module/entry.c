// SPDX-License-Identifier: GPL-2.0
/*
 * What one page-table entry means. Called under the lock of the table it stands in, which keeps
 * its page mapped (page.c). Huge leaves are read through the pte accessors: that is how hugetlb
 * does it on every architecture, and an entry of a THP has the same bits.
 *
 * Where several kinds hold, the first of protnone, zero, pfnmap, page is told.
 */
#include <linux/mm.h>

#include "arch.h"
#include "compat.h"
#include "page.h"
#include "walk.h"

/*
 * The huge zero page has no exported test. It is the only huge page that an anonymous area maps
 * and that belongs neither to an anon_vma nor to a file.
 */
static bool is_huge_zero(struct vm_area_struct *vma, struct folio *folio)
{
	return vma_is_anonymous(vma) && !folio_test_anon(folio) && !READ_ONCE(folio->mapping);
}

/*
 * The page behind a present leaf, or NULL where the kernel manages none: the rule of
 * vm_normal_page() and its likes, except that the pages of zeroes count.
 */
static struct page *page_of(const struct mmscope_entry *entry, pte_t pte, unsigned long pfn,
			    bool *zero)
{
	struct page *page;

	*zero = false;
	if (!pfn_valid(pfn))
		return NULL;
	page = pfn_to_page(pfn);
	if (entry->level == MMSCOPE_LEVEL_pte)
		*zero = is_zero_pfn(pfn);
	else if (entry->vma->vm_flags & VM_PFNMAP ||
		 mmscope_devmap(entry->value, entry->level == MMSCOPE_LEVEL_pud))
		return NULL;
	else if (entry->level == MMSCOPE_LEVEL_pmd)
		*zero = is_huge_zero(entry->vma, page_folio(page));
	return pte_special(pte) && !*zero ? NULL : page;
}

static void read_present(const struct mmscope_entry *entry, struct mmscope_pte_raw *record)
{
	const pte_t pte = __pte(entry->value);
	const bool huge = entry->level > MMSCOPE_LEVEL_pte;
	const bool protnone = mmscope_arch_protnone(entry->value);
	unsigned long pfn = pte_pfn(pte);
	struct page *page;
	struct folio *folio;
	bool zero;

	/* The low bits of a huge leaf's frame number are no part of it. */
	pfn &= ~((entry->size >> PAGE_SHIFT) - 1);
	record->pfn = pfn;
	record->pte = MMSCOPE_PTE_present | mmscope_arch_access(entry->value);
	if (pte_write(pte))
		record->pte |= MMSCOPE_PTE_write;
	if (pte_young(pte))
		record->pte |= MMSCOPE_PTE_young;
	if (pte_dirty(pte))
		record->pte |= MMSCOPE_PTE_dirty;
	if (pte_soft_dirty(pte))
		record->pte |= MMSCOPE_PTE_soft_dirty;
	if (mmscope_pte_uffd(pte))
		record->pte |= mmscope_uffd_bit(entry->vma);
	if (pte_special(pte))
		record->pte |= MMSCOPE_PTE_special;
	if (huge)
		record->pte |= MMSCOPE_PTE_huge;

	page = page_of(entry, pte, pfn, &zero);
	if (protnone)
		record->kind = MMSCOPE_KIND_protnone;
	else if (zero)
		record->kind = MMSCOPE_KIND_zero;
	else if (!page)
		record->kind = MMSCOPE_KIND_pfnmap;
	else
		record->kind = MMSCOPE_KIND_page;
	if (!page)
		return;
	mmscope_page_read(page, zero, record);
	if (zero)
		return;
	folio = page_folio(page);
	if (!folio_test_anon(folio))
		record->pte |= MMSCOPE_PTE_file;
	else if (PageAnonExclusive(page))
		record->pte |= MMSCOPE_PTE_anon_exclusive;
	if (!entry->table_shared &&
	    (huge ? mmscope_folio_mapped_once(folio) : record->mapcount == 1))
		record->pte |= MMSCOPE_PTE_exclusive;
}

static void read_absent(const struct mmscope_entry *entry, struct mmscope_pte_raw *record)
{
	const pte_t pte = __pte(entry->value);
	struct mmscope_leaf leaf;
	struct page *page;

	mmscope_leaf_read(pte, &leaf);
	record->kind = leaf.kind;
	record->swap_type = leaf.type;
	record->swap_offset = leaf.offset;
	record->pte = leaf.bits;
	if (pte_swp_soft_dirty(pte))
		record->pte |= MMSCOPE_PTE_soft_dirty;
	if (mmscope_pte_swp_uffd(pte))
		record->pte |= mmscope_uffd_bit(entry->vma);
	if (leaf.kind == MMSCOPE_KIND_swap && pte_swp_exclusive(pte))
		record->pte |= MMSCOPE_PTE_anon_exclusive;
	if (entry->level > MMSCOPE_LEVEL_pte)
		record->pte |= MMSCOPE_PTE_huge;
	if (!leaf.has_pfn)
		return;
	record->pfn = leaf.offset;
	/* A poisoned page may be freed and gone while its entries stay: nothing to look at. */
	if (leaf.kind == MMSCOPE_KIND_hwpoison || !pfn_valid(record->pfn))
		return;
	page = pfn_to_page(record->pfn);
	/*
	 * Under migration the folio stays until its entries are removed, which takes this lock. But
	 * a huge page is split behind such entries: its order and counts are in motion. A page in a
	 * device's hands is held as by a mapping.
	 */
	if (leaf.kind == MMSCOPE_KIND_migration)
		record->node = page_to_nid(page);
	else
		mmscope_page_read(page, false, record);
	if (!folio_test_anon(page_folio(page))) {
		record->pte |= MMSCOPE_PTE_file;
		record->pte &= ~MMSCOPE_PTE_anon_exclusive;
	}
}

void mmscope_entry_read(const struct mmscope_entry *entry, struct mmscope_pte_raw *record)
{
	*record = (struct mmscope_pte_raw){
		.va = entry->va,
		.size = entry->size,
		.level = entry->level,
		.entry = entry->value,
		.pfn = MMSCOPE_ABSENT64,
		.swap_type = MMSCOPE_ABSENT64,
		.swap_offset = MMSCOPE_ABSENT64,
		.kpf = MMSCOPE_ABSENT64,
		.refcount = MMSCOPE_ABSENT32,
		.mapcount = MMSCOPE_ABSENT32,
		.order = MMSCOPE_ABSENT32,
		.node = MMSCOPE_ABSENT32,
	};
	if (entry->bad)
		record->kind = MMSCOPE_KIND_bad;
	else if (entry->present)
		read_present(entry, record);
	else if (!entry->none)
		read_absent(entry, record);
	else
		record->kind = MMSCOPE_KIND_none;
}
