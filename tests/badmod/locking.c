// SPDX-License-Identifier: GPL-2.0
/*
 * Locks used wrongly. The first report of lockdep is its last, as it turns itself off: so most
 * kinds are done with it turned on again, and what it holds for held set back. On one processor
 * nobody else has taken or left a lock meanwhile but interrupts, which come and go within.
 */
#include <linux/debug_locks.h>
#include <linux/irq_work.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "bad.h"

static void again(void (*run)(void))
{
	u64 chain = current->curr_chain_key;
	int depth = current->lockdep_depth;

	preempt_disable();
	run();
	current->curr_chain_key = chain;
	current->lockdep_depth = depth;
	debug_locks = 1;
	preempt_enable();
}

/* --- Those that lockdep survives */

static void rcu_vma(void)
{
	VMA_ITERATOR(iterator, current->mm, 0);
	struct vm_area_struct *vma;
	unsigned long end = 0;

	for_each_vma(iterator, vma)
		end = vma->vm_end;
	HIDDEN(end);
}

static void rcu_list(void)
{
	struct item {
		struct list_head node;
	} *item;
	LIST_HEAD(head);

	list_for_each_entry_rcu(item, &head, node)
		break;
}

static DEFINE_MUTEX(mine);

static void not_held(void)
{
	lockdep_assert_held(&mine);
}

/* --- Those after which it is off */

static DEFINE_SPINLOCK(a);
static DEFINE_SPINLOCK(b);

static void abba(void)
{
	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
	spin_lock(&b);
	spin_lock(&a);
	spin_unlock(&a);
	spin_unlock(&b);
}

static void recursive(void)
{
	spinlock_t one_class[2];	/* made in one place */
	int i;

	for (i = 0; i < 2; i++)
		spin_lock_init(&one_class[i]);
	spin_lock(&one_class[0]);
	spin_lock(&one_class[1]);
	spin_unlock(&one_class[1]);
	spin_unlock(&one_class[0]);
}

static DEFINE_SPINLOCK(in_interrupt);

static void interrupted(struct irq_work *work)
{
	spin_lock(&in_interrupt);
	spin_unlock(&in_interrupt);
}

static struct irq_work interrupt = IRQ_WORK_INIT_HARD(interrupted);

static void irq_state(void)
{
	irq_work_queue(&interrupt);
	while (irq_work_is_busy(&interrupt))
		cpu_relax();
	spin_lock(&in_interrupt);
	spin_unlock(&in_interrupt);
}

static DEFINE_SPINLOCK(never_locked);

static void unbalanced(void)
{
	spin_release(&never_locked.dep_map, _RET_IP_);
}

static void freed_held(void)
{
	spinlock_t *lock = kmalloc(sizeof(*lock), GFP_ATOMIC);

	spin_lock_init(lock);
	spin_lock(lock);
	kfree(lock);
	preempt_enable();
}

static void no_key(void)
{
	struct lockdep_map *map = kzalloc(sizeof(*map), GFP_ATOMIC);

	lock_map_acquire(map);
	kfree(map);
}

static void wait_context(void)
{
	static DEFINE_RAW_SPINLOCK(raw);
	static DEFINE_SPINLOCK(sleeping_on_rt);

	raw_spin_lock(&raw);
	spin_lock(&sleeping_on_rt);
	spin_unlock(&sleeping_on_rt);
	raw_spin_unlock(&raw);
}

static void magic(void)
{
	static DEFINE_SPINLOCK(lock);

	lock.rlock.magic = 0;
	spin_lock(&lock);
	spin_unlock(&lock);
}

/* Off from here: the last of its boot. */
static void left_held(void)
{
	mutex_lock(&mine);
}

const struct kind locking_kinds[] = {
	KIND(rcu_vma), KIND(rcu_list), KIND(not_held),
	KIND_IN(again, abba), KIND_IN(again, recursive), KIND_IN(again, irq_state),
	KIND_IN(again, unbalanced), KIND_IN(again, freed_held), KIND_IN(again, no_key),
	KIND_IN(again, wait_context), KIND_IN(again, magic),
	KIND(left_held),
	{}
};
