// SPDX-License-Identifier: GPL-2.0
/*
 * Ways to an open file and out of it: flags, duplicates, /proc/self/fd, another file under the same
 * number while others read it, a child without privileges, the directories themselves.
 */
#include "mmfuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void do_open(struct worker *w, struct handle *h)
{
	const bool attach = below(w, 4);

	/* A shared one keeps its file's name: what may come of it is the same. */
	if (!h->shared) {
		handle_close(h);
		handle_pick(w, h);
	}
	handle_open(w, h, attach);
}

static uint64_t gone(const struct handle *h)
{
	return h->view->place == TARGET && h->number ?
		M(ENOENT) | (h->target->fate == DYING ? M(ESRCH) : 0) : 0;
}

static void do_flags(struct worker *w, struct handle *h)
{
	static const struct {
		int flags;
		uint64_t may, read;	/* besides what may always be */
	} ways[] = {
		{ O_RDONLY, M(OK), M(OK) | M(EINVAL) },
		{ O_WRONLY, M(OK), M(EBADF) },
		{ O_RDWR | O_APPEND, M(OK), M(OK) | M(EINVAL) },
		{ O_RDWR | O_NONBLOCK, M(OK), M(OK) | M(EINVAL) },
		{ O_RDWR | O_SYNC | O_NOATIME, M(OK), M(OK) | M(EINVAL) },
		{ O_RDONLY | O_DIRECT, M(EINVAL), 0 },
		{ O_RDWR | O_TRUNC, M(OK), M(OK) | M(EINVAL) },
		{ O_RDWR | O_CREAT, M(OK), M(OK) | M(EINVAL) },
		{ O_RDWR | O_CREAT | O_EXCL, M(EEXIST), 0 },
		{ O_DIRECTORY, M(ENOTDIR), 0 },
		{ O_PATH, M(OK), M(EBADF) },
		{ O_NOFOLLOW, M(OK), M(OK) | M(EINVAL) },
		{ O_ACCMODE, M(OK), M(EBADF) },
	};
	const size_t i = below(w, ARRAY_SIZE(ways));
	const loff_t pos = hostile_position(w, h);
	uint64_t may = gone(h);
	char path[128], bytes[300];
	int fd;

	/* What is not there may be missed first; creating it is refused. */
	if (may && ways[i].flags & O_CREAT)
		may |= M(EACCES) | M(EPERM);
	fd = open(handle_path(h, path, sizeof(path)), ways[i].flags | O_CLOEXEC, 0600);
	if (!judge(w, h, fd, ways[i].may | may))
		return;
	may = ways[i].read;
	if (may & M(OK))
		may |= (pos < 0 ? M(EINVAL) : 0) | (pos > INT64_MAX - 300 ? M(EOVERFLOW) : 0) |
		       gone(h) | (h->view->format == UNKNOWN ? ~0ULL : 0);
	judge(w, h, pread(fd, bytes, sizeof(bytes), pos), may | (pos < 0 ? M(EINVAL) : 0));
	close(fd);
}

static void do_dup(struct worker *w, struct handle *h)
{
	const uint64_t way = below(w, 3);
	char byte;
	int fd = way == 0 ? dup(h->fd) : way == 1 ? fcntl(h->fd, F_DUPFD_CLOEXEC, 200) :
	     syscall(SYS_fcntl, h->fd, F_DUPFD, 64);

	if (!judge(w, h, fd, M(OK)))
		return;
	/* The same open file: same position, same capture. */
	if (!h->shared && h->pos >= 0 && lseek(fd, 0, SEEK_CUR) != h->pos)
		wrong(w, h, "a duplicate has another position");
	judge(w, h, pread(fd, &byte, 0, 1), M(OK) | M(EINVAL));
	close(fd);
}

/* Opened anew through the link: a file of its own, or none once the name is gone. */
static void do_link(struct worker *w, struct handle *h)
{
	static const int modes[] = { O_RDONLY, O_RDWR, O_PATH };
	char path[64], byte;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->fd);
	fd = open(path, modes[below(w, 3)] | O_CLOEXEC);
	if (!judge(w, h, fd, M(OK) | gone(h)))
		return;
	judge(w, h, read(fd, &byte, 1), M(OK) | M(EINVAL) | M(EBADF) | gone(h));
	close(fd);
}

/*
 * In a child that gives all privileges up: what was opened goes on to serve, nothing can be opened.
 * 0 when that is so. Only calls that a fork of one thread may make.
 */
static int unprivileged(const struct handle *h, bool forever)
{
	char path[64], bytes[512];
	ssize_t got;
	int fd;

	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, 65534, 65534, 65534) ||
	    syscall(SYS_setresuid, 65534, 65534, 65534))
		return 1;
	do {
		got = pread(h->fd, bytes, sizeof(bytes), 0);
		if (got < 0 && errno != EINVAL && errno != ESRCH && !options.faults)
			return 2;
	} while (forever);
	fd = open(handle_path(h, path, sizeof(path)), O_RDONLY);
	if (fd >= 0 ? h->view->place != PROC : errno != EACCES && errno != ENOENT)
		return 3;
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->fd);
	fd = open(path, O_RDWR);
	return fd >= 0 || (errno != EACCES && errno != ENOENT) ? 4 : 0;
}

static void do_child(struct worker *w, struct handle *h)
{
	const uint64_t value = draw(w);
	const bool killed = value & 1;
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(unprivileged(h, killed));
	if (!judge(w, h, pid, M(OK) | M(EAGAIN)))
		return;
	if (killed) {
		/* Anywhere in a read. */
		usleep(value >> 8 & 0x7ff);
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFSIGNALED(status) && WEXITSTATUS(status))
		wrong(w, h, "an unprivileged child ended with %d", WEXITSTATUS(status));
	if (!h->shared)
		handle_forget(h);
}

static void do_directory(struct worker *w, struct handle *h)
{
	const uint64_t value = draw(w);
	char path[128], inside[160];
	struct dirent *entry;
	DIR *dir;

	handle_path(h, path, sizeof(path));
	*strrchr(path, '/') = '\0';
	if (h->view->place == TARGET && value & 1)
		*strrchr(path, '/') = '\0';
	dir = opendir(path);
	if (!judge(w, h, dir ? 0 : -1, M(OK) | gone(h)))
		return;
	while ((entry = readdir(dir)))
		;
	closedir(dir);
	snprintf(inside, sizeof(inside), "%s/x%llx", path, (unsigned long long)value);
	judge(w, h, open(inside, O_RDONLY), M(ENOENT));
	judge(w, h, mkdir(inside, 0700), M(EPERM) | M(EACCES) | M(ENOENT));
	judge(w, h, open(inside, O_CREAT | O_WRONLY, 0600), M(EPERM) | M(EACCES) | M(ENOENT));
	handle_path(h, path, sizeof(path));
	judge(w, h, unlink(path), M(EPERM) | M(EACCES) | gone(h));
	judge(w, h, rename(path, inside), M(EPERM) | M(EACCES) | M(EXDEV) | M(ENOENT));
}

/* The first row opens handles that are closed. */
static const struct op open_ops[] = {
	{ "open", do_open, 12, F_ALL },
	{ "open-flags", do_flags, 5, F_ALL },
	{ "dup", do_dup, 2, F_ALL },
	{ "open-link", do_link, 3, F_ALL },
	{ "child", do_child, 1, F_ALL },
	{ "directory", do_directory, 1, F_ALL },
};
DEFINE_FAMILY(open);
