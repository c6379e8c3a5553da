// SPDX-License-Identifier: GPL-2.0
/*
 * mmlat read WHAT PID: reads in a loop what one who looks at a process would, until SIGTERM; then
 * prints how many times it came to the end.
 *
 *   mmscope     every view in the process's directory, and a walk
 *   smaps       /proc/PID/smaps
 *   page-types  the way of tools/mm/page-types -p: pagemap by area, then for each page its flags,
 *               and its count
 *   kcore       the direct map through /proc/kcore, as a debugger reads it
 */
#define _GNU_SOURCE
#include "mmlat.h"

#include <dirent.h>
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBUGFS "/sys/kernel/debug/mmscope"
#define PM_PFN ((1ULL << 55) - 1)
#define PM_PRESENT (1ULL << 63)

static const char *pid;
static volatile sig_atomic_t over;
static char buffer[64 << 10];

static void on_term(int sig)
{
	(void)sig;
	over = 1;
}

static int must_open(int flags, const char *format, const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), format, pid, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void drain(int fd)
{
	ssize_t got;

	while ((got = read(fd, buffer, sizeof(buffer))) > 0 && !over)
		;
	if (got < 0)
		err(1, "read");
	close(fd);
}

static void read_mmscope(void)
{
	char path[64], request[64];
	struct dirent *entry;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), DEBUGFS "/%s", pid);
	dir = opendir(path);
	if (!dir)
		err(1, "%s: is it attached?", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			drain(must_open(O_RDONLY, DEBUGFS "/%s/%s", entry->d_name));
	closedir(dir);
	fd = open("/proc/mmscope/walk", O_RDWR);
	snprintf(request, sizeof(request), "%s 0x%lx", pid, (unsigned long)buffer);
	if (fd < 0 || write(fd, request, strlen(request)) < 0)
		err(1, "walk");
	drain(fd);
}

static void read_smaps(void)
{
	drain(must_open(O_RDONLY, "/proc/%s/%s", "smaps"));
}

static uint64_t number(int fd, uint64_t index)
{
	uint64_t value = 0;

	if (pread(fd, &value, 8, index * 8) < 0)
		err(1, "pread");
	return value;
}

static void read_page_types(void)
{
	uint64_t *entries = (uint64_t *)buffer, sum = 0;
	int pagemap = must_open(O_RDONLY, "/proc/%s/%s", "pagemap");
	int flags = must_open(O_RDONLY, "/proc/kpageflags", "");
	int counts = must_open(O_RDONLY, "/proc/kpagecount", "");
	int fd = must_open(O_RDONLY, "/proc/%s/%s", "maps");
	unsigned long start, end;
	char line[8192];
	FILE *maps = fdopen(fd, "r");
	ssize_t got;

	while (!over && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &start, &end) != 2 || start >> 63)
			continue;
		for (start >>= 12, end >>= 12; start < end && !over; start += got / 8) {
			size_t want = end - start < 4096 ? end - start : 4096;

			got = pread(pagemap, entries, want * 8, start * 8);
			if (got <= 0)
				break;
			for (ssize_t i = 0; i < got / 8 && !over; i++)
				if (entries[i] & PM_PRESENT)
					sum += number(flags, entries[i] & PM_PFN) +
					       number(counts, entries[i] & PM_PFN);
		}
	}
	fclose(maps);
	close(pagemap);
	close(flags);
	close(counts);
	*(volatile uint64_t *)entries = sum;
}

static void read_kcore(void)
{
	int fd = must_open(O_RDONLY, "/proc/kcore", "");
	Elf64_Phdr table[64], best = { 0 };
	Elf64_Ehdr head;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) || head.e_phnum > 64 ||
	    pread(fd, table, head.e_phnum * sizeof(*table), head.e_phoff) < 0)
		err(1, "/proc/kcore");
	for (int i = 0; i < head.e_phnum; i++)
		if (table[i].p_type == PT_LOAD && table[i].p_paddr + 1 > 1 &&
		    table[i].p_filesz > best.p_filesz)
			best = table[i];
	for (uint64_t at = 0; at < best.p_filesz && !over; at += 4096)
		if (pread(fd, buffer, 4096, best.p_offset + at) < 0)
			err(1, "/proc/kcore");
	close(fd);
}

static const struct peer {
	const char *name;
	void (*pass)(void);
} peers[] = {
	{ "mmscope", read_mmscope }, { "smaps", read_smaps }, { "page-types", read_page_types },
	{ "kcore", read_kcore },
};

int peer(const char *what, const char *target)
{
	unsigned long passes = 0;

	pid = target;
	signal(SIGTERM, on_term);
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
		if (strcmp(peers[i].name, what))
			continue;
		while (!over) {
			peers[i].pass();
			passes += !over;
		}
		printf("%lu\n", passes);
		return 0;
	}
	errx(2, "nobody reads '%s'", what);
}
