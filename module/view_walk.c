// SPDX-License-Identifier: GPL-2.0
/*
 * `walk`: write "PID ADDRESS", read how the address is translated: the entry of each level on the
 * way (walk.c has the locking), then the frame. The levels above the last are read without their
 * locks; under the target's mmap_lock they do not change their meaning. The last is read under its
 * table's lock, and so is its page.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "arch.h"
#include "view.h"
#include "walk.h"
#include "who.h"

struct row {
	struct mmscope_entry entry;
	struct mmscope_pte_raw record;
	unsigned long address;
	bool frame;
};

#define ROWS (MMSCOPE_LEVEL_pgd + 1)	/* each level, and the frame */

/* A table that went while it was walked is met again: the later look is the one that counts. */
static struct row *next_row(struct mmscope_walk *walk, const struct mmscope_entry *entry)
{
	struct mmscope_capture *capture = walk->private;
	struct row *rows = capture->records;

	while (capture->count && rows[capture->count - 1].entry.level <= entry->level) {
		capture->count--;
		capture->hold.unsure = true;
	}
	rows[capture->count] = (struct row){ .entry = *entry };
	return &rows[capture->count++];
}

static void take_table(struct mmscope_walk *walk, const struct mmscope_entry *entry)
{
	next_row(walk, entry)->record.kind = MMSCOPE_KIND_table;
}

static bool take_leaf(struct mmscope_walk *walk, const struct mmscope_entry *entry)
{
	mmscope_entry_read(entry, &next_row(walk, entry)->record);
	return true;
}

static int capture(struct mmscope_file *file, struct mmscope_capture *capture)
{
	const unsigned long page = file->address & PAGE_MASK;
	struct mmscope_walk walk = {
		.hold = &capture->hold, .pos = page, .end = page + PAGE_SIZE, .leaf = take_leaf,
		.table = take_table, .private = capture, .empties = true,
	};
	struct row *rows, *last;
	int err;

	if (!file->requested)
		return -EINVAL;
	err = mmscope_capture_room(capture, sizeof(struct row), ROWS);
	if (!err)
		err = mmscope_walk_range(&walk);
	if (err)
		return err;
	rows = capture->records;
	last = &rows[capture->count];
	if (capture->count)
		*last = last[-1];
	else
		*last = (struct row){ .record.kind = MMSCOPE_KIND_hole };
	last->frame = true;
	last->address = file->address;
	capture->count++;
	return 0;
}

static void render_frame(struct mmscope_text *text, const struct row *row)
{
	const struct mmscope_pte_raw *record = &row->record;
	char swap[48] = "";
	u64 pfn = record->pfn;

	mmscope_text_str(text, "frame");
	mmscope_text_count(text, offset_in_page(row->address));
	if (record->kind == MMSCOPE_KIND_hole || pfn == MMSCOPE_ABSENT64 || !row->entry.size) {
		mmscope_text_absent(text);
		mmscope_text_absent(text);
	} else {
		pfn += (row->address - row->entry.va) >> PAGE_SHIFT;
		mmscope_text_hex(text, pfn);
		mmscope_text_hex(text, (pfn << PAGE_SHIFT) | offset_in_page(row->address));
	}
	mmscope_text_name(text, &mmscope_set_kind, record->kind);
	if (record->kind == MMSCOPE_KIND_swap)
		scnprintf(swap, sizeof(swap), "swap_type:%llu|swap_offset:0x%llx",
			  record->swap_type, record->swap_offset);
	mmscope_text_flags(text, &mmscope_set_kpf,
			   record->kpf == MMSCOPE_ABSENT64 ? 0 : record->kpf,
			   swap[0] ? swap : NULL);
	mmscope_text_row(text);
}

/* The portable bits of an entry that is not present: the hardware's names do not apply to it. */
static void render_flags(struct mmscope_text *text, const struct row *row)
{
	const bool leaf = row->record.kind != MMSCOPE_KIND_table;
	const enum mmscope_level level = row->entry.level;

	if (leaf && !(row->record.pte & MMSCOPE_PTE_present) &&
	    row->record.kind != MMSCOPE_KIND_bad)
		mmscope_text_flags(text, &mmscope_set_pte, row->record.pte, NULL);
	else
		mmscope_text_flags(text, level == MMSCOPE_LEVEL_pte ? &mmscope_arch_pte :
				   &mmscope_arch_table,
				   mmscope_arch_attributes(row->entry.value, level, leaf), NULL);
}

static void render(struct mmscope_text *text, const void *record)
{
	const struct row *row = record;

	if (row->frame) {
		render_frame(text, row);
		return;
	}
	mmscope_text_name(text, &mmscope_set_level, row->entry.level);
	mmscope_text_count(text, row->entry.index);
	mmscope_text_hex(text, row->entry.table_pfn);
	mmscope_text_hex(text, row->entry.value);
	mmscope_text_name(text, &mmscope_set_kind, row->record.kind);
	render_flags(text, row);
	mmscope_text_row(text);
}

static int parse_address(const char *text, unsigned long *address)
{
	/* kstrtoul takes a prefix of 0x, and a sign, which is none of an address. */
	if (!isxdigit(*text))
		return -EINVAL;
	return kstrtoul(text, 16, address);
}

static int request(struct mmscope_file *file, char *text)
{
	char *number = strsep(&text, " \t\n");
	struct mm_struct *mm;
	unsigned long address;
	struct pid *pid;
	int err;

	if (!text)
		return -EINVAL;
	err = parse_address(skip_spaces(text), &address);
	if (err)
		return err;
	if (address >= TASK_SIZE_MAX)
		return -ERANGE;
	err = mmscope_who_parse(number, &pid);
	if (err)
		return err;
	err = mmscope_who_mm(pid, &mm);
	put_pid(pid);
	if (err)
		return err;
	if (file->mm)
		mmdrop(file->mm);
	file->mm = mm;
	file->address = address;
	return 0;
}

const struct mmscope_view_ops mmscope_view_walk = {
	.record = &mmscope_record_walk,
	.size = sizeof(struct row),
	.capture = capture,
	.render = render,
	.request = request,
};
