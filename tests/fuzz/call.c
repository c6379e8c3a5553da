// SPDX-License-Identifier: GPL-2.0
/* Calls that the files have no answer to, and the refusals that each may give. */
#include "mmfuzz.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static void do_mmap(struct worker *w, struct handle *h)
{
	const uint64_t value = draw(w), plain = below(w, 2);
	const int prot = value & 7;
	const size_t size = plain ? PAGE << (value >> 8) % 8 : hostile_size(w, h);
	const off_t at = plain ? 0 : hostile_position(w, h) & ~(PAGE - 1);
	/* procfs has a handler of its own that says so. */
	uint64_t may = h->view->place == PROC ? M(EIO) : M(ENODEV);
	void *area;

	if (prot & PROT_EXEC)
		may |= M(EPERM) | M(EACCES);
	if (value & 8 && prot & PROT_WRITE && !h->writable)
		may |= M(EACCES);
	if (!plain)
		may |= M(EINVAL) | M(EOVERFLOW) | M(ENOMEM);
	area = mmap(NULL, size, prot, value & 8 ? MAP_SHARED : MAP_PRIVATE, h->fd, at);
	judge(w, h, area == MAP_FAILED ? -1 : 0, may);
	if (area != MAP_FAILED)
		munmap(area, size);
}

static void do_ioctl(struct worker *w, struct handle *h)
{
	/* What any file answers; the rest is nobody's. */
	static const struct {
		unsigned long cmd;
		uint64_t may;
	} known[] = {
		{ FIOCLEX, M(OK) }, { FIGETBSZ, M(OK) | M(EINVAL) },
		{ FIOASYNC, M(OK) | M(ENOTTY) },
		{ FIONREAD, M(OK) }, { FS_IOC_FIEMAP, M(EOPNOTSUPP) },
		{ FIBMAP, M(EINVAL) },
		{ FS_IOC_GETFLAGS, M(ENOTTY) }, { FS_IOC_FSGETXATTR, M(ENOTTY) },
		{ FIDEDUPERANGE, M(EINVAL) | M(EOPNOTSUPP) | M(OK) }, { TCGETS, M(ENOTTY) },
	};
	static const unsigned char answered[] = { 0, 'f', 'X', 'T', 0x94, 0x12, 0x15 };
	const uint64_t value = draw(w);
	static __thread char argument[4096];
	unsigned long cmd = value;
	uint64_t may = M(ENOTTY);

	if (value >> 60 < 8) {
		cmd = known[value % ARRAY_SIZE(known)].cmd;
		may = known[value % ARRAY_SIZE(known)].may;
	} else if (memchr(answered, cmd >> 8 & 0xff, sizeof(answered))) {
		cmd ^= 0x4000;	/* of no kind that files answer */
	}
	judge(w, h, ioctl(h->fd, cmd, value & 16 ? argument : w->none), may | M(EFAULT));
}

static void do_poll(struct worker *w, struct handle *h)
{
	struct pollfd asked = { h->fd, draw(w), 0 };
	struct timeval soon = { 0, 0 };
	fd_set set;

	judge(w, h, poll(&asked, 1, 0), M(OK));
	if (asked.revents & (POLLERR | POLLHUP | POLLNVAL))
		wrong(w, h, "poll says %#x", asked.revents);
	if (h->fd >= FD_SETSIZE)
		return;
	FD_ZERO(&set);
	FD_SET(h->fd, &set);
	if (judge(w, h, select(h->fd + 1, &set, NULL, NULL, &soon), M(OK)) &&
	    !FD_ISSET(h->fd, &set))
		wrong(w, h, "select says a read would wait");
}

static void do_epoll(struct worker *w, struct handle *h)
{
	struct epoll_event event = { .events = draw(w) & (EPOLLIN | EPOLLOUT | EPOLLET) };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	judge(w, h, epoll_ctl(fd, EPOLL_CTL_ADD, h->fd, &event), M(OK) | M(EPERM));
	judge(w, h, epoll_wait(fd, &event, 1, 0), M(OK));
	close(fd);
}

static void do_fallocate(struct worker *w, struct handle *h)
{
	const int mode = draw(w) & 0x7f;
	const off_t at = hostile_position(w, h);

	judge(w, h, fallocate(h->fd, mode, at, hostile_size(w, h)), M(EOPNOTSUPP) | M(EINVAL) |
	      M(EBADF) | M(ENODEV) | M(EPERM) | M(EFBIG));
}

