// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer's side: which target this is, and how a broken promise is told.
 */
#include <libgen.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mmscope.h"

static const struct target {
	const char *name;
	int (*run)(const uint8_t *data, size_t size);
} targets[] = {
	{ "fuzz_text", fuzz_text },
	{ "fuzz_pte", fuzz_pte },
	{ "fuzz_args", fuzz_args },
	{ "fuzz_range", fuzz_range },
	{ "fuzz_cell", fuzz_cell },
};

static const struct target *target;
static FILE *errors;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	errors = stderr;
	setlocale(LC_ALL, "");
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		if (!strcmp(basename((*argv)[0]), targets[i].name))
			target = &targets[i];
	}
	if (!target) {
		fprintf(stderr, "call it by the name of a target\n");
		exit(2);
	}
	views_make();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return target->run(data, size);
}

void broken(const char *file, int line, const char *what, ...)
{
	const char *more;
	va_list ap;

	fprintf(errors, "%s:%d: broken: %s\n", file, line, what);
	va_start(ap, what);
	while ((more = va_arg(ap, const char *)))
		fprintf(errors, "--\n%.4000s\n", more);
	va_end(ap);
	abort();
}
