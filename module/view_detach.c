// SPDX-License-Identifier: GPL-2.0
/* `detach`: write a PID to take its directory away. There is nothing to read. */
#include "target.h"

static int request(struct mmscope_file *file, char *text)
{
	return mmscope_target_request(file, text, mmscope_target_detach);
}

const struct mmscope_view_ops mmscope_view_detach = {
	.request = request,
};
