// SPDX-License-Identifier: GPL-2.0
/*
 * `attach`: write a PID to give the process a directory; read who has one. A file that has written
 * reads back the row of what it attached only, which tells a reader in another pid namespace, or
 * one who named a thread, which directory that is.
 */
#include "target.h"

static int request(struct mmscope_file *file, char *text)
{
	return mmscope_target_request(file, text, mmscope_target_attach);
}

static int capture(struct mmscope_file *file, struct mmscope_capture *capture)
{
	return mmscope_targets_capture(capture, file->pid);
}

static void render(struct mmscope_text *text, const void *record)
{
	const struct mmscope_target_row *row = record;

	if (row->pid)
		mmscope_text_count(text, row->pid);
	else
		mmscope_text_absent(text);
	mmscope_text_count(text, row->dir);
	mmscope_text_str(text, row->comm);
	mmscope_text_row(text);
}

const struct mmscope_view_ops mmscope_view_attach = {
	.record = &mmscope_record_attach,
	.size = sizeof(struct mmscope_target_row),
	.capture = capture,
	.render = render,
	.request = request,
};
