// SPDX-License-Identifier: GPL-2.0
/* Mappings of files: of the disk, of shared memory, of devices. */
#include "mkmm.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>


/* Every byte that a text format may trip over. */
static const char odd_name[] =
	"mkmm odd\tname\nnew \\ line \"quote\" \001\177 \303\251 \377\376 (deleted)";

static char path[PATH_MAX];

static void remove_file(void)
{
	unlink(path);
}

/* A file with content, not known to any other process. */
static int make_temp(size_t pages, bool stays, bool writable)
{
	char *content = calloc(1, page);
	int fd;

	snprintf(path, sizeof(path), "%s/mkmm.%d%s%s", text("dir"), getpid(),
		 chosen("name", "odd") ? " " : "", chosen("name", "odd") ? odd_name : "");
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || !content)
		die(path);
	for (size_t i = 0; i < pages; i++) {
		memset(content, 'a' + i % 26, page);
		if (write(fd, content, page) != (ssize_t)page)
			die(path);
	}
	free(content);
	if (!writable) {
		close(fd);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			die(path);
	}
	if (stays)
		atexit(remove_file);
	else
		remove_file();
	return fd;
}

static void make_file(void)
{
	size_t pages = number("pages"), offset = number("offset"), maps = number("maps");
	bool shared = chosen("share", "shared"), writes = !chosen("write", "no");
	int fd = make_temp(pages + offset, chosen("deleted", "no"), writes);
	char *p;

	p = map(NULL, pages * page, PROT_READ | (writes ? PROT_WRITE : 0),
		shared ? MAP_SHARED : MAP_PRIVATE, fd, offset * page);
	touch_read(p, pages, 1);
	if (writes)
		touch_write(p, pages, chosen("write", "odd") ? 2 : 1);
	/* The same page side by side is no one area: the offsets do not go on. */
	for (size_t i = 1; i < maps; i++)
		map(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	say_address("start", p);
	say_address("end", p + pages * page);
}

static void make_shmem(void)
{
	size_t pages = number("pages");
	char *p;
	int id;

	if (chosen("by", "sysv")) {
		id = shmget(IPC_PRIVATE, pages * page, IPC_CREAT | 0600);
		p = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
		if (id >= 0)
			shmctl(id, IPC_RMID, NULL);
		if (p == (void *)-1)
			die("shmat");
	} else {
		p = map(NULL, pages * page, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	}
	touch_write(p, pages / 2, 1);
	touch_read(p + pages / 2 * page, pages / 4, 1);
	say_address("start", p);
	say_address("end", p + pages * page);
}

/* Twice: shared, and private with half of its pages copied. */
static void make_memfd(void)
{
	size_t pages = number("pages");
	int fd = memfd_create(text("name"), MFD_CLOEXEC);
	char *p, *q;

	if (fd < 0 || ftruncate(fd, pages * page))
		die("memfd_create");
	p = map(NULL, pages * page, RW, MAP_SHARED, fd, 0);
	q = map(NULL, pages * page, RW, MAP_PRIVATE, fd, 0);
	touch_write(p, pages, 1);
	touch_read(q, pages, 1);
	touch_write(q, pages, 2);
	say_address("start", p);
	say_address("private", q);
	say_address("end", p + pages * page);
}

/* Frames that the kernel does not manage, which only a privileged process can map. */
static void make_pfnmap(void)
{
	bool cow = chosen("cow", "yes");
	size_t bytes = number("pages") * page;
	int fd = open("/dev/mem", O_RDONLY | O_SYNC | O_CLOEXEC);
	char *p;

	if (fd < 0 && errno == ENOENT)
		unsupported("/dev/mem");
	if (fd < 0)
		die("/dev/mem");
	p = mmap(NULL, bytes, cow ? RW : PROT_READ, cow ? MAP_PRIVATE : MAP_SHARED, fd,
		 number("at"));
	if (p == MAP_FAILED && errno == EINVAL)
		unsupported("mmap /dev/mem");
	if (p == MAP_FAILED)
		die("mmap /dev/mem");
	if (cow)
		touch_write(p, 1, 1);
	say_address("start", p);
	say_address("end", p + bytes);
	say_number("frame", number("at") / page);
}

#define PAGES(n) { "pages", PARAM_NUMBER, n, NULL }

static const struct factory family_file_rows[] = {
	{ "file", "a file of its own, of any name", make_file,
	  { PAGES("32"), { "share", PARAM_CHOICE, "private", "private|shared" },
	    { "write", PARAM_CHOICE, "odd", "no|odd|all" }, { "offset", PARAM_NUMBER, "0", NULL },
	    { "name", PARAM_CHOICE, "plain", "plain|odd" },
	    { "deleted", PARAM_CHOICE, "no", "no|yes" }, { "dir", PARAM_TEXT, "/tmp", NULL },
	    { "maps", PARAM_NUMBER, "1", NULL } } },
	{ "shmem", "shared memory without a name", make_shmem,
	  { PAGES("32"), { "by", PARAM_CHOICE, "mmap", "mmap|sysv" } } },
	{ "memfd", "a memfd, mapped shared and private", make_memfd,
	  { PAGES("16"), { "name", PARAM_TEXT, "mkmm", NULL } } },
	{ "pfnmap", "frames of a device, through /dev/mem", make_pfnmap,
	  { PAGES("4"), { "at", PARAM_NUMBER, "0xf0000", NULL },
	    { "cow", PARAM_CHOICE, "no", "no|yes" } } },
};
DEFINE_FAMILY(family_file);
