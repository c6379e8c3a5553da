// SPDX-License-Identifier: GPL-2.0
/*
 * Help and completion, from cmds.def and fields.def.
 */
#include <stdio.h>
#include <string.h>

#include "mmscope.h"

static void print_option(const struct option_row *row)
{
	printf("  -%c, --%-10s %-6s %s\n", row->letter, row->name, row->argument ?: "", row->help);
}

static void print_columns(const struct command *cmd, const struct record *rec)
{
	const struct column *columns = rec->fields ?: rec->columns;
	size_t count = rec->fields ? rec->field_count : rec->count;

	printf("\n%s:\n", rec->fields ? "Fields (columns: field, value)" : "Columns");
	for (size_t i = 0; i < count; i++)
		printf("  %-12s %s\n", columns[i].name, columns[i].help);
	if (cmd->class->defaults)
		printf("\nWithout -o: %s\n", cmd->class->defaults);
}

static void print_command(const struct command *cmd)
{
	const struct record *rec = command_record(cmd);

	printf("usage: mmscope %s%s%s%s\n\n%s\n\nOptions:\n", cmd->noun,
	       cmd->options ? " [OPTION...]" : "", *cmd->operands ? " " : "", cmd->operands,
	       cmd->help);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if ((cmd->options | OPT_help) & 1u << i)
			print_option(&option_rows[i]);
	}
	if (strstr(cmd->operands, "[PID]") && cmd->place == TARGET)
		puts("\nWithout a PID it shows itself, as with 'self'.");
	if (rec)
		print_columns(cmd, rec);
}

/** usage_print - how a command is used, or all of it where @cmd is NULL */
void usage_print(const struct command *cmd)
{
	if (cmd) {
		print_command(cmd);
		return;
	}
	puts("usage: mmscope NOUN [OPTION...] [OPERAND...]\n\n"
	     "Show the memory areas and page tables of a process as the kernel has them.\n\n"
	     "Nouns:");
	for (size_t i = 0; i < command_count; i++)
		printf("  %-8s %-9s %s\n", commands[i].noun, commands[i].operands,
		       commands[i].help);
	puts("\nOptions ('mmscope NOUN --help' tells which go with a noun, and its columns):");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		print_option(&option_rows[i]);
	puts("\nExit status: 0 done, 1 failed, 2 not understood.");
}

/**
 * usage_complete - words for the shell's completion, one a line
 * @noun: NULL: the nouns
 * @what: "options" of @noun, "columns" of @noun, "operands" as usage shows them
 */
void usage_complete(const char *noun, const char *what)
{
	const struct command *cmd = noun ? command_find(noun) : NULL;
	unsigned int options = (cmd ? cmd->options : OPT_version) | OPT_help;
	const struct record *rec = cmd ? command_record(cmd) : NULL;

	if (!noun) {
		for (size_t i = 0; i < command_count; i++)
			puts(commands[i].noun);
	}
	for (size_t i = 0; i < OPTION_COUNT && (!what || !strcmp(what, "options")); i++) {
		if (options & 1u << i)
			printf("--%s\n-%c\n", option_rows[i].name, option_rows[i].letter);
	}
	for (size_t i = 0; what && !strcmp(what, "columns") && rec && i < rec->count; i++)
		puts(rec->columns[i].name);
	if (what && !strcmp(what, "operands") && cmd)
		puts(cmd->operands);
}
