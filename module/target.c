// SPDX-License-Identifier: GPL-2.0
/*
 * A target is a struct pid with a directory. It holds no task and no mm, so it keeps nothing of the
 * process alive; the number may be reused, the struct pid may not.
 *
 * `targets_lock` guards the list and the states in it. debugfs waits for the lock of the parent
 * directory, which a reader of that directory may hold for as long as it likes, and to remove a
 * file also for opens under way, which take no lock of ours. So directories are made and removed
 * without the lock, by whoever set the target to COMING or GOING. Meanwhile its number is taken:
 * who wants to attach it waits until the target is THERE or has left the list. debugfs' own wait
 * cannot be killed, so ours comes first (wait_directory); a reader may still slip in between.
 *
 * Nothing of ours is active in debugfs after open: reads go by the open file's own references.
 * `readers` counts open files; -1 means that the directory is being evicted and no open can win.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "main.h"
#include "target.h"
#include "who.h"

#define SWEEP_INTERVAL (10 * HZ)

enum state { COMING, THERE, GOING };

struct mmscope_target {
	struct list_head node;
	refcount_t refs;
	struct pid *pid;	/* of the thread group; NULL: whoever opens */
	struct dentry *dir;
	atomic_t readers;
	enum state state;
	unsigned long used;	/* jiffies of the latest attach or open */
	struct mmscope_slot slots[];
};

static DEFINE_MUTEX(targets_lock);
static LIST_HEAD(targets);
static unsigned int target_count;
static struct mmscope_target *self;

static void sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep_work, sweep);

static void put(struct mmscope_target *target)
{
	if (!refcount_dec_and_test(&target->refs))
		return;
	put_pid(target->pid);
	kfree(target);
}

static struct mmscope_target *create(struct pid *pid)
{
	struct mmscope_target *target;

	target = kzalloc(struct_size(target, slots, mmscope_view_count), GFP_KERNEL);
	if (!target)
		return NULL;
	INIT_LIST_HEAD(&target->node);
	refcount_set(&target->refs, 1);
	target->pid = get_pid(pid);
	target->used = jiffies;
	return target;
}

static int make_directory(struct mmscope_target *target)
{
	char name[16] = "self";

	if (target->pid)
		scnprintf(name, sizeof(name), "%d", pid_nr(target->pid));
	target->dir = debugfs_create_dir(name, mmscope_debugfs());
	if (IS_ERR(target->dir))
		return PTR_ERR(target->dir);
	return mmscope_views_populate(target->dir, target, target->slots);
}

/* From now on nobody finds it, nor does it count; destroy() is to follow, without the lock. */
static struct mmscope_target *retire(struct mmscope_target *target)
{
	lockdep_assert_held(&targets_lock);
	target->state = GOING;
	target_count--;
	return target;
}

static void destroy(struct mmscope_target *target)
{
	debugfs_remove(target->dir);
	mutex_lock(&targets_lock);
	list_del(&target->node);
	mutex_unlock(&targets_lock);
	put(target);
}

/* Gives a target that is COMING its directory. */
static int settle(struct mmscope_target *target)
{
	int err = make_directory(target);

	mutex_lock(&targets_lock);
	if (err)
		retire(target);
	else
		target->state = THERE;
	mutex_unlock(&targets_lock);
	if (err)
		destroy(target);
	return err;
}

/* Until nobody reads the directory that holds all others. */
static int wait_directory(void)
{
	struct rw_semaphore *lock = &d_inode(mmscope_debugfs())->i_rwsem;

	if (down_write_killable(lock))
		return -EINTR;
	up_write(lock);
	return 0;
}

static struct mmscope_target *find(struct pid *pid)
{
	struct mmscope_target *target;

	lockdep_assert_held(&targets_lock);
	list_for_each_entry(target, &targets, node)
		if (target->pid == pid && target->state == THERE)
			return target;
	return NULL;
}

/* Is a directory of that number being made or removed? */
static bool in_motion(struct pid *pid)
{
	struct mmscope_target *target;

	lockdep_assert_held(&targets_lock);
	list_for_each_entry(target, &targets, node)
		if (target->state != THERE && pid_nr(target->pid) == pid_nr(pid))
			return true;
	return false;
}

/* Retires one whose process is gone. */
static struct mmscope_target *retire_dead(void)
{
	struct mmscope_target *target;

	lockdep_assert_held(&targets_lock);
	list_for_each_entry(target, &targets, node)
		if (target->state == THERE && mmscope_who_alive(target->pid))
			return retire(target);
	return NULL;
}

/* Retires the one least recently used that nobody reads. */
static struct mmscope_target *retire_oldest(void)
{
	struct mmscope_target *target, *oldest;

