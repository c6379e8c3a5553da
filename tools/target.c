// SPDX-License-Identifier: GPL-2.0
/*
 * Whom a command is about: the operands PID and ADDR, the process's directory, the module itself.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../module/abi.h"
#include "error.h"
#include "mmscope.h"
#include "target.h"
#include "text.h"

/* A directory may be evicted between attaching and opening; more often in a row is no chance. */
#define ATTACH_TRIES 5
/* The kernel's largest number of a process is 2^22. */
#define PID_DIGITS 7
/* and its smallest page 4 KiB. */
#define PAGE_LEAST 4096

/** pid_valid - is it a decimal number, or `self`? */
bool pid_valid(const char *operand)
{
	return !strcmp(operand, "self") ||
	       (*operand && !operand[strspn(operand, "0123456789")]);
}

/**
 * pid_text - a valid PID operand as the module takes it, to be freed; `self` is the tool's own
 *
 * Return: NULL where no process can have that number, the error reported.
 */
char *pid_text(const char *operand)
{
	const char *digits = operand;

	if (!strcmp(operand, "self"))
		return xprintf("%d", (int)getpid());
	while (*digits == '0' && digits[1])
		digits++;
	if (strlen(digits) <= PID_DIGITS && strcmp(digits, "0"))
		return xprintf("%s", digits);
	fail(operand, ESRCH);
	return NULL;
}

static unsigned int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/**
 * address_parse - read a hexadecimal number at *@at, 0x optional, and move *@at behind it
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int address_parse(const char **at, uint64_t *address)
{
	const char *s = *at;
	int rc = 0;

	/* Not strtoull(), which takes another 0x behind the one seen here. */
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		s += 2;
	if (!isxdigit((unsigned char)*s))
		return -EINVAL;
	for (*address = 0; isxdigit((unsigned char)*s); s++) {
		if (*address >> 60)
			rc = -ERANGE;
		*address = *address << 4 | digit(*s);
	}
	*at = s;
	return rc;
}

/* A cell of plain digits; 0 where it is not, which no ABI, page or process is. */
static uint64_t count(const char *cell)
{
	uint64_t value;

	if (!*cell || cell[strspn(cell, "0123456789")])
		return 0;
	errno = 0;
	value = strtoull(cell, NULL, 10);
	return errno ? 0 : value;
}

/**
 * module_check - see that a module is loaded and speaks the tool's ABI
 * @page_size: set to that of the running kernel
 *
 * The file stays open until the tool ends: an open file keeps the module, so that no other one can
 * take its place between this check and the last read.
 *
 * Return: EXIT_OK, or EXIT_FAILED with the error reported.
 */
int module_check(uint64_t *page_size)
{
	uint64_t abi = 0;
	static struct source src;
	struct cells row;
	struct text text;
	int rc;

	*page_size = 0;
	rc = source_open(&src, PROC, NULL, "version");
	if (rc)
		return rc;
	rc = text_open(&text, &src, record_find("version"));
	if (rc)
		goto close;
	while ((rc = text_next(&text, &row)) > 0) {
		if (!strcmp(row.cell[0], "abi"))
			abi = count(row.cell[1]);
		else if (!strcmp(row.cell[0], "page_size"))
			*page_size = count(row.cell[1]);
	}
	text_close(&text);
	if (rc)
		goto close;
	if (abi != MMSCOPE_ABI)
		rc = fail_text("ABI differs", "build and install module and tool from one version",
			       "module %" PRIu64 ", tool %d", abi, MMSCOPE_ABI);
	else if (*page_size < PAGE_LEAST || *page_size & (*page_size - 1))
		rc = fail_text(src.what, NULL, "no page size");
	if (!rc)
		return EXIT_OK;
close:
	source_close(&src);
	return EXIT_FAILED;
}

enum { ATTACH_PID, ATTACH_DIR };

/* The directory of a process, made if need be; a string to be freed. */
static int attach(const char *pid, const char *what, char **dir)
{
	struct source src;
	struct cells row;
	struct text text;
	int rc;

	rc = source_request(&src, "attach", pid, what);
	if (rc)
		return rc;
	rc = text_open(&text, &src, record_find("attach"));
	if (rc)
		goto close;
	*dir = NULL;
	while ((rc = text_next(&text, &row)) > 0) {
		if (*dir || !count(row.cell[ATTACH_DIR])) {
			fail_text(what, NULL, "line %zu of attach names no directory", text.number);
			break;
		}
		*dir = xprintf("%s", row.cell[ATTACH_DIR]);
	}
	if (rc) {
		rc = EXIT_FAILED;
		free(*dir);
	} else if (!*dir) {
		/* No row: it was evicted at once, or it ended. */
		rc = -ENOENT;
	}
	text_close(&text);
close:
	source_close(&src);
	return rc;
}

/**
 * target_open - open a view of a process, attaching it where it is not the tool itself
 * @operand: a PID, or `self`, or NULL which is the same
 *
 * Return: EXIT_OK, or an exit status with the error reported.
 */
int target_open(struct source *src, const char *operand, const char *view)
{
	char *pid, *dir, *what;
	int rc;

	if (!operand || !strcmp(operand, "self"))
		return source_open(src, TARGET, "self", view);
	pid = pid_text(operand);
	if (!pid)
		return EXIT_FAILED;
	what = xprintf("process %s", pid);
	for (int i = 0; i < ATTACH_TRIES; i++) {
		rc = attach(pid, what, &dir);
		if (!rc) {
			rc = source_open(src, TARGET, dir, view);
			free(dir);
		}
		if (rc != -ENOENT)
			break;
	}
	if (rc == -ENOENT)
		rc = fail_text(what, "its directory goes as soon as it comes: raise max_targets",
			       "cannot be attached");
	if (!rc) {
		free(src->what);
		src->what = what;
	} else {
		free(what);
	}
	free(pid);
	return rc;
}
