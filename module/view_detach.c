// SPDX-License-Identifier: GPL-2.0
/* `detach`: write a PID to take its directory away. There is nothing to read. */
#include "target.h"
#include "who.h"

static int request(struct mmscope_file *file, char *text)
{
	struct pid *pid;
	int err = mmscope_who_parse(text, &pid);

	if (err)
		return err;
	err = mmscope_target_detach(pid);
	put_pid(pid);
	return err;
}

const struct mmscope_view_ops mmscope_view_detach = {
	.request = request,
};
