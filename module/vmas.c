// SPDX-License-Identifier: GPL-2.0
/*
 * The VMA tree is walked under mmap_lock for read, which keeps every VMA in it as it is (but for
 * flags that the kernel sets atomically under the read lock). Room for the records is made before
 * the lock is taken.
 *
 * Between two holds the address space may change. Going on from the end of the last record, a VMA
 * that grew or merged may begin before it: the newer truth takes the place of what it overlaps.
 */
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/signal.h>

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

/* Gives back the last records, down to @count. */
static void drop(struct mmscope_capture *capture, const struct mmscope_view_ops *ops, size_t count)
{
	while (capture->count > count) {
		capture->count--;
		if (ops->release)
			ops->release(range_at(capture, ops->size, capture->count));
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
		size_t kept = capture->count;

		while (kept && range_at(capture, ops->size, kept - 1)->start >= vma->vm_start)
			kept--;
		drop(capture, ops, kept);
		if (kept) {
			range = range_at(capture, ops->size, kept - 1);
			range->end = min(range->end, vma->vm_start);
		}
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

int mmscope_vmas_capture(struct mmscope_capture *capture, const struct mmscope_view_ops *ops,
			 void (*take)(struct vm_area_struct *vma, void *record))
{
	const size_t limit = mmscope_capture_limit();
	const unsigned long from = capture->resume;
	struct mm_struct *mm = capture->hold.mm;
	unsigned long next = from;
	unsigned int tries = 0;
	bool done = false;
	int err;

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
			tries++;
			drop(capture, ops, 0);
			mmscope_hold_restart(&capture->hold);
			capture->hold.anchored = true;
			next = from;
		}
		done = gather(capture, ops, take, from, &next);
		mmscope_hold_end(&capture->hold);
	}
	return 0;
}
