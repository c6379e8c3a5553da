// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope: shows the memory areas and page tables of a process, as the module mmscope reads them.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "../module/abi.h"
#include "error.h"
#include "mmscope.h"
#include "output.h"
#include "target.h"

static int run(int argc, char **argv)
{
	struct request req;
	int rc;

	/* The shell's completion asks: mmscope --complete [NOUN WHAT] */
	if (argc > 1 && !strcmp(argv[1], "--complete")) {
		usage_complete(argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL);
		return EXIT_OK;
	}
	rc = command_parse(&req, argc, argv);
	if (rc)
		return rc;
	if (req.given & OPT_version) {
		printf("mmscope %s, ABI %d\n", MMSCOPE_VERSION, MMSCOPE_ABI);
		return EXIT_OK;
	}
	if (req.given & OPT_help) {
		usage_print(req.command);
		return EXIT_OK;
	}
	/* Whatever the ABI, the version can be told. */
	if (strcmp(req.command->noun, "version")) {
		rc = module_check(&req.page_size);
		if (rc)
			return rc;
	}
	return req.command->class->run(&req);
}

int main(int argc, char **argv)
{
	int rc, closed;

	output_open();
	setlocale(LC_ALL, "");
	rc = run(argc, argv);
	closed = output_close();
	return rc ? rc : closed;
}
