// SPDX-License-Identifier: GPL-2.0
/*
 * detach PID: take a process's directory away. Prints nothing.
 */
#include <stdlib.h>

#include "error.h"
#include "mmscope.h"
#include "target.h"

static const struct record *no_record(void)
{
	return NULL;
}

static int run(const struct request *req)
{
	char *pid = pid_text(req->operand[0]), *what;
	struct source src;
	int rc;

	if (!pid)
		return EXIT_FAILED;
	what = xprintf("process %s", pid);
	rc = source_request(&src, "detach", pid, what);
	if (!rc)
		source_close(&src);
	free(what);
	free(pid);
	return rc;
}

const struct class class_detach = { .record = no_record, .run = run };
