// SPDX-License-Identifier: GPL-2.0
/* Anonymous memory of small pages. */
#include "mkmm.h"

#include <alloca.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static char *plain(size_t pages)
{
	char *p = map(NULL, pages * page, RW, ANON, -1, 0);

	madvise(p, pages * page, MADV_NOHUGEPAGE);
	return p;
}

static void make_anon(void)
{
	size_t pages = number("pages"), zero = number("zero");
	char *p = plain(pages + zero);

	if (!chosen("touch", "none"))
		touch_write(p, pages, chosen("touch", "odd") ? 2 : 1);
	touch_read(p + pages * page, zero, 1);
	say_address("start", p);
	say_address("zero", p + pages * page);
	say_address("end", p + (pages + zero) * page);
}

static void make_brk(void)
{
	size_t pages = number("pages");
	char *p = sbrk(pages * page);

	if (p == (void *)-1)
		die("sbrk");
	p = (char *)(((uintptr_t)p + page - 1) & ~(page - 1));
	touch_write(p, pages - 1, 1);
	say_address("start", p);
	say_address("end", sbrk(0));
}

static __attribute__((noinline)) void deepen(size_t bytes)
{
	volatile char *deep = NULL;

	for (size_t down = page; down <= bytes; down += page) {
		deep = alloca(page);
		*deep = 1;
	}
	say_address("deep", deep);
	serve();
	exit(0);
}

static void make_stack(void)
{
	char here = 0;

	say_address("top", &here);
	deepen(number("pages") * page);
}

/* Written, then forbidden; a second half that was never touched; a forbidden file page. */
static void make_protnone(void)
{
	size_t pages = number("pages");
	char *p = plain(3 * pages);

	touch_write(p, pages, 1);
	if (mprotect(p, 2 * pages * page, PROT_NONE))
		die("mprotect");
	touch_write(p + 2 * pages * page, pages, 1);
	if (mprotect(p + 2 * pages * page, pages * page, PROT_READ))
		die("mprotect");
	say_address("start", p);
	say_address("untouched", p + pages * page);
	say_address("readonly", p + 2 * pages * page);
	say_address("end", p + 3 * pages * page);
}

/* by=growsdown: a stack-like area and its neighbour; by=madvise: markers in every second page. */
static void make_guard(void)
{
	size_t pages = number("pages"), room = 2048;
	char *p;

	if (chosen("by", "madvise")) {
		p = plain(pages);
		touch_write(p, pages, 1);
		for (size_t i = 0; i < pages; i += 2)
			advise(p + i * page, page, MADV_GUARD_INSTALL, "MADV_GUARD_INSTALL");
		say_address("start", p);
		say_address("end", p + pages * page);
		return;
	}
	p = map(NULL, room * page, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	if (munmap(p + page, (room - 1) * page))
		die("munmap");
	map(p + (room - 2) * page, 2 * page, RW,
	    ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	for (size_t i = 1; i <= pages; i++)
		touch_write(p + (room - 1 - i) * page, 1, 1);
	say_address("neighbour", p);
	say_address("start", p + (room - 1 - pages) * page);
	say_address("end", p + room * page);
}

/* n areas side by side that cannot merge: every second one has other permissions. */
static void make_many(void)
{
	size_t n = number("n");
	char *p = plain(n);

	if (chosen("touch", "all"))
		touch_write(p, n, 1);
	for (size_t i = 0; i < n; i += 2)
		if (mprotect(p + i * page, page, PROT_READ))
			die("mprotect");
	say_address("start", p);
	say_address("end", p + n * page);
	say_number("areas", n);
}

static void make_sparse(void)
{
	size_t bytes = number("bytes"), pages = number("pages");
	char *p = map(NULL, bytes, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

	madvise(p, bytes, MADV_NOHUGEPAGE);
	if (mprotect(p, bytes, RW))
		die("mprotect");
	touch_write(p, bytes / page, pages > 1 ? (bytes / page - 1) / (pages - 1) : bytes / page);
	say_address("start", p);
	say_address("end", p + bytes);
}

/* Above 47 bits, which needs 5 levels of page tables and a hint. */
static void make_high(void)
{
	size_t pages = number("pages");
	char *hint = (char *)(uintptr_t)number("hint"), *p;

	p = map(hint, pages * page, RW, ANON, -1, 0);
	errno = ENOSYS;
	if (p < hint)
		unsupported("user addresses above 47 bits");
	touch_write(p, pages, 1);
	say_address("start", p);
	say_address("end", p + pages * page);
}

/* An area for each advice that leaves a flag. */
static void make_advised(void)
{
	static const int advices[] = {
		MADV_DONTFORK, MADV_DONTDUMP, MADV_WIPEONFORK, MADV_SEQUENTIAL, MADV_RANDOM,
	};

	for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
		advise(plain(number("pages")), number("pages") * page, advices[i], "madvise");
}

#define PAGES(n) { "pages", PARAM_NUMBER, n, NULL }

static const struct factory family_anon_rows[] = {
	{ "anon", "private memory, the zero page in its tail", make_anon,
	  { PAGES("64"), { "zero", PARAM_NUMBER, "4", NULL },
	    { "touch", PARAM_CHOICE, "all", "all|odd|none" } } },
	{ "brk", "a grown heap", make_brk, { PAGES("64") } },
	{ "stack", "a stack grown deep", make_stack, { PAGES("100") } },
	{ "protnone", "written then PROT_NONE, untouched PROT_NONE, read-only", make_protnone,
	  { PAGES("16") } },
	{ "guard", "an area that grew down, or guard markers", make_guard,
	  { PAGES("8"), { "by", PARAM_CHOICE, "growsdown", "growsdown|madvise" } } },
	{ "many", "n areas side by side", make_many,
	  { { "n", PARAM_NUMBER, "1000", NULL }, { "touch", PARAM_CHOICE, "all", "all|none" } } },
	{ "sparse", "a vast reservation, few pages touched", make_sparse,
	  { PAGES("16"), { "bytes", PARAM_NUMBER, "1T", NULL } } },
	{ "advised", "an area for each advice that leaves a flag", make_advised, { PAGES("4") } },
	{ "high", "memory above 47 bits", make_high,
	  { PAGES("16"), { "hint", PARAM_NUMBER, "0x80000000000000", NULL } } },
};
DEFINE_FAMILY(family_anon);
