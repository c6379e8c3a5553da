// SPDX-License-Identifier: GPL-2.0
/*
 * A text view. The input's first line is a noun, its operands and the name of a view; what follows
 * is served as that view: the noun's own, or one that it looks into (version, name, format,
 * attach). Whether a view is whole, and what its rows are, is found out here once more, by other
 * means.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mmscope.h"

#define WORDS 5
#define COLUMNS 64
#define STAMP_BYTES 258

enum pattern { STAMP, NUMBER, HEX, PATTERNS };

static regex_t *pattern(enum pattern which)
{
	static const char *const texts[] = {
		"^# consistent=[a-z_]+ holds=[0-9]+ hold_max_us=[0-9]+( [a-z_]+=[a-z_0-9]+)*$",
		"^(-|-?(0|[1-9][0-9]*))$",
		"^(-|0x[0-9a-f]+)$",
	};
	static regex_t compiled[PATTERNS];
	static bool done;

	for (size_t i = 0; i < PATTERNS && !done; i++)
		require(!regcomp(&compiled[i], texts[i], REG_EXTENDED | REG_NOSUB));
	done = true;
	return &compiled[which];
}

static bool matches(enum pattern which, const char *text)
{
	return !regexec(pattern(which), text, 0, NULL, 0);
}

/* The text as lines, cut into words; false for bytes that no view has. */
struct line {
	char *text;
	char *word[COLUMNS];
	size_t words;
};

struct view {
	char *copy;
	struct line *line;
	size_t lines;
};

static bool view_cut(struct view *v, const char *data, size_t size)
{
	char *at, *end, *save;

	v->lines = 0;
	v->copy = malloc(2 * size + 2);
	v->line = NULL;
	for (size_t i = 0; i < size; i++) {
		if (data[i] != '\n' && ((unsigned char)data[i] < 0x20 || data[i] == 0x7f))
			return false;
	}
	if (!size || data[size - 1] != '\n')
		return false;
	memcpy(v->copy, data, size);
	v->copy[size] = '\0';
	for (at = v->copy; (end = strchr(at, '\n')); at = end + 1) {
		struct line *line;

		*end = '\0';
		v->line = realloc(v->line, (v->lines + 1) * sizeof(*v->line));
		line = &v->line[v->lines++];
		line->text = at;
		line->words = 0;
	}
	for (size_t i = 0; i < v->lines; i++) {
		struct line *line = &v->line[i];

		if (!strncmp(line->text, "# ", 2) && i)
			continue;
		for (at = strtok_r(line->text, " ", &save); at; at = strtok_r(NULL, " ", &save)) {
			if (line->words == COLUMNS)
				return false;
			line->word[line->words++] = at;
		}
	}
	return true;
}

static bool fits(const struct record *rec, size_t i, const char *about, const char *cell)
{
	enum show show = rec->columns[i].show;

	if (rec->fields && !strcmp(rec->columns[i].name, "value")) {
		const struct column *field = record_field(rec, about);

		show = field ? field->show : SHOW_STR;
		if (show_is_hex(show))
			return true;
	}
	return !(show_is_number(show) && !matches(NUMBER, cell)) &&
	       !(show_is_hex(show) && !matches(HEX, cell));
}

/* What -r has to print of a view, to be freed; NULL for a view that is not whole. */
static char *expected(const struct record *rec, const char *data, size_t size, size_t *rows)
{
	struct view v;
	char *text = NULL;
	size_t len, at[COLUMNS];
	FILE *out = open_memstream(&text, &len);
	bool good = view_cut(&v, data, size) && v.lines > 1;
	struct line *last = good ? &v.line[v.lines - 1] : NULL;

	good = good && matches(STAMP, last->text) && strlen(last->text) < STAMP_BYTES;
	for (size_t i = 0; good && i < rec->count; i++) {
		for (at[i] = 0; at[i] < v.line[0].words; at[i]++) {
			if (!strcmp(v.line[0].word[at[i]], rec->columns[i].name))
				break;
		}
		good = at[i] < v.line[0].words;
	}
	for (struct line *line = v.line; good && line < last; line++) {
		good = line->words == v.line[0].words &&
		       (line == v.line || strncmp(line->text, "# ", 2));
		for (size_t i = 0; good && i < rec->count; i++) {
			const char *cell = line->word[at[i]];

			fprintf(out, "%s%c", cell, i + 1 < rec->count ? ' ' : '\n');
			if (line == v.line)
				continue;
			good = fits(rec, i, line->word[at[0]], cell);
		}
	}
	if (good)
		fprintf(out, "%s\n", last->text);
	*rows = good ? v.lines - 2 : 0;
	fclose(out);
	free(v.copy);
	free(v.line);
	if (!good) {
		free(text);
		text = NULL;
	}
	return text;
}

static size_t lines(const char *text)
{
	size_t count = 0;

	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

/* Without its closing line nothing passes for whole. */
static bool closed(const struct outcome *o)
{
	const char *at = o->out_size < 2 ? NULL : memrchr(o->out, '\n', o->out_size - 1);

	return at && !strncmp(at, "\n# ", 3);
}

static void check(const struct outcome *table, const struct outcome *raw,
		  const struct outcome *json, bool own, const char *want, size_t rows)
{
	tool_require_sane(table);
	tool_require_sane(raw);
	tool_require_sane(json);
	require(table->status == raw->status && raw->status == json->status, raw->err, json->err);
	if (raw->status) {
		require(!want || !own, raw->err);
		require(!closed(raw) && !closed(table), raw->out);
		require(!json_valid(json->out, json->out_size), json->out);
		return;
	}
	require(want, raw->out);
	require(closed(raw) && closed(table), raw->out);
	require(json_rows(json->out, json->out_size) == (long)lines(raw->out) - 2, json->out);
	require(lines(table->out) == lines(raw->out), table->out);
	if (own)
		require(!strcmp(raw->out, want) && lines(want) == rows + 2, raw->out, want);
}

/* The words of the first line: no options, a noun that prints rows, and a view. */
static size_t first_line(char *line, const char **words)
{
	size_t count = 0;
	char *save, *word;

	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (count == WORDS || *word == '-')
			return 0;
		words[count++] = word;
	}
	if (count < 2 || !command_find(words[0]) || !command_record(command_find(words[0])))
		return 0;
	return count;
}

int fuzz_text(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size < 64 ? size : 64);
	const char *words[WORDS + 2] = { NULL }, *view;
	const struct record *rec;
	struct outcome table, raw, json;
	char line[65] = "", *want;
	size_t count, rows;

	if (!end)
		return -1;
	memcpy(line, data, end - data);
	count = first_line(line, words);
	if (!count)
		return -1;
	view = words[count - 1];
	words[count - 1] = NULL;
	rec = record_find(view);
	size -= end + 1 - data;
	if (!rec || rec->size || !views_replace(view, end + 1, size))
		return -1;
	tool_run(&table, words);
	words[count - 1] = "-r";
	tool_run(&raw, words);
	words[count - 1] = "-J";
	tool_run(&json, words);
	if (views_used() && raw.status != 2) {
		want = expected(rec, (const char *)end + 1, size, &rows);
		check(&table, &raw, &json, !strcmp(view, words[0]), want, rows);
		free(want);
	}
	tool_free(&table);
	tool_free(&raw);
	tool_free(&json);
	return views_used() ? 0 : -1;
}
