// SPDX-License-Identifier: GPL-2.0
/*
 * The module's files: opens them, writes requests, and tells why that failed.
 *
 * MMSCOPE_PROC and MMSCOPE_DEBUGFS name other directories, so that the tool can be tested, and
 * saved copies be read, where no module is loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "error.h"
#include "mmscope.h"
#include "source.h"

#define DEBUGFS "/sys/kernel/debug"

static const char *proc_root(void)
{
	return secure_getenv("MMSCOPE_PROC") ?: "/proc/mmscope";
}

static const char *debug_root(void)
{
	return secure_getenv("MMSCOPE_DEBUGFS") ?: DEBUGFS "/mmscope";
}

/* Why a file of the module is missing: the module is, or debugfs is, or it knows no such view. */
static int fail_missing(const char *path, enum place place)
{
	struct statfs fs;

	if (access(proc_root(), F_OK))
		return fail_text(proc_root(),
				 "load the module: 'modprobe mmscope', or 'insmod mmscope.ko'",
				 "the module is not loaded");
	if (place != PROC && !secure_getenv("MMSCOPE_DEBUGFS") &&
	    !statfs(DEBUGFS, &fs) && fs.f_type != DEBUGFS_MAGIC)
		return fail_text(DEBUGFS, "mount it: 'mount -t debugfs none " DEBUGFS "'",
				 "debugfs is not mounted");
	return fail(path, ENOENT);
}

static int open_path(struct source *src, char *path, int flags)
{
	struct stat st;

	src->what = path;
	src->saved = false;
	src->fd = open(path, flags | O_CLOEXEC);
	if (src->fd < 0)
		return -1;
	/* The module's own files have no size. */
	if (!fstat(src->fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0)
		src->saved = true;
	return 0;
}

/**
 * source_open - open a view for reading
 * @dir: the target's directory where @place is TARGET, else NULL
 *
 * Return: EXIT_OK; EXIT_FAILED with the error reported; -ENOENT, nothing reported, where @dir is
 * a number and not there: the target has to be attached (again).
 */
int source_open(struct source *src, enum place place, const char *dir, const char *view)
{
	char *path;
	int rc;

	if (place == TARGET)
		path = xprintf("%s/%s/%s", debug_root(), dir, view);
	else
		path = xprintf("%s/%s", place == PROC ? proc_root() : debug_root(), view);
	if (!open_path(src, path, O_RDONLY))
		return EXIT_OK;
	if (errno != ENOENT)
		rc = source_fail(src, errno);
	else if (place == TARGET && strcmp(dir, "self") && !access(debug_root(), F_OK))
		rc = -ENOENT;
	else
		rc = fail_missing(path, place);
	source_close(src);
	return rc;
}

/**
 * source_request - open a file of /proc/mmscope and write a request to it; it then reads the answer
 * @what: whom the request is about, for errors
 *
 * Return: EXIT_OK, or EXIT_FAILED with the error reported.
 */
int source_request(struct source *src, const char *view, const char *request, const char *what)
{
	char *path = xprintf("%s/%s", proc_root(), view);
	int rc;

	if (open_path(src, path, O_RDWR)) {
		rc = errno == ENOENT ? fail_missing(path, PROC) : source_fail(src, errno);
		goto close;
	}
	free(src->what);
	src->what = xprintf("%s", what);
	/* Writing would damage a copy. */
	if (src->saved)
		return EXIT_OK;
	if (write(src->fd, request, strlen(request)) < 0) {
		rc = errno == ENOENT ? fail_text(what, NULL, "not attached") :
				       source_fail(src, errno);
		goto close;
	}
	if (lseek(src->fd, 0, SEEK_SET) < 0) {
		rc = source_fail(src, errno);
		goto close;
	}
	return EXIT_OK;
close:
	source_close(src);
	return rc;
}

/** source_read - read at position @at; a saved copy: the next bytes */
ssize_t source_read(struct source *src, void *buf, size_t size, uint64_t at)
{
	if (src->saved)
		return read(src->fd, buf, size);
	/* A position with the sign bit set is no address of a program, and no position. */
	if (at > INT64_MAX) {
		errno = ERANGE;
		return -1;
	}
	return pread(src->fd, buf, size, (off_t)at);
}

void source_close(struct source *src)
{
	if (src->fd >= 0)
		close(src->fd);
	free(src->what);
	src->fd = -1;
	src->what = NULL;
}

/** source_fail - report that using @src failed with @err; returns EXIT_FAILED */
int source_fail(const struct source *src, int err)
{
	return fail(src->what, err);
}
