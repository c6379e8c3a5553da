// SPDX-License-Identifier: GPL-2.0
/*
 * cmds.def as tables, and a command line understood by them.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "error.h"
#include "mmscope.h"
#include "target.h"

#define CMD(noun, work, place, operands, options, help) extern const struct class class_##work;
#include "cmds.def"

const struct option_row option_rows[OPTION_COUNT] = {
#define OPTION(id, letter, argument, help) [OPTION_##id] = { #id, letter, argument, help },
#include "cmds.def"
};

const struct command commands[] = {
#define CMD(noun, work, place, operands, options, help) \
	{ #noun, &class_##work, place, operands, options, help },
#include "cmds.def"
};

const size_t command_count = ARRAY_SIZE(commands);

/** command_find - the command of a noun, by its whole name, or NULL */
const struct command *command_find(const char *noun)
{
	for (size_t i = 0; i < command_count; i++) {
		if (!strcmp(commands[i].noun, noun))
			return &commands[i];
	}
	return NULL;
}

/** command_record - what a command's rows are made of; NULL where it prints none */
const struct record *command_record(const struct command *cmd)
{
	return cmd->class->record ? cmd->class->record() : record_find(cmd->noun);
}

/* getopt's tables, from ours. */
static void getopt_tables(char *letters, struct option *longs)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		*letters++ = option_rows[i].letter;
		if (option_rows[i].argument)
			*letters++ = ':';
		longs[i] = (struct option){
			.name = option_rows[i].name,
			.has_arg = option_rows[i].argument ? required_argument : no_argument,
			.val = option_rows[i].letter,
		};
	}
	*letters = '\0';
}

static int parse_options(struct request *req, int argc, char **argv)
{
	struct option longs[OPTION_COUNT + 1] = { 0 };
	char letters[2 * OPTION_COUNT + 1];
	int c;

	getopt_tables(letters, longs);
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		for (size_t i = 0; i < OPTION_COUNT; i++) {
			if (option_rows[i].letter != c)
				continue;
			req->given |= 1u << i;
			req->argument[i] = optarg;
		}
		/* getopt has said what is wrong. */
		if (c == '?')
			return usage_error(NULL, "bad option");
	}
	return EXIT_OK;
}

static int check_options(const struct request *req)
{
	const char *noun = req->command->noun;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (req->given & ~req->command->options & 1u << i)
			return usage_error(noun, "option --%s does not go with '%s'",
					   option_rows[i].name, noun);
	}
	if (req->given & OPT_json && req->given & OPT_raw)
		return usage_error(noun, "options --json and --raw exclude each other");
	return EXIT_OK;
}

static int check_operand(const char *noun, const char *name, const char *operand)
{
	const char *at = operand;
	uint64_t address;

	if (!strncmp(name, "PID", 3) && !pid_valid(operand))
		return usage_error(noun, "'%s' is not a PID: a decimal number or 'self'", operand);
	if (!strncmp(name, "ADDR", 4) && (address_parse(&at, &address) == -EINVAL || *at))
		return usage_error(noun, "'%s' is not an address: hexadecimal", operand);
	return EXIT_OK;
}

/* Holds the operands against "PID ADDR" or "[PID]". */
static int check_operands(const struct request *req)
{
	const char *noun = req->command->noun, *names = req->command->operands;
	int count = 0, rc;

	while (*names) {
		bool optional = *names == '[';
		const char *name = names + optional;

		if (count == req->operands && !optional)
			return usage_error(noun, "operand missing: %s", name);
		if (count < req->operands) {
			rc = check_operand(noun, name, req->operand[count++]);
			if (rc)
				return rc;
		}
		names += strcspn(names, " ");
		names += strspn(names, " ");
	}
	if (count < req->operands)
		return usage_error(noun, "operand too many: '%s'", req->operand[count]);
	return EXIT_OK;
}

/* START-END or START+SIZE */
static int parse_range(struct request *req)
{
	const char *text = req->argument[OPTION_range], *at = text;
	bool sized;

	req->to = UINT64_MAX;
	if (!(req->given & OPT_range))
		return EXIT_OK;
	if (address_parse(&at, &req->from))
		goto bad;
	sized = *at == '+';
	if (!sized && *at != '-')
		goto bad;
	at++;
	if (address_parse(&at, &req->to) || *at)
		goto bad;
	if (sized && __builtin_add_overflow(req->from, req->to, &req->to))
		goto bad;
	if (req->from < req->to)
		return EXIT_OK;
bad:
	return usage_error(req->command->noun,
			   "'%s' is not a range: START-END or START+SIZE, hexadecimal", text);
}

/**
 * command_parse - understand a command line
 * @req: set; its command stays NULL where none is given, or with --version
 *
 * With --help what follows from it is all that is looked at.
 * Return: EXIT_OK, or EXIT_USAGE with the error reported.
 */
int command_parse(struct request *req, int argc, char **argv)
{
	const char *list;
	int rc;

	memset(req, 0, sizeof(*req));
	rc = parse_options(req, argc, argv);
	if (rc || req->given & OPT_version)
		return rc;
	if (optind >= argc)
		return req->given & OPT_help ? EXIT_OK : usage_error(NULL, "no command");
	req->command = command_find(argv[optind]);
	if (!req->command)
		return usage_error(NULL, "no command '%s'", argv[optind]);
	req->operand = argv + optind + 1;
	req->operands = argc - optind - 1;
	if (req->given & OPT_help)
		return EXIT_OK;
	rc = check_options(req);
	if (!rc)
		rc = check_operands(req);
	if (!rc)
		rc = parse_range(req);
	req->record = command_record(req->command);
	if (rc || !req->record)
		return rc;
	list = req->given & OPT_output ? req->argument[OPTION_output] :
	       req->command->class->defaults;
	return record_select(req->record, req->command->noun, list, &req->selection);
}
