// SPDX-License-Identifier: GPL-2.0
/*
 * A reader stuck in a page fault of its own: it reads a file into memory that userfaultfd watches
 * and nobody fills. The kernel sleeps inside the file's read() until `exit` or the end of stdin
 * fills it.
 */
#include "mkmm.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	int fd;
	char *buffer;
	size_t bytes;
	pid_t tid;
	ssize_t got;
	int error, done[2];
} reader;

static void *read_it(void *unused)
{
	(void)unused;
	reader.tid = gettid();
	reader.got = read(reader.fd, reader.buffer, reader.bytes);
	reader.error = errno;
	close(reader.done[1]);
	return NULL;
}

static int watch(char *p, size_t bytes)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)p, bytes }, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		die("userfaultfd");
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		die("UFFDIO_REGISTER");
	return fd;
}

static void make_stuck(void)
{
	struct pollfd events[2];
	struct uffdio_zeropage zero = { 0 };
	char result[64];
	pthread_t thread;
	int n;

	reader.bytes = number("bytes");
	reader.fd = open(text("path"), *text("request") ? O_RDWR : O_RDONLY);
	if (reader.fd < 0)
		die(text("path"));
	if (*text("request") && write(reader.fd, text("request"), strlen(text("request"))) < 0)
		die("write");
	if (number("at") && lseek(reader.fd, number("at"), SEEK_SET) < 0)
		die("lseek");
	reader.buffer = map(NULL, reader.bytes, RW, ANON, -1, 0);
	events[0] = (struct pollfd){ .fd = watch(reader.buffer, reader.bytes), .events = POLLIN };
	if (pipe2(reader.done, O_CLOEXEC))
		die("pipe");
	events[1] = (struct pollfd){ .fd = reader.done[0], .events = POLLIN };
	if ((errno = pthread_create(&thread, NULL, read_it, NULL)))
		die("pthread_create");
	if (poll(events, 2, -1) < 0)
		die("poll");
	if (!(events[0].revents & POLLIN)) {
		fprintf(stderr, "mkmm: %s: the read did not fault: %zd, %s\n", text("path"),
			reader.got, strerror(reader.error));
		exit(EXIT_FAILED);
	}
	say_number("tid", reader.tid);
	say_address("buffer", reader.buffer);
	serve();

	zero.range.start = (uintptr_t)reader.buffer;
	zero.range.len = reader.bytes;
	if (ioctl(events[0].fd, UFFDIO_ZEROPAGE, &zero))
		die("UFFDIO_ZEROPAGE");
	pthread_join(thread, NULL);
	n = snprintf(result, sizeof(result), "read=%zd errno=%d\n", reader.got,
		     reader.got < 0 ? reader.error : 0);
	if (write(1, result, n) != n)
		exit(EXIT_FAILED);
}

static const struct factory family_stuck_rows[] = {
	{ "stuck", "a reader of path= stuck in a page fault until the end of stdin", make_stuck,
	  { { "path", PARAM_TEXT, "/proc/self/maps", NULL }, { "bytes", PARAM_NUMBER, "64K", NULL },
	    { "at", PARAM_NUMBER, "0", NULL }, { "request", PARAM_TEXT, "", NULL } } },
};
DEFINE_FAMILY(family_stuck);
