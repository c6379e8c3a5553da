/* SPDX-License-Identifier: GPL-2.0 */
/* A kind of wrong: its name, as written to /dev/bad, and how it is done. */
#ifndef BAD_H
#define BAD_H

struct kind {
	const char *name;
	void (*run)(void);
	void (*around)(void (*run)(void));	/* if there: calls run itself */
};

#define KIND(kind)		{ .name = #kind, .run = kind }
#define KIND_IN(place, kind)	{ .name = #kind, .run = kind, .around = place }

/* Each ends with an empty one. */
extern const struct kind memory_kinds[], sched_kinds[], locking_kinds[];
extern const struct kind fatal_kinds[], harmless_kinds[];

/* What the compiler must not know. */
#define HIDDEN(value)				\
({						\
	typeof(value) hidden = (value);		\
						\
	OPTIMIZER_HIDE_VAR(hidden);		\
	hidden;					\
})

#endif
