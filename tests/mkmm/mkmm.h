/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mkmm makes a process whose address space is known. A factory is a row of a family's table; a
 * family is a file. What a factory makes it says through say_*(), as `name=value` words of the one
 * line that mkmm prints once everything stands.
 */
#ifndef MKMM_H
#define MKMM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Exit codes: what a test may turn into a skip stands apart from what failed. */
enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_EPERM = 16,	/* a privilege is missing */
	EXIT_ENOSYS = 17,	/* this kernel or CPU has no such thing */
	EXIT_ENOMEM = 18,	/* no memory, huge page or limit for it */
	EXIT_ENOSWAP = 19,	/* the pages did not go to swap */
};

enum param_type { PARAM_NUMBER, PARAM_CHOICE, PARAM_TEXT };

struct param {
	const char *name;
	enum param_type type;
	const char *init;	/* the default */
	const char *choices;	/* PARAM_CHOICE: words joined by | */
};

/* What most maps here are. */
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

#define MAX_PARAMS 8

struct factory {
	const char *kind;
	const char *help;
	void (*make)(void);
	struct param params[MAX_PARAMS];
};

struct family {
	const struct factory *rows;
	size_t count;
};

#define FAMILY(f) { f, ARRAY_SIZE(f) }
#define DEFINE_FAMILY(name) const struct family name = FAMILY(name##_rows)

extern const struct family family_anon, family_file, family_huge, family_limit, family_process,
	family_stuck, family_churn;

/* main */
extern size_t page;		/* bytes of a page */
uint64_t number(const char *param);
const char *text(const char *param);
bool chosen(const char *param, const char *choice);
char **arguments(void);		/* argv of this run */

void say_address(const char *name, const volatile void *address);
void say_number(const char *name, uint64_t value);
void say_text(const char *name, const char *value);
void say_line(void);		/* prints the line; serve() does it if it was not */

/* talk */
void serve(void);		/* the commands of stdin, until its end */
int spawn_waiter(int *ready);	/* fork; 0 in the child, who closes *ready once it stands */
void wait_parent(void) __attribute__((noreturn));

/* help */
void die(const char *what) __attribute__((noreturn));		/* by errno */
void unsupported(const char *what) __attribute__((noreturn));
void give_up(int code, const char *what) __attribute__((noreturn));
void *map(void *hint, size_t bytes, int prot, int flags, int fd, off_t offset);
void advise(void *address, size_t bytes, int advice, const char *what);
void touch_write(volatile void *address, size_t pages, size_t step);
void touch_read(const volatile void *address, size_t pages, size_t step);
uint64_t smaps_kb(const volatile void *address, const char *field);
uint64_t pagemap_entry(const volatile void *address);
void write_file(const char *path, const char *value);

#define PM_SWAP (1ULL << 62)
#define PM_PRESENT (1ULL << 63)

#endif
