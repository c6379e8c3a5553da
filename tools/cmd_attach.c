// SPDX-License-Identifier: GPL-2.0
/*
 * attach [PID]: give a process a directory and print its row; without a PID list who has one.
 */
#include <stdlib.h>

#include "error.h"
#include "mmscope.h"
#include "rows.h"
#include "target.h"

static int run(const struct request *req)
{
	char *pid = NULL, *what = NULL;
	struct source src;
	int rc;

	if (req->operands) {
		pid = pid_text(req->operand[0]);
		if (!pid)
			return EXIT_FAILED;
		what = xprintf("process %s", pid);
		rc = source_request(&src, "attach", pid, what);
	} else {
		rc = source_open(&src, PROC, NULL, "attach");
	}
	if (!rc) {
		rc = rows_print(req, &src);
		source_close(&src);
	}
	free(what);
	free(pid);
	return rc;
}

const struct class class_attach = { .run = run };
