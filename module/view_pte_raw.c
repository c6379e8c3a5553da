// SPDX-License-Identifier: GPL-2.0
/*
 * `pte_raw`: a record for each mapped entry, the file position being a virtual address. Every read
 * stands for itself: it walks from its position (walk.c has the locking) into a buffer of its own
 * and copies that to the user when all locks are dropped, so readers of one open file share
 * nothing. Records of 64 KiB at most, whatever the user asks for.
 *
 * Entries change under mmap_lock for read, too, and absence is seen without a lock: only what one
 * hold of one page-table lock showed is called consistent.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "memory.h"
#include "walk.h"
#include "view.h"

#define STREAM SZ_64K

struct stream {
	struct mmscope_pte_raw *records;
	size_t count, room;
};

static bool take(struct mmscope_walk *walk, const struct mmscope_entry *entry)
{
	struct stream *stream = walk->private;
	struct mmscope_pte_raw *last;
	size_t *count = &stream->count;

	/* A leaf that came to be since the hold before covers what was read then. */
	for (; *count; (*count)--) {
		last = &stream->records[*count - 1];
		if (last->va + last->size <= entry->va)
			break;
	}
	if (*count == stream->room)
		return false;
	mmscope_entry_read(entry, &stream->records[(*count)++]);
	return true;
}

static int capture(struct mm_struct *mm, unsigned long pos, struct stream *stream)
{
	const unsigned long from = pos & PAGE_MASK;
	struct mmscope_hold hold;
	struct mmscope_walk walk = {
		.hold = &hold, .pos = from, .end = TASK_SIZE_MAX, .leaf = take,
		.private = stream,
	};
	int err;

	mmscope_hold_init(&hold, mm);
	err = mmscope_walk_range(&walk);
	if (err)
		return err;
	hold.unsure = walk.locks > 1 || hold.holds > 1 || (from ^ (walk.pos - 1)) >> PMD_SHIFT;
	*(struct mmscope_stamp *)&stream->records[stream->count] = (struct mmscope_stamp){
		.next = walk.pos,
		.kind = MMSCOPE_KIND_stamp,
		.consistent = mmscope_hold_consistent(&hold),
		.holds = hold.holds,
		.hold_max_us = mmscope_hold_max_us(&hold),
		.lock_seq = hold.has_seq ? hold.seq : MMSCOPE_ABSENT64,
	};
	return 0;
}

static ssize_t read(struct mmscope_file *file, loff_t *pos, struct iov_iter *to)
{
	const size_t size = sizeof(struct mmscope_pte_raw);
	const size_t fit = min_t(size_t, iov_iter_count(to), STREAM) / size;
	struct stream stream = { .room = fit - 1 };
	size_t bytes;
	int err;

	if (fit < 2)
		return -EINVAL;
	if (*pos >= TASK_SIZE_MAX)
		return 0;
	stream.records = mmscope_memory_get(fit * size);
	if (!stream.records)
		return -ENOMEM;
	err = -ESRCH;
	if (mmget_not_zero(file->mm)) {
		err = capture(file->mm, *pos, &stream);
		mmput_async(file->mm);
	}
	bytes = (stream.count + 1) * size;
	if (!err && stream.count && copy_to_iter(stream.records, bytes, to) != bytes)
		err = -EFAULT;
	if (!err && stream.count)
		*pos = ((struct mmscope_stamp *)&stream.records[stream.count])->next;
	kvfree(stream.records);
	if (err)
		return err;
	return stream.count ? bytes : 0;
}

const struct mmscope_view_ops mmscope_view_pte_raw = {
	.record = &mmscope_record_pte_raw,
	.read = read,
};
