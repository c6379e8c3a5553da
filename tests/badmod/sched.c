// SPDX-License-Identifier: GPL-2.0
/* Time spent wrongly: asleep where one may not be, or never; and data raced for. */
#include <linux/bug.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/workqueue.h>
#include "bad.h"

/* Long enough for a watch that was set to a second or, RCU's, to three and the five it adds. */
#define LONG	(4 * MSEC_PER_SEC)
#define LONGER	(9 * MSEC_PER_SEC)

static void warn(void)
{
	WARN_ON(HIDDEN(1));
}

/* --- Asleep */

static void atomic_sleep(void)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static void atomic_schedule(void)
{
	preempt_disable();
	schedule_timeout_uninterruptible(1);
	if (preempt_count())	/* the report sets it right */
		preempt_enable();
}

static void rcu_schedule(void)
{
	rcu_read_lock();
	schedule_timeout_uninterruptible(1);
	rcu_read_unlock();
}

static void processor(void)
{
	HIDDEN(smp_processor_id());
}

static DEFINE_PER_CPU(int, counter);

static void this_cpu(void)
{
	__this_cpu_inc(counter);
}

static void leak_atomic(struct work_struct *work)
{
	preempt_disable();
}

static DECLARE_WORK(leaking, leak_atomic);

static void work_leak(void)
{
	schedule_work(&leaking);
	flush_work(&leaking);
}

/* --- Stuck */

/* By the clock: a delay loop goes on for minutes where the host is busy. */
static void spin(unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	while (time_before(jiffies, end))
		cpu_relax();
}

static void hung(void)
{
	schedule_timeout_uninterruptible(msecs_to_jiffies(LONG));
}

static void soft_lockup(void)
{
	preempt_disable();
	spin(LONG);
	preempt_enable();
}

static void rcu_stall(void)
{
	rcu_read_lock();
	start_poll_synchronize_rcu();
	spin(LONGER);
	rcu_read_unlock();
}

static void expedited(void)
{
	rcu_read_lock();
	start_poll_synchronize_rcu_expedited();
	spin(LONG);
	rcu_read_unlock();
}

static void nothing(struct work_struct *work) { }

static DECLARE_WORK(waiting, nothing);

static void workqueue(void)
{
	preempt_disable();
	schedule_work_on(smp_processor_id(), &waiting);
	spin(LONG);
	preempt_enable();
	flush_work(&waiting);
}

/* --- Raced for; wants two processors */

static int shared;

static int racer(void *unused)
{
	while (!kthread_should_stop()) {
		shared++;
		cond_resched();
	}
	return 0;
}

static void race(void)
{
	struct task_struct *other = kthread_run(racer, NULL, "racer");
	unsigned long end = jiffies + msecs_to_jiffies(LONG);

	while (time_before(jiffies, end)) {
		shared++;
		cond_resched();
	}
	kthread_stop(other);
}

const struct kind sched_kinds[] = {
	KIND(warn), KIND(atomic_sleep), KIND(atomic_schedule), KIND(rcu_schedule), KIND(processor),
	KIND(this_cpu), KIND(work_leak), KIND(hung), KIND(soft_lockup), KIND(rcu_stall),
	KIND(expedited), KIND(workqueue), KIND(race),
	{}
};
