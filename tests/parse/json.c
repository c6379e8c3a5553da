// SPDX-License-Identifier: GPL-2.0
/*
 * Is it JSON (RFC 8259), in valid UTF-8? And how many rows has it? Shares nothing with the tool.
 */
#include <string.h>

#include "fuzz.h"

#define DEPTH 8

struct json {
	const char *at, *end;
	long rows;
};

static bool value(struct json *j, int depth);

static void blanks(struct json *j)
{
	while (j->at < j->end && strchr(" \t\r\n", *j->at) && *j->at)
		j->at++;
}

static bool take(struct json *j, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(j->end - j->at) < len || memcmp(j->at, text, len))
		return false;
	j->at += len;
	return true;
}

/** utf8_size - bytes of the valid sequence at @s, 0 where there is none */
size_t utf8_size(const char *s, const char *end)
{
	static const struct { unsigned char mask, lead; uint32_t least; } forms[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};

	for (size_t i = 0; i < 4 && s + i < end; i++) {
		uint32_t rune;

		if (((unsigned char)*s & forms[i].mask) != forms[i].lead)
			continue;
		rune = (unsigned char)*s & ~forms[i].mask;
		for (size_t k = 1; k <= i; k++) {
			if (((unsigned char)s[k] & 0xc0) != 0x80)
				return 0;
			rune = rune << 6 | ((unsigned char)s[k] & 0x3f);
		}
		if (rune < forms[i].least || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
			return 0;
		return i + 1;
	}
	return 0;
}

static size_t digits(struct json *j, const char *which)
{
	size_t count = 0;

	for (; j->at < j->end && *j->at && strchr(which, *j->at); j->at++)
		count++;
	return count;
}

static bool escape(struct json *j)
{
	const char *from;

	if (!take(j, "u"))
		return j->at < j->end && *j->at && strchr("\"\\/bfnrt", *j->at++);
	from = j->at;
	return digits(j, "0123456789abcdefABCDEF") >= 4 && (j->at = from + 4);
}

static bool string(struct json *j)
{
	if (!take(j, "\""))
		return false;
	while (j->at < j->end && *j->at != '"') {
		size_t len = utf8_size(j->at, j->end);

		if (!len || (unsigned char)*j->at < 0x20)
			return false;
		if (!take(j, "\\"))
			j->at += len;
		else if (!escape(j))
			return false;
	}
	return take(j, "\"");
}

static bool number(struct json *j)
{
	static const char decimal[] = "0123456789";

	take(j, "-");
	if (!take(j, "0") && !digits(j, decimal))
		return false;
	return !take(j, ".") || digits(j, decimal);
}

/* Members of an object or items of an array; the rows are the items of the first array. */
static bool list(struct json *j, int depth, bool object)
{
	const char *close = object ? "}" : "]";
	long count = 0;

	blanks(j);
	for (bool more = !take(j, close); more; more = !take(j, close)) {
		if (count++ && !take(j, ","))
			return false;
		blanks(j);
		if (object && !string(j))
			return false;
		blanks(j);
		if (object && !take(j, ":"))
			return false;
		if (!value(j, depth + 1))
			return false;
		blanks(j);
	}
	if (!object && j->rows < 0)
		j->rows = count;
	return true;
}

static bool value(struct json *j, int depth)
{
	blanks(j);
	if (depth > DEPTH || j->at == j->end)
		return false;
	if (take(j, "{"))
		return list(j, depth, true);
	if (take(j, "["))
		return list(j, depth, false);
	if (*j->at == '"')
		return string(j);
	return take(j, "null") || take(j, "true") || take(j, "false") || number(j);
}

static bool whole(struct json *j)
{
	if (!value(j, 0))
		return false;
	blanks(j);
	return j->at == j->end;
}

long json_rows(const char *text, size_t size)
{
	struct json j = { text, text + size, -1 };

	return whole(&j) ? j.rows : -1;
}

bool json_valid(const char *text, size_t size)
{
	struct json j = { text, text + size, -1 };

	return whole(&j);
}
