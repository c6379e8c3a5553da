// SPDX-License-Identifier: GPL-2.0
/* Memory under a rule: locked, keyed, watched, merged, swapped out, poisoned. */
#include "mkmm.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <linux/userfaultfd.h>
#include <unistd.h>
#include <fcntl.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

static char *plain(size_t pages, int share)
{
	char *p = map(NULL, pages * page, RW, share | MAP_ANONYMOUS, -1, 0);

	madvise(p, pages * page, MADV_NOHUGEPAGE);
	say_address("start", p);
	say_address("end", p + pages * page);
	return p;
}

static void make_mlock(void)
{
	size_t pages = number("pages");
	char *p = plain(pages, MAP_PRIVATE);

	touch_write(p, pages / 4, 1);
	if (syscall(SYS_mlock2, p, pages * page, chosen("onfault", "yes") ? MLOCK_ONFAULT : 0))
		die("mlock");
}

static void make_pkey(void)
{
	size_t pages = number("pages");
	char *p = plain(pages, MAP_PRIVATE);
	int key = syscall(SYS_pkey_alloc, 0, 0);

	touch_write(p, pages, 1);
	if (key < 0 && (errno == ENOSPC || errno == EINVAL))
		unsupported("protection keys");
	if (key < 0 || syscall(SYS_pkey_mprotect, p, pages * page / 2, RW, key))
		die("pkey_mprotect");
	say_number("key", key);
}

/* Written, forgotten through clear_refs, every second page written again. */
static void make_softdirty(void)
{
	size_t pages = number("pages");
	char *p = plain(pages, MAP_PRIVATE);

	touch_write(p, pages, 1);
	write_file("/proc/self/clear_refs", "4");
	touch_write(p, pages, 2);
}

static void make_ksm(void)
{
	size_t pages = number("pages"), merged = 0;
	char *p = plain(pages, MAP_PRIVATE);

	advise(p, pages * page, MADV_MERGEABLE, "MADV_MERGEABLE");
	memset(p, 0x5a, pages * page);
	for (size_t ms = 0; ms < number("ms") && merged < pages; ms += 50) {
		char count[32] = "";
		int fd = open("/proc/self/ksm_merging_pages", O_RDONLY);

		if (fd < 0 || read(fd, count, sizeof(count) - 1) < 0)
			unsupported("ksm_merging_pages");
		close(fd);
		merged = strtoul(count, NULL, 10);
		usleep(50000);
	}
	if (!merged)
		give_up(EXIT_ENOSYS, "KSM merged nothing: is /sys/kernel/mm/ksm/run 1?");
	say_number("merged", merged);
}

static void make_swapped(void)
{
	size_t pages = number("pages"), out = 0;
	bool shmem = chosen("of", "shmem");
	char *p = plain(pages, shmem ? MAP_SHARED : MAP_PRIVATE);

	touch_write(p, pages, 1);
	if (chosen("clear", "yes")) {
		write_file("/proc/self/clear_refs", "4");
		touch_write(p, pages, 2);
	}
	for (int tries = 0; tries < 20 && out < pages; tries++) {
		advise(p, pages * page, MADV_PAGEOUT, "MADV_PAGEOUT");
		out = 0;
		for (size_t i = 0; i < pages; i++)
			out += !(pagemap_entry(p + i * page) & PM_PRESENT);
	}
	if (out < pages && !chosen("partial", "yes"))
		give_up(EXIT_ENOSWAP, "the pages did not leave memory: is there swap?");
	say_number("out", out);
	if (!shmem)
		touch_read(p, number("back"), 1);
}

static void register_uffd(int fd, char *p, size_t bytes, int mode)
{
	struct uffdio_register reg = {
		.range = { (uintptr_t)p, bytes }, .mode = mode,
	};

	if (!ioctl(fd, UFFDIO_REGISTER, &reg))
		return;
	if (errno == EINVAL)
		unsupported("UFFDIO_REGISTER");
	die("UFFDIO_REGISTER");
}

