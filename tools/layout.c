// SPDX-License-Identifier: GPL-2.0
/*
 * Holds the binary records that the tool was built with against what the running module says of
 * them in `format`: read with another layout, any bytes make sense.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "layout.h"
#include "mmscope.h"
#include "text.h"

enum { FORMAT_VIEW, FORMAT_FIELD, FORMAT_OFFSET, FORMAT_SIZE };

static bool is_number(const char *cell, size_t number)
{
	char *end;

	return strtoull(cell, &end, 10) == number && !*end;
}

/* A row about a binary record: of a member of ours, or without one of the record's size. */
static bool row_fits(const struct record *rec, const struct cells *row)
{
	if (!strcmp(row->cell[FORMAT_FIELD], "-"))
		return is_number(row->cell[FORMAT_SIZE], rec->size);
	for (size_t i = 0; i < rec->count; i++) {
		const struct column *col = &rec->columns[i];

		if (!strcmp(col->name, row->cell[FORMAT_FIELD]))
			return is_number(row->cell[FORMAT_OFFSET], col->offset) &&
			       is_number(row->cell[FORMAT_SIZE], col->size);
	}
	return false;
}

static int check(struct text *text)
{
	const struct record *entry = record_find("pte_raw"), *stamp = record_find("stamp"), *rec;
	size_t missing = entry->count + 1 + stamp->count + 1;
	struct cells row;
	int rc;

	while ((rc = text_next(text, &row)) > 0) {
		rec = record_find(row.cell[FORMAT_VIEW]);
		if (rec != entry && rec != stamp)
			continue;
		if (!missing || !row_fits(rec, &row))
			break;
		missing--;
	}
	if (rc < 0)
		return EXIT_FAILED;
	if (!rc && !missing)
		return EXIT_OK;
	return fail_text(text->source->what, "module and tool must be of one version",
			 "records of another layout");
}

/**
 * layout_check - see that the module's binary records are the tool's
 *
 * Return: EXIT_OK, or EXIT_FAILED with the error reported.
 */
int layout_check(void)
{
	struct source src;
	struct text text;
	int rc;

	rc = source_open(&src, DEBUG, NULL, "format");
	if (rc)
		return rc;
	rc = text_open(&text, &src, record_find("format"));
	if (!rc) {
		rc = check(&text);
		text_close(&text);
	}
	source_close(&src);
	return rc;
}
