// SPDX-License-Identifier: GPL-2.0
/* Huge pages: transparent, split, of hugetlb, of zeroes. */
#include "mkmm.h"

#include <fcntl.h>
#include <linux/mman.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static size_t huge_size(void)
{
	char size[32] = "";
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "r");

	if (!f)
		unsupported("transparent huge pages");
	if (!fgets(size, sizeof(size), f))
		die("hpage_pmd_size");
	fclose(f);
	return strtoul(size, NULL, 10);
}

static char *aligned(size_t bytes, size_t align, int flags, int fd)
{
	char *p = map(NULL, bytes + align, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	char *at = (char *)(((uintptr_t)p + align - 1) & ~(align - 1));

	munmap(p, at - p);
	munmap(at + bytes, p + align - at);
	return map(at, bytes, RW, flags | MAP_FIXED, fd, 0);
}

static void must_be_huge(char *p, size_t bytes, const char *field)
{
	if (smaps_kb(p, field) * 1024 == bytes)
		return;
	advise(p, bytes, MADV_COLLAPSE, "MADV_COLLAPSE");
	if (smaps_kb(p, field) * 1024 != bytes)
		give_up(EXIT_ENOMEM, "the memory did not become huge pages");
}

/* n huge pages; what split= does to the middle of each leaves it mapped by small entries. */
static void make_thp(void)
{
	size_t n = number("n"), huge = huge_size();
	bool shmem = chosen("of", "memfd");
	int fd = shmem ? memfd_create("mkmm thp", MFD_CLOEXEC) : -1;
	char *p;

	if (shmem && (fd < 0 || ftruncate(fd, n * huge)))
		die("memfd_create");
	p = aligned(n * huge, huge, shmem ? MAP_SHARED : ANON, fd);
	advise(p, n * huge, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	touch_write(p, n * huge / page, 1);
	must_be_huge(p, n * huge, shmem ? "ShmemPmdMapped" : "AnonHugePages");

	for (size_t i = 0; i < n; i++) {
		char *part = p + i * huge + huge / 4;
		int bad = 0;

		if (chosen("split", "protect"))
			bad = mprotect(part, huge / 4, PROT_READ);
		else if (chosen("split", "protnone"))
			bad = mprotect(p + i * huge, huge, PROT_NONE);
		else if (chosen("split", "unmap"))
			bad = munmap(part, huge / 4);
		else if (chosen("split", "drop"))
			bad = madvise(part, huge / 4, MADV_DONTNEED);
		if (bad)
			die("split");
	}
	say_address("start", p);
	say_address("end", p + n * huge);
	say_number("huge", huge);
}

static void make_hugetlb(void)
{
	size_t size = number("size"), n = number("n"), touched = number("touched");
	int shift = __builtin_ctzl(size);
	char *p;

	p = mmap(NULL, n * size, RW,
		 (chosen("share", "shared") ? MAP_SHARED : MAP_PRIVATE) |
		 MAP_ANONYMOUS | MAP_HUGETLB | shift << MAP_HUGE_SHIFT, -1, 0);
	if (p == MAP_FAILED && errno == EINVAL)
		unsupported("huge pages of this size");
	if (p == MAP_FAILED)
		die("mmap MAP_HUGETLB");
	for (size_t i = 0; i < n && i < touched; i++)
		touch_write(p + i * size, 1, 1);
	say_address("start", p);
	say_address("end", p + n * size);
	say_number("huge", size);
}

static void make_hugezero(void)
{
	size_t n = number("n"), huge = huge_size();
	char *p = aligned(n * huge, huge, ANON, -1);

	advise(p, n * huge, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	for (size_t i = 0; i < n; i++)
		touch_read(p + i * huge, 1, 1);
	say_address("start", p);
	say_address("end", p + n * huge);
	say_number("huge", huge);
}

/*
 * What a child maps in another way. of=hugetlb: a whole table of shared pages, few touched, that
 * the child's faults find in its parent; of=thp: the child keeps all but page 0, in small entries.
 */
static void make_common(void)
{
	size_t huge = 2 << 20, size = chosen("of", "hugetlb") ? 1 << 30 : huge;
	char *p, byte;
	int ready;
	pid_t child;

	if (chosen("of", "hugetlb")) {
		p = aligned(size, size, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE |
			    21 << MAP_HUGE_SHIFT, -1);
	} else {
		p = aligned(size, size, ANON, -1);
		advise(p, size, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	}
	touch_write(p, number("touched") * huge / page, huge / page);
	if (!chosen("of", "hugetlb"))
		must_be_huge(p, size, "AnonHugePages");
	say_address("start", p);
	say_address("end", p + size);
	child = spawn_waiter(&ready);
	if (!child) {
		touch_read(p, number("touched") * huge / page, huge / page);
		if (!chosen("of", "hugetlb") &&
		    (mprotect(p + huge / 2, huge / 2, PROT_READ) || munmap(p, page)))
			die("split");
		close(ready);
		wait_parent();
	}
	if (read(ready, &byte, 1) < 0)
		die("read");
	close(ready);
	say_number("child", child);
}

#define N(n) { "n", PARAM_NUMBER, n, NULL }

static const struct factory family_huge_rows[] = {
	{ "thp", "transparent huge pages, whole or mapped in parts", make_thp,
	  { N("2"), { "of", PARAM_CHOICE, "anon", "anon|memfd" },
	    { "split", PARAM_CHOICE, "no", "no|protect|protnone|unmap|drop" } } },
	{ "hugetlb", "pages of hugetlb, the first of them touched", make_hugetlb,
	  { N("2"), { "size", PARAM_NUMBER, "2M", NULL }, { "touched", PARAM_NUMBER, "1", NULL },
	    { "share", PARAM_CHOICE, "private", "private|shared" } } },
	{ "hugezero", "the huge page of zeroes", make_hugezero, { N("2") } },
	{ "common", "huge pages that a child maps by the same table, or in parts", make_common,
	  { { "of", PARAM_CHOICE, "hugetlb", "hugetlb|thp" },
	    { "touched", PARAM_NUMBER, "1", NULL } } },
};
DEFINE_FAMILY(family_huge);
