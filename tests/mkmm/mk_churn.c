// SPDX-License-Identifier: GPL-2.0
/*
 * A process that changes its areas in a known order, so that what a reader saw can be judged: the
 * low area and the high one grow by a page, one after the other, with many areas between them. At
 * any moment the high one is as long as the low one, or one step behind.
 */
#include "mkmm.h"

#include <pthread.h>
#include <unistd.h>

#define STEPS 100	/* lengths of 1 to 100 pages, then 1 again */

static char *low, *high;
static useconds_t interval;

static void resize(char *area, size_t from, size_t to)
{
	if (mremap(area, from * page, to * page, 0) != area)
		die("mremap");
}

static void *churn(void *unused)
{
	(void)unused;
	for (size_t now = 1;;) {
		size_t next = now % STEPS + 1;

		resize(low, now, next);
		if (interval)
			usleep(interval);
		resize(high, now, next);
		if (interval)
			usleep(interval);
		now = next;
	}
	return NULL;
}

static void make_churn(void)
{
	size_t between = number("n"), room = STEPS + 1;
	/* The first keeps low from merging with what lies below. */
	size_t pages = 1 + between + 2 * room;
	pthread_t thread;
	char *all, *middle;

	interval = number("us");
	all = map(NULL, pages * page, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	low = all + page;
	middle = low + room * page;
	high = middle + between * page;
	for (size_t i = 0; i < between; i += 2)
		if (mprotect(middle + i * page, page, PROT_READ))
			die("mprotect");
	if (munmap(low, room * page) || munmap(high, room * page))
		die("munmap");
	map(low, page, RW, ANON | MAP_FIXED, -1, 0);
	map(high, page, RW, ANON | MAP_FIXED, -1, 0);
	say_address("low", low);
	say_address("high", high);
	say_number("steps", STEPS);
	say_line();
	if ((errno = pthread_create(&thread, NULL, churn, NULL)))
		die("pthread_create");
}

/* The middle page of each of n areas is forbidden, then allowed: three areas, then one. */
static void *tear(void *unused)
{
	size_t n = number("n");

	(void)unused;
	for (int prot = PROT_NONE;; prot ^= RW)
		for (size_t i = 0; i < n; i++)
			if (mprotect(low + (4 * i + 1) * page, page, prot))
				die("mprotect");
	return NULL;
}

static void make_torn(void)
{
	size_t n = number("n");
	pthread_t thread;

	low = map(NULL, 4 * n * page, RW, ANON | MAP_NORESERVE, -1, 0);
	for (size_t i = 0; i < n; i++)
		if (mprotect(low + (4 * i + 3) * page, page, PROT_READ))
			die("mprotect");
	say_address("start", low);
	say_address("end", low + 4 * n * page);
	say_line();
	if ((errno = pthread_create(&thread, NULL, tear, NULL)))
		die("pthread_create");
}

static const struct factory family_churn_rows[] = {
	{ "churn", "two areas that grow in turn, n areas between them", make_churn,
	  { { "n", PARAM_NUMBER, "2000", NULL }, { "us", PARAM_NUMBER, "200", NULL } } },
	{ "torn", "n areas, each split in three and merged again and again", make_torn,
	  { { "n", PARAM_NUMBER, "64", NULL } } },
};
DEFINE_FAMILY(family_churn);
