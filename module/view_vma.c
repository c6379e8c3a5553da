// SPDX-License-Identifier: GPL-2.0
/*
 * `vma`: every VMA of the target, as /proc/PID/maps lists them, with all of its flags.
 *
 * Captured under mmap_lock for read (vmas.c). A mapped file is kept by a reference and its path
 * made after the lock is dropped, so a rename in between shows. The name of a special mapping or
 * anonymous area is copied under the lock. The gate area ([vsyscall]) is in maps and not here: it
 * is no VMA of the process and stands in no tree.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mm.h>

#include "compat.h"
#include "vmas.h"

struct row {
	struct mmscope_range range;
	u64 offset;
	u64 flags;
	u64 inode;
	dev_t dev;
	struct file *file;
	char name[96];		/* "[anon_shmem:" and 80 bytes, the longest a name can be */
};

/* The name that prctl(PR_SET_VMA) gave, where the kernel keeps such names. */
static const char *anon_name(struct vm_area_struct *vma)
{
#ifdef CONFIG_ANON_VMA_NAME
	/* At first the name shared its place with the links of a mapped file. */
	if (vma->vm_file && offsetof(struct vm_area_struct, anon_name) ==
			    offsetof(struct vm_area_struct, shared))
		return NULL;
	return vma->anon_name ? vma->anon_name->name : NULL;
#else
	return NULL;
#endif
}

/* In the order of maps: what comes first names the area. */
static void name_of(struct vm_area_struct *vma, char *name, size_t size)
{
	const struct mm_struct *mm = vma->vm_mm;
	const char *given = anon_name(vma);
	const char *special = NULL;

	name[0] = '\0';
	if (vma->vm_file) {
		if (given)
			scnprintf(name, size, "[anon_shmem:%s]", given);
		return;
	}
	if (vma->vm_ops && vma->vm_ops->name)
		special = vma->vm_ops->name(vma);
	if (special)
		strscpy(name, special, size);
	else if (mmscope_vma_is_heap(vma))
		strscpy(name, "[heap]", size);
	else if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack)
		strscpy(name, "[stack]", size);
	else if (given)
		scnprintf(name, size, "[anon:%s]", given);
}

static void take(struct vm_area_struct *vma, void *record)
{
	struct row *row = record;
	const struct inode *inode;

	row->flags = READ_ONCE(vma->vm_flags);
	row->offset = row->inode = row->dev = 0;
	row->file = NULL;
	if (vma->vm_file) {
		inode = mmscope_file_inode(vma->vm_file);
		row->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
		row->offset += row->range.start - vma->vm_start;
		row->inode = inode->i_ino;
		row->dev = inode->i_sb->s_dev;
	}
	name_of(vma, row->name, sizeof(row->name));
	if (vma->vm_file && !row->name[0])
		row->file = get_file(vma->vm_file);
}

static void render(struct mmscope_text *text, const void *record)
{
	const struct row *row = record;

	mmscope_text_hex(text, row->range.start);
	mmscope_text_hex(text, row->range.end);
	mmscope_text_printf(text, "%c%c%c%c", row->flags & VM_READ ? 'r' : '-',
			    row->flags & VM_WRITE ? 'w' : '-', row->flags & VM_EXEC ? 'x' : '-',
			    row->flags & VM_MAYSHARE ? 's' : 'p');
	mmscope_text_hex(text, row->offset);
	mmscope_text_printf(text, "%02x:%02x", MAJOR(row->dev), MINOR(row->dev));
	mmscope_text_printf(text, "%llu", row->inode);
	mmscope_text_flags(text, &mmscope_set_vm_flags, row->flags, NULL);
	if (row->file)
		mmscope_text_path(text, mmscope_file_path(row->file));
	else
		mmscope_text_str(text, row->name);
	mmscope_text_row(text);
}

static void release(void *record)
{
	struct row *row = record;

	if (row->file)
		fput(row->file);
}

static int capture(struct mmscope_file *file, struct mmscope_capture *capture)
{
	return mmscope_vmas_capture(capture, file->view->ops, take);
}

const struct mmscope_view_ops mmscope_view_vma = {
	.record = &mmscope_record_vma,
	.size = sizeof(struct row),
	.capture = capture,
	.render = render,
	.release = release,
	.position = mmscope_vmas_position,
};
