// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks are looked at under RCU, which keeps task_struct and signal_struct; the mm is taken by
 * get_task_mm(), under task_lock. The leader may be a zombie while other threads live, so each
 * thread is tried. Only mm_count is kept (mmgrab): it does not keep the address space from going
 * when the process exits or execs.
 */
#include <linux/kernel.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "who.h"

int mmscope_who_parse(const char *text, struct pid **pid)
{
	struct task_struct *task;
	unsigned int number;
	int err;

	/* kstrto* take a sign, too. */
	if (*text < '0' || *text > '9')
		return -EINVAL;
	err = kstrtouint(text, 10, &number);
	if (err)
		return err;
	if (number > INT_MAX)
		return -ERANGE;
	rcu_read_lock();
	task = pid_task(find_vpid(number), PIDTYPE_PID);
	*pid = task ? get_pid(task_tgid(task)) : NULL;
	rcu_read_unlock();
	return *pid ? 0 : -ESRCH;
}

/*
 * for_each_thread(), which under CONFIG_PROVE_RCU_LIST wants a lock that is not exported. RCU is
 * enough to walk the list of a leader found under it.
 */
#define for_each_thread_rcu(leader, task) \
	list_for_each_entry_rcu(task, &(leader)->signal->thread_head, thread_node)

/* Looks for a thread that has an mm, and takes that mm if @mm asks for it. */
static int find_mm(struct pid *pid, struct mm_struct **mm)
{
	struct task_struct *leader, *task;
	int err = -ESRCH;

	rcu_read_lock();
	leader = pid_task(pid, PIDTYPE_TGID);
	if (!leader)
		goto unlock;
	if (leader->flags & PF_KTHREAD) {
		err = -ENODATA;
		goto unlock;
	}
	for_each_thread_rcu(leader, task) {
		struct mm_struct *found = mm ? get_task_mm(task) : READ_ONCE(task->mm);

		if (!found)
			continue;
		if (mm)
			*mm = found;
		err = 0;
		break;
	}
unlock:
	rcu_read_unlock();
	return err;
}

int mmscope_who_alive(struct pid *pid)
{
	return find_mm(pid, NULL);
}

int mmscope_who_mm(struct pid *pid, struct mm_struct **mm)
{
	int err = find_mm(pid, mm);

	if (err)
		return err;
	mmgrab(*mm);
	mmput_async(*mm);
	return 0;
}
