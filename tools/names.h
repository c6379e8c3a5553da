/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_NAMES_H
#define TOOLS_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct name {
	char *set, *name;
	uint64_t value;
};

/* The names of the running kernel's values and bits, in the order of the view `name`. */
struct names {
	struct name *name;
	size_t count;
};

int names_load(struct names *names);
void names_free(struct names *names);
const char *names_value(const struct names *names, const char *set, uint64_t value, char *buf,
			size_t size);
const char *names_flags(const struct names *names, const char *set, uint64_t bits, char *buf,
			size_t size);

#endif
