/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_RECORD_H
#define TOOLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>

struct names;

/* How a value is shown: see fields.def. */
enum show {
	SHOW_ADDR, SHOW_PFN, SHOW_ENTRY, SHOW_HEX,
	SHOW_COUNT, SHOW_BYTES, SHOW_US,
	SHOW_STR, SHOW_NAME, SHOW_FLAGS,
};

/* offset, size and is_signed: of a member of a binary record only. */
struct column {
	const char *name;
	enum show show;
	const char *help;
	size_t offset, size;
	bool is_signed;
};

/**
 * struct record - a row of fields.def
 * @columns: what its rows are made of
 * @fields: for an object, whose columns are `field value`: what each row may be; else NULL
 * @size: bytes of a binary record; 0 for text
 */
struct record {
	const char *name;
	const char *help;
	const struct column *columns;
	size_t count;
	const struct column *fields;
	size_t field_count;
	size_t size;
};

#define RECORD_COLUMNS 32	/* no record has more */
#define CELLS_BYTES 8192

/* A row of cells in the module's text form: nothing in it is a space, absent is "-". */
struct cells {
	const char *cell[RECORD_COLUMNS];
	char text[CELLS_BYTES];
	size_t used;
};

/* Columns in the order in which they are printed, as indices into the record's. */
struct selection {
	size_t count;
	size_t column[RECORD_COLUMNS];
};

const struct record *record_find(const char *name);
const struct column *record_field(const struct record *rec, const char *name);
enum show record_show(const struct record *rec, const struct cells *row, size_t i);
int record_select(const struct record *rec, const char *noun, const char *list,
		  struct selection *sel);
const char *cells_add(struct cells *cells, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void record_cells(const struct record *rec, const void *data, const struct names *names,
		  struct cells *cells);
bool show_is_number(enum show show);
bool show_is_hex(enum show show);

#endif
