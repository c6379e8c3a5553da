// SPDX-License-Identifier: GPL-2.0
/*
 * One cell of the module's text form in the forms that the tool prints. There bytes that would
 * break a line or a cell are `\ooo`; a backslash itself is `\134`, so an escape is always one.
 * Decoding leaves `\134` as it is: then each backslash still begins an escape and nothing is lost.
 *
 * libsmartcols' own escapes (`\x20`) are of no use here: its raw output writes the backslash of
 * ours as `\x5c`, and how it prints other bytes depends on the locale.
 */
#include <ctype.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "cell.h"
#include "error.h"

/** cell_is_absent - no value: null in JSON */
bool cell_is_absent(const char *cell)
{
	return !strcmp(cell, "-");
}

static bool octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The byte that an escape at @s stands for; -1 where there is none. */
static int escaped(const char *s)
{
	if (s[0] != '\\' || s[1] < '0' || s[1] > '3' || !octal(s[2]) || !octal(s[3]))
		return -1;
	return (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
}

/**
 * cell_for_people - a cell for a table, to be freed: spaces as such, whatever the terminal cannot
 * show as `\ooo`
 */
char *cell_for_people(const char *cell)
{
	size_t left = strlen(cell);
	char *text = xrealloc(NULL, 4 * left + 1), *to = text;
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t len;

	while (left) {
		if (escaped(cell) == ' ') {
			*to++ = ' ';
			cell += 4;
			left -= 4;
			continue;
		}
		len = mbrtowc(&wide, cell, left, &state);
		if (len != (size_t)-1 && len != (size_t)-2 && iswprint(wide)) {
			memcpy(to, cell, len);
			to += len;
		} else {
			if (len > left) {
				memset(&state, 0, sizeof(state));
				len = 1;
			}
			for (size_t i = 0; i < len; i++)
				to += sprintf(to, "\\%03o", (unsigned char)cell[i]);
		}
		cell += len;
		left -= len;
	}
	*to = '\0';
	return text;
}

/* Bytes of the valid UTF-8 sequence at @s, 0 where there is none. Overlong and surrogate: none. */
static size_t utf8(const unsigned char *s)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 :
		     s[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static void json_char(FILE *out, int c)
{
	static const char names[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	const char *name = c ? strchr(names, c) : NULL;

	/* Only the first of each pair is a character to be named. */
	if (name && (name - names) % 2 == 0) {
		putc_unlocked('\\', out);
		putc_unlocked(name[1], out);
	} else if (c < 0x20 || c == 0x7f) {
		fprintf(out, "\\u%04x", c);
	} else {
		putc_unlocked(c, out);
	}
}

/** json_string - a cell as a JSON string, decoded, UTF-8 in any locale */
void json_string(FILE *out, const char *text)
{
	size_t len;
	int c;

	putc_unlocked('"', out);
	while (*text) {
		c = escaped(text);
		if (c > 0 && c < 0x80 && c != '\\') {
			json_char(out, c);
			text += 4;
			continue;
		}
		len = utf8((const unsigned char *)text);
		if (!len)
			fprintf(out, "\\\\%03o", (unsigned char)*text);
		else if (len == 1)
			json_char(out, *text);
		else
			fwrite(text, 1, len, out);
		text += len ?: 1;
	}
	putc_unlocked('"', out);
}

/* JSON knows neither leading zeros nor signs without digits. */
static bool json_number(const char *s)
{
	s += *s == '-';
	return isdigit((unsigned char)*s) && !s[strspn(s, "0123456789")] && (*s != '0' || !s[1]);
}

/** cell_valid - absent or, where @show asks for one, a number */
bool cell_valid(const char *cell, enum show show)
{
	if (cell_is_absent(cell))
		return true;
	if (show_is_number(show))
		return json_number(cell);
	if (show_is_hex(show))
		return !strncmp(cell, "0x", 2) && cell[2] &&
		       !cell[2 + strspn(cell + 2, "0123456789abcdef")];
	return true;
}

/** cell_json - a cell as a JSON value */
void cell_json(FILE *out, const char *cell, enum show show)
{
	if (cell_is_absent(cell))
		fputs("null", out);
	else if (show_is_number(show) && json_number(cell))
		fputs(cell, out);
	else
		json_string(out, cell);
}
