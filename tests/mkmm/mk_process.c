// SPDX-License-Identifier: GPL-2.0
/* One memory and several processes or threads, and processes that change under the reader. */
#include "mkmm.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *plain(size_t pages)
{
	char *p = map(NULL, pages * page, RW, ANON, -1, 0);

	madvise(p, pages * page, MADV_NOHUGEPAGE);
	touch_write(p, pages, 1);
	say_address("start", p);
	say_address("end", p + pages * page);
	return p;
}

/* One huge page. */
static char *huge(bool hugetlb)
{
	size_t size = 2 << 20;
	char *all, *p;

	if (hugetlb) {
		p = map(NULL, size, RW, ANON | MAP_HUGETLB, -1, 0);
	} else {
		all = map(NULL, 2 * size, RW, ANON, -1, 0);
		p = (char *)(((uintptr_t)all + size - 1) & ~(size - 1));
		advise(p, size, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	}
	touch_write(p, 1, 1);
	if (!hugetlb && smaps_kb(p, "AnonHugePages") != 2048)
		give_up(EXIT_ENOMEM, "the memory did not become a huge page");
	say_address("start", p);
	say_address("end", p + size);
	return p;
}

/* Each child writes its share of pages; the rest stays common. */
static void make_forked(void)
{
	size_t pages = number("pages"), cow = number("cow");
	char *p, name[32], byte;

	if (!chosen("of", "small")) {
		p = huge(chosen("of", "hugetlb"));
		cow = 0;
	} else {
		p = plain(pages);
	}

	for (size_t c = 0; c < number("children"); c++) {
		int ready, pid = spawn_waiter(&ready);

		if (!pid) {
			touch_write(p, cow, 1);
			close(ready);
			wait_parent();
		}
		if (read(ready, &byte, 1) < 0)
			die("read");
		close(ready);
		snprintf(name, sizeof(name), "child%zu", c);
		say_number(name, pid);
	}
}

static pthread_barrier_t all_there;

static void *be_thread(void *arg)
{
	*(pid_t *)arg = gettid();
	pthread_barrier_wait(&all_there);
	wait_parent();
}

static void make_threads(void)
{
	size_t n = number("n");
	pid_t *tids = calloc(n, sizeof(*tids));
	pthread_t thread;
	char name[32];

	pthread_barrier_init(&all_there, NULL, n + 1);
	for (size_t i = 0; i < n; i++)
		if ((errno = pthread_create(&thread, NULL, be_thread, &tids[i])))
			die("pthread_create");
	pthread_barrier_wait(&all_there);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "tid%zu", i);
		say_number(name, tids[i]);
	}
}

static void *outlive_leader(void *leader)
{
	pthread_join(*(pthread_t *)leader, NULL);
	say_number("tid", gettid());
	/* Joined is not yet gone: wait until the kernel calls the leader a zombie. */
	for (char state = 0; state != 'Z';) {
		char row[256] = "", *after;
		FILE *f = fopen("/proc/self/stat", "r");

		if (!f || !fgets(row, sizeof(row), f))
			die("/proc/self/stat");
		fclose(f);
		after = strrchr(row, ')');
		state = after ? after[2] : 'Z';
		if (state != 'Z')
			usleep(1000);
	}
	serve();
	exit(0);
}

/* live=yes: the leader is gone, a thread lives; live=no: an unreaped child without any thread. */
static void make_zombie(void)
{
	static pthread_t leader, thread;

	if (chosen("live", "no")) {
		siginfo_t info;
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (!child)
			_exit(0);
		if (waitid(P_PID, child, &info, WEXITED | WNOWAIT))
			die("waitid");
		say_number("child", child);
		return;
	}
	plain(number("pages"));
	leader = pthread_self();
	if ((errno = pthread_create(&thread, NULL, outlive_leader, &leader)))
		die("pthread_create");
	pthread_exit(NULL);
}

/* The child uses the parent's memory, and speaks for both; the parent waits in vfork. */
static void make_vfork(void)
{
	volatile pid_t parent = getpid();

	plain(number("pages"));
	if (!vfork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		say_number("parent", parent);
		serve();
		_exit(0);
	}
}

/* A child that is process 1 of a pid namespace of its own. */
static void make_pidns(void)
{
	int ready;
	pid_t child;
	char byte;

	if (unshare(CLONE_NEWPID))
		die("unshare(CLONE_NEWPID)");
	child = spawn_waiter(&ready);
	if (!child) {
		plain(number("pages"));
		close(ready);
		wait_parent();
	}
	if (read(ready, &byte, 1) < 0)
		die("read");
	close(ready);
	say_number("child", child);
	say_number("inner", 1);
}

static void make_exiting(void)
{
	plain(number("pages"));
	say_line();
	usleep(number("ms") * 1000);
	exit(0);
}

/* Execs itself again and again until the end of stdin, or `rounds` times; then it stays. */
static void make_execing(void)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	uint64_t round = number("round"), rounds = number("rounds");
	char next[48], pause[48];
	char *argv[] = { arguments()[0], "execing", next, pause, (char *)0, NULL };
	char limit[48];

	plain(number("pages"));
	say_number("round", round);
	if (!round)
		say_line();
	if (rounds && round >= rounds)
		return;
	poll(&in, 1, number("ms"));
	if (in.revents)
		exit(0);
	snprintf(next, sizeof(next), "round=%llu", (unsigned long long)round + 1);
	snprintf(pause, sizeof(pause), "ms=%llu", (unsigned long long)number("ms"));
	snprintf(limit, sizeof(limit), "rounds=%llu", (unsigned long long)rounds);
	argv[4] = limit;
	execv("/proc/self/exe", argv);
	die("execv");
}

#define PAGES(n) { "pages", PARAM_NUMBER, n, NULL }

static const struct factory family_process_rows[] = {
	{ "forked", "children that copied part of it on write; of one huge page, nothing",
	  make_forked,
	  { PAGES("32"), { "children", PARAM_NUMBER, "1", NULL },
	    { "cow", PARAM_NUMBER, "8", NULL },
	    { "of", PARAM_CHOICE, "small", "small|thp|hugetlb" } } },
	{ "threads", "n threads", make_threads, { { "n", PARAM_NUMBER, "4", NULL } } },
	{ "zombie", "its leader gone, a thread alive; or a dead child", make_zombie,
	  { PAGES("8"), { "live", PARAM_CHOICE, "yes", "yes|no" } } },
	{ "vfork", "a child in its parent's memory", make_vfork, { PAGES("8") } },
	{ "pidns", "process 1 of another pid namespace", make_pidns, { PAGES("8") } },
	{ "exiting", "ends by itself", make_exiting,
	  { PAGES("64"), { "ms", PARAM_NUMBER, "100", NULL } } },
	{ "execing", "execs itself again and again", make_execing,
	  { PAGES("64"), { "ms", PARAM_NUMBER, "1", NULL }, { "rounds", PARAM_NUMBER, "0", NULL },
	    { "round", PARAM_NUMBER, "0", NULL } } },
};
DEFINE_FAMILY(family_process);
