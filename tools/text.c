// SPDX-License-Identifier: GPL-2.0
/*
 * The module's text views as rows of cells: a line of headings, a row a line, a closing # line.
 * Columns are found by their headings, so a module may have appended some.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "error.h"
#include "mmscope.h"
#include "text.h"

#define TEXT_BUFFER (64 * 1024)
#define TEXT_CELLS 64

/* Splits the line in place; returns the number of cells, those behind TEXT_CELLS not counted. */
static size_t split(char *line, char **cell)
{
	size_t count = 0;
	char *word, *rest = line;

	while (count < TEXT_CELLS && (word = strsep(&rest, " \n"))) {
		if (*word)
			cell[count++] = word;
	}
	return count;
}

/* Reads a line; 1 when there was one, 0 at the end, else -1 with the error reported. */
static int read_line(struct text *text)
{
	ssize_t len;

	errno = 0;
	len = getline(&text->line, &text->room, text->file);
	if (len < 0) {
		if (!ferror(text->file) && errno != ENOMEM)
			return 0;
		source_fail(text->source, errno);
		return -1;
	}
	if (strlen(text->line) != (size_t)len || text->line[len - 1] != '\n') {
		fail_text(text->source->what, NULL, "cut or damaged line: '%.60s'", text->line);
		return -1;
	}
	return 1;
}

static int find_columns(struct text *text)
{
	char *cell[TEXT_CELLS];
	size_t i, j;

	text->width = split(text->line, cell);
	for (i = 0; i < text->record->count; i++) {
		for (j = 0; j < text->width; j++) {
			if (!strcmp(cell[j], text->record->columns[i].name))
				break;
		}
		if (j == text->width)
			return fail_text(text->source->what,
					 "module and tool must be of one version",
					 "no column '%s'", text->record->columns[i].name);
		text->at[i] = j;
	}
	return EXIT_OK;
}

/**
 * text_open - begin to read @src, a view of the form @rec
 *
 * @src must stay until text_close().
 * Return: EXIT_OK, or EXIT_FAILED with the error reported.
 */
int text_open(struct text *text, struct source *src, const struct record *rec)
{
	int fd = fcntl(src->fd, F_DUPFD_CLOEXEC, 0), rc;

	memset(text, 0, sizeof(*text));
	text->source = src;
	text->record = rec;
	text->file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!text->file) {
		rc = source_fail(src, errno);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	setvbuf(text->file, NULL, _IOFBF, TEXT_BUFFER);
	rc = read_line(text);
	if (rc > 0) {
		rc = find_columns(text);
	} else {
		if (!rc)
			fail_text(src->what, NULL, "empty");
		rc = EXIT_FAILED;
	}
	if (rc)
		text_close(text);
	return rc;
}

/**
 * text_next - the next row; its cells last until the next call
 *
 * Return: 1, 0 at the closing line, or -1 with the error reported.
 */
int text_next(struct text *text, struct cells *cells)
{
	char *cell[TEXT_CELLS];
	int rc;

	rc = read_line(text);
	/* The line that closes every view is missing: a copy that is not whole. */
	if (!rc)
		fail_text(text->source->what, NULL, "cut: no line beginning with '#' at its end");
	if (rc <= 0)
		return -1;
	if (!strncmp(text->line, "# ", 2)) {
		text->line[strcspn(text->line, "\n")] = '\0';
		snprintf(text->stamp, sizeof(text->stamp), "%s", text->line + 2);
		return 0;
	}
	if (split(text->line, cell) != text->width) {
		fail_text(text->source->what, NULL, "a row of %s has not %zu cells",
			  text->record->name, text->width);
		return -1;
	}
	for (size_t i = 0; i < text->record->count; i++)
		cells->cell[i] = cell[text->at[i]];
	return 1;
}

void text_close(struct text *text)
{
	if (text->file)
		fclose(text->file);
	free(text->line);
	text->file = NULL;
	text->line = NULL;
}
