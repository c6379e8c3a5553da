// SPDX-License-Identifier: GPL-2.0
/*
 * No lock is taken here, and none is needed to read an entry: the caller keeps the table it stands
 * in, and a load in one piece gives some value that the entry had (walk.c has the argument). An
 * entry that points to a table of these levels goes on doing so as long as the caller's VMA stays,
 * with the one exception of the PMD's, whose tables walk.c reaches by a way of its own.
 */
#include <linux/mm.h>

#include "compat.h"
#include "level.h"

bool mmscope_level_is_table(pmd_t pmd)
{
	return pmd_present(pmd) && !pmd_leaf(pmd) && !pmd_bad(pmd);
}

unsigned long mmscope_level_size(enum mmscope_level level)
{
	/* On x86 the upper two depend on the levels in use. */
	switch (level) {
	case MMSCOPE_LEVEL_pgd:
		return PGDIR_SIZE;
	case MMSCOPE_LEVEL_p4d:
		return P4D_SIZE;
	case MMSCOPE_LEVEL_pud:
		return PUD_SIZE;
	default:
		return PMD_SIZE;
	}
}

/* An entry that may be a leaf. pud_present() does not know PROT_NONE, which hugetlb can have. */
static enum mmscope_found leaf_or_absent(bool present, u64 value)
{
	return present || pte_present(__pte(value)) ? MMSCOPE_FOUND_leaf : MMSCOPE_FOUND_absent;
}

static enum mmscope_found read_pgd(pgd_t *at, u64 *value)
{
	const pgd_t pgd = READ_ONCE(*at);

	*value = pgd_val(pgd);
	if (pgd_none(pgd))
		return MMSCOPE_FOUND_none;
	return pgd_bad(pgd) ? MMSCOPE_FOUND_bad : MMSCOPE_FOUND_table;
}

static enum mmscope_found read_p4d(p4d_t *at, u64 *value)
{
	const p4d_t p4d = READ_ONCE(*at);

	*value = p4d_val(p4d);
	if (p4d_none(p4d))
		return MMSCOPE_FOUND_none;
	return p4d_bad(p4d) ? MMSCOPE_FOUND_bad : MMSCOPE_FOUND_table;
}

static enum mmscope_found read_pud(pud_t *at, u64 *value)
{
	const pud_t pud = READ_ONCE(*at);

	*value = pud_val(pud);
	if (pud_none(pud))
		return MMSCOPE_FOUND_none;
	if (!pud_present(pud) || pud_leaf(pud))
		return leaf_or_absent(pud_present(pud), *value);
	return pud_bad(pud) ? MMSCOPE_FOUND_bad : MMSCOPE_FOUND_table;
}

static enum mmscope_found read_pmd(pmd_t *at, u64 *value)
{
	const pmd_t pmd = mmscope_pmd_read(at);

	*value = pmd_val(pmd);
	if (pmd_none(pmd))
		return MMSCOPE_FOUND_none;
	if (!pmd_present(pmd) || pmd_leaf(pmd))
		return leaf_or_absent(pmd_present(pmd), *value);
	return mmscope_level_is_table(pmd) ? MMSCOPE_FOUND_table : MMSCOPE_FOUND_bad;
}

enum mmscope_found mmscope_level_read(enum mmscope_level level, void *at, u64 *value)
{
	switch (level) {
	case MMSCOPE_LEVEL_pgd:
		return read_pgd(at, value);
	case MMSCOPE_LEVEL_p4d:
		return read_p4d(at, value);
	case MMSCOPE_LEVEL_pud:
		return read_pud(at, value);
	default:
		return read_pmd(at, value);
	}
}

void *mmscope_level_below(enum mmscope_level level, void *at, unsigned long addr)
{
	switch (level) {
	case MMSCOPE_LEVEL_pgd:
		return p4d_offset(at, addr);
	case MMSCOPE_LEVEL_p4d:
		return pud_offset(at, addr);
	default:
		return pmd_offset(at, addr);
	}
}
