// SPDX-License-Identifier: GPL-2.0
/*
 * The files: views.def turned into entries of procfs and debugfs, and what open, read, write and
 * release do for all of them.
 *
 * debugfs files are made with debugfs_create_file_unsafe(): the usual proxy would count a reader
 * as active for as long as a read takes, and a read can be stuck in a page fault of the reader's
 * own, while debugfs_remove() waits without a way out. So only open is under debugfs' protection;
 * it takes references on all that the file needs later.
 *
 * An open file pins the module, by .owner in debugfs, by a reference taken in open in procfs. The
 * latter is given back by our own release, which procfs finishes before proc_remove() returns.
 */
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "main.h"
#include "memory.h"
#include "target.h"
#include "view.h"
#include "who.h"

#define REQUEST_MAX 128	/* bytes; the longest that means anything has about 40 */

const struct mmscope_view mmscope_views[] = {
#define VIEW(n, p, m, f, w, h) { .name = #n, .place = MMSCOPE_##p, .mode = m, \
	.format = MMSCOPE_##f, .need = MMSCOPE_##w, .help = h, .ops = &mmscope_view_##n },
#include "views.def"
};
const unsigned int mmscope_view_count = ARRAY_SIZE(mmscope_views);

static struct dentry *debugfs_root;
static struct proc_dir_entry *procfs_root;
static struct mmscope_slot top_slots[ARRAY_SIZE(mmscope_views)];

struct dentry *mmscope_debugfs(void)
{
	return debugfs_root;
}

/* The mm that a file of @target shows: bound at open, for its address space may go any time. */
static int bind(struct mmscope_file *opened, struct mmscope_target *target)
{
	struct pid *pid = mmscope_target_pid(target);
	int err;

	err = mmscope_target_open(target);
	if (err)
		return err;
	if (pid) {
		err = mmscope_who_mm(pid, &opened->mm);
	} else if (current->mm) {
		opened->mm = current->mm;
		mmgrab(opened->mm);
	} else {
		err = -ENODATA;
	}
	if (err) {
		mmscope_target_close(target);
		return err;
	}
	opened->target = target;
	return 0;
}

/*
 * Asked in the initial user namespace. The target's would do where its mm belongs to it, but whose
 * the mm is cannot be asked alike on all kernels, and the files are the real root's alone anyway.
 * One's own mm is one's own.
 */
static bool may_open(const struct mmscope_slot *slot)
{
	const bool own = slot->target && !mmscope_target_pid(slot->target);

	switch (slot->view->need) {
	case MMSCOPE_FRAMES:
		if (!capable(CAP_SYS_ADMIN))
			return false;
		fallthrough;
	case MMSCOPE_PTRACE:
		return own || capable(CAP_SYS_PTRACE);
	default:
		return true;
	}
}

static int open_slot(const struct mmscope_slot *slot, struct file *file)
{
	struct mmscope_file *opened;
	int err;

	if (!may_open(slot))
		return -EPERM;
	opened = kzalloc(sizeof(*opened), MMSCOPE_GFP);
	if (!opened)
		return -ENOMEM;
	opened->view = slot->view;
	opened->file = file;
	mutex_init(&opened->lock);
	if (slot->target) {
		err = bind(opened, slot->target);
		if (err) {
			kfree(opened);
			return err;
		}
	}
	file->private_data = opened;
	return 0;
}

static void close_file(struct mmscope_file *opened)
{
	mmscope_capture_drop(opened);
	if (opened->mm)
		mmdrop(opened->mm);
	put_pid(opened->pid);
	if (opened->target)
		mmscope_target_close(opened->target);
	kfree(opened);
}

static ssize_t read_view(struct kiocb *iocb, struct iov_iter *to)
{
	struct mmscope_file *opened = iocb->ki_filp->private_data;

	if (opened->view->ops->read)
		return opened->view->ops->read(opened, &iocb->ki_pos, to);
	return mmscope_capture_read(opened, &iocb->ki_pos, to);
}

