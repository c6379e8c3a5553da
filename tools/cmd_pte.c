// SPDX-License-Identifier: GPL-2.0
/*
 * pte [PID]: the page-table entries of a process, a row for each run of equal neighbours.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "layout.h"
#include "mmscope.h"
#include "pte_raw.h"
#include "run.h"
#include "table.h"
#include "target.h"

static const struct column entries_column = {
	"entries", SHOW_COUNT, "neighbouring entries that the row stands for", 0, 0, false
};

/* The columns of pte_raw and what merging adds to them. */
static const struct record *pte_record(void)
{
	const struct record *raw = record_find("pte_raw");
	static struct column columns[RECORD_COLUMNS];
	static struct record record;

	if (record.name)
		return &record;
	memcpy(columns, raw->columns, raw->count * sizeof(*columns));
	columns[raw->count] = entries_column;
	record = *raw;
	record.name = "pte";
	record.columns = columns;
	record.count++;
	return &record;
}

static bool print_run(struct table *table, const struct record *rec, const struct run *run,
		      const struct names *names)
{
	struct mmscope_pte_raw whole = run->first;
	struct cells row;

	whole.size = run->bytes;
	record_cells(rec, &whole, names, &row);
	row.cell[rec->count - 1] = cells_add(&row, "%" PRIu64, run->entries);
	return table_row(table, &row);
}

/* All entries of an open view; the first one was read, or the end found, before printing began. */
static int print_entries(const struct request *req, struct pte_raw *raw, const struct names *names)
{
	const struct mmscope_pte_raw *entry;
	bool merge = !(req->given & OPT_all), room = true;
	struct run run = { .entries = 0 };
	struct table *table;
	char *stamp;
	int rc;

	rc = pte_raw_next(raw, &entry);
	if (rc < 0)
		return EXIT_FAILED;
	table = table_open(req);
	for (; rc > 0 && room; rc = pte_raw_next(raw, &entry)) {
		if (run.entries && merge && run_extend(&run, entry, req->page_size))
			continue;
		if (run.entries)
			room = print_run(table, req->record, &run, names);
		run_begin(&run, entry);
	}
	if (run.entries && room)
		room = print_run(table, req->record, &run, names);
	stamp = pte_raw_stamp(raw, names);
	table_close(table, rc || !room ? NULL : stamp);
	free(stamp);
	return rc < 0 ? EXIT_FAILED : EXIT_OK;
}

static int run(const struct request *req)
{
	struct pte_raw *raw;
	struct names names;
	struct source src;
	int rc;

	rc = layout_check();
	if (!rc)
		rc = names_load(&names);
	if (rc)
		return rc;
	rc = target_open(&src, req->operands ? req->operand[0] : NULL, "pte_raw");
	if (rc)
		goto free_names;
	raw = xrealloc(NULL, sizeof(*raw));
	pte_raw_open(raw, &src, req->from, req->to, req->page_size);
	rc = print_entries(req, raw, &names);
	free(raw);
	source_close(&src);
free_names:
	names_free(&names);
	return rc;
}

const struct class class_pte = {
	.record = pte_record,
	.defaults = "va,size,entries,level,kind,pfn,pte,mapcount,order,node",
	.run = run,
};
