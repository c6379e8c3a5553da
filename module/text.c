// SPDX-License-Identifier: GPL-2.0
/*
 * Rendering to text. A text belongs to one capture and is written by one reader before any other
 * can see it; afterwards it is only read. No lock of a target is held here, so memory may be
 * allocated; it is charged to the reader.
 */
#include <linux/dcache.h>
#include <linux/mm.h>
#include <linux/nls.h>
#include <linux/slab.h>

#include "abi.h"
#include "hold.h"
#include "memory.h"
#include "text.h"

/* Most texts fit one page, and a thousand of them may be open. */
#define CHUNK PAGE_SIZE

void mmscope_text_init(struct mmscope_text *text, const struct mmscope_record *record,
		       bool show_addresses)
{
	*text = (struct mmscope_text){ .record = record, .show_addresses = show_addresses };
	xa_init_flags(&text->chunks, XA_FLAGS_ACCOUNT);
}

void mmscope_text_free(struct mmscope_text *text)
{
	unsigned long index;
	void *chunk;

	xa_for_each(&text->chunks, index, chunk)
		kvfree(chunk);
	xa_destroy(&text->chunks);
}

static void append(struct mmscope_text *text, const char *from, size_t size)
{
	while (size && !text->err) {
		size_t at = text->length % CHUNK;
		size_t part = min_t(size_t, size, CHUNK - at);

		if (!at) {
			text->tail = mmscope_memory_get(CHUNK);
			if (!text->tail) {
				text->err = -ENOMEM;
				return;
			}
			text->err = xa_err(xa_store(&text->chunks, text->length / CHUNK, text->tail,
						    MMSCOPE_GFP));
			if (text->err) {
				kvfree(text->tail);
				return;
			}
		}
		memcpy(text->tail + at, from, part);
		text->length += part;
		text->column += part;
		from += part;
		size -= part;
	}
}

/* Begins a cell: one space at least, then up to the column's place. */
static void begin(struct mmscope_text *text)
{
	static const char spaces[] = "                                ";
	const struct mmscope_field *field;
	const bool object = text->record->kind == MMSCOPE_RECORD_OBJECT;

	if (text->column) {
		do {
			const int gap = text->stop - text->column;

			append(text, spaces, clamp_t(int, gap, 1, sizeof(spaces) - 1));
		} while (text->column < text->stop && !text->err);
	}
	if (object) {
		text->stop += 16;
		return;
	}
	if (WARN_ON_ONCE(text->cell >= text->record->count))
		return;
	field = &text->record->fields[text->cell++];
	text->stop += max_t(unsigned int, strlen(field->name), mmscope_show_width(field->show)) + 1;
}

static void end_line(struct mmscope_text *text)
{
	append(text, "\n", 1);
	text->column = 0;
	text->stop = 0;
}

void mmscope_text_header(struct mmscope_text *text)
{
	unsigned int i;

	if (text->record->kind == MMSCOPE_RECORD_OBJECT) {
		begin(text);
		append(text, "field", 5);
		begin(text);
		append(text, "value", 5);
	} else {
		for (i = 0; i < text->record->count; i++) {
			begin(text);
			append(text, text->record->fields[i].name,
			       strlen(text->record->fields[i].name));
		}
	}
	text->cell = 0;
	end_line(text);
}

void mmscope_text_row(struct mmscope_text *text)
{
	if (text->record->kind != MMSCOPE_RECORD_OBJECT) {
		while (text->cell < text->record->count && !text->err)
			mmscope_text_absent(text);
		text->cell = 0;
	}
	end_line(text);
}

void mmscope_text_field(struct mmscope_text *text)
{
	const char *name = text->record->fields[text->cell++].name;

	begin(text);
	append(text, name, strlen(name));
}

void mmscope_text_stamp(struct mmscope_text *text, const struct mmscope_hold *hold)
{
	char line[96];
	const char *consistent = mmscope_set_name(&mmscope_set_consistent,
						  mmscope_hold_consistent(hold));

	append(text, line, scnprintf(line, sizeof(line),
				     "# consistent=%s holds=%llu hold_max_us=%llu\n", consistent,
				     hold->holds, mmscope_hold_max_us(hold)));
	text->column = 0;
}

void mmscope_text_absent(struct mmscope_text *text)
{
	begin(text);
	append(text, "-", 1);
}

