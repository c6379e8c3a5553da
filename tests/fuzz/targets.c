// SPDX-License-Identifier: GPL-2.0
/*
 * Whose memory is asked for: our own, processes that stand still, one that moves, ones that die, a
 * kernel thread, and numbers that nobody has.
 */
#include "mmfuzz.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct target *targets;
unsigned int target_count;

static struct target *add(enum fate what, int pid)
{
	struct target *target = &targets[target_count++];

	target->fate = what;
	target->pid = pid;
	/* Children are forks: the array itself is mapped in them, too, at the same place. */
	target->address = (uint64_t)(uintptr_t)targets;
	return target;
}

static void __attribute__((noreturn)) move(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	for (unsigned int i = 0;; i++) {
		size_t size = (1 + i * 7 % 64) * PAGE;
		char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);

		if (area == MAP_FAILED)
			_exit(1);
		memset(area, 1, size / 2);
		mprotect(area, PAGE, PROT_READ);
		usleep(2000);
		madvise(area, size, MADV_DONTNEED);
		munmap(area, size);
	}
}

/* Keeps a child that lives for 20 ms and is a zombie for 5. */
static void __attribute__((noreturn)) die_again(struct target *target)
{
	for (;;) {
		pid_t child = fork();

		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			usleep(20000);
			_exit(0);
		}
		target->pid = child;
		usleep(25000);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("mmfuzz: fork");
		exit(1);
	}
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

void targets_make(const char *const *pids, unsigned int count)
{
	struct target *target;
	FILE *file;
	int max = 32768;
	pid_t pid;

	targets = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (targets == MAP_FAILED) {
		perror("mmfuzz: mmap");
		exit(1);
	}
	add(SELF, getpid());
	add(KTHREAD, 2);
	file = fopen("/proc/sys/kernel/pid_max", "r");
	if (file && fscanf(file, "%d", &max) == 1)
		fclose(file);
	for (int n = 1; n <= 2; n++)
		if (kill(max - n, 0) && errno == ESRCH)
			add(UNUSED, max - n);
	add(UNUSED, 0);
	for (unsigned int i = 0; i < count && target_count < MAX_TARGETS - 3; i++) {
		char *end;

		target = add(KNOWN, strtoul(pids[i], &end, 10));
		if (*end == ':')	/* PID:ADDRESS */
			target->address = strtoull(end + 1, NULL, 0);
	}
	if (!count) {
		pid = child();
		while (!pid)
			pause();
		add(KNOWN, pid);
	}
	pid = child();
	if (!pid)
		move();
	add(MOVING, pid);
	target = add(DYING, 0);
	pid = child();
	if (!pid)
		die_again(target);
	while (!target->pid)
		usleep(1000);
}

const struct target *target_of(uint64_t pid)
{
	for (unsigned int i = 0; i < target_count; i++)
		if ((uint64_t)targets[i].pid == pid)
			return &targets[i];
	return NULL;
}

uint64_t target_results(const struct target *target)
{
	static const uint64_t results[] = {
		[SELF] = M(OK), [KNOWN] = M(OK), [MOVING] = M(OK), [DYING] = M(OK) | M(ESRCH),
		[KTHREAD] = M(ENODATA), [UNUSED] = M(ESRCH),
	};

	/* A number we made up can be anybody's. */
	return target ? results[target->fate] : M(OK) | M(ESRCH) | M(ENODATA);
}
