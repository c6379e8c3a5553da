// SPDX-License-Identifier: GPL-2.0
/*
 * From a read to a capture, from a capture to text, and reads served from that text.
 *
 * The file's mutex is held while a capture is made, never while bytes go to the user: a reader may
 * be stuck in a page fault of its own there, and must not keep others of the same file waiting. It
 * keeps the text by a reference instead. (That serves pread; of plain reads of one descriptor the
 * VFS lets only one in at a time.)
 *
 * What outgrows max_capture_mb comes in parts: the text so far is served, and the read that reaches
 * its end captures what follows. Positions of a part that is gone cannot be read again (ESPIPE).
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "main.h"
#include "memory.h"
#include "view.h"

static size_t max_bytes(void)
{
	return (size_t)READ_ONCE(mmscope_max_capture_mb) << 20;
}

size_t mmscope_capture_limit(void)
{
	/* A record and its line of text take about this much, however long its path. */
	return max_bytes() / 1024;
}

int mmscope_capture_room(struct mmscope_capture *capture, size_t size, size_t count)
{
	void *records;

	if (count <= capture->room)
		return 0;
	records = mmscope_memory_get(array_size(count, size));
	if (!records)
		return -ENOMEM;
	if (capture->count)
		memcpy(records, capture->records, capture->count * size);
	kvfree(capture->records);
	capture->records = records;
	capture->room = count;
	return 0;
}

static void put(struct mmscope_capture *capture)
{
	if (!capture || !refcount_dec_and_test(&capture->refs))
		return;
	mmscope_text_free(&capture->text);
	kfree(capture);
}

void mmscope_capture_drop(struct mmscope_file *file)
{
	put(file->capture);
	file->capture = NULL;
	file->next = (struct mmscope_part){};
}

static loff_t end_of(const struct mmscope_capture *capture)
{
	return capture->base + capture->text.length;
}

/*
 * The text that was read goes before the next part comes: the file never holds two. A read stuck in
 * copying to its user keeps, beside that, the one it serves from.
 */
static void give_way(struct mmscope_file *file)
{
	const struct mmscope_part next = {
		.hold = file->capture->hold,
		.base = end_of(file->capture),
		.resume = file->capture->resume,
	};

	mmscope_capture_drop(file);
	file->next = next;
}

static int collect(struct mmscope_file *file, struct mmscope_capture *capture)
{
	int err;

	if (!file->mm)
		return file->view->ops->capture(file, capture);
	if (!mmget_not_zero(file->mm))
		return -ESRCH;
	err = file->view->ops->capture(file, capture);
	/* Should this be the last user, tearing the mm down is not the reader's work. */
	mmput_async(file->mm);
	return err;
}

/* Renders the records until the text is full, unless they are no @good, and gives all back. */
static void render(const struct mmscope_view_ops *ops, struct mmscope_capture *capture, bool good)
{
	const size_t limit = max_bytes(), held = capture->room * ops->size;
	bool full = !good;
	size_t i;

	for (i = 0; i < capture->count; i++) {
		void *record = capture->records + i * ops->size;

		/* A part has one record at least, or there would be no end of parts. */
		if (!full && i && ops->position && capture->text.length + held >= limit) {
			full = true;
			capture->more = true;
			capture->resume = ops->position(record);
		}
		if (!full && !capture->text.err)
			ops->render(&capture->text, record);
		if (ops->release)
			ops->release(record);
		cond_resched();
	}
	kvfree(capture->records);
	capture->records = NULL;
	capture->count = capture->room = 0;
}

/* A capture from the beginning, or the next part of one. */
static struct mmscope_capture *take(struct mmscope_file *file)
{
	const struct mmscope_view_ops *ops = file->view->ops;
	struct mmscope_capture *capture = kzalloc(sizeof(*capture), MMSCOPE_GFP);
	int err = 0;

	if (!capture)
		return ERR_PTR(-ENOMEM);
	refcount_set(&capture->refs, 1);
	mmscope_text_init(&capture->text, ops->record, mmscope_show_addresses &&
			  file_ns_capable(file->file, &init_user_ns, CAP_SYSLOG));
	mmscope_hold_init(&capture->hold, file->mm);
	if (file->next.base) {
		capture->hold = file->next.hold;
		capture->resume = file->next.resume;
		capture->base = file->next.base;
	} else {
		mmscope_text_header(&capture->text);
	}
	if (ops->capture) {
		err = collect(file, capture);
		render(ops, capture, !err);
	} else {
		ops->render(&capture->text, NULL);
	}
	if (!capture->more)
		mmscope_text_stamp(&capture->text, &capture->hold);
	err = err ?: capture->text.err;
	if (err) {
		put(capture);
		return ERR_PTR(err);
	}
	return capture;
}

/*
 * The capture that serves @pos, made now if need be. When that fails, the same read may be tried
 * again.
 */
static struct mmscope_capture *serve(struct mmscope_file *file, loff_t pos)
{
	struct mmscope_capture *capture;

	if (!pos)
		mmscope_capture_drop(file);
	for (;;) {
		capture = file->capture;
		if (capture && capture->more && pos && pos == end_of(capture)) {
			give_way(file);
			capture = NULL;
		}
		if (capture)
			break;
		if (file->next.base && pos != file->next.base)
			return ERR_PTR(-ESPIPE);
		capture = take(file);
		if (IS_ERR(capture))
			return capture;
		file->capture = capture;
	}
	if (pos < capture->base || (capture->more && pos > end_of(capture)))
		return ERR_PTR(-ESPIPE);
	return capture;
}

ssize_t mmscope_capture_read(struct mmscope_file *file, loff_t *pos, struct iov_iter *to)
{
	struct mmscope_capture *capture;
	ssize_t copied;

	if (!file->view->ops->record)
		return -EINVAL;
	if (!iov_iter_count(to))
		return 0;
	if (mutex_lock_killable(&file->lock))
		return -EINTR;
	capture = serve(file, *pos);
	if (!IS_ERR(capture))
		refcount_inc(&capture->refs);
	mutex_unlock(&file->lock);
	if (IS_ERR(capture))
		return PTR_ERR(capture);
	copied = mmscope_text_read(&capture->text, *pos - capture->base, to);
	put(capture);
	if (copied > 0)
		*pos += copied;
	return copied;
}
