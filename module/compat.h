/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One accessor for each thing that kernels do differently; the rest of the module is written as if
 * there were one kernel. HAVE_* are the answers of compat.probes to the very headers at hand.
 * A version is compared once, for the floor: distributions carry newer code under older numbers.
 */
#ifndef MMSCOPE_COMPAT_H
#define MMSCOPE_COMPAT_H

#include <linux/version.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "mmscope needs Linux 6.1 or newer (the VMA maple tree)"
#endif

#if defined(__has_include) /* sparse has none */
#if !__has_include("probed.h")
#error "module/probed.h is missing: build with `make module KDIR=...`, which asks the headers first"
#endif
#endif
#include "probed.h"
#include "abi.h"
#include "prelude.h"
#ifdef HAVE_LEAFOPS
#include <linux/leafops.h>
#endif

#ifndef CONFIG_64BIT
#error "mmscope reads page tables that lie in the direct map: 64-bit only"
#endif

/*
 * Linux commit dab6e717429e ("mm: Rename pmd_read_atomic()") (v6.2): a pmd in one piece. On 64
 * bits that is one load.
 */
static inline pmd_t mmscope_pmd_read(pmd_t *pmd)
{
#ifdef HAVE_PMDP_GET_LOCKLESS
	return pmdp_get_lockless(pmd);
#else
	return READ_ONCE(*pmd);
#endif
}

/*
 * Linux commit 5e31275cc997 ("mm: add per-VMA lock and helper functions to control it") (v6.4)
 * gave each mm a count of its write-locked sections, an int; eb449bd96954 ("mm: convert
 * mm_lock_seq to a proper seqcount") (v6.14, and older trees since) made it a seqcount. Under the
 * read lock neither moves. False where the kernel keeps none.
 */
static inline bool mmscope_lock_seq(struct mm_struct *mm, u64 *seq)
{
#if defined(HAVE_LOCK_SEQCOUNT)
	*seq = READ_ONCE(mm->mm_lock_seq.sequence);
	return true;
#elif defined(HAVE_LOCK_SEQ_INT)
	*seq = (unsigned int)READ_ONCE(mm->mm_lock_seq);
	return true;
#elif defined(CONFIG_PER_VMA_LOCK)
#error "no known form of mm_lock_seq"
#else
	return false;
#endif
}

/*
 * Linux commits 08582d678fcf ("fs: create helper file_user_path() for user displayed mapped file
 * path") and def3ae83da02 ("fs: store real path instead of fake path in backing file f_path")
 * (v6.7): a mapped file of an overlay has the lower file's path; the user's is asked for.
 */
static inline const struct path *mmscope_file_path(struct file *file)
{
#ifdef HAVE_FILE_USER_PATH
	return file_user_path(file);
#else
	return &file->f_path;
#endif
}

/*
 * Linux commit 3efdc78fdc21 ("fs/proc: show correct device and inode numbers in /proc/pid/maps")
 * (v6.8): the same for device and inode.
 */
static inline const struct inode *mmscope_file_inode(struct file *file)
{
#ifdef HAVE_FILE_USER_INODE
	return file_user_inode(file);
#else
	return file_inode(file);
#endif
}

/*
 * Linux commit 11250fd12eb8 ("mm: factor out VMA stack and heap checks") (v6.6), which excludes
 * areas that only touch the heap; before it maps counted those in.
 */
static inline bool mmscope_vma_is_heap(struct vm_area_struct *vma)
{
#ifdef HAVE_VMA_IS_INITIAL_HEAP
	return vma_is_initial_heap(vma);
#else
	return vma->vm_start <= vma->vm_mm->brk && vma->vm_end >= vma->vm_mm->start_brk;
#endif
}

/*
 * "mm: rename uffd-wp PTE accessors to uffd" (v7.3; its final hash was not to be found): the bit
 * serves a second mode there, in which userfaultfd hears of reads as well.
 */
static inline bool mmscope_pte_uffd(pte_t pte)
{
#ifdef HAVE_PTE_UFFD
	return pte_uffd(pte);
#else
	return pte_uffd_wp(pte);
#endif
}

