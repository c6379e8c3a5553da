// SPDX-License-Identifier: GPL-2.0
/*
 * The module's text views as rows of cells: a line of headings, a row a line, a closing # line.
 * Columns are found by their headings, so a module may have appended some. A view that breaks off,
 * goes on behind its closing line, or holds what its record has no place for is an error: what was
 * read of it until then is not the whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "cell.h"
#include "error.h"
#include "mmscope.h"
#include "text.h"

#define TEXT_BUFFER (64 * 1024)
#define TEXT_CELLS 64

/* Splits the line in place; returns how many cells, of which @cell has the first TEXT_CELLS. */
static size_t split(char *line, char **cell)
{
	size_t count = 0;
	char *word, *rest = line;

	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		if (count < TEXT_CELLS)
			cell[count] = word;
		count++;
	}
	return count;
}

/* Ends in a line feed and has no other control byte: the module escapes those. */
static bool line_whole(const char *line, size_t len)
{
	if (line[--len] != '\n')
		return false;
	while (len--) {
		if ((unsigned char)line[len] < 0x20 || line[len] == 0x7f)
			return false;
	}
	return true;
}

/* "consistent=yes holds=1 hold_max_us=5", behind which a newer module may add more of the kind. */
static bool stamp_whole(const char *stamp)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_", digits[] = "0123456789";
	static const char both[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	static const struct { const char *key, *value; } first[] = {
		{ "consistent=", letters }, { " holds=", digits }, { " hold_max_us=", digits },
	};
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		len = strlen(first[i].key);
		if (strncmp(stamp, first[i].key, len))
			return false;
		stamp += len;
		len = strspn(stamp, first[i].value);
		if (!len)
			return false;
		stamp += len;
	}
	while (*stamp == ' ') {
		len = strspn(++stamp, letters);
		if (!len || stamp[len] != '=')
			return false;
		stamp += len + 1;
		len = strspn(stamp, both);
		if (!len)
			return false;
		stamp += len;
	}
	return !*stamp;
}

/* Reads a line; 1 when there was one, 0 at the end, else -1 with the error reported. */
static int read_line(struct text *text)
{
	ssize_t len;

	errno = 0;
	len = getline(&text->line, &text->room, text->file);
	if (ferror(text->file) || (len < 0 && errno == ENOMEM)) {
		source_fail(text->source, errno);
		return -1;
	}
	if (len < 0)
		return 0;
	text->number++;
	if (!line_whole(text->line, len)) {
		fail_text(text->source->what, NULL, "line %zu is cut or damaged", text->number);
		return -1;
	}
	text->line[len - 1] = '\0';
	return 1;
}

static int find_columns(struct text *text)
{
	char *cell[TEXT_CELLS];
	size_t i, j;

	text->width = split(text->line, cell);
	if (text->width > TEXT_CELLS)
		return fail_text(text->source->what, NULL, "more than %d columns", TEXT_CELLS);
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

/* The closing line, and that it is; 0, or -1 with the error reported. */
static int take_stamp(struct text *text)
{
	const char *stamp = text->line + 2;
	int rc;

	if (!stamp_whole(stamp) || strlen(stamp) >= sizeof(text->stamp)) {
		fail_text(text->source->what, NULL, "line %zu is damaged: it should close the view",
			  text->number);
		return -1;
	}
	strcpy(text->stamp, stamp);
	rc = read_line(text);
	if (rc <= 0)
		return rc;
	fail_text(text->source->what, NULL, "goes on behind its closing line, line %zu",
		  text->number - 1);
	return -1;
}

/* Is the cell of column @i what fields.def says? */
static bool cell_fits(const struct record *rec, const struct cells *cells, size_t i)
{
	enum show show = record_show(rec, cells, i);

	/* A kernel that has no randomness yet to hash an address with prints words in its place. */
	return (rec->fields && show_is_hex(show)) || cell_valid(cells->cell[i], show);
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
	if (!strncmp(text->line, "# ", 2))
		return take_stamp(text);
	if (split(text->line, cell) != text->width) {
		fail_text(text->source->what, NULL, "line %zu has not %zu cells", text->number,
			  text->width);
		return -1;
	}
	for (size_t i = 0; i < text->record->count; i++)
		cells->cell[i] = cell[text->at[i]];
	for (size_t i = 0; i < text->record->count; i++) {
		if (cell_fits(text->record, cells, i))
			continue;
		fail_text(text->source->what, NULL, "line %zu: not a value of '%s'", text->number,
			  text->record->columns[i].name);
		return -1;
	}
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
