// SPDX-License-Identifier: GPL-2.0
/*
 * Walking another process's page tables while it lives, faults and is reclaimed.
 *
 * What keeps the tables alive
 *
 *   mm_users, held by the caller, keeps exit_mmap() and so the end of all tables away.
 *
 *   mmap_lock for read, and only addresses inside a VMA found in the tree under that lock. A
 *   munmap under way may hold the lock for read, too, while it frees tables, but it has taken its
 *   VMAs out of the tree before, and frees no PGD, P4D, PUD or PMD table that reaches into a VMA
 *   still there (free_pgd_range keeps clear of the neighbours). So for those levels the pointers
 *   of an attached VMA stay, and one READ_ONCE is enough to follow them.
 *
 *   PTE tables can go all the same: khugepaged and, where the kernel has it, the reclaim of
 *   emptied tables detach them under a VMA that stays. Whoever does so clears the PMD entry under
 *   the PTE table's own lock and frees the table after an RCU grace period (since Linux 6.5;
 *   before, only with mmap_lock for write or together with the rmap locks for write, which
 *   mmap_lock for read excludes). So table_lock() is the kernel's own pte_offset_map_lock(),
 *   which is not exported: RCU, the lock, then a second look at the PMD entry.
 *
 *   Huge leaves and non-present entries above the PTE level are read again under the lock of
 *   their table (pmd_lock, pud_lock), which is what those who split, migrate or zap them hold.
 *
 *   hugetlb can share a PMD table between processes, and another process can undo that with only
 *   the file's i_mmap_rwsem held for write. So a hugetlb VMA is walked with it held for read. It
 *   ranks below mmap_lock and above the page-table locks. It is only tried: a taker who would have
 *   to wait must not keep the target's mmap_lock meanwhile, so the hold ends, the wait is killable
 *   and without it, and the walk goes on from where it was.
 *
 * What may change under us: the entries. Faults, reclaim, KSM, NUMA balancing and the hardware
 * write them under the page-table lock (the hardware: without). An entry is read once, under its
 * lock, and its page is looked at before the lock is dropped.
 *
 * Who waits for us: writers of the mmap_lock up to budget_us and 64 more entries, faults in the
 * same table up to 64 entries. Nothing is allocated, printed or copied to a user under any lock.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "level.h"
#include "walk.h"

#define BATCH 64	/* entries under one page-table lock, and between looks at the clock */

enum { ON, FULL, SPENT, BUSY, CHANGED };

/* One more entry was passed over: is it time to drop the mmap_lock? */
static bool spent(struct mmscope_walk *walk, unsigned int entries)
{
	walk->looked += entries;
	if (walk->looked < BATCH)
		return false;
	walk->looked = 0;
	return mmscope_hold_spent(walk->hold);
}

static unsigned long frame_of_table(const void *entry)
{
	return virt_to_phys((void *)entry) >> PAGE_SHIFT;
}

/* With four levels the P4D is the PGD under another name. */
static enum mmscope_level name_of(const struct vm_area_struct *vma, enum mmscope_level level)
{
	return level == MMSCOPE_LEVEL_p4d && mm_p4d_folded(vma->vm_mm) ? MMSCOPE_LEVEL_pgd : level;
}

static void note_table(struct mmscope_walk *walk, const struct mmscope_entry *entry)
{
	if (walk->table)
		walk->table(walk, entry);
}

/* An empty or damaged entry: nothing can hang below it, so no lock is needed to say so. */
static int note_end(struct mmscope_walk *walk, struct mmscope_entry *entry, bool bad)
{
	entry->bad = bad;
	entry->present = bad;
	entry->none = !bad;
	if ((bad || walk->empties) && !walk->leaf(walk, entry))
		return FULL;
	return ON;
}

/* pte_offset_map_lock(): the entry of @addr, its table locked; NULL when *pmd is no table now. */
static pte_t *table_lock(struct mm_struct *mm, pmd_t *pmd, unsigned long addr, spinlock_t **ptl)
{
	for (;;) {
		pmd_t value;

		rcu_read_lock();
		value = mmscope_pmd_read(pmd);
		if (!mmscope_level_is_table(value)) {
			rcu_read_unlock();
			return NULL;
		}
		/* From the value, for *pmd may be another by now. */
		*ptl = pte_lockptr(mm, &value);
		spin_lock(*ptl);
		if (pmd_same(value, mmscope_pmd_read(pmd))) {
			/* sparse cannot follow locks that a return value tells of. */
			__release(RCU);
			__release(ptl);
			return pte_offset_kernel(&value, addr);
		}
		spin_unlock(*ptl);
		rcu_read_unlock();
	}
}

static void table_unlock(spinlock_t *ptl)
{
	__acquire(RCU);
	__acquire(ptl);
	spin_unlock(ptl);
	rcu_read_unlock();
}

static int walk_ptes(struct mmscope_walk *walk, struct vm_area_struct *vma, pmd_t *pmd,
		     unsigned long end)
{
	while (walk->pos < end) {
		/* Those since the last look count, or almost two batches pass without one. */
		const unsigned int batch = BATCH - walk->looked;
		unsigned long addr = walk->pos;
		unsigned int seen = 0;
		bool room = true;
		spinlock_t *ptl; /* of the PTE table */
		pte_t *entry = table_lock(vma->vm_mm, pmd, addr, &ptl);

		if (!entry)
			return CHANGED;
		walk->locks++;
		for (; addr < end && seen < batch; addr += PAGE_SIZE, entry++, seen++) {
			const pte_t pte = ptep_get(entry);

			if (pte_none(pte) && !walk->empties)
				continue;
			room = walk->leaf(walk, &(struct mmscope_entry){
				.vma = vma, .value = pte_val(pte), .va = addr, .size = PAGE_SIZE,
				.table_pfn = frame_of_table(entry),
				.index = offset_in_page(entry) / sizeof(pte_t),
				.level = MMSCOPE_LEVEL_pte, .present = pte_present(pte),
				.none = pte_none(pte),
			});
			if (!room)
				break;
		}
		table_unlock(ptl);
		walk->pos = addr;
		if (!room)
			return FULL;
		if (spent(walk, seen))
			return SPENT;
	}
	return ON;
}