static ssize_t write_view(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	struct mmscope_file *opened = file->private_data;
	char text[REQUEST_MAX + 1];
	int err;

	if (!opened->view->ops->request || !size || size > REQUEST_MAX)
		return -EINVAL;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	text[size] = '\0';
	if (strlen(text) != size)
		return -EINVAL;
	if (mutex_lock_killable(&opened->lock))
		return -EINTR;
	err = opened->view->ops->request(opened, strim(text));
	if (!err) {
		mmscope_capture_drop(opened);
		opened->requested = true;
	}
	mutex_unlock(&opened->lock);
	if (err)
		return err;
	*pos = 0;
	return size;
}

/* Positions are addresses or bytes of a text, over the whole range; no end to seek from. */
static loff_t seek_view(struct file *file, loff_t offset, int whence)
{
	switch (whence) {
	case SEEK_SET:
	case SEEK_CUR:
		return generic_file_llseek_size(file, offset, whence, LLONG_MAX, 0);
	default:
		return -EINVAL;
	}
}

static int open_debugfs(struct inode *inode, struct file *file)
{
	return open_slot(inode->i_private, file);
}

static int release_debugfs(struct inode *inode, struct file *file)
{
	close_file(file->private_data);
	return 0;
}

static const struct file_operations debugfs_fops = {
	.owner = THIS_MODULE,
	.open = open_debugfs,
	.read_iter = read_view,
	.llseek = seek_view,
	.release = release_debugfs,
};

static int open_procfs(struct inode *inode, struct file *file)
{
	int err;

	if (!try_module_get(THIS_MODULE))
		return -ENOENT;
	err = open_slot(pde_data(inode), file);
	if (err)
		module_put(THIS_MODULE);
	return err;
}

static int release_procfs(struct inode *inode, struct file *file)
{
	close_file(file->private_data);
	module_put(THIS_MODULE);
	return 0;
}

static const struct proc_ops procfs_ops = {
	.proc_open = open_procfs,
	.proc_read_iter = read_view,
	.proc_write = write_view,
	.proc_lseek = seek_view,
	.proc_release = release_procfs,
};

static int populate(struct dentry *dir, enum mmscope_place place, struct mmscope_target *target,
		    struct mmscope_slot *slots)
{
	struct dentry *made;
	unsigned int i;

	for (i = 0; i < mmscope_view_count; i++) {
		const struct mmscope_view *view = &mmscope_views[i];

		if (view->place != place)
			continue;
		slots[i] = (struct mmscope_slot){ .view = view, .target = target };
		made = debugfs_create_file_unsafe(view->name, view->mode, dir, &slots[i],
						  &debugfs_fops);
		if (IS_ERR(made))
			return PTR_ERR(made);
	}
	return 0;
}

int mmscope_views_populate(struct dentry *dir, struct mmscope_target *target,
			   struct mmscope_slot *slots)
{
	return populate(dir, MMSCOPE_TARGET, target, slots);
}

int mmscope_debugfs_create(void)
{
	debugfs_root = debugfs_create_dir(MMSCOPE_NAME, NULL);
	if (IS_ERR(debugfs_root))
		return PTR_ERR(debugfs_root);
	/* debugfs makes directories 0755 and leaves narrowing them to its mount. */
	d_inode(debugfs_root)->i_mode &= ~(S_IRWXG | S_IRWXO);
	return 0;
}

int mmscope_debugfs_populate(void)
{
	return populate(debugfs_root, MMSCOPE_DEBUG, NULL, top_slots);
}

void mmscope_debugfs_destroy(void)
{
	debugfs_remove(debugfs_root);
}

int mmscope_procfs_create(void)
{
	unsigned int i;

	procfs_root = proc_mkdir(MMSCOPE_NAME, NULL);
	if (!procfs_root)
		return -ENOMEM;
	for (i = 0; i < mmscope_view_count; i++) {
		if (mmscope_views[i].place != MMSCOPE_PROC)
			continue;
		top_slots[i].view = &mmscope_views[i];
		if (!proc_create_data(mmscope_views[i].name, mmscope_views[i].mode, procfs_root,
				      &procfs_ops, &top_slots[i])) {
			proc_remove(procfs_root);
			return -ENOMEM;
		}
	}
	return 0;
}

void mmscope_procfs_destroy(void)
{
	proc_remove(procfs_root);
}
