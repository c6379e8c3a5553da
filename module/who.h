/* SPDX-License-Identifier: GPL-2.0 */
/* Which process a request means, and its mm. */
#ifndef MMSCOPE_WHO_H
#define MMSCOPE_WHO_H

#include <linux/mm_types.h>
#include <linux/pid.h>

/*
 * The process whose PID, or the PID of whose thread, @text gives in decimal, in the caller's pid
 * namespace; the caller puts it. -EINVAL malformed, -ERANGE beyond any PID, -ESRCH no such process.
 */
int mmscope_who_parse(const char *text, struct pid **pid);

/* 0 when the process lives and has an mm; -ESRCH, -ENODATA for a kernel thread. */
int mmscope_who_alive(struct pid *pid);

/*
 * The mm of any live thread of the process, held by mmgrab. -ESRCH, -ENODATA.
 */
int mmscope_who_mm(struct pid *pid, struct mm_struct **mm);

#endif
