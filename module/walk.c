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

/* The way through a level: goes on behind @next, unless @ret or the clock has it otherwise. */
static int pass(struct mmscope_walk *walk, int ret, unsigned long next)
{
	if (ret != ON)
		return ret;
	walk->pos = next;
	return spent(walk, 1) ? SPENT : ON;
}

static unsigned long frame_of_table(const void *entry)
{
	return virt_to_phys((void *)entry) >> PAGE_SHIFT;
}

static struct mmscope_entry upper_entry(struct vm_area_struct *vma, const void *at, u64 value,
					enum mmscope_level level, unsigned long addr)
{
	static const unsigned int shifts[] = {
		[MMSCOPE_LEVEL_pmd] = PMD_SHIFT, [MMSCOPE_LEVEL_pud] = PUD_SHIFT,
		[MMSCOPE_LEVEL_p4d] = 0, [MMSCOPE_LEVEL_pgd] = 0,
	};
	/* On x86 the shifts of the upper two depend on the levels in use. */
	const unsigned int shift = shifts[level] ?: level == MMSCOPE_LEVEL_p4d ? P4D_SHIFT :
				   PGDIR_SHIFT;

	return (struct mmscope_entry){
		.vma = vma, .value = value, .level = level, .size = 1UL << shift,
		.va = addr & ~((1UL << shift) - 1), .table_pfn = frame_of_table(at),
		.index = offset_in_page(at) / sizeof(pte_t),
	};
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

static bool pmd_is_table(pmd_t pmd)
{
	return pmd_present(pmd) && !pmd_leaf(pmd) && !pmd_bad(pmd);
}

static bool pud_is_table(pud_t pud)
{
	return pud_present(pud) && !pud_leaf(pud) && !pud_bad(pud);
}

/* pte_offset_map_lock(): the entry of @addr, its table locked; NULL when *pmd is no table now. */
static pte_t *table_lock(struct mm_struct *mm, pmd_t *pmd, unsigned long addr, spinlock_t **ptl)
{
	for (;;) {
		pmd_t value;

		rcu_read_lock();
		value = mmscope_pmd_read(pmd);
		if (!pmd_is_table(value)) {
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
		     unsigned long addr, unsigned long end)
{
	while (addr < end) {
		unsigned int seen = 0;
		bool room = true;
		spinlock_t *ptl; /* of the PTE table */
		pte_t *entry = table_lock(vma->vm_mm, pmd, addr, &ptl);

		if (!entry)
			return CHANGED;
		walk->locks++;
		for (; addr < end && seen < BATCH; addr += PAGE_SIZE, entry++, seen++) {
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

static int leaf_pmd(struct mmscope_walk *walk, struct vm_area_struct *vma, pmd_t *pmd,
		    unsigned long addr)
{
	spinlock_t *ptl = pmd_lock(vma->vm_mm, pmd);
	const pmd_t value = mmscope_pmd_read(pmd);
	struct mmscope_entry entry = upper_entry(vma, pmd, pmd_val(value), MMSCOPE_LEVEL_pmd, addr);
	int ret;

	walk->locks++;
	entry.present = pmd_present(value) || pte_present(__pte(pmd_val(value)));
	if (pmd_none(value) || pmd_is_table(value)) {
		ret = CHANGED;
	} else if (pmd_present(value) && !pmd_leaf(value)) {
		ret = note_end(walk, &entry, true);
	} else {
		entry.table_shared = is_vm_hugetlb_page(vma) && hugetlb_pmd_shared((pte_t *)pmd);
		ret = walk->leaf(walk, &entry) ? ON : FULL;
	}
	spin_unlock(ptl);
	return ret;
}

static int walk_pmds(struct mmscope_walk *walk, struct vm_area_struct *vma, pud_t *pud,
		     unsigned long addr, unsigned long end)
{
	pmd_t *pmd = pmd_offset(pud, addr);

	while (addr < end) {
		const unsigned long next = pmd_addr_end(addr, end);
		const pmd_t value = mmscope_pmd_read(pmd);
		struct mmscope_entry entry = upper_entry(vma, pmd, pmd_val(value),
							 MMSCOPE_LEVEL_pmd, addr);
		int ret;

		if (pmd_none(value)) {
			ret = note_end(walk, &entry, false);
		} else if (pmd_is_table(value)) {
			note_table(walk, &entry);
			ret = walk_ptes(walk, vma, pmd, addr, next);
		} else {
			ret = leaf_pmd(walk, vma, pmd, addr);
		}
		if (ret == CHANGED) {
			/* What was walked of a table that then went stays walked. */
			addr = max(addr, walk->pos);
			if (spent(walk, 1))
				return SPENT;
			continue;
		}
		ret = pass(walk, ret, next);
		if (ret != ON)
			return ret;
		addr = next;
		pmd++;
	}
	return ON;
}

static int leaf_pud(struct mmscope_walk *walk, struct vm_area_struct *vma, pud_t *pud,
		    unsigned long addr)
{
	spinlock_t *ptl = pud_lock(vma->vm_mm, pud);
	const pud_t value = READ_ONCE(*pud);
	struct mmscope_entry entry = upper_entry(vma, pud, pud_val(value), MMSCOPE_LEVEL_pud, addr);
	int ret;

	walk->locks++;
	/* pud_present() does not know PROT_NONE, which hugetlb can have here. */
	entry.present = pud_present(value) || pte_present(__pte(pud_val(value)));
	if (pud_none(value) || pud_is_table(value))
		ret = CHANGED;
	else if (pud_present(value) && !pud_leaf(value))
		ret = note_end(walk, &entry, true);
	else
		ret = walk->leaf(walk, &entry) ? ON : FULL;
	spin_unlock(ptl);
	return ret;
}

static int walk_puds(struct mmscope_walk *walk, struct vm_area_struct *vma, p4d_t *p4d,
		     unsigned long addr, unsigned long end)
{
	pud_t *pud = pud_offset(p4d, addr);

	while (addr < end) {
		const unsigned long next = pud_addr_end(addr, end);
		const pud_t value = READ_ONCE(*pud);
		struct mmscope_entry entry = upper_entry(vma, pud, pud_val(value),
							 MMSCOPE_LEVEL_pud, addr);
		int ret;

		if (pud_none(value)) {
			ret = note_end(walk, &entry, false);
		} else if (pud_is_table(value)) {
			note_table(walk, &entry);
			ret = walk_pmds(walk, vma, pud, addr, next);
		} else {
			ret = leaf_pud(walk, vma, pud, addr);
		}
		if (ret == CHANGED) {
			if (spent(walk, 1))
				return SPENT;
			continue;
		}
		ret = pass(walk, ret, next);
		if (ret != ON)
			return ret;
		addr = next;
		pud++;
	}
	return ON;
}

static int walk_p4ds(struct mmscope_walk *walk, struct vm_area_struct *vma, pgd_t *pgd,
		     unsigned long addr, unsigned long end)
{
	/* With four levels the P4D is the PGD under another name. */
	const enum mmscope_level level = mm_p4d_folded(vma->vm_mm) ? MMSCOPE_LEVEL_pgd :
					 MMSCOPE_LEVEL_p4d;
	p4d_t *p4d = p4d_offset(pgd, addr);

	while (addr < end) {
		const unsigned long next = p4d_addr_end(addr, end);
		const p4d_t value = READ_ONCE(*p4d);
		struct mmscope_entry entry = upper_entry(vma, p4d, p4d_val(value), level, addr);
		int ret;

		if (p4d_none(value) || p4d_bad(value)) {
			ret = note_end(walk, &entry, !p4d_none(value));
		} else {
			note_table(walk, &entry);
			ret = walk_puds(walk, vma, p4d, addr, next);
		}
		ret = pass(walk, ret, next);
		if (ret != ON)
			return ret;
		addr = next;
		p4d++;
	}
	return ON;
}

static int walk_pgds(struct mmscope_walk *walk, struct vm_area_struct *vma, unsigned long addr,
		     unsigned long end)
{
	const bool folded = mm_p4d_folded(vma->vm_mm);
	pgd_t *pgd = pgd_offset(vma->vm_mm, addr);

	while (addr < end) {
		const unsigned long next = pgd_addr_end(addr, end);
		const pgd_t value = READ_ONCE(*pgd);
		struct mmscope_entry entry = upper_entry(vma, pgd, pgd_val(value),
							 MMSCOPE_LEVEL_pgd, addr);
		int ret;

		if (folded) {
			ret = walk_p4ds(walk, vma, pgd, addr, next);
		} else if (pgd_none(value) || pgd_bad(value)) {
			ret = note_end(walk, &entry, !pgd_none(value));
		} else {
			note_table(walk, &entry);
			ret = walk_p4ds(walk, vma, pgd, addr, next);
		}
		ret = pass(walk, ret, next);
		if (ret != ON)
			return ret;
		addr = next;
		pgd++;
	}
	return ON;
}

static int walk_vma(struct mmscope_walk *walk, struct vm_area_struct *vma)
{
	const unsigned long addr = max(walk->pos, vma->vm_start);
	const unsigned long end = min(walk->end, vma->vm_end);
	struct rw_semaphore *sharers = NULL;
	int ret;

	if (is_vm_hugetlb_page(vma)) {
		sharers = &vma->vm_file->f_mapping->i_mmap_rwsem;
		if (!down_read_trylock(sharers)) {
			walk->busy = get_file(vma->vm_file);
			return BUSY;
		}
	}
	walk->pos = addr;
	ret = walk_pgds(walk, vma, addr, end);
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