static inline bool mmscope_pte_swp_uffd(pte_t pte)
{
#ifdef HAVE_PTE_UFFD
	return pte_swp_uffd(pte);
#else
	return pte_swp_uffd_wp(pte);
#endif
}

static inline u64 mmscope_uffd_bit(const struct vm_area_struct *vma)
{
#ifdef VM_UFFD_RWP
	if (vma->vm_flags & VM_UFFD_RWP)
		return MMSCOPE_PTE_uffd_rwp;
#endif
	return MMSCOPE_PTE_uffd_wp;
}

/*
 * Memory of a device mapped huge, marked by a bit of its own until Linux 6.16 or so ("mm: remove
 * devmap related functions and page table bits"); since then such pages are counted as others are.
 */
static inline bool mmscope_devmap(u64 value, bool pud)
{
#ifdef HAVE_DEVMAP
	return pud ? pud_devmap(__pud(value)) : pmd_devmap(__pmd(value));
#else
	return false;
#endif
}

/*
 * Linux commit cdd9a571b7d8 ("fs/proc: move page_mapcount() to fs/proc/internal.h") (v6.11) took
 * page_mapcount() from modules: how often this very page is mapped, mappings of the whole folio
 * included. 749492229e3b ("mm: stop maintaining the per-page mapcount of large folios
 * (CONFIG_NO_PAGE_MAPCOUNT)") (v6.15) lets a kernel do without: then it is absent.
 */
static inline int mmscope_page_mapcount(struct folio *folio, struct page *page, int absent)
{
#ifdef HAVE_PAGE_MAPCOUNT
	return page_mapcount(page);
#else
	int count = atomic_read(&page->_mapcount) + 1;

	if (!folio_test_large(folio))
		return count < 0 ? 0 : count;
	if (IS_ENABLED(CONFIG_NO_PAGE_MAPCOUNT) && !folio_test_hugetlb(folio))
		return absent;
	return (count < 0 ? 0 : count) + folio_entire_mapcount(folio);
#endif
}

/*
 * Is the folio of a huge leaf mapped by that leaf and by nothing else? Linux commit 05c5323b2a34
 * ("mm: track mapcount of large folios in single value") (v6.10) made that one number to read.
 */
static inline bool mmscope_folio_mapped_once(struct folio *folio)
{
#ifdef HAVE_PAGE_MAPCOUNT
	return page_mapcount(&folio->page) == 1 && !PageDoubleMap(&folio->page);
#else
	return folio_mapcount(folio) == 1;
#endif
}

/*
 * Linux commit de53c05f2ae3 ("mm: add large_rmappable page flag") (v6.6), by which the kernel's
 * own KPF_THP goes in newer kernels.
 */
static inline bool mmscope_folio_is_thp(struct folio *folio)
{
	if (!folio_test_large(folio) || folio_test_hugetlb(folio))
		return false;
#ifdef HAVE_LARGE_RMAPPABLE
	return folio_test_large_rmappable(folio);
#else
	return folio_test_lru(folio) || folio_test_anon(folio);
#endif
}

/* A non-present entry, taken apart. */
struct mmscope_leaf {
	enum mmscope_kind kind;
	unsigned int type;	/* the kernel's number for the swap device or special kind */
	u64 offset;
	u64 bits;		/* MMSCOPE_PTE_*: of a migration entry or marker */
	bool has_pfn;		/* offset is a frame */
};

#ifdef HAVE_LEAFOPS
/* Linux commit 68aa2fdbf57f ("mm: introduce leaf entry type and use to simplify leaf entry logic")
 * (v6.19): the type of an entry by one switch.
 */
