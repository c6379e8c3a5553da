// SPDX-License-Identifier: GPL-2.0
/*
 * The whole tool, run within this process.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define WORDS 32

/* A file: the tool gives its output a buffer, which a memory stream does not bear. */
static FILE *output_file(void)
{
	int fd = memfd_create("output", MFD_CLOEXEC);

	require(fd >= 0);
	return fdopen(fd, "w");
}

static void output_take(struct outcome *o, int fd)
{
	o->out_size = lseek(fd, 0, SEEK_END);
	o->out = calloc(1, o->out_size + 1);
	require(pread(fd, o->out, o->out_size, 0) == (ssize_t)o->out_size);
	close(fd);
}

/** tool_run - `mmscope WORDS...`; tool_free() releases the outcome */
void tool_run(struct outcome *o, const char *const *words)
{
	char *argv[WORDS + 2] = { "mmscope" };
	FILE *out = stdout, *err = stderr;
	int argc = 1, fd;

	while (*words && argc <= WORDS)
		argv[argc++] = (char *)*words++;
	stdout = output_file();
	fd = dup(fileno(stdout));
	stderr = open_memstream(&o->err, &o->err_size);
	optind = 0;
	o->status = mmscope_main(argc, argv);
	fclose(stderr);
	stdout = out;
	stderr = err;
	output_take(o, fd);
	views_close();
}

void tool_free(struct outcome *o)
{
	free(o->out);
	free(o->err);
}

/** tool_require_sane - what holds of every run: done or said why not, and no usage with a result */
void tool_require_sane(const struct outcome *o)
{
	require(o->status >= 0 && o->status <= 2);
	if (!o->status)
		require(!o->err_size, o->err);
	else
		require(strstr(o->err, "mmscope: ") && o->err[o->err_size - 1] == '\n', o->err);
	if (o->status == 2)
		require(!o->out_size, o->out);
	require(strlen(o->out) == o->out_size && strlen(o->err) == o->err_size);
}
