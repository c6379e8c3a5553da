// SPDX-License-Identifier: GPL-2.0
/*
 * The commands of stdin, a row each: a test moves the process while it looks at it. Each is
 * answered
 * by `ok` or `error ERRNO`. No stdio: its buffers would be part of the address space.
 */
#include "mkmm.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

static int do_read(char **a)
{
	touch_read((void *)strtoul(a[0], NULL, 0), a[1] ? strtoul(a[1], NULL, 0) : 1, 1);
	return 0;
}

static int do_write(char **a)
{
	touch_write((void *)strtoul(a[0], NULL, 0), a[1] ? strtoul(a[1], NULL, 0) : 1, 1);
	return 0;
}

static int do_map(char **a)
{
	void *at = (void *)strtoul(a[0], NULL, 0);

	return mmap(at, strtoul(a[1], NULL, 0), RW,
		    ANON | MAP_FIXED, -1, 0) == at ? 0 : -1;
}

static int do_unmap(char **a)
{
	return munmap((void *)strtoul(a[0], NULL, 0), strtoul(a[1], NULL, 0));
}

static int do_protect(char **a)
{
	int prot = (strchr(a[2], 'r') ? PROT_READ : 0) | (strchr(a[2], 'w') ? PROT_WRITE : 0) |
		   (strchr(a[2], 'x') ? PROT_EXEC : 0);

	return mprotect((void *)strtoul(a[0], NULL, 0), strtoul(a[1], NULL, 0), prot);
}

static int do_drop(char **a)
{
	return madvise((void *)strtoul(a[0], NULL, 0), strtoul(a[1], NULL, 0), MADV_DONTNEED);
}

static int do_exec(char **a)
{
	char *argv[8] = { arguments()[0] };

	memcpy(argv + 1, a, 6 * sizeof(*a));
	return execv("/proc/self/exe", argv);
}

static int do_exit(char **a)
{
	exit(a[0] ? atoi(a[0]) : 0);
}

static const struct command {
	const char *name;
	int least;		/* arguments */
	int (*run)(char **args);
} commands[] = {
	{ "read", 1, do_read },		/* ADDRESS [PAGES] */
	{ "write", 1, do_write },	/* ADDRESS [PAGES] */
	{ "map", 2, do_map },		/* ADDRESS BYTES */
	{ "unmap", 2, do_unmap },	/* ADDRESS BYTES */
	{ "protect", 3, do_protect },	/* ADDRESS BYTES rwx- */
	{ "drop", 2, do_drop },		/* ADDRESS BYTES */
	{ "exec", 1, do_exec },		/* KIND [NAME=VALUE...]: this program anew */
	{ "exit", 0, do_exit },		/* [STATUS] */
};

static void run_command(char *row)
{
	char *words[8] = { NULL }, answer[32];
	int n = 0, bad;

	for (char *w = strtok(row, " "); w && n < 7; w = strtok(NULL, " "))
		words[n++] = w;
	if (!n)
		return;
	errno = EINVAL;
	bad = -1;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(words[0], commands[i].name) && n > commands[i].least)
			bad = commands[i].run(words + 1);
	n = bad ? snprintf(answer, sizeof(answer), "error %d\n", errno) :
		  snprintf(answer, sizeof(answer), "ok\n");
	if (write(1, answer, n) != n)
		exit(EXIT_FAILED);
}

void serve(void)
{
	static char input[4096];
	static size_t held;
	ssize_t n;
	char *nl;

	say_line();
	for (;;) {
		while ((nl = memchr(input, '\n', held))) {
			size_t used = nl + 1 - input;

			*nl = '\0';
			run_command(input);
			memmove(input, input + used, held - used);
			held -= used;
		}
		n = read(0, input + held, sizeof(input) - held);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		held += n;
	}
}

void wait_parent(void)
{
	for (;;)
		pause();
}

/* A child that says through a pipe when it is done changing, then lives as long as its parent. */
int spawn_waiter(int *ready)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, 0))
		die("pipe");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		*ready = ends[1];
		return 0;
	}
	close(ends[1]);
	*ready = ends[0];
	return child;
}
