/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_ERROR_H
#define TOOLS_ERROR_H

#include <stddef.h>

int fail(const char *what, int err) __attribute__((cold));
int fail_text(const char *what, const char *hint, const char *fmt, ...)
	__attribute__((cold, format(printf, 3, 4)));
int usage_error(const char *noun, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));

void *xrealloc(void *old, size_t size);
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
