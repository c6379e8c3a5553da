// SPDX-License-Identifier: GPL-2.0
/*
 * The only place that prints results: rows of cells as a table, raw or JSON, all from one row.
 *
 * Nothing is gathered beyond BATCH rows, so a stream of any length takes the same memory. The first
 * batch settles the widths of a table; a wider cell further down is out of line, but whole.
 * libsmartcols prints the tables. It prints JSON and raw output only of a table that it holds
 * whole, has no place for the stamp, and its raw form escapes our escapes: these are written here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libsmartcols.h>

#include "cell.h"
#include "error.h"
#include "output.h"
#include "table.h"

#define BATCH 10000

struct table {
	const struct request *req;
	const struct format *format;
	struct libscols_table *scols;
	size_t rows;		/* of the batch */
	bool printed;		/* anything yet */
};

/* One way of printing. close() gets NULL when the rows broke off. */
struct format {
	void (*open)(struct table *table);
	void (*row)(struct table *table, const struct cells *row);
	void (*close)(struct table *table, const char *stamp);
};

static const struct column *column(const struct table *table, size_t i)
{
	return &table->req->record->columns[table->req->selection.column[i]];
}

static size_t columns(const struct table *table)
{
	return table->req->selection.count;
}

static bool headings(const struct table *table)
{
	return !(table->req->given & OPT_noheadings);
}

/* raw: the module's own text form, one space between cells */

static void raw_open(struct table *table)
{
	for (size_t i = 0; headings(table) && i < columns(table); i++)
		printf("%s%c", column(table, i)->name, i + 1 < columns(table) ? ' ' : '\n');
}

static void raw_row(struct table *table, const struct cells *row)
{
	for (size_t i = 0; i < columns(table); i++) {
		fputs(row->cell[table->req->selection.column[i]], stdout);
		putchar_unlocked(i + 1 < columns(table) ? ' ' : '\n');
	}
}

static void raw_close(struct table *table, const char *stamp)
{
	if (stamp && headings(table))
		printf("# %s\n", stamp);
}

/* JSON: a row a line */

static void json_open(struct table *table)
{
	printf("{\n   \"%s\": [", table->req->command->noun);
}

static void json_row(struct table *table, const struct cells *row)
{
	fputs(table->printed ? ",\n      {" : "\n      {", stdout);
	for (size_t i = 0; i < columns(table); i++) {
		size_t at = table->req->selection.column[i];

		if (i)
			fputs(", ", stdout);
		json_string(stdout, column(table, i)->name);
		fputs(": ", stdout);
		cell_json(stdout, row->cell[at], record_show(table->req->record, row, at));
	}
	putchar_unlocked('}');
}

/* "consistent=yes holds=1": keys and values; a number is one in JSON too. */
static void json_stamp(const char *stamp)
{
	char *copy = xprintf("%s", stamp), *rest = copy, *key, *value;
	bool first = true;

	putchar('{');
	while ((key = strsep(&rest, " "))) {
		value = strchr(key, '=');
		if (!value)
			continue;
		*value++ = '\0';
		if (!first)
			fputs(", ", stdout);
		first = false;
		json_string(stdout, key);
		fputs(": ", stdout);
		cell_json(stdout, value, SHOW_COUNT);
	}
	putchar('}');
	free(copy);
}

static void json_close(struct table *table, const char *stamp)
{
	/* Rows that broke off stay an open document, which no parser takes for a whole one. */
	if (!stamp)
		return;
	fputs(table->printed ? "\n   ],\n   \"stamp\": " : "],\n   \"stamp\": ", stdout);
	json_stamp(stamp);
	fputs("\n}\n", stdout);
}

/* table, by libsmartcols */

