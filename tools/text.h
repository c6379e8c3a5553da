/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <stdio.h>

#include "record.h"
#include "source.h"

/**
 * struct text - a text view while it is read
 * @at: which of a line's cells each column of @record is
 * @width: cells of a line
 * @number: of the line read last, from 1
 * @stamp: the closing line without its "# ", once it was read; else empty
 */
struct text {
	const struct source *source;
	const struct record *record;
	FILE *file;
	char *line;
	size_t room;
	size_t at[RECORD_COLUMNS];
	size_t width;
	size_t number;
	char stamp[256];
};

int text_open(struct text *text, struct source *src, const struct record *rec);
int text_next(struct text *text, struct cells *cells);
void text_close(struct text *text);

#endif
