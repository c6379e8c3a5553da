// SPDX-License-Identifier: GPL-2.0
/*
 * From an open text view to the table, row by row.
 */
#include "rows.h"
#include "table.h"
#include "text.h"

/**
 * rows_print - print the rows of @src, a text view of the noun's form
 *
 * Return: EXIT_OK, or EXIT_FAILED with the error reported.
 */
int rows_print(const struct request *req, struct source *src)
{
	struct table *table;
	struct cells row;
	struct text text;
	int rc;

	rc = text_open(&text, src, req->record);
	if (rc)
		return rc;
	table = table_open(req);
	while ((rc = text_next(&text, &row)) > 0) {
		if (!table_row(table, &row))
			break;
	}
	table_close(table, rc ? NULL : text.stamp);
	text_close(&text);
	return rc < 0 ? EXIT_FAILED : EXIT_OK;
}
