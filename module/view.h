/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A view: what one file shows. view_NAME.c defines its operations, views.def gives it a file.
 *
 * A text view captures records (plain data, under the target's locks), then renders them (no lock
 * of the target) to a text that later reads of the open file are served from. A binary view is read
 * record by record. A request is written first.
 */
#ifndef MMSCOPE_VIEW_H
#define MMSCOPE_VIEW_H

#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/refcount.h>

#include "hold.h"
#include "text.h"

struct mmscope_target;
struct mmscope_view;

/* What one read at position 0 saw. */
struct mmscope_capture {
	refcount_t refs;
	struct mmscope_hold hold;
	struct mmscope_text text;
	loff_t base;		/* position of the text's first byte: not 0 when it came in parts */
	unsigned long resume;	/* where this part begins; when captured, where the next does */
	bool more;		/* there is a next part */
	void *records;		/* during capture and render only */
	size_t count, room;
};

/* What a part of a capture leaves to the next. */
struct mmscope_part {
	struct mmscope_hold hold;
	loff_t base;		/* its position; 0: it begins anew */
	unsigned long resume;
};

/* An open file. */
struct mmscope_file {
	const struct mmscope_view *view;
	struct file *file;
	struct mmscope_target *target;	/* NULL without one */
	struct mm_struct *mm;		/* of the target, held by mmgrab; NULL without one */
	struct mutex lock;		/* what follows */
	struct mmscope_capture *capture;
	struct mmscope_part next;	/* when the capture has given way to it */
	bool requested;
	unsigned long address;		/* the request: of walk */
	struct pid *pid;		/* of attach, detach: the process last named */
};

struct mmscope_view_ops {
	const struct mmscope_record *record;
	size_t size;		/* of one captured record */
	/*
	 * Fills capture->records from capture->resume on, room for them being its own business
	 * (mmscope_capture_room). Sets more and resume when it stopped early.
	 */
	int (*capture)(struct mmscope_file *file, struct mmscope_capture *capture);
	/* Puts the rows of the captured record; without a capture the whole text at once. */
	void (*render)(struct mmscope_text *text, const void *record);
	/* Gives back what a record refers to. */
	void (*release)(void *record);
	/* Where the capture resumes when this record could not be rendered any more. */
	unsigned long (*position)(const void *record);
	/* A request: the whole text written. Nothing changes when it fails. */
	int (*request)(struct mmscope_file *file, char *text);
	/* A binary view: reads records from *pos on and moves it. */
	ssize_t (*read)(struct mmscope_file *file, loff_t *pos, struct iov_iter *to);
};

#define VIEW(n, ...) extern const struct mmscope_view_ops mmscope_view_##n;
#include "views.def"

enum mmscope_place { MMSCOPE_PROC, MMSCOPE_DEBUG, MMSCOPE_TARGET };
enum mmscope_format { MMSCOPE_TEXT, MMSCOPE_BINARY, MMSCOPE_REQUEST };
enum mmscope_need { MMSCOPE_NONE, MMSCOPE_PTRACE, MMSCOPE_FRAMES };

struct mmscope_view {
	const char *name;
	const char *help;
	const struct mmscope_view_ops *ops;
	enum mmscope_place place;
	enum mmscope_format format;
	enum mmscope_need need;
	unsigned short mode;
};

extern const struct mmscope_view mmscope_views[];
extern const unsigned int mmscope_view_count;

/* Data of a file in debugfs or procfs: which view, of which target (NULL: none; see target.h). */
struct mmscope_slot {
	const struct mmscope_view *view;
	struct mmscope_target *target;
};

/*
 * The directory in debugfs, all of procfs, and last the files in debugfs: see main.c for the order.
 */
int mmscope_debugfs_create(void);
int mmscope_debugfs_populate(void);
void mmscope_debugfs_destroy(void);
int mmscope_procfs_create(void);
void mmscope_procfs_destroy(void);

/* Makes the files of all TARGET views below @dir; @slots has room for mmscope_view_count. */
struct dentry;
int mmscope_views_populate(struct dentry *dir, struct mmscope_target *target,
			   struct mmscope_slot *slots);
struct dentry *mmscope_debugfs(void);

/* The read of a text view. */
ssize_t mmscope_capture_read(struct mmscope_file *file, loff_t *pos, struct iov_iter *to);
/* Forgets the file's capture; under its lock, or when nobody else has the file. */
void mmscope_capture_drop(struct mmscope_file *file);

/* Makes room for @count records at least, keeping those there. Not under any lock. -ENOMEM. */
int mmscope_capture_room(struct mmscope_capture *capture, size_t size, size_t count);

/* Records that a capture may gather at most, by max_capture_mb. */
size_t mmscope_capture_limit(void);

#endif
