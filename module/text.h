/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A growing text in the form that all text views have: a header line of column names, rows of
 * cells, a last line with the stamp. The cells of a row are put in the order of the record's
 * fields. An error (no memory) sticks in `err`; putting goes on without effect.
 */
#ifndef MMSCOPE_TEXT_H
#define MMSCOPE_TEXT_H

#include <linux/uio.h>
#include <linux/xarray.h>

#include "field.h"
#include "names.h"

struct mmscope_hold;

struct mmscope_text {
	struct xarray chunks;
	char *tail;			/* the chunk being written */
	size_t length;
	const struct mmscope_record *record;
	unsigned int cell;		/* cells put in this row */
	unsigned int column, stop;	/* where the row is, where the next cell begins */
	bool show_addresses;
	int err;
};

void mmscope_text_init(struct mmscope_text *text, const struct mmscope_record *record,
		       bool show_addresses);
void mmscope_text_free(struct mmscope_text *text);

void mmscope_text_header(struct mmscope_text *text);
void mmscope_text_stamp(struct mmscope_text *text, const struct mmscope_hold *hold);
/* Ends the row; cells not put are absent. */
void mmscope_text_row(struct mmscope_text *text);

void mmscope_text_absent(struct mmscope_text *text);
void mmscope_text_hex(struct mmscope_text *text, u64 value);
void mmscope_text_count(struct mmscope_text *text, s64 value);
/* Text of any bytes, escaped as need be; NULL or empty is absent. */
void mmscope_text_str(struct mmscope_text *text, const char *str);
void mmscope_text_printf(struct mmscope_text *text, const char *format, ...) __printf(2, 3);
/* A path as the reader sees it, as in /proc/PID/maps. */
void mmscope_text_path(struct mmscope_text *text, const struct path *path);
/* The name of @value, or the set's name and the number, as in kind99. */
void mmscope_text_name(struct mmscope_text *text, const struct mmscope_set *set, u64 value);
/* The names of the bits joined by |, bitN for one without a name; @more or NULL joins them. */
void mmscope_text_flags(struct mmscope_text *text, const struct mmscope_set *set, u64 bits,
			const char *more);
/* A kernel address: hashed unless the reader may see it. */
void mmscope_text_address(struct mmscope_text *text, const void *address);

/* One row of an OBJECT: its next field's name; the value's cell and the row's end follow. */
void mmscope_text_field(struct mmscope_text *text);

/* Copies what stands at @pos; returns the bytes copied, 0 at the end, -EFAULT. */
ssize_t mmscope_text_read(struct mmscope_text *text, loff_t pos, struct iov_iter *to);

#endif
