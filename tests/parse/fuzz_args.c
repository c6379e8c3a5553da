// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines (a word a line, every view as the module gives it) and, by itself, what --range and
 * ADDR take: hexadecimal, 0x or not, nothing else.
 */
#include <errno.h>
#include <getopt.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mmscope.h"
#include "target.h"

#define WORDS 16

int fuzz_args(const uint8_t *data, size_t size)
{
	char *copy = strndup((const char *)data, size), *rest = copy;
	const char *words[WORDS + 1] = { NULL };
	struct outcome o;

	for (size_t i = 0; i < WORDS && rest; i++)
		words[i] = strsep(&rest, "\n");
	views_replace(NULL, NULL, 0);
	tool_run(&o, words);
	tool_require_sane(&o);
	/* With the module's own views nothing but a process that cannot be fails. */
	if (o.status == 1)
		require(strstr(o.err, "no such process") || strstr(o.err, "outside"), o.err);
	if (!o.status && *o.out == '{')
		require(json_valid(o.out, o.out_size), o.out);
	tool_free(&o);
	free(copy);
	return 0;
}

struct number {
	unsigned __int128 value;
	bool fits;
};

static struct number number(const char *from, regmatch_t at)
{
	struct number n = { 0, true };

	for (const char *s = from + at.rm_so; s < from + at.rm_eo; s++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";

		n.value = n.value * 16 + (strchr(digits, *s) - digits) % 16;
		n.fits &= n.value <= UINT64_MAX;
	}
	return n;
}

static void range(const char *text)
{
	const char *words[] = { "mmscope", "pte", "-R", text, NULL };
	static regex_t form;
	static bool compiled;
	struct request req;
	struct number a, b;
	regmatch_t at[6];
	bool good;
	int rc;

	if (!compiled)
		require(!regcomp(&form, "^(0[xX])?([0-9a-fA-F]+)([-+])(0[xX])?([0-9a-fA-F]+)$",
				 REG_EXTENDED));
	compiled = true;
	optind = 0;
	rc = command_parse(&req, 4, (char **)words);
	good = !regexec(&form, text, 6, at, 0);
	if (good) {
		a = number(text, at[2]);
		b = number(text, at[5]);
		if (text[at[3].rm_so] == '+' && a.fits && b.fits) {
			b.value += a.value;
			b.fits = b.value <= UINT64_MAX;
		}
		good = a.fits && b.fits && a.value < b.value;
	}
	require(rc == (good ? EXIT_OK : EXIT_USAGE), text);
	require(!good || (req.from == a.value && req.to == b.value), text);
}

static void address(const char *text)
{
	static regex_t form;
	static bool compiled;
	const char *at = text;
	regmatch_t match[3];
	struct number want;
	uint64_t value;
	bool good;
	int rc;

	if (!compiled)
		require(!regcomp(&form, "^(0[xX])?([0-9a-fA-F]+)$", REG_EXTENDED));
	compiled = true;
	rc = address_parse(&at, &value);
	good = !regexec(&form, text, 3, match, 0);
	require((rc != -EINVAL && !*at) == good, text);
	if (!good)
		return;
	want = number(text, match[2]);
	require(rc == (want.fits ? 0 : -ERANGE), text);
	require(rc || value == want.value, text);
}

int fuzz_range(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *said = NULL;
	FILE *err = stderr;
	size_t len;

	stderr = open_memstream(&said, &len);
	range(text);
	address(text);
	fclose(stderr);
	stderr = err;
	free(said);
	free(text);
	return 0;
}