static const char *kind_color(const char *kind)
{
	static const struct { const char *kind, *color; } colors[] = {
		{ "swap", "yellow" }, { "migration", "yellow" }, { "device", "yellow" },
		{ "hwpoison", "red" }, { "bad", "red" }, { "page", "green" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(colors); i++) {
		if (!strcmp(colors[i].kind, kind))
			return colors[i].color;
	}
	return NULL;
}

static bool colors_wanted(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb");
}

static void people_open(struct table *table)
{
	struct libscols_table *scols = scols_new_table();

	if (!scols)
		exit(fail("memory", ENOMEM));
	table->scols = scols;
	scols_table_enable_colors(scols, colors_wanted());
	scols_table_enable_noheadings(scols, !headings(table));
	for (size_t i = 0; i < columns(table); i++) {
		enum show show = column(table, i)->show;
		struct libscols_column *col;
		int flags = 0;

		if (show_is_number(show) || show_is_hex(show))
			flags = SCOLS_FL_RIGHT;
		else if (show == SHOW_FLAGS)
			flags = SCOLS_FL_WRAP;	/* nothing is ever cut: it goes on below */
		col = scols_table_new_column(scols, column(table, i)->name, 0, flags);
		if (!col)
			exit(fail("memory", ENOMEM));
		scols_cell_set_color(scols_column_get_header(col), "bold");
	}
}

static void people_flush(struct table *table)
{
	struct libscols_table *scols = table->scols;
	struct libscols_line *first, *last;

	if (!table->rows && (table->printed || !headings(table)))
		return;
	if (!table->rows) {
		/* libsmartcols prints nothing at all for a table without rows. */
		raw_open(table);
		return;
	}
	first = scols_table_get_line(scols, 0);
	last = scols_table_get_line(scols, table->rows - 1);
	if (scols_table_print_range(scols, first, last))
		exit(fail("memory", ENOMEM));
	putchar('\n');
	for (size_t i = 0; i < columns(table); i++) {
		struct libscols_column *col = scols_table_get_column(scols, i);

		scols_column_set_whint(col, scols_column_get_width(col));
	}
	scols_table_enable_noheadings(scols, 1);
	scols_table_remove_lines(scols);
	table->rows = 0;
}

static void people_row(struct table *table, const struct cells *row)
{
	struct libscols_line *line = scols_table_new_line(table->scols, NULL);

	for (size_t i = 0; line && i < columns(table); i++) {
		const char *cell = row->cell[table->req->selection.column[i]];

		if (scols_line_refer_data(line, i, cell_for_people(cell)))
			line = NULL;
		else if (!strcmp(column(table, i)->name, "kind"))
			scols_cell_set_color(scols_line_get_cell(line, i), kind_color(cell));
	}
	if (!line)
		exit(fail("memory", ENOMEM));
	if (++table->rows == BATCH)
		people_flush(table);
}

static void people_close(struct table *table, const char *stamp)
{
	people_flush(table);
	raw_close(table, stamp);
	scols_unref_table(table->scols);
}

static const struct format formats[] = {
	{ people_open, people_row, people_close },
	{ raw_open, raw_row, raw_close },
	{ json_open, json_row, json_close },
};

/** table_open - begin to print the rows of @req's noun; table_close() ends it */
struct table *table_open(const struct request *req)
{
	struct table *table = xrealloc(NULL, sizeof(*table));

	memset(table, 0, sizeof(*table));
	table->req = req;
	table->format = &formats[req->given & OPT_json ? 2 : req->given & OPT_raw ? 1 : 0];
	table->format->open(table);
	return table;
}

/**
 * table_row - print a row, or keep it for a batch
 * @row: a cell for each column of the noun's record
 *
 * Return: false when the output takes no more; output_close() tells why.
 */
bool table_row(struct table *table, const struct cells *row)
{
	table->format->row(table, row);
	table->printed = true;
	return output_good();
}

/**
 * table_close - print what is left
 * @stamp: the closing line without its "# "; NULL when the rows broke off
 */
void table_close(struct table *table, const char *stamp)
{
	table->format->close(table, stamp);
	free(table);
}
