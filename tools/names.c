// SPDX-License-Identifier: GPL-2.0
/*
 * The names of values and bits in binary records, as the running module tells them in `name`.
 * A value that it does not name is printed as its number.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "error.h"
#include "mmscope.h"
#include "names.h"
#include "target.h"
#include "text.h"

enum { NAME_SET, NAME_VALUE, NAME_NAME };

/* The kernel's names are short; what is longer would not fit into a row of cells. */
#define NAME_BYTES 256

static bool add(struct names *names, const struct cells *row)
{
	const char *at = row->cell[NAME_VALUE];
	struct name *name;
	uint64_t value;

	if (cell_is_absent(row->cell[NAME_SET]) || cell_is_absent(row->cell[NAME_NAME]) ||
	    strlen(row->cell[NAME_NAME]) > NAME_BYTES || address_parse(&at, &value))
		return false;
	names->name = xrealloc(names->name, (names->count + 1) * sizeof(*names->name));
	name = &names->name[names->count++];
	name->set = xprintf("%s", row->cell[NAME_SET]);
	name->name = xprintf("%s", row->cell[NAME_NAME]);
	name->value = value;
	return true;
}

/**
 * names_load - read the names; names_free() releases them
 *
 * Return: EXIT_OK, or EXIT_FAILED with the error reported.
 */
int names_load(struct names *names)
{
	struct source src;
	struct text text;
	struct cells row;
	int rc;

	names->name = NULL;
	names->count = 0;
	rc = source_open(&src, DEBUG, NULL, "name");
	if (rc)
		return rc;
	rc = text_open(&text, &src, record_find("name"));
	if (rc)
		goto close;
	while ((rc = text_next(&text, &row)) > 0) {
		if (add(names, &row))
			continue;
		fail_text(src.what, NULL, "line %zu names nothing", text.number);
		break;
	}
	if (rc)
		names_free(names);
	rc = rc ? EXIT_FAILED : EXIT_OK;
	text_close(&text);
close:
	source_close(&src);
	return rc;
}

void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->name[i].set);
		free(names->name[i].name);
	}
	free(names->name);
	names->name = NULL;
	names->count = 0;
}

/** names_value - the name of @value in @set, or the set and the number: `kind70` */
const char *names_value(const struct names *names, const char *set, uint64_t value, char *buf,
			size_t size)
{
	for (size_t i = 0; i < names->count; i++) {
		if (names->name[i].value == value && !strcmp(names->name[i].set, set))
			return names->name[i].name;
	}
	snprintf(buf, size, "%s%" PRIu64, set, value);
	return buf;
}

static size_t append(char *buf, size_t size, size_t len, const char *name)
{
	int more = snprintf(buf + len, size - len, "%s%s", len ? "|" : "", name);

	return len + more < size ? len + more : size;
}

/** names_flags - the names of @bits joined by `|`, `bitN` for one without, "-" for no bit */
const char *names_flags(const struct names *names, const char *set, uint64_t bits, char *buf,
			size_t size)
{
	uint64_t left = bits;
	char number[16];
	size_t len = 0;

	if (!bits)
		return "-";
	for (size_t i = 0; i < names->count && left && len < size; i++) {
		const struct name *name = &names->name[i];

		if (!name->value || (left & name->value) != name->value || strcmp(name->set, set))
			continue;
		left &= ~name->value;
		len = append(buf, size, len, name->name);
	}
	for (int bit = 0; left && len < size; bit++, left >>= 1) {
		if (!(left & 1))
			continue;
		snprintf(number, sizeof(number), "bit%d", bit);
		len = append(buf, size, len, number);
	}
	/* Names so long are none of ours, but no bit may be lost. */
	if (len >= size)
		snprintf(buf, size, "0x%" PRIx64, bits);
	return buf;
}
