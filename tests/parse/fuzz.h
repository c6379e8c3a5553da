/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tool as fuzz targets see it: a command line in, status, output and errors out; and what they
 * hold these against.
 */
#ifndef PARSE_FUZZ_H
#define PARSE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outcome {
	int status;
	char *out, *err;
	size_t out_size, err_size;
};

/* What libFuzzer calls. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* mmscope.c's main(), by another name */
int mmscope_main(int argc, char **argv);

/* A target; -1 for an input that is of no use to it. */
int fuzz_text(const uint8_t *data, size_t size);
int fuzz_pte(const uint8_t *data, size_t size);
int fuzz_args(const uint8_t *data, size_t size);
int fuzz_range(const uint8_t *data, size_t size);
int fuzz_cell(const uint8_t *data, size_t size);

/* Ends the program, so that the fuzzer keeps the input. */
#define require(what, ...) \
	do { \
		if (!(what)) \
			broken(__FILE__, __LINE__, #what, ##__VA_ARGS__, NULL); \
	} while (0)
void broken(const char *file, int line, const char *what, ...) __attribute__((noreturn));

/* run.c: words up to a NULL, without the tool's own name */
void tool_run(struct outcome *o, const char *const *words);
void tool_free(struct outcome *o);
void tool_require_sane(const struct outcome *o);

/* source.c: the module's views, and one of them in place of its own; NULL: all its own again */
void views_make(void);
bool views_replace(const char *name, const void *data, size_t size);
bool views_used(void);
void views_close(void);
extern bool views_saved;

/* json.c: rows of {"noun": [rows], ...}, -1 when it is not valid JSON */
long json_rows(const char *text, size_t size);
bool json_valid(const char *text, size_t size);
size_t utf8_size(const char *s, const char *end);

#endif
