// SPDX-License-Identifier: GPL-2.0
/*
 * The nouns that are a text view of the module as it stands: of a process, where the place is
 * TARGET, else of the system. A new one is a row of cmds.def.
 */
#include "mmscope.h"
#include "rows.h"
#include "target.h"

static int run(const struct request *req)
{
	const struct command *cmd = req->command;
	struct source src;
	int rc;

	if (cmd->place == TARGET)
		rc = target_open(&src, req->operands ? req->operand[0] : NULL, cmd->noun);
	else
		rc = source_open(&src, cmd->place, NULL, cmd->noun);
	if (rc)
		return rc;
	rc = rows_print(req, &src);
	source_close(&src);
	return rc;
}

const struct class class_text = { .run = run };
