// SPDX-License-Identifier: GPL-2.0
/*
 * Who waits for us: a writer of the target (mmap, munmap, fork, ...) waits while we hold its
 * mmap_lock for read, and once it waits, so do the target's faults. Hence a hold ends at the first
 * look at the clock past the budget, and the next down_read queues behind those who wait already.
 * Where nothing is lost by it, a part of the budget is enough once somebody waits: not all of it at
 * once, for every hold costs a wakeup, and a target that maps all the time would let us creep.
 *
 * What the sequence proves: it moves with every write-locked section, and none is under way while
 * we hold the lock. Equal at two holds means that no writer came between, so the VMAs seen in both
 * belong together. It says nothing of page-table entries, which faults and reclaim change under
 * the read lock: a reader of those sets `unsure`.
 */
#include <linux/ktime.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "hold.h"
#include "main.h"

#define WAITED_PART 8	/* of the budget, when others wait */

int mmscope_hold_begin(struct mmscope_hold *hold)
{
	u64 seq;

	if (mmap_read_lock_killable(hold->mm))
		return -EINTR;
	hold->since = ktime_get_ns();
	hold->has_seq = mmscope_lock_seq(hold->mm, &seq);
	if (hold->has_seq) {
		if (hold->anchored && seq != hold->seq)
			hold->moved = true;
		hold->anchored = true;
		hold->seq = seq;
	}
	hold->holds++;
	return 0;
}

void mmscope_hold_end(struct mmscope_hold *hold)
{
	mmap_assert_locked(hold->mm);
	hold->max_ns = max(hold->max_ns, ktime_get_ns() - hold->since);
	mmap_read_unlock(hold->mm);
	cond_resched();
}

bool mmscope_hold_spent(const struct mmscope_hold *hold)
{
	const u64 budget = (u64)READ_ONCE(mmscope_budget_us) * NSEC_PER_USEC;
	const u64 held = ktime_get_ns() - hold->since;

	if (held >= budget)
		return true;
	return !hold->whole && held >= budget / WAITED_PART && mmap_lock_is_contended(hold->mm);
}

enum mmscope_consistent mmscope_hold_consistent(const struct mmscope_hold *hold)
{
	if (hold->moved)
		return MMSCOPE_CONSISTENT_no;
	if (hold->unsure || (hold->holds > 1 && !hold->has_seq))
		return MMSCOPE_CONSISTENT_unknown;
	return MMSCOPE_CONSISTENT_yes;
}
