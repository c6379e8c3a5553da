/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The holds of a target's mmap_lock that one capture or read takes: each bounded by budget_us,
 * counted and timed, and whether anything changed between them. What the stamp says is made here.
 */
#ifndef MMSCOPE_HOLD_H
#define MMSCOPE_HOLD_H

#include <linux/math64.h>
#include <linux/mm_types.h>
#include <linux/time64.h>

#include "abi.h"

struct mmscope_hold {
	struct mm_struct *mm;
	u64 holds;
	u64 max_ns;		/* the longest of them */
	u64 since;		/* ktime when the present one began */
	u64 seq;		/* lock sequence at the latest */
	bool has_seq;
	bool anchored;		/* seq is to be compared with */
	bool moved;		/* the sequence moved between two of them */
	bool whole;		/* could be all in this hold: worth the wait of others */
	bool unsure;		/* more was read than the mmap_lock alone keeps still */
};

static inline void mmscope_hold_init(struct mmscope_hold *hold, struct mm_struct *mm)
{
	*hold = (struct mmscope_hold){ .mm = mm };
}

/* Takes the lock for read. -EINTR when the reader is killed. */
int mmscope_hold_begin(struct mmscope_hold *hold);
void mmscope_hold_end(struct mmscope_hold *hold);

/*
 * Is the budget used up, or does somebody wait for the lock? To be asked at least every 64 entries
 * and every VMA.
 */
bool mmscope_hold_spent(const struct mmscope_hold *hold);

/* What was read so far is thrown away: forget what moved, but not what it cost. */
static inline void mmscope_hold_restart(struct mmscope_hold *hold)
{
	hold->anchored = false;
	hold->moved = false;
}

/* The longest hold, rounded up. */
static inline u64 mmscope_hold_max_us(const struct mmscope_hold *hold)
{
	return div_u64(hold->max_ns + NSEC_PER_USEC - 1, NSEC_PER_USEC);
}

enum mmscope_consistent mmscope_hold_consistent(const struct mmscope_hold *hold);

#endif
