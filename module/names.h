/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of names: what each value of a field, or each of its bits, is called. */
#ifndef MMSCOPE_NAMES_H
#define MMSCOPE_NAMES_H

#include <linux/types.h>

struct mmscope_name {
	u64 value;		/* the value, or the mask of the bits */
	const char *name;
	const char *help;	/* NULL where the kernel's headers give none */
};

struct mmscope_set {
	const char *name;
	const struct mmscope_name *names;
	unsigned int count;
	bool flags;		/* masks of bits, not values */
};

extern const struct mmscope_set mmscope_set_kind, mmscope_set_level, mmscope_set_consistent;
extern const struct mmscope_set mmscope_set_pte, mmscope_set_kpf, mmscope_set_vm_flags;

/* Every set, ended by NULL: for the `name` view. */
extern const struct mmscope_set *const mmscope_sets[];

/* The mask of the kernel's own page flag of that name, 0 where it has none. */
unsigned long mmscope_page_flag(const char *name);

/* The name of @value in @set, or NULL. */
const char *mmscope_set_name(const struct mmscope_set *set, u64 value);

#endif
