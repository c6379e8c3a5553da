// SPDX-License-Identifier: GPL-2.0
/* What every factory needs: mappings, touches, /proc/self, and ways to end. */
#include "mkmm.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void give_up(int code, const char *what)
{
	fprintf(stderr, "mkmm: %s\n", what);
	exit(code);
}

void unsupported(const char *what)
{
	fprintf(stderr, "mkmm: %s: not to be had here: %s\n", what, strerror(errno));
	exit(EXIT_ENOSYS);
}

void die(const char *what)
{
	int code = EXIT_FAILED;

	switch (errno) {
	case EPERM:
	case EACCES:
		code = EXIT_EPERM;
		break;
	case ENOSYS:
	case ENOTTY:
	case EOPNOTSUPP:
	case ENODEV:
		code = EXIT_ENOSYS;
		break;
	case ENOMEM:
	case ENOSPC:
		code = EXIT_ENOMEM;
		break;
	}
	fprintf(stderr, "mkmm: %s: %s\n", what, strerror(errno));
	exit(code);
}

void *map(void *hint, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	void *p = mmap(hint, bytes, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

void advise(void *address, size_t bytes, int advice, const char *what)
{
	if (!madvise(address, bytes, advice))
		return;
	if (errno == EINVAL)
		unsupported(what);
	die(what);
}

/* Each written page has content of its own, so that KSM finds no two alike. */
void touch_write(volatile void *address, size_t pages, size_t step)
{
	static uint64_t salt = 0x9e3779b97f4a7c15ULL;

	for (size_t i = 0; i < pages; i += step)
		*(volatile uint64_t *)((volatile char *)address + i * page) = salt++;
}

void touch_read(const volatile void *address, size_t pages, size_t step)
{
	for (size_t i = 0; i < pages; i += step)
		(void)*((const volatile char *)address + i * page);
}

/* One field of the smaps block whose range holds the address; kB. */
uint64_t smaps_kb(const volatile void *address, const char *field)
{
	unsigned long start, end, at = (unsigned long)address, found = 0;
	size_t len = strlen(field);
	bool inside = false;
	char row[4096];
	FILE *f = fopen("/proc/self/smaps", "r");

	if (!f)
		die("/proc/self/smaps");
	while (fgets(row, sizeof(row), f)) {
		if (sscanf(row, "%lx-%lx ", &start, &end) == 2)
			inside = start <= at && at < end;
		else if (inside && !strncmp(row, field, len) && row[len] == ':')
			found = strtoul(row + len + 1, NULL, 10);
	}
	fclose(f);
	return found;
}

uint64_t pagemap_entry(const volatile void *address)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/self/pagemap");
	if (pread(fd, &entry, 8, (unsigned long)address / page * 8) != 8)
		die("pagemap");
	close(fd);
	return entry;
}

void write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path);
	close(fd);
}
