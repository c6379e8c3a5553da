// SPDX-License-Identifier: GPL-2.0
/*
 * Does wrong on purpose, one kind at a time, so that it can be seen who notices: no part of
 * mmscope, never to be loaded but in a guest. A name written to /dev/bad is done at once, in the
 * writer's context and with no lock held, so that a writer who dies of it leaves the rest in order.
 * The log says "bad: begin NAME" before each.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "bad.h"

static const struct kind *const all[] = {
	memory_kinds,
	sched_kinds,
	fatal_kinds,
	harmless_kinds,
#ifdef CONFIG_PROVE_LOCKING
	locking_kinds,
#endif
};

static const struct kind *kind_named(const char *name)
{
	const struct kind *kind;
	int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		for (kind = all[i]; kind->name; kind++)
			if (sysfs_streq(name, kind->name))
				return kind;
	return NULL;
}

static ssize_t bad_write(struct file *file, const char __user *buffer, size_t size, loff_t *pos)
{
	const struct kind *kind;
	char name[32] = "";

	if (size >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, buffer, size))
		return -EFAULT;
	kind = kind_named(name);
	if (!kind)
		return -ENOENT;
	pr_info("bad: begin %s\n", kind->name);
	if (kind->around)
		kind->around(kind->run);
	else
		kind->run();
	return size;
}

static const struct file_operations bad_operations = {
	.owner = THIS_MODULE,
	.write = bad_write,
};

static struct miscdevice bad_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bad",
	.fops = &bad_operations,
	.mode = 0200,
};

module_misc_device(bad_device);

MODULE_DESCRIPTION("Does wrong on purpose, to test those who watch");
MODULE_LICENSE("GPL");
