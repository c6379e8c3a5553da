// SPDX-License-Identifier: GPL-2.0
/*
 * Errors: `mmscope: what: why`, then a line that says what to do where that is known.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "mmscope.h"

/* What the module means by an errno; the C library's words say less. */
static const struct meaning {
	int err;
	const char *why;
	const char *hint;
} meanings[] = {
	{ ESRCH, "no such process, or it has ended", NULL },
	{ ENODATA, "a kernel thread, which has no memory of its own", NULL },
	{ ERANGE, "outside the addresses of user programs", NULL },
	{ EBUSY, "no directory is free",
	  "close the files under debugfs that are open, or raise the module's max_targets" },
};

static void print_why(const char *what, const char *why, const char *hint)
{
	fprintf(stderr, "mmscope: %s: %s\n", what, why);
	if (hint)
		fprintf(stderr, "mmscope: %s\n", hint);
}

/**
 * fail - report an error of the system or of the module
 * @what: what it happened to: a path, a process, an address
 * @err: errno
 *
 * Return: EXIT_FAILED, for the caller to return.
 */
int fail(const char *what, int err)
{
	const char *why = strerror(err), *hint = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		if (meanings[i].err == err) {
			why = meanings[i].why;
			hint = meanings[i].hint;
		}
	}
	if (err == EACCES || err == EPERM)
		hint = geteuid() ? "run it as root" :
		       "it takes CAP_SYS_PTRACE over the process and, for frames, CAP_SYS_ADMIN";
	print_why(what, why, hint);
	return EXIT_FAILED;
}

/**
 * fail_text - report a failure that no errno describes
 * @hint: what to do, or NULL
 *
 * Return: EXIT_FAILED.
 */
int fail_text(const char *what, const char *hint, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	print_why(what, why, hint);
	return EXIT_FAILED;
}

/**
 * usage_error - report a command line that cannot be understood
 * @noun: NULL where it is not known
 *
 * Return: EXIT_USAGE.
 */
int usage_error(const char *noun, const char *fmt, ...)
{
	va_list ap;

	fputs("mmscope: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nmmscope: 'mmscope %s%s--help' says how it is used\n", noun ? noun : "",
		noun ? " " : "");
	return EXIT_USAGE;
}

/** xrealloc - realloc() that ends the program when there is no memory */
void *xrealloc(void *old, size_t size)
{
	void *p = realloc(old, size);

	if (!p)
		exit(fail("memory", ENOMEM));
	return p;
}

/** xprintf - a new string, printed; ends the program when there is no memory */
char *xprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		exit(fail("memory", ENOMEM));
	va_end(ap);
	return s;
}