static inline void mmscope_leaf_read(pte_t pte, struct mmscope_leaf *leaf)
{
	const softleaf_t entry = softleaf_from_pte(pte);
	const enum softleaf_type type = softleaf_type(entry);

	*leaf = (struct mmscope_leaf){
		.type = swp_type(entry),
		.has_pfn = softleaf_has_pfn(entry),
	};
	leaf->offset = leaf->has_pfn ? softleaf_to_pfn(entry) : swp_offset(entry);
	switch (type) {
	case SOFTLEAF_SWAP:
		leaf->kind = MMSCOPE_KIND_swap;
		break;
	case SOFTLEAF_MIGRATION_WRITE:
		leaf->bits = MMSCOPE_PTE_write;
		fallthrough;
	case SOFTLEAF_MIGRATION_READ_EXCLUSIVE:
		leaf->bits |= MMSCOPE_PTE_anon_exclusive;
		fallthrough;
	case SOFTLEAF_MIGRATION_READ:
		leaf->kind = MMSCOPE_KIND_migration;
		break;
	case SOFTLEAF_HWPOISON:
		leaf->kind = MMSCOPE_KIND_hwpoison;
		break;
	case SOFTLEAF_DEVICE_PRIVATE_WRITE:
		leaf->bits = MMSCOPE_PTE_write;
		fallthrough;
	case SOFTLEAF_DEVICE_PRIVATE_READ:
	case SOFTLEAF_DEVICE_EXCLUSIVE:
		leaf->kind = MMSCOPE_KIND_device;
		break;
	case SOFTLEAF_MARKER:
		leaf->kind = MMSCOPE_KIND_marker;
		if (softleaf_is_uffd_wp_marker(entry))
			leaf->bits |= MMSCOPE_PTE_uffd_wp;
		if (softleaf_is_poison_marker(entry))
			leaf->bits |= MMSCOPE_PTE_poison;
		if (softleaf_is_guard_marker(entry))
			leaf->bits |= MMSCOPE_PTE_guard;
		break;
	default:
		leaf->kind = MMSCOPE_KIND_UNKNOWN + swp_type(entry);
	}
}
#else
static inline void mmscope_leaf_read(pte_t pte, struct mmscope_leaf *leaf)
{
	swp_entry_t entry = pte_to_swp_entry(pte);

	*leaf = (struct mmscope_leaf){
		.type = swp_type(entry),
		.has_pfn = is_pfn_swap_entry(entry),
	};
	leaf->offset = leaf->has_pfn ? swp_offset_pfn(entry) : swp_offset(entry);
	if (!non_swap_entry(entry)) {
		leaf->kind = MMSCOPE_KIND_swap;
	} else if (is_migration_entry(entry)) {
		leaf->kind = MMSCOPE_KIND_migration;
		if (is_writable_migration_entry(entry))
			leaf->bits = MMSCOPE_PTE_write | MMSCOPE_PTE_anon_exclusive;
		else if (is_readable_exclusive_migration_entry(entry))
			leaf->bits = MMSCOPE_PTE_anon_exclusive;
	} else if (is_hwpoison_entry(entry)) {
		leaf->kind = MMSCOPE_KIND_hwpoison;
	} else if (is_device_private_entry(entry) || is_device_exclusive_entry(entry)) {
		leaf->kind = MMSCOPE_KIND_device;
		if (is_writable_device_private_entry(entry))
			leaf->bits = MMSCOPE_PTE_write;
	} else if (is_pte_marker_entry(entry)) {
		leaf->kind = MMSCOPE_KIND_marker;
		if (pte_marker_get(entry) & PTE_MARKER_UFFD_WP)
			leaf->bits |= MMSCOPE_PTE_uffd_wp;
		/*
		 * Linux commit af19487f00f3 ("mm: make PTE_MARKER_SWAPIN_ERROR more general")
		 * (v6.6).
		 */
#ifdef PTE_MARKER_POISONED
		if (pte_marker_get(entry) & PTE_MARKER_POISONED)
			leaf->bits |= MMSCOPE_PTE_poison;
#endif
		/* Linux commit 7c53dfbdb024 ("mm: add PTE_MARKER_GUARD PTE marker") (v6.13). */
#ifdef PTE_MARKER_GUARD
		if (pte_marker_get(entry) & PTE_MARKER_GUARD)
			leaf->bits |= MMSCOPE_PTE_guard;
#endif
	} else {
		leaf->kind = MMSCOPE_KIND_UNKNOWN + swp_type(entry);
	}
}
#endif

#endif
