// SPDX-License-Identifier: GPL-2.0
/*
 * One cell in each form: as JSON it must be one value that decodes to what the cell stands for, for
 * people it must hold nothing that a terminal obeys.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "cell.h"
#include "fuzz.h"

static char *json_of(const char *cell, enum show show)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	cell_json(out, cell, show);
	fclose(out);
	require(json_valid(text, len), cell, text);
	return text;
}

/* A JSON string's bytes, to be freed. */
static char *decoded(const char *s)
{
	static const char names[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	char *text = malloc(strlen(s) + 1), *to = text;
	unsigned int code;

	for (s++; *s != '"'; s++) {
		if (*s != '\\') {
			*to++ = *s;
		} else if (*++s == 'u') {
			require(sscanf(s + 1, "%4x", &code) == 1 && code < 0x80 && code, s);
			*to++ = code;
			s += 4;
		} else {
			for (size_t i = 0; i < sizeof(names) - 1; i += 2) {
				if (names[i] == *s)
					*to++ = names[i + 1];
			}
		}
	}
	*to = '\0';
	return text;
}

/* What a cell stands for: ASCII decoded, but for the backslash; invalid UTF-8 escaped. */
static char *meant(const char *cell)
{
	const char *end = cell + strlen(cell);
	char *text = malloc(4 * strlen(cell) + 1), *to = text;
	unsigned int code;
	size_t len;

	while (*cell) {
		if (end - cell >= 4 && strspn(cell + 1, "01234567") >= 3 && *cell == '\\' &&
		    sscanf(cell + 1, "%3o", &code) == 1 && code && code < 0x80 && code != '\\') {
			*to++ = code;
			cell += 4;
			continue;
		}
		len = utf8_size(cell, end);
		if (!len)
			to += sprintf(to, "\\%03o", (unsigned char)*cell++);
		for (; len; len--)
			*to++ = *cell++;
	}
	*to = '\0';
	return text;
}

static void check_people(const char *cell)
{
	char *text = cell_for_people(cell), *at = text;
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t len;

	while (*at) {
		len = mbrtowc(&wide, at, strlen(at), &state);
		require(len && len <= strlen(at) && iswprint(wide), cell, text);
		at += len;
	}
	free(text);
}

int fuzz_cell(const uint8_t *data, size_t size)
{
	char *cell = strndup((const char *)data, size), *text, *got, *want;

	text = json_of(cell, SHOW_STR);
	if (strcmp(cell, "-")) {
		got = decoded(text);
		want = meant(cell);
		require(!strcmp(got, want), cell, got, want);
		free(got);
		free(want);
	}
	free(text);
	text = json_of(cell, SHOW_COUNT);
	require(*text != '"' || !cell_valid(cell, SHOW_COUNT), text);
	free(text);
	check_people(cell);
	free(cell);
	return 0;
}
