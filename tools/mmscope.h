/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every command of the tool sees: its row of cmds.def, the options given, the columns chosen.
 */
#ifndef TOOLS_MMSCOPE_H
#define TOOLS_MMSCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"
#include "source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
};

enum option_index {
#define OPTION(id, letter, argument, help) OPTION_##id,
#include "cmds.def"
	OPTION_COUNT
};

enum option_bit {
#define OPTION(id, letter, argument, help) OPT_##id = 1 << OPTION_##id,
#include "cmds.def"
	/* What goes with every noun that prints rows. */
	OPT_TABLE = OPT_output | OPT_json | OPT_raw | OPT_noheadings
};

struct option_row {
	const char *name;
	char letter;
	const char *argument;
	const char *help;
};

struct request;

/**
 * struct class - one way to do the work of a noun
 * @record: the columns of the noun; NULL: those of fields.def under its name
 * @defaults: columns printed without -o, separated by commas; NULL: all
 * @run: does it; reports its own errors and returns an exit status
 */
struct class {
	const struct record *(*record)(void);
	const char *defaults;
	int (*run)(const struct request *req);
};

struct command {
	const char *noun;
	const struct class *class;
	enum place place;
	const char *operands;
	unsigned int options;
	const char *help;
};

/**
 * struct request - one command line, understood
 * @given: the options given, OPT_* bits
 * @argument: their arguments
 * @from, @to: the addresses of --range, else all
 * @record: NULL for a noun that prints nothing
 * @page_size: of the running kernel
 */
struct request {
	const struct command *command;
	unsigned int given;
	const char *argument[OPTION_COUNT];
	uint64_t from, to;
	char **operand;
	int operands;
	const struct record *record;
	struct selection selection;
	uint64_t page_size;
};

extern const struct option_row option_rows[OPTION_COUNT];
extern const struct command commands[];
extern const size_t command_count;

/* commands.c */
const struct command *command_find(const char *noun);
const struct record *command_record(const struct command *cmd);
int command_parse(struct request *req, int argc, char **argv);

/* usage.c */
void usage_print(const struct command *cmd);
void usage_complete(const char *noun, const char *what);

#endif
