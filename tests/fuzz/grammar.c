// SPDX-License-Identifier: GPL-2.0
/*
 * What may be written to which file, made well, then spoilt; and read again by a second
 * implementation of the same rules, which says what should come of it. Every rule that is broken
 * may be the one that is complained of.
 */
#include "mmfuzz.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct grammar grammars[] = {
	{ "attach", "P", M(EBUSY), M(OK), false },
	{ "detach", "P", M(ENOENT), M(EINVAL), false },
	{ "walk", "PA", 0, M(EINVAL), true },
	{ "page", "F", 0, M(EINVAL), false },
	{ NULL, "?", M(EBUSY) | M(ENOENT) | M(EINVAL) | M(ERANGE), M(OK) | M(EINVAL), false },
};

const struct grammar *grammar_of(const char *view)
{
	const struct grammar *g = grammars;

	while (g->view && strcmp(g->view, view))
		g++;
	return g;
}

/* As <linux/ctype.h> has it: the blank of Latin-1 among them. */
static bool is_space(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* All digits from @text on: EINVAL when others follow or none is there, ERANGE beyond @max. */
static uint64_t parse(const char *text, const char *end, unsigned int base, uint64_t max,
		      uint64_t *value)
{
	const char *at = text;
	uint64_t wrong = 0;

	if (base == 16 && end - at > 2 && at[0] == '0' && (at[1] | 0x20) == 'x')
		text = at += 2;
	for (*value = 0; at < end && digit_of(*at) < (int)base; at++) {
		if (*value > (max - digit_of(*at)) / base)
			wrong |= M(ERANGE);
		else
			*value = *value * base + digit_of(*at);
	}
	return wrong | (at < end || at == text ? M(EINVAL) : 0);
}

static uint64_t parse_process(const struct grammar *g, const char *text, const char *end,
			      const struct target **target)
{
	uint64_t pid, wrong = parse(text, end, 10, INT_MAX, &pid), may;

	*target = NULL;
	if (wrong)
		return wrong;
	*target = target_of(pid);
	may = target_results(*target);
	if (!pid)
		return M(ESRCH);
	/* A process whose directory is to go need not have memory. */
	if (!strcmp(g->view, "detach"))
		return (*target && (*target)->fate == UNUSED ? M(ESRCH) : M(ENOENT)) |
		       (may & M(ENODATA) && *target ? 0 : may & ~M(ENODATA));
	return may;
}

struct meaning grammar_read(const struct grammar *g, const char *text, size_t length)
{
	const char *end = text + length, *blank;
	struct meaning meaning = { .may = M(EINVAL) };
	uint64_t wrong;

	if (!length || length > REQUEST_MAX || memchr(text, '\0', length))
		return meaning;
	while (text < end && is_space(*text))
		text++;
	while (text < end && is_space(end[-1]))
		end--;
	switch (g->words[0]) {
	case 'F':
		meaning.may = parse(text, end, 16, UINT64_MAX, &meaning.address) | M(OK) |
			      M(ERANGE) | M(EINVAL);
		return meaning;
	case '?':
		meaning.may = g->more | M(OK) | M(ESRCH) | M(ENODATA) | M(EPERM);
		return meaning;
	}
	for (blank = text; blank < end && g->words[1] && !strchr(" \t\n", *blank); )
		blank++;
	if (!g->words[1])
		blank = end;
	meaning.may = parse_process(g, text, blank, &meaning.target);
	if (g->words[1]) {
		if (blank == end)
			return (struct meaning){ .may = M(EINVAL) | (meaning.may & M(ERANGE)) };
		while (blank < end && is_space(*blank))
			blank++;
		wrong = parse(blank, end, 16, UINT64_MAX, &meaning.address);
		if (!wrong && meaning.address >= address_end)
			wrong = M(ERANGE);
		if (wrong)
			meaning.may = wrong | (meaning.may & ~M(OK));
	}
	if (meaning.may & M(OK) && (!(g->more & M(EBUSY)) || max_targets < 2 * MAX_TARGETS))
		meaning.may |= g->more;
	return meaning;
}

/* Is the answer the one to this request? */
const char *grammar_fits(const struct handle *h)
{
	const char *stamp, *row;
	int column = 0;

	if (!h->requested || h->vague || h->view->grammar->words[0] != 'P')
		return NULL;
	/* The row before the stamp. */
	stamp = memrchr(h->text, '\n', h->length - 1);
	row = stamp ? memrchr(h->text, '\n', stamp - h->text) : NULL;
	row = row ? row + 1 : h->text;
	if (h->view->grammar->words[1]) {
		if (sscanf(row, "frame %d ", &column) != 1 ||
		    (uint64_t)column != h->address % PAGE)
			return "the last row is not that of the byte asked for";
		return NULL;
	}
	/* Its own row, or none when others have taken the directory away. */
	if (row != h->text && h->target && sscanf(row, "%*s %d ", &column) == 1 &&
	    h->target->fate != DYING && column != h->target->pid)
		return "the row of another process";
	return NULL;
}

static size_t fill(struct worker *w, char *text, size_t from, size_t n, char byte)
{
	(void)w;
	memset(text + from, byte, n);
	return from + n;
}

static size_t insert(char *text, size_t n, size_t at, const char *what)
{
	const size_t more = strlen(what);

	memmove(text + at + more, text + at, n - at);
	memcpy(text + at, what, more);
	return n + more;
}

/* One mutation each, of a text of @n bytes; the drawn value is all the chance they get. */
static size_t as_is(struct worker *w, char *text, size_t n, uint64_t value)
{
	(void)w;
	(void)text;
	(void)value;
	return n;
}

static size_t sign(struct worker *w, char *text, size_t n, uint64_t value)
{
	(void)w;
	return insert(text, n, value >> 8 & 1 ? n - value % (n / 2 + 1) : 0, value & 4 ? "-" : "+");
}

static size_t prefix(struct worker *w, char *text, size_t n, uint64_t value)
{
	static const char *const prefixes[] = {
		"0x", "0X", "0", "000000", "00x", "0b", "\\x", "x",
	};
	const char *blank = memchr(text, ' ', n);

	(void)w;
	return insert(text, n, blank && value & 256 ? blank + 1 - text : 0, prefixes[value & 7]);
}

static size_t huge(struct worker *w, char *text, size_t n, uint64_t value)
{
	static const char *const numbers[] = {
		"2147483647", "2147483648", "4294967295", "4294967297", "18446744073709551615",
		"18446744073709551616", "99999999999999999999999999999999999999",
		"9223372036854775808",
	};
	const char *blank = memchr(text, ' ', n);

	(void)w;
	if (!blank || value & 256)
		return insert(text, 0, 0, numbers[value & 7]);
	return insert(text, blank + 1 - text, blank + 1 - text, numbers[value & 7]);
}

static size_t byte(struct worker *w, char *text, size_t n, uint64_t value)
{
	static const char bytes[] = "\0\n \t\v\f\r\xff\x80\xc3\xa0-,.;:/%'\"\\x";
	const size_t at = (value >> 8) % (n + 1);

	(void)w;
	n = insert(text, n, at, "?");
	text[at] = value & 128 ? bytes[value % (sizeof(bytes) - 1)] : (char)(value >> 32);
	return n;
}

static size_t flip(struct worker *w, char *text, size_t n, uint64_t value)
{
	(void)w;
	if (n)
		text[(value >> 8) % n] ^= 1 << (value & 7);
	return n;
}

static size_t cut(struct worker *w, char *text, size_t n, uint64_t value)
{
	(void)w;
	(void)text;
	return value % (n + 1);
}

static size_t more(struct worker *w, char *text, size_t n, uint64_t value)
{
	(void)w;
	return insert(text, n, n, value & 1 ? " 1 2" : "\n1\n2");
}

/* Blanks before or behind, to just below the limit or beyond it. */
static size_t blanks(struct worker *w, char *text, size_t n, uint64_t value)
{
	static const char kinds[] = " \t\n\r";
	const char kind = kinds[value & 3];
	const size_t some = value >> 8 & 63;
	const size_t length = value & 8 ? REQUEST_MAX - 1 + some % 3 : n + some;
	const size_t count = length > n ? length - n : 0;

	if (value & 16)
		return fill(w, text, n, count, kind);
	memmove(text + count, text, n);
	fill(w, text, 0, count, kind);
	return n + count;
}

static size_t mib(struct worker *w, char *text, size_t n, uint64_t value)
{
	(void)n;
	return fill(w, text, 0, value & 1 ? MIB : value % (4 * PAGE), value & 2 ? '1' : ' ');
}

static size_t noise(struct worker *w, char *text, size_t n, uint64_t value)
{
	n = value % (value & 1 << 20 ? 16 : REQUEST_MAX + 8);
	for (size_t i = 0; i < n; i++)
		text[i] = draw(w);
	return n;
}

static const struct mutation {
	size_t (*spoil)(struct worker *w, char *text, size_t n, uint64_t value);
	unsigned int weight;
} mutations[] = {
	{ as_is, 50 }, { sign, 4 }, { prefix, 6 }, { huge, 6 }, { byte, 10 }, { flip, 8 },
	{ cut, 6 }, { more, 3 }, { blanks, 8 }, { mib, 1 }, { noise, 8 },
};

static size_t put_process(struct worker *w, char *text)
{
	const struct target *target = &targets[below(w, target_count)];

	/* Below the limit so that a text and a spoilt number fit. */
	return sprintf(text, "%d", target->pid);
}

static size_t put_address(struct worker *w, char *text)
{
	static const char *const forms[] = { "%llx", "0x%llx", "%llX", "0x%016llx" };
	const struct target *target = &targets[below(w, target_count)];
	const uint64_t kind = below(w, 8), value = draw(w);
	uint64_t address = target->address + value % (4 * PAGE);

	if (kind == 0)
		address = value >> (value & 63);
	else if (kind == 1)
		address = value % address_end;
	else if (kind == 2)
		address = (value & 1 ? address_end : 1ULL << 47) + (value >> 8) % 3 - 1;
	return sprintf(text, forms[draw(w) % 4], (unsigned long long)address);
}

size_t grammar_write(struct worker *w, const struct grammar *g, char *text)
{
	const uint64_t words = below(w, 3);
	unsigned int pick = below(w, 110);
	size_t n = 0;

	if (g->words[0] == 'P' || (g->words[0] == '?' && words))
		n += put_process(w, text);
	if (g->words[0] == 'F' || (g->words[0] == '?' && !words))
		n += sprintf(text, words ? "%llu" : "0x%llx", draw(w) % (1ULL << 22));
	if (g->words[1] || words == 2) {
		if (g->words[1] || g->words[0] == '?')
			text[n++] = ' ';
		if (n && text[n - 1] == ' ')
			n += put_address(w, text + n);
	}
	for (const struct mutation *m = mutations; ; m++) {
		if (pick < m->weight)
			return w->text_length = m->spoil(w, text, n, draw(w));
		pick -= m->weight;
	}
}