	lockdep_assert_held(&targets_lock);
	do {
		oldest = NULL;
		list_for_each_entry(target, &targets, node)
			if (target->state == THERE && !atomic_read(&target->readers) &&
			    (!oldest || time_before(READ_ONCE(target->used),
						    READ_ONCE(oldest->used))))
				oldest = target;
		if (!oldest)
			return NULL;
	} while (atomic_cmpxchg(&oldest->readers, 0, -1));
	return retire(oldest);
}

static void sweep(struct work_struct *work)
{
	struct rw_semaphore *lock = &d_inode(mmscope_debugfs())->i_rwsem;
	struct mmscope_target *dead;

	do {
		dead = NULL;
		if (!down_write_trylock(lock))
			break;
		up_write(lock);
		if (!mutex_trylock(&targets_lock))
			break;
		dead = retire_dead();
		mutex_unlock(&targets_lock);
		if (dead)
			destroy(dead);
	} while (dead);
	schedule_delayed_work(&sweep_work, SWEEP_INTERVAL);
}

/* One step towards a directory for @pid: 0 it has one, -EAGAIN another step is needed. */
static int attach_step(struct pid *pid)
{
	struct mmscope_target *target, *made = NULL, *victim = NULL;
	bool wait = false;
	int err = -EAGAIN;

	if (mutex_lock_killable(&targets_lock))
		return -EINTR;
	target = find(pid);
	if (target) {
		WRITE_ONCE(target->used, jiffies);
		err = 0;
		goto unlock;
	}
	victim = retire_dead();
	if (victim)
		goto unlock;
	wait = in_motion(pid);
	if (wait)
		goto unlock;
	/* While it lives the number is its own: no other target has a directory of that name. */
	err = mmscope_who_alive(pid);
	if (err)
		goto unlock;
	err = -EAGAIN;
	if (target_count >= READ_ONCE(mmscope_max_targets)) {
		victim = retire_oldest();
		if (!victim)
			err = -EBUSY;
		goto unlock;
	}
	err = -ENOMEM;
	made = create(pid);
	if (made) {
		list_add_tail(&made->node, &targets);
		target_count++;
	}
unlock:
	mutex_unlock(&targets_lock);
	if (made)
		return settle(made);
	if (victim)
		destroy(victim);
	else if (wait)
		schedule_timeout_killable(1);
	return err;
}

int mmscope_target_attach(struct pid *pid)
{
	int err = mmscope_who_alive(pid);

	if (err)
		return err;
	do {
		if (fatal_signal_pending(current) || wait_directory())
			return -EINTR;
		err = attach_step(pid);
	} while (err == -EAGAIN);
	return err;
}

int mmscope_target_detach(struct pid *pid)
{
	struct mmscope_target *target;

	if (wait_directory() || mutex_lock_killable(&targets_lock))
		return -EINTR;
	target = find(pid);
	if (target)
		retire(target);
	mutex_unlock(&targets_lock);
	if (!target)
		return -ENOENT;
	destroy(target);
	return 0;
}

int mmscope_target_request(struct mmscope_file *file, const char *text,
			   int (*action)(struct pid *pid))
{
	struct pid *pid;
	int err = mmscope_who_parse(text, &pid);

	if (err)
		return err;
	err = action(pid);
	if (!err)
		swap(file->pid, pid);
	put_pid(pid);
	return err;
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

	/* Room is made without the lock: who is short of memory makes nobody else wait. */
	for (;;) {
		err = mmscope_capture_room(capture, sizeof(struct mmscope_target_row),
					   READ_ONCE(target_count));
		if (err)
			return err;
		if (mutex_lock_killable(&targets_lock))
			return -EINTR;
		if (target_count <= capture->room)
			break;
		mutex_unlock(&targets_lock);
	}
	list_for_each_entry(target, &targets, node) {
		struct mmscope_target_row *row;
		struct task_struct *leader;

		if (target->state != THERE || (only && target->pid != only) ||
		    mmscope_who_alive(target->pid))
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
	return 0;
}

void mmscope_targets_create(void)
{
	self = create(NULL);
	if (self && make_directory(self)) {
		destroy(self);
		self = NULL;
	}
	schedule_delayed_work(&sweep_work, SWEEP_INTERVAL);
}

/* No file is open and none can be opened: the module is going. */
void mmscope_targets_destroy(void)
{
	struct mmscope_target *target, *next;

	cancel_delayed_work_sync(&sweep_work);
	list_for_each_entry_safe(target, next, &targets, node)
		destroy(target);
	if (self)
		destroy(self);
}
