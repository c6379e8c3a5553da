// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading. Everything that can be opened pins the module, so by the time the exit
 * function runs no file of ours is open and none can be opened any more.
 */
#include <linux/module.h>

#include "main.h"
#include "page.h"
#include "target.h"
#include "view.h"

#define BOUNDED(name, low, high) \
	static int set_##name(const char *value, const struct kernel_param *param) \
	{ \
		return param_set_uint_minmax(value, param, low, high); \
	} \
	static const struct kernel_param_ops ops_##name = { \
		.set = set_##name, .get = param_get_uint \
	}; \
	module_param_cb(name, &ops_##name, &mmscope_##name, 0644)

unsigned int mmscope_budget_us = 200;
BOUNDED(budget_us, 1, 10000);
MODULE_PARM_DESC(budget_us, "longest hold of a target's lock, microseconds (200)");

unsigned int mmscope_max_targets = 256;
BOUNDED(max_targets, 1, 65536);
MODULE_PARM_DESC(max_targets, "attached processes at most (256)");

unsigned int mmscope_max_capture_mb = 64;
BOUNDED(max_capture_mb, 1, 4096);
MODULE_PARM_DESC(max_capture_mb, "memory of one capture of a text view at most, MiB (64)");

bool mmscope_show_addresses;
module_param_named(show_addresses, mmscope_show_addresses, bool, 0444);
MODULE_PARM_DESC(show_addresses, "show kernel addresses to readers with CAP_SYSLOG (N)");

static int __init mmscope_init(void)
{
	int err;

	mmscope_page_init();
	err = mmscope_debugfs_create();
	if (err)
		return err;
	err = mmscope_procfs_create();
	if (err)
		goto destroy_debugfs;
	/*
	 * A file in debugfs that somebody may have opened cannot be taken back, so nothing may fail
	 * after the first of them. Should one be missing for want of memory, the rest serves.
	 */
	mmscope_targets_create();
	mmscope_debugfs_populate();
	pr_info(MMSCOPE_NAME ": version " MMSCOPE_VERSION " loaded\n");
	return 0;

destroy_debugfs:
	mmscope_debugfs_destroy();
	return err;
}

static void __exit mmscope_exit(void)
{
	/* The control files first: after them no target comes. */
	mmscope_procfs_destroy();
	mmscope_targets_destroy();
	mmscope_debugfs_destroy();
	pr_info(MMSCOPE_NAME ": unloaded\n");
}

module_init(mmscope_init);
module_exit(mmscope_exit);

MODULE_DESCRIPTION("Shows what the memory manager sees");
MODULE_AUTHOR("The mmscope developers");
MODULE_VERSION(MMSCOPE_VERSION);
MODULE_LICENSE("GPL");