/* The first half written, then write protected with every second page; the second half missing. */
static void make_uffd(void)
{
	size_t pages = number("pages");
	char *p = plain(2 * pages, chosen("of", "shmem") ? MAP_SHARED : MAP_PRIVATE);
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };

	if (chosen("of", "shmem"))
		api.features |= UFFD_FEATURE_WP_HUGETLBFS_SHMEM;
	if (chosen("mode", "minor"))
		api.features |= UFFD_FEATURE_MINOR_SHMEM;
	if (fd < 0)
		die("userfaultfd");
	if (ioctl(fd, UFFDIO_API, &api))
		unsupported("UFFDIO_API");
	touch_write(p, pages, 1);
	if (chosen("mode", "minor")) {
		register_uffd(fd, p, pages * page, UFFDIO_REGISTER_MODE_MINOR);
		return;
	}
	register_uffd(fd, p, pages * page, UFFDIO_REGISTER_MODE_WP);
	register_uffd(fd, p + pages * page, pages * page, UFFDIO_REGISTER_MODE_MISSING);
	for (size_t i = 0; i < pages; i += 2) {
		struct uffdio_writeprotect wp = {
			.range = { (uintptr_t)p + i * page, page },
			.mode = UFFDIO_WRITEPROTECT_MODE_WP,
		};

		if (ioctl(fd, UFFDIO_WRITEPROTECT, &wp))
			die("UFFDIO_WRITEPROTECT");
	}
	/* What was write protected and then dropped leaves markers in shared memory. */
	if (chosen("of", "shmem") && madvise(p, pages / 2 * page, MADV_DONTNEED))
		die("MADV_DONTNEED");
	say_address("missing", p + pages * page);
}

static sigjmp_buf after_bus;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(after_bus, 1);
}

static void make_hwpoison(void)
{
	size_t pages = number("pages"), n = number("n");
	char *p = plain(pages, MAP_PRIVATE);

	touch_write(p, pages, 1);
	signal(SIGBUS, on_bus);
	for (volatile size_t i = 0; i < n; i++) {
		if (sigsetjmp(after_bus, 1))
			continue;
		advise(p + i * page, page, MADV_HWPOISON, "MADV_HWPOISON");
	}
	say_number("poisoned", n);
}

#define PAGES(n) { "pages", PARAM_NUMBER, n, NULL }

static const struct factory family_limit_rows[] = {
	{ "mlock", "locked memory", make_mlock,
	  { PAGES("16"), { "onfault", PARAM_CHOICE, "no", "no|yes" } } },
	{ "pkey", "half of it under a protection key", make_pkey, { PAGES("16") } },
	{ "softdirty", "soft-dirty bits cleared, every second page written since", make_softdirty,
	  { PAGES("16") } },
	{ "ksm", "equal pages merged by KSM", make_ksm,
	  { PAGES("32"), { "ms", PARAM_NUMBER, "20000", NULL } } },
	{ "swapped", "pages in swap, the first back= read again; clear=yes: half soft-dirty",
	  make_swapped,
	  { PAGES("64"), { "of", PARAM_CHOICE, "anon", "anon|shmem" },
	    { "back", PARAM_NUMBER, "8", NULL }, { "partial", PARAM_CHOICE, "no", "no|yes" },
	    { "clear", PARAM_CHOICE, "no", "no|yes" } } },
	{ "uffd", "watched by userfaultfd: write protected, then missing pages", make_uffd,
	  { PAGES("16"), { "of", PARAM_CHOICE, "anon", "anon|shmem" },
	    { "mode", PARAM_CHOICE, "wp", "wp|minor" } } },
	{ "hwpoison", "pages lost to a memory error", make_hwpoison,
	  { PAGES("4"), { "n", PARAM_NUMBER, "2", NULL } } },
};
DEFINE_FAMILY(family_limit);
