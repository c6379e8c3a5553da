/* SPDX-License-Identifier: GPL-2.0 */
/* The processes that have a directory of views under debugfs, and `self`. */
#ifndef MMSCOPE_TARGET_H
#define MMSCOPE_TARGET_H

#include <linux/pid.h>

#include "view.h"

void mmscope_targets_create(void);
void mmscope_targets_destroy(void);

/* Gives the process a directory, if it has none. -EBUSY when all are in use. */
int mmscope_target_attach(struct pid *pid);
/* Takes its directory away; open files of it go on. -ENOENT when it has none. */
int mmscope_target_detach(struct pid *pid);

/* A request that does either to the process that @text names, and notes which that was. */
int mmscope_target_request(struct mmscope_file *file, const char *text,
			   int (*action)(struct pid *pid));

/*
 * From a handler's open, which debugfs keeps the directory for: a reference, and the reader's claim
 * that it stay. -ENOENT when the directory is going.
 */
int mmscope_target_open(struct mmscope_target *target);
void mmscope_target_close(struct mmscope_target *target);
/* NULL for self. */
struct pid *mmscope_target_pid(const struct mmscope_target *target);

/* One row of the `attach` view. */
struct mmscope_target_row {
	pid_t pid;		/* in the reader's pid namespace, 0 where it has none */
	pid_t dir;
	char comm[TASK_COMM_LEN];
};

/* Captures the rows of all targets, or of @only. */
int mmscope_targets_capture(struct mmscope_capture *capture, struct pid *only);

#endif
