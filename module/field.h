/* SPDX-License-Identifier: GPL-2.0 */
/* The fields of fields.def as data: the columns of each view and the members of each record. */
#ifndef MMSCOPE_FIELD_H
#define MMSCOPE_FIELD_H

#include <linux/types.h>

enum mmscope_show {
	MMSCOPE_SHOW_ADDR,
	MMSCOPE_SHOW_PFN,
	MMSCOPE_SHOW_ENTRY,
	MMSCOPE_SHOW_HEX,
	MMSCOPE_SHOW_COUNT,
	MMSCOPE_SHOW_BYTES,
	MMSCOPE_SHOW_US,
	MMSCOPE_SHOW_STR,
	MMSCOPE_SHOW_NAME,
	MMSCOPE_SHOW_FLAGS,
	MMSCOPE_SHOWS
};

enum mmscope_record_kind { MMSCOPE_RECORD_TABLE, MMSCOPE_RECORD_OBJECT, MMSCOPE_RECORD_BINARY };

struct mmscope_field {
	const char *name;
	const char *help;
	const char *ctype;	/* binary members only */
	enum mmscope_show show;
	unsigned short offset;
	unsigned short size;
};

struct mmscope_record {
	const char *name;
	const char *help;
	const struct mmscope_field *fields;
	unsigned int count;
	enum mmscope_record_kind kind;
	unsigned int size;	/* of one binary record */
};

/* All records of fields.def, and each by its name: mmscope_record_vma ... */
extern const struct mmscope_record *const mmscope_records[];
extern const unsigned int mmscope_record_count;

#define TABLE(r, help) extern const struct mmscope_record mmscope_record_##r;
#define OBJECT(r, help) extern const struct mmscope_record mmscope_record_##r;
#define BINARY(r, help) extern const struct mmscope_record mmscope_record_##r;
#include "fields.def"

/* How a value of this kind is called in the `format` view, and how wide its column is at least. */
const char *mmscope_show_name(enum mmscope_show show);
unsigned int mmscope_show_width(enum mmscope_show show);

#endif
