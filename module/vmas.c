// SPDX-License-Identifier: GPL-2.0
/*
 * The VMA tree is walked under mmap_lock for read, which keeps every VMA in it as it is (but for
 * flags that the kernel sets atomically under the read lock). Room for the records is made before
 * the lock is taken.
 *
 * Between two holds the address space may change. Going on from the end of the last record, a VMA
 * that grew or merged may begin before it: the newer truth takes the place of what it overlaps.
 * Giving back what is outdated can be the work of thousands of records, so it waits until the lock
 * is dropped.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "compat.h"
#include "vmas.h"

#define RETRIES 3

static struct mmscope_range *range_at(struct mmscope_capture *capture, size_t size, size_t index)
{
	return capture->records + index * size;
}

unsigned long mmscope_vmas_position(const void *record)
{
	return ((const struct mmscope_range *)record)->start;
}

/* Gives back what the records from @first to before @end refer to. Not under the lock. */
static void release(struct mmscope_capture *capture, const struct mmscope_view_ops *ops,
		    size_t first, size_t end)
{
	for (; ops->release && first < end; first++) {
		ops->release(range_at(capture, ops->size, first));
		cond_resched();
	}
}

/* One hold's worth of VMAs from *next on. Returns true at the end of the address space. */
static bool gather(struct mmscope_capture *capture, const struct mmscope_view_ops *ops,
		   void (*take)(struct vm_area_struct *vma, void *record), unsigned long from,
		   unsigned long *next)
{
	struct mm_struct *mm = capture->hold.mm;
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, *next);

	mmap_assert_locked(mm);
	for_each_vma(vmi, vma) {
		struct mmscope_range *range;

		if (capture->count == capture->room)
			return false;
		range = range_at(capture, ops->size, capture->count++);
		/* Of a VMA that reaches into the part before this one, the rest. */
		range->start = max(vma->vm_start, from);
		range->end = vma->vm_end;
		take(vma, range);
		*next = range->end;
		if (mmscope_hold_spent(&capture->hold))
			return false;
	}
	return true;
}

/* The records of one hold, from @first on, take the place of those before that they overlap. */
static void settle(struct mmscope_capture *capture, const struct mmscope_view_ops *ops,
		   size_t first)
{
	const size_t fresh = capture->count - first;
	struct mmscope_range *before;
	unsigned long start;
	size_t kept = first;

	if (!fresh)
		return;
	start = range_at(capture, ops->size, first)->start;
	while (kept && range_at(capture, ops->size, kept - 1)->start >= start)
		kept--;
	if (kept < first) {
		release(capture, ops, kept, first);
		memmove(range_at(capture, ops->size, kept), range_at(capture, ops->size, first),
			fresh * ops->size);
		capture->count = kept + fresh;
	}
	if (kept) {
		before = range_at(capture, ops->size, kept - 1);
		before->end = min(before->end, start);
	}
}

int mmscope_vmas_capture(struct mmscope_capture *capture, const struct mmscope_view_ops *ops,
			 void (*take)(struct vm_area_struct *vma, void *record))
{
	const size_t limit = mmscope_capture_limit();
	const unsigned long from = capture->resume;
	struct mm_struct *mm = capture->hold.mm;
	unsigned long next = from;
	unsigned int tries = 0;
	bool done = false;
	size_t first;
	int err;

	capture->hold.whole = !capture->base;
	while (!done) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (capture->count == capture->room) {
			const size_t hint = max_t(size_t, READ_ONCE(mm->map_count), capture->room);

			if (capture->room >= limit) {
				capture->more = true;
				capture->resume = next;
				return 0;
			}
			err = mmscope_capture_room(capture, ops->size, min(hint + 64, limit));
			if (err)
				return err;
		}
		err = mmscope_hold_begin(&capture->hold);
		if (err)
			return err;
		if (capture->hold.moved && !capture->base && tries < RETRIES) {
			mmscope_hold_end(&capture->hold);
			tries++;
			release(capture, ops, 0, capture->count);
			capture->count = 0;
			mmscope_hold_restart(&capture->hold);
			capture->hold.whole = true;
			next = from;
			continue;
		}
		first = capture->count;
		done = gather(capture, ops, take, from, &next);
		mmscope_hold_end(&capture->hold);
		capture->hold.whole = false;
		settle(capture, ops, first);
	}
	return 0;
}