/* What `>` does to a file it writes: nothing. */
static void do_ftruncate(struct worker *w, struct handle *h)
{
	judge(w, h, ftruncate(h->fd, hostile_position(w, h)),
	      M(EINVAL) | (h->writable ? M(OK) | M(EFBIG) : 0));
}

static void do_fcntl(struct worker *w, struct handle *h)
{
	const uint64_t value = draw(w);
	struct flock lock = { .l_type = F_RDLCK, .l_whence = value >> 8 & 3,
			      .l_start = hostile_position(w, h), .l_len = value % 9 };
	const struct {
		int cmd;
		unsigned long argument;
		uint64_t may;
	} calls[] = {
		{ F_GETFL, 0, M(OK) },
		{ F_SETFL, value & (O_APPEND | O_NONBLOCK | O_NOATIME | O_ASYNC), M(OK) },
		{ F_SETFL, O_DIRECT, M(EINVAL) },
		{ F_SETFL, 0, M(OK) },
		{ F_GETLK, (uintptr_t)&lock, M(OK) | M(EINVAL) | M(EOVERFLOW) },
		{ F_SETLK, (uintptr_t)&lock,
		  M(OK) | M(EINVAL) | M(EOVERFLOW) | M(EAGAIN) | M(EBADF) },
		{ F_SETLEASE, F_UNLCK, M(OK) | M(EAGAIN) | M(EINVAL) },
		{ F_NOTIFY, DN_ACCESS, M(ENOTDIR) | M(EINVAL) },
		{ F_SETPIPE_SZ, PAGE, M(EBADF) },
		{ F_ADD_SEALS, F_SEAL_WRITE, M(EINVAL) | M(EPERM) },
		{ F_SETOWN, 0, M(OK) },
		{ 12345, value, M(EINVAL) },
	};
	const size_t i = (value >> 32) % ARRAY_SIZE(calls);

	judge(w, h, fcntl(h->fd, calls[i].cmd, calls[i].argument), calls[i].may);
}

static void do_flock(struct worker *w, struct handle *h)
{
	static const int how[] = { LOCK_SH, LOCK_EX, LOCK_UN };

	judge(w, h, flock(h->fd, how[below(w, 3)] | LOCK_NB), M(OK) | M(EAGAIN));
}

static void do_sync(struct worker *w, struct handle *h)
{
	const uint64_t value = draw(w);
	const off_t at = hostile_position(w, h);

	switch (value % 4) {
	case 0:
		judge(w, h, fsync(h->fd), M(EINVAL));
		break;
	case 1:
		judge(w, h, fdatasync(h->fd), M(EINVAL));
		break;
	case 2:
		judge(w, h, sync_file_range(h->fd, at, value % PAGE, value >> 8 & 7),
		      M(OK) | M(EINVAL) | M(ESPIPE));
		break;
	case 3:
		judge(w, h, readahead(h->fd, at, value % MIB), M(EINVAL) | M(OK));
	}
}

static void do_stat(struct worker *w, struct handle *h)
{
	struct stat status;
	char value[64];

	if (judge(w, h, fstat(h->fd, &status), M(OK)) && !S_ISREG(status.st_mode))
		wrong(w, h, "mode %o is no regular file's", status.st_mode);
	judge(w, h, fgetxattr(h->fd, "user.x", value, sizeof(value)), M(EOPNOTSUPP) | M(ENODATA));
	judge(w, h, fsetxattr(h->fd, "user.x", "x", 1, 0), M(EOPNOTSUPP) | M(EPERM));
}

static const struct op call_ops[] = {
	{ "mmap", do_mmap, 4, F_ALL },
	{ "ioctl", do_ioctl, 5, F_ALL },
	{ "poll", do_poll, 2, F_ALL },
	{ "epoll", do_epoll, 1, F_ALL },
	{ "fallocate", do_fallocate, 2, F_ALL },
	{ "ftruncate", do_ftruncate, 2, F_ALL },
	{ "fcntl", do_fcntl, 4, F_ALL },
	{ "flock", do_flock, 1, F_ALL },
	{ "sync", do_sync, 2, F_ALL },
	{ "stat", do_stat, 1, F_ALL },
};
DEFINE_FAMILY(call);