void mmscope_text_hex(struct mmscope_text *text, u64 value)
{
	static const char digits[] = "0123456789abcdef";
	char hex[18], *at = hex + sizeof(hex);

	do {
		*--at = digits[value & 15];
		value >>= 4;
	} while (value);
	*--at = 'x';
	*--at = '0';
	begin(text);
	append(text, at, hex + sizeof(hex) - at);
}

void mmscope_text_count(struct mmscope_text *text, s64 value)
{
	mmscope_text_printf(text, "%lld", value);
}

void mmscope_text_printf(struct mmscope_text *text, const char *format, ...)
{
	char cell[128];
	va_list args;

	va_start(args, format);
	vscnprintf(cell, sizeof(cell), format, args);
	va_end(args);
	begin(text);
	append(text, cell, strlen(cell));
}

static void append_octal(struct mmscope_text *text, u8 byte)
{
	const char octal[4] = { '\\', '0' + (byte >> 6), '0' + (byte >> 3 & 7), '0' + (byte & 7) };

	append(text, octal, sizeof(octal));
}

void mmscope_text_str(struct mmscope_text *text, const char *str)
{
	const char *plain = str;

	if (!str || !*str) {
		mmscope_text_absent(text);
		return;
	}
	begin(text);
	if (!strcmp(str, "-")) {
		append_octal(text, '-');
		return;
	}
	while (*str) {
		const u8 byte = *str;
		unicode_t rune;
		int size = 1;

		if (byte >= 0x80)
			size = utf8_to_utf32(str, strnlen(str, 4), &rune);
		if (size > 0 && byte > 0x20 && byte != 0x7f && byte != '\\') {
			str += size;
			continue;
		}
		append(text, plain, str - plain);
		append_octal(text, byte);
		plain = ++str;
	}
	append(text, plain, str - plain);
}

void mmscope_text_path(struct mmscope_text *text, const struct path *path)
{
	size_t size = PATH_MAX;
	const char *name;
	char *buffer;

	/* A path can be longer than PATH_MAX: that bounds what one call takes, not what exists. */
	do {
		buffer = mmscope_memory_get(size);
		if (!buffer) {
			text->err = -ENOMEM;
			return;
		}
		name = d_path(path, buffer, size);
		if (!IS_ERR(name))
			mmscope_text_str(text, name);
		kvfree(buffer);
		size *= 4;
	} while (name == ERR_PTR(-ENAMETOOLONG) && size <= SZ_4M);
	if (IS_ERR(name))
		mmscope_text_absent(text);
}

void mmscope_text_name(struct mmscope_text *text, const struct mmscope_set *set, u64 value)
{
	const char *name = mmscope_set_name(set, value);

	if (name)
		mmscope_text_str(text, name);
	else
		mmscope_text_printf(text, "%s%llu", set->name, value);
}

static void append_joined(struct mmscope_text *text, const char *name, bool *first)
{
	if (!*first)
		append(text, "|", 1);
	*first = false;
	append(text, name, strlen(name));
}

void mmscope_text_flags(struct mmscope_text *text, const struct mmscope_set *set, u64 bits,
			const char *more)
{
	bool first = true;
	unsigned int i;

	if (!bits && !more) {
		mmscope_text_absent(text);
		return;
	}
	begin(text);
	for (i = 0; bits && i < set->count; i++) {
		const struct mmscope_name *name = &set->names[i];

		if (!name->value || (bits & name->value) != name->value)
			continue;
		append_joined(text, name->name, &first);
		bits &= ~name->value;
	}
	while (bits) {
		char unnamed[8];

		scnprintf(unnamed, sizeof(unnamed), "bit%u", (unsigned int)__ffs64(bits));
		append_joined(text, unnamed, &first);
		bits &= bits - 1;
	}
	if (more)
		append_joined(text, more, &first);
}

void mmscope_text_address(struct mmscope_text *text, const void *address)
{
	if (text->show_addresses)
		mmscope_text_hex(text, (unsigned long)address);
	else
		mmscope_text_printf(text, "0x%p", address);
}

ssize_t mmscope_text_read(struct mmscope_text *text, loff_t pos, struct iov_iter *to)
{
	size_t copied = 0;

	while (iov_iter_count(to) && pos < text->length) {
		const size_t at = pos % CHUNK;
		const size_t part = min_t(size_t, CHUNK - at, text->length - pos);
		const char *chunk = xa_load(&text->chunks, pos / CHUNK);
		const size_t done = copy_to_iter(chunk + at, min(part, iov_iter_count(to)), to);

		copied += done;
		pos += done;
		if (!done)
			return copied ?: -EFAULT;
	}
	return copied;
}
