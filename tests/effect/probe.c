// SPDX-License-Identifier: GPL-2.0
/*
 * mmlat probe MIB AREAS: a process of that many MiB of small pages and that many areas, which
 * measures how long its own memory calls take. It prints its pid; then stdin commands:
 *
 *   run SLOT MS  all of them in turn for so long; keeps the samples under SLOT (0-15)
 *   sum SLOT     what was kept
 *
 * Both answer with a line `OP count p50 p999 worst` (ns) for each, and a line `.`.
 */
#define _GNU_SOURCE
#include "mmlat.h"

#include <err.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 16
#define BATCH 32		/* pages faulted in between two madvise */
#define BLOCK (64 << 10)	/* of malloc, given back to the kernel by free */

struct samples {
	uint32_t *ns;
	size_t count, room;
};

static size_t page;
static char *ground;	/* BATCH pages to fault in */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void keep(struct samples *to, uint64_t begun)
{
	uint64_t took = now() - begun;

	if (to->count == to->room) {
		to->room = to->room ? 2 * to->room : 4096;
		to->ns = realloc(to->ns, to->room * sizeof(*to->ns));
		if (!to->ns)
			err(1, "realloc");
	}
	to->ns[to->count++] = took < UINT32_MAX ? took : UINT32_MAX;
}

static void probe_fault(struct samples *to)
{
	if (madvise(ground, BATCH * page, MADV_DONTNEED))
		err(1, "madvise");
	for (size_t i = 0; i < BATCH; i++) {
		uint64_t begun = now();

		*(volatile char *)(ground + i * page) = 1;
		keep(to, begun);
	}
}

static void probe_map(struct samples *to)
{
	for (int i = 0; i < 8; i++) {
		uint64_t begun = now();
		char *p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED || munmap(p, 4 * page))
			err(1, "mmap");
		keep(to, begun);
	}
}

static void probe_alloc(struct samples *to)
{
	for (int i = 0; i < 8; i++) {
		uint64_t begun = now();
		volatile char *p = malloc(BLOCK);

		if (!p)
			err(1, "malloc");
		p[BLOCK - 1] = 1;
		free((void *)p);
		keep(to, begun);
	}
}

static void probe_fork(struct samples *to)
{
	static unsigned int turn;
	uint64_t begun;
	pid_t child;

	if (turn++ % 8)
		return;
	begun = now();
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child)
		_exit(0);
	if (waitpid(child, NULL, 0) != child)
		err(1, "waitpid");
	keep(to, begun);
}

static const struct op {
	const char *name;
	void (*probe)(struct samples *to);
} ops[] = {
	{ "fault", probe_fault }, { "map", probe_map }, { "alloc", probe_alloc },
	{ "fork", probe_fork },
};
#define OPS ARRAY_SIZE(ops)

static struct samples kept[SLOTS][OPS];

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void say(const char *name, const uint32_t *ns, size_t count)
{
	uint32_t *sorted = malloc(count * sizeof(*sorted) + 1);

	if (!sorted)
		err(1, "malloc");
	memcpy(sorted, ns, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_size);
	printf("%s %zu %u %u %u\n", name, count, count ? sorted[count / 2] : 0,
	       count ? sorted[count * 999 / 1000] : 0, count ? sorted[count - 1] : 0);
	free(sorted);
}

static void run(struct samples *slot, unsigned long ms)
{
	uint64_t end = now() + ms * 1000000ULL;
	size_t before[OPS];

	for (size_t i = 0; i < OPS; i++)
		before[i] = slot[i].count;
	while (now() < end)
		for (size_t i = 0; i < OPS; i++)
			ops[i].probe(&slot[i]);
	for (size_t i = 0; i < OPS; i++)
		say(ops[i].name, slot[i].ns + before[i], slot[i].count - before[i]);
}

static char *pages(size_t count)
{
	char *p = mmap(NULL, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	madvise(p, count * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < count; i++)
		p[i * page] = i;
	return p;
}

int probe(const char *mib, const char *count)
{
	unsigned int slot;
	unsigned long ms;
	size_t areas;
	char line[64];
	char *split;

	page = sysconf(_SC_PAGESIZE);
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 0);
	mallopt(M_TOP_PAD, 0);
	pages((strtoul(mib, NULL, 0) << 20) / page);
	areas = strtoul(count, NULL, 0);
	split = pages(areas + 1);
	for (size_t i = 0; i < areas; i += 2)
		if (mprotect(split + i * page, page, PROT_READ))
			err(1, "mprotect");
	ground = pages(BATCH);
	printf("%d\n", getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "run %u %lu", &slot, &ms) == 2 && slot < SLOTS) {
			run(kept[slot], ms);
		} else if (sscanf(line, "sum %u", &slot) == 1 && slot < SLOTS) {
			for (size_t i = 0; i < OPS; i++)
				say(ops[i].name, kept[slot][i].ns, kept[slot][i].count);
		} else {
			errx(2, "what is '%s'?", strtok(line, "\n"));
		}
		puts(".");
		fflush(stdout);
	}
	return 0;
}
