// SPDX-License-Identifier: GPL-2.0
/*
 * The records of fields.def as tables, and binary records as rows of cells.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../module/abi.h"
#include "error.h"
#include "mmscope.h"
#include "names.h"
#include "record.h"

#define TABLE(r, help) static const struct column r##_columns[] = {
#define OBJECT(r, help) static const struct column r##_columns[] = {
#define BINARY(r, help) static const struct column r##_columns[] = {
#define FIELD(r, name, show, help) { #name, SHOW_##show, help, 0, 0, false },
#define MEMBER(r, name, ctype, show, help) \
	{ #name, SHOW_##show, help, offsetof(struct mmscope_##r, name), sizeof(ctype), \
	  (ctype)~0 < (ctype)1 },
#define END(r) };
#define BINARY_END(r) };
#include "../module/fields.def"

static const struct column object_columns[] = {
	{ "field", SHOW_STR, "what the row is about", 0, 0, false },
	{ "value", SHOW_STR, "its value", 0, 0, false },
};

static const struct record records[] = {
#define TABLE(r, text) { .name = #r, .help = text, \
	.columns = r##_columns, .count = ARRAY_SIZE(r##_columns) },
#define OBJECT(r, text) { .name = #r, .help = text, \
	.columns = object_columns, .count = ARRAY_SIZE(object_columns), \
	.fields = r##_columns, .field_count = ARRAY_SIZE(r##_columns) },
#define BINARY(r, text) { .name = #r, .help = text, \
	.columns = r##_columns, .count = ARRAY_SIZE(r##_columns), \
	.size = sizeof(struct mmscope_##r) },
#include "../module/fields.def"
};

#define TABLE(r, help) \
	_Static_assert(ARRAY_SIZE(r##_columns) < RECORD_COLUMNS, #r " outgrows a row of cells");
#define BINARY(r, help) TABLE(r, help)
#include "../module/fields.def"

/** record_find - the record called @name, or NULL */
const struct record *record_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		if (!strcmp(records[i].name, name))
			return &records[i];
	}
	return NULL;
}

/** record_field - what an object's row called @name holds, or NULL */
const struct column *record_field(const struct record *rec, const char *name)
{
	for (size_t i = 0; i < rec->field_count; i++) {
		if (!strcmp(rec->fields[i].name, name))
			return &rec->fields[i];
	}
	return NULL;
}

/** record_show - how column @i of a row is shown: an object's value as its field is */
enum show record_show(const struct record *rec, const struct cells *row, size_t i)
{
	const struct column *field;

	if (!rec->fields || strcmp(rec->columns[i].name, "value"))
		return rec->columns[i].show;
	field = record_field(rec, row->cell[0]);
	return field ? field->show : SHOW_STR;
}

static int select_one(const struct record *rec, const char *noun, const char *name,
		      struct selection *sel)
{
	char all[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < rec->count; i++) {
		if (strcmp(rec->columns[i].name, name)) {
			len += snprintf(all + len, len < sizeof(all) ? sizeof(all) - len : 0,
					" %s", rec->columns[i].name);
			continue;
		}
		for (size_t j = 0; j < sel->count; j++) {
			if (sel->column[j] == i)
				return usage_error(noun, "column '%s' is given twice", name);
		}
		sel->column[sel->count++] = i;
		return EXIT_OK;
	}
	return usage_error(noun, "no column '%s'; there are:%s", name, all);
}

/**
 * record_select - which columns to print, and in which order
 * @noun: for the error
 * @list: their names separated by commas, or NULL for all
 *
 * Return: EXIT_OK, or EXIT_USAGE with the error reported.
 */
int record_select(const struct record *rec, const char *noun, const char *list,
		  struct selection *sel)
{
	char *copy, *rest, *name;
	int rc = EXIT_OK;

	sel->count = 0;
	if (!list) {
		for (; sel->count < rec->count; sel->count++)
			sel->column[sel->count] = sel->count;
		return EXIT_OK;
	}
	rest = copy = xprintf("%s", list);
	while (!rc && (name = strsep(&rest, ",")))
		rc = select_one(rec, noun, name, sel);
	free(copy);
	return rc;
}

/** cells_add - print into the room of @cells; what does not fit is "-", which cannot happen */
const char *cells_add(struct cells *cells, const char *fmt, ...)
{
	size_t room = sizeof(cells->text) - cells->used;
	char *at = cells->text + cells->used;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(at, room, fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= room)
		return "-";
	cells->used += len + 1;
	return at;
}

static bool member_read(const struct column *col, const void *data, uint64_t *value)
{
	const void *at = (const char *)data + col->offset;
	uint32_t half;

	if (col->size == sizeof(*value)) {
		memcpy(value, at, sizeof(*value));
		return *value != MMSCOPE_ABSENT64;
	}
	memcpy(&half, at, sizeof(half));
	*value = col->is_signed ? (uint64_t)(int64_t)(int32_t)half : half;
	return half != (uint32_t)MMSCOPE_ABSENT32;
}

#define MEMBER(r, name, ctype, show, help) \
	_Static_assert(sizeof(ctype) == 4 || sizeof(ctype) == 8, #name " has a size of its own");
#include "../module/fields.def"

static const char *cell_name(struct cells *cells, const struct names *names,
			     const struct column *col, uint64_t value)
{
	char text[64];

	return cells_add(cells, "%s", names_value(names, col->name, value, text, sizeof(text)));
}

static const char *cell_flags(struct cells *cells, const struct names *names,
			      const struct column *col, uint64_t bits)
{
	char text[2048];

	return cells_add(cells, "%s", names_flags(names, col->name, bits, text, sizeof(text)));
}

/**
 * record_cells - a binary record as a row of cells
 * @names: the names of the running kernel
 */
void record_cells(const struct record *rec, const void *data, const struct names *names,
		  struct cells *cells)
{
	uint64_t value;

	cells->used = 0;
	for (size_t i = 0; i < rec->count; i++) {
		const struct column *col = &rec->columns[i];

		if (!col->size)
			continue;	/* not of the module: the caller's to fill */
		if (!member_read(col, data, &value))
			cells->cell[i] = "-";
		else if (col->show == SHOW_NAME)
			cells->cell[i] = cell_name(cells, names, col, value);
		else if (col->show == SHOW_FLAGS)
			cells->cell[i] = cell_flags(cells, names, col, value);
		else if (show_is_hex(col->show))
			cells->cell[i] = cells_add(cells, "0x%" PRIx64, value);
		else if (col->is_signed)
			cells->cell[i] = cells_add(cells, "%" PRId64, (int64_t)value);
		else
			cells->cell[i] = cells_add(cells, "%" PRIu64, value);
	}
}

/** show_is_number - is it a number in JSON? */
bool show_is_number(enum show show)
{
	return show == SHOW_COUNT || show == SHOW_BYTES || show == SHOW_US;
}

/** show_is_hex - is it hexadecimal, and so a string in JSON? */
bool show_is_hex(enum show show)
{
	return show == SHOW_ADDR || show == SHOW_PFN || show == SHOW_ENTRY || show == SHOW_HEX;
}
