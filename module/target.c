// SPDX-License-Identifier: GPL-2.0
/*
 * A target is a struct pid with a directory. It holds no task and no mm, so it keeps nothing of the
 * process alive; the number may be reused, the struct pid may not.
 *
 * `targets_lock` orders those who make and remove directories: attach, detach (procfs writes) and
 * the sweep (a work). debugfs waits in removal for opens under way; an open takes no lock of ours,
 * only counts itself, so that wait is short and cannot go in a circle. Nothing of ours is active
 * in debugfs after open: reads go by the open file's own references.
 *
 * `readers` counts open files; -1 means that the directory is being evicted and no open can win.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "main.h"
#include "target.h"
#include "who.h"

#define SWEEP_INTERVAL (10 * HZ)

struct mmscope_target {
	struct list_head node;
	refcount_t refs;
	struct pid *pid;	/* of the thread group; NULL: whoever opens */
	struct dentry *dir;
	atomic_t readers;
	unsigned long used;	/* jiffies of the latest attach or open */
	struct mmscope_slot slots[];
};

static DEFINE_MUTEX(targets_lock);
static LIST_HEAD(targets);
static unsigned int target_count;
static struct mmscope_target *self;

static void sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep_work, sweep);

static struct mmscope_target *create(struct pid *pid)
{
	struct mmscope_target *target;
	char name[16] = "self";

	target = kzalloc(struct_size(target, slots, mmscope_view_count), GFP_KERNEL);
	if (!target)
		return ERR_PTR(-ENOMEM);
	if (pid)
		scnprintf(name, sizeof(name), "%d", pid_nr(pid));
	target->dir = debugfs_create_dir(name, mmscope_debugfs());
	if (IS_ERR(target->dir)) {
		void *err = target->dir;

		kfree(target);
		return err;
	}
	INIT_LIST_HEAD(&target->node);
	refcount_set(&target->refs, 1);
	target->pid = get_pid(pid);
	target->used = jiffies;
	mmscope_views_populate(target->dir, target, target->slots);
	return target;
}

static void put(struct mmscope_target *target)
{
	if (!refcount_dec_and_test(&target->refs))
		return;
	put_pid(target->pid);
	kfree(target);
}

static void destroy(struct mmscope_target *target)
{
	debugfs_remove(target->dir);
	put(target);
}

static void remove(struct mmscope_target *target)
{
	lockdep_assert_held(&targets_lock);
	list_del(&target->node);
	target_count--;
	destroy(target);
}

static struct mmscope_target *find(struct pid *pid)
{
	struct mmscope_target *target;

	lockdep_assert_held(&targets_lock);
	list_for_each_entry(target, &targets, node)
		if (target->pid == pid)
			return target;
	return NULL;
}

static void remove_dead(void)
{
	struct mmscope_target *target, *next;

	lockdep_assert_held(&targets_lock);
	list_for_each_entry_safe(target, next, &targets, node)
		if (mmscope_who_alive(target->pid))
			remove(target);
}

static void sweep(struct work_struct *work)
{
	mutex_lock(&targets_lock);
	remove_dead();
	mutex_unlock(&targets_lock);
	schedule_delayed_work(&sweep_work, SWEEP_INTERVAL);
}

/* Removes the target least recently used that nobody reads. */
static int evict(void)
{
	struct mmscope_target *target, *oldest;

	lockdep_assert_held(&targets_lock);
	do {
		oldest = NULL;
		list_for_each_entry(target, &targets, node)
			if (!atomic_read(&target->readers) &&
			    (!oldest || time_before(READ_ONCE(target->used),
						    READ_ONCE(oldest->used))))
				oldest = target;
		if (!oldest)
			return -EBUSY;
	} while (atomic_cmpxchg(&oldest->readers, 0, -1));
	remove(oldest);
	return 0;
}

int mmscope_target_attach(struct pid *pid)
{
	struct mmscope_target *target;
	int err = mmscope_who_alive(pid);

	if (err)
		return err;
	if (mutex_lock_killable(&targets_lock))
		return -EINTR;
	target = find(pid);
	if (target) {
		WRITE_ONCE(target->used, jiffies);
		goto unlock;
	}
	/* Among them, perhaps, an earlier owner of the same number. */
	remove_dead();
	while (target_count >= READ_ONCE(mmscope_max_targets)) {
		err = evict();
		if (err)
			goto unlock;
	}
	target = create(pid);
	if (IS_ERR(target)) {
		err = PTR_ERR(target);
		goto unlock;
	}
	list_add_tail(&target->node, &targets);
	target_count++;
unlock:
	mutex_unlock(&targets_lock);
	return err;
}

int mmscope_target_detach(struct pid *pid)
{
	struct mmscope_target *target;

	if (mutex_lock_killable(&targets_lock))
		return -EINTR;
	target = find(pid);
	if (target)
		remove(target);
	mutex_unlock(&targets_lock);
	return target ? 0 : -ENOENT;
}

int mmscope_target_open(struct mmscope_target *target)
{
	if (!atomic_inc_unless_negative(&target->readers))
		return -ENOENT;
	WRITE_ONCE(target->used, jiffies);
	refcount_inc(&target->refs);
	return 0;
}

void mmscope_target_close(struct mmscope_target *target)
{
	atomic_dec(&target->readers);
	put(target);
}

struct pid *mmscope_target_pid(const struct mmscope_target *target)
{
	return target->pid;
}

int mmscope_targets_capture(struct mmscope_capture *capture, struct pid *only)
{
	struct mmscope_target *target;
	int err;

	if (mutex_lock_killable(&targets_lock))
		return -EINTR;
	remove_dead();
	err = mmscope_capture_room(capture, sizeof(struct mmscope_target_row), target_count);
	list_for_each_entry(target, &targets, node) {
		struct mmscope_target_row *row;
		struct task_struct *leader;

		if (err)
			break;
		if (only && target->pid != only)
			continue;
		row = (struct mmscope_target_row *)capture->records + capture->count;
		*row = (struct mmscope_target_row){
			.pid = pid_vnr(target->pid), .dir = pid_nr(target->pid)
		};
		leader = get_pid_task(target->pid, PIDTYPE_TGID);
		if (leader) {
			get_task_comm(row->comm, leader);
			put_task_struct(leader);
		}
		capture->count++;
	}
	mutex_unlock(&targets_lock);
	return err;
}

int mmscope_targets_create(void)
{
	self = create(NULL);
	if (IS_ERR(self))
		return PTR_ERR(self);
	schedule_delayed_work(&sweep_work, SWEEP_INTERVAL);
	return 0;
}

/* No file is open and none can be opened: the module is going. */
void mmscope_targets_destroy(void)
{
	struct mmscope_target *target, *next;

	cancel_delayed_work_sync(&sweep_work);
	mutex_lock(&targets_lock);
	list_for_each_entry_safe(target, next, &targets, node)
		remove(target);
	mutex_unlock(&targets_lock);
	destroy(self);
}
