// SPDX-License-Identifier: GPL-2.0
/*
 * Open files. Of a thread's own ones all is known: the position, and the text that the current
 * capture reads, so that what a read gives can be told beforehand. Shared ones are used by all
 * threads at once; their numbers are never given back, only made to mean another file.
 */
#include "mmfuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct handle shared[SHARED];

const char *handle_path(const struct handle *h, char *path, size_t size)
{
	if (h->view->place == PROC)
		snprintf(path, size, PROC_DIR "/%s", h->view->name);
	else if (h->view->place == DEBUG)
		snprintf(path, size, DEBUG_DIR "/%s", h->view->name);
	else if (!h->number)
		snprintf(path, size, DEBUG_DIR "/self/%s", h->view->name);
	else
		snprintf(path, size, DEBUG_DIR "/%d/%s", h->number, h->view->name);
	return path;
}

/* Another file for a closed handle. */
void handle_pick(struct worker *w, struct handle *h)
{
	const struct target *target = &targets[below(w, target_count)];

	if (target->fate == DYING && below(w, 2))
		target = &targets[0];
	/* Texts that never change are soon known. */
	for (int i = 0; i < 3; i++) {
		h->view = &views[below(w, view_count)];
		if (h->view->place == TARGET || h->view->format != TEXT)
			break;
	}
	h->writable = h->view->format == REQUEST || !below(w, 8);
	/* Of a kernel thread, or of no process at all, there is no directory. */
	h->target = &targets[0];
	if (h->view->place == TARGET && target->fate != KTHREAD && target->fate != UNUSED)
		h->target = target;
	h->number = h->target->fate == SELF ? 0 : h->target->pid;
}

static void attach(int pid)
{
	char text[16];
	int fd = open(PROC_DIR "/attach", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* What comes of it is judged elsewhere. */
	if (write(fd, text, snprintf(text, sizeof(text), "%d", pid)) < 0)
		errno = 0;
	close(fd);
}

void handle_open(struct worker *w, struct handle *h, bool attach_first)
{
	uint64_t may = M(OK);
	char path[128];
	int fd;

	if (h->view->place == TARGET && h->number) {
		if (attach_first)
			attach(h->number);
		/* Others detach it, or it had to make room. */
		may |= M(ENOENT);
		if (h->target->fate == DYING)
			may |= M(ESRCH);
	}
	fd = open(handle_path(h, path, sizeof(path)),
		  (h->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (!judge(w, h, fd, may))
		return;
	if (h->shared && h->fd >= 0) {
		/* Whoever reads it goes on with the file it has. */
		dup3(fd, h->fd, O_CLOEXEC);
		close(fd);
	} else {
		h->fd = fd;
	}
	h->pos = 0;
	h->requested = false;
	handle_forget(h);
}

void handle_close(struct handle *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
	handle_forget(h);
}

void handle_forget(struct handle *h)
{
	h->known = false;
	h->length = 0;
}

/* Reads all of a text by a new capture. What is no text, or too much of it, stays unknown. */
void handle_learn(struct worker *w, struct handle *h)
{
	const char *why;
	ssize_t got, more;
	char byte;

	if (h->shared || h->known || h->view->format == BINARY || h->view->format == UNKNOWN)
		return;
	if (!h->text)
		h->text = malloc(MIB);
	handle_forget(h);
	got = pread(h->fd, h->text, MIB, 0);
	if (got <= 0 || got == MIB)
		return;
	more = pread(h->fd, &byte, 1, got);
	if (more)
		wrong(w, h, "a text of %zd bytes goes on with %zd", got, more);
	h->length = got;
	h->known = true;
	why = check_text(h->text, got);
	if (!why)
		why = grammar_fits(h);
	if (why)
		wrong(w, h, "%s", why);
}

void handle_check_position(struct worker *w, struct handle *h)
{
	loff_t pos;

	if (h->fd < 0)
		return;
	pos = lseek(h->fd, 0, SEEK_CUR);
	if (h->pos >= 0 && pos != h->pos)
		wrong(w, h, "the position is %#llx, should be %#llx", (unsigned long long)pos,
		      (unsigned long long)h->pos);
	h->pos = pos;
}