/* What is no table is read again, under the lock of the table it stands in. */
static int walk_leaf(struct mmscope_walk *walk, enum mmscope_level level, void *at,
		     struct mmscope_entry *entry)
{
	struct mm_struct *mm = entry->vma->vm_mm;
	spinlock_t *ptl = level == MMSCOPE_LEVEL_pmd ? pmd_lock(mm, at) : pud_lock(mm, at);
	const enum mmscope_found found = mmscope_level_read(level, at, &entry->value);
	int ret = CHANGED;

	walk->locks++;
	if (found == MMSCOPE_FOUND_leaf || found == MMSCOPE_FOUND_absent) {
		entry->present = found == MMSCOPE_FOUND_leaf;
		entry->table_shared = level == MMSCOPE_LEVEL_pmd &&
				      is_vm_hugetlb_page(entry->vma) && hugetlb_pmd_shared(at);
		ret = walk->leaf(walk, entry) ? ON : FULL;
	}
	spin_unlock(ptl);
	return ret;
}

/* The entries from @at on, which is that of pos in a table of @level, and what hangs below them. */
static int walk_table(struct mmscope_walk *walk, struct vm_area_struct *vma,
		      enum mmscope_level level, void *at, unsigned long end)
{
	const unsigned long size = mmscope_level_size(level);

	while (walk->pos < end) {
		const unsigned long va = walk->pos & ~(size - 1);
		const unsigned long next = end - va > size ? va + size : end;
		struct mmscope_entry entry = {
			.vma = vma, .va = va, .size = size, .table_pfn = frame_of_table(at),
			.index = offset_in_page(at) / sizeof(pte_t), .level = name_of(vma, level),
		};
		int ret;

		switch (mmscope_level_read(level, at, &entry.value)) {
		case MMSCOPE_FOUND_none:
			ret = note_end(walk, &entry, false);
			break;
		case MMSCOPE_FOUND_bad:
			ret = note_end(walk, &entry, true);
			break;
		case MMSCOPE_FOUND_table:
			note_table(walk, &entry);
			if (level == MMSCOPE_LEVEL_pmd)
				ret = walk_ptes(walk, vma, at, next);
			else
				ret = walk_table(walk, vma, level - 1,
						 mmscope_level_below(level, at, walk->pos), next);
			break;
		default:
			ret = walk_leaf(walk, level, at, &entry);
		}
		if (ret == CHANGED) {
			/* Once more; what was walked of a table that then went stays walked. */
			if (spent(walk, 1))
				return SPENT;
			continue;
		}
		if (ret != ON)
			return ret;
		walk->pos = next;
		if (spent(walk, 1))
			return SPENT;
		at += sizeof(pte_t);
	}
	return ON;
}

static int walk_vma(struct mmscope_walk *walk, struct vm_area_struct *vma)
{
	const unsigned long end = min(walk->end, vma->vm_end);
	struct rw_semaphore *sharers = NULL;
	pgd_t *pgd;
	int ret;

	if (is_vm_hugetlb_page(vma)) {
		sharers = &vma->vm_file->f_mapping->i_mmap_rwsem;
		if (!down_read_trylock(sharers)) {
			walk->busy = get_file(vma->vm_file);
			return BUSY;
		}
	}
	walk->pos = max(walk->pos, vma->vm_start);
	pgd = pgd_offset(vma->vm_mm, walk->pos);
	if (mm_p4d_folded(vma->vm_mm))
		ret = walk_table(walk, vma, MMSCOPE_LEVEL_p4d, p4d_offset(pgd, walk->pos), end);
	else
		ret = walk_table(walk, vma, MMSCOPE_LEVEL_pgd, pgd, end);
	if (sharers)
		up_read(sharers);
	return ret;
}

static int walk_vmas(struct mmscope_walk *walk)
{
	VMA_ITERATOR(vmi, walk->hold->mm, walk->pos);
	struct vm_area_struct *vma;
	int ret;

	mmap_assert_locked(walk->hold->mm);
	for_each_vma_range(vmi, vma, walk->end) {
		ret = walk_vma(walk, vma);
		if (ret != ON)
			return ret;
		if (mmscope_hold_spent(walk->hold))
			return SPENT;
	}
	walk->pos = walk->end;
	return ON;
}

/* Waits, without the target's mmap_lock, until the hugetlb file's lock can be had. */
static int wait_busy(struct mmscope_walk *walk)
{
	struct rw_semaphore *sharers = &walk->busy->f_mapping->i_mmap_rwsem;
	int ret = down_read_killable(sharers);

	if (!ret)
		up_read(sharers);
	fput(walk->busy);
	walk->busy = NULL;
	return ret;
}

int mmscope_walk_range(struct mmscope_walk *walk)
{
	int ret;

	do {
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = mmscope_hold_begin(walk->hold);
		if (ret)
			return ret;
		walk->looked = 0;
		ret = walk_vmas(walk);
		mmscope_hold_end(walk->hold);
		if (ret == BUSY && wait_busy(walk))
			return -EINTR;
	} while ((ret == SPENT && walk->pos < walk->end) || ret == BUSY);
	return 0;
}
