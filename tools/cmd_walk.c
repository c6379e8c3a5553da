// SPDX-License-Identifier: GPL-2.0
/*
 * walk PID ADDR: the translation of one address.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "error.h"
#include "mmscope.h"
#include "rows.h"
#include "target.h"

static int run(const struct request *req)
{
	const char *at = req->operand[1];
	char *pid, *request, *what;
	struct source src;
	uint64_t address;
	int rc;

	if (address_parse(&at, &address))
		return fail(req->operand[1], ERANGE);
	pid = pid_text(req->operand[0]);
	if (!pid)
		return EXIT_FAILED;
	request = xprintf("%s 0x%" PRIx64, pid, address);
	what = xprintf("process %s, address 0x%" PRIx64, pid, address);
	rc = source_request(&src, "walk", request, what);
	if (!rc) {
		rc = rows_print(req, &src);
		source_close(&src);
	}
	free(what);
	free(request);
	free(pid);
	return rc;
}

const struct class class_walk = { .run = run };
