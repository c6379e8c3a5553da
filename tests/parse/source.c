// SPDX-License-Identifier: GPL-2.0
/*
 * Stands in for the tool's source.c: the module's views, made up from fields.def and abi.h, and one
 * of them replaced by what the fuzzer came up with.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "fuzz.h"
#include "mmscope.h"
#include "source.h"
#include "../../module/abi.h"

#define STAMP "# consistent=yes holds=1 hold_max_us=5\n"
#define PAGE 4096

struct view {
	const char *name;
	char *data;
	size_t size;
};

static struct view views[] = {
	{ "version", NULL, 0 }, { "attach", NULL, 0 }, { "detach", NULL, 0 }, { "walk", NULL, 0 },
	{ "view", NULL, 0 }, { "name", NULL, 0 }, { "format", NULL, 0 }, { "vma", NULL, 0 },
	{ "pte_raw", NULL, 0 },
};

static struct view replaced, raw;
static struct source *version;
static bool used;

/* As a saved copy is read: on from where the last read ended. */
bool views_saved;

static void make_version(FILE *out)
{
	fprintf(out, "field value\nmodule 0\nabi %d\npage_size %d\ndirect_map -\n" STAMP,
		MMSCOPE_ABI, PAGE);
}

static void make_attach(FILE *out)
{
	fputs("pid dir comm\n77 4321 a\\040b\n" STAMP, out);
}

static void make_nothing(FILE *out)
{
	fputc('\n', out);
}

static void make_walk(FILE *out)
{
	fputs("level index table_pfn entry kind flags\npte 17 0x1003 0x0 none -\n"
	      "frame - - - none -\n" STAMP, out);
}

static void make_view(FILE *out)
{
	fputs("view place mode format need help\nvma target 0400 text ptrace -\n" STAMP, out);
}

static void make_vma(FILE *out)
{
	fputs("start end perms offset dev inode flags path\n"
	      "0x1000 0x2000 rw-p 0x0 00:00 0 read|write [heap]\n" STAMP, out);
}

static void make_name(FILE *out)
{
#define VALUE(set, value, name) fprintf(out, set " 0x%llx " #name " -\n", (__u64)(value));
#define KIND(v, n, h) VALUE("kind", v, n)
#define LEVEL(v, n, h) VALUE("level", v, n)
#define CONSISTENCY(v, n, h) VALUE("consistent", v, n)
#define PTE_BIT(v, n, h) VALUE("pte", 1ULL << (v), n)
	fputs("set value name help\n", out);
	MMSCOPE_KINDS(KIND)
	MMSCOPE_LEVELS(LEVEL)
	MMSCOPE_CONSISTENCIES(CONSISTENCY)
	MMSCOPE_PTE_BITS(PTE_BIT)
	fputs("kpf 0x1000 anon -\nkpf 0x80000000000000 far -\n" STAMP, out);
}

static void make_format(FILE *out)
{
	fputs("view field offset size type show help\nvma start - - - addr -\n", out);
#define BINARY(r, help) fprintf(out, #r " - - %zu - - -\n", sizeof(struct mmscope_##r));
#define MEMBER(r, name, ctype, show, help) \
	fprintf(out, #r " " #name " %zu %zu " #ctype " - -\n", \
		offsetof(struct mmscope_##r, name), sizeof(ctype));
#include "../../module/fields.def"
	fputs(STAMP, out);
}

static void make_pte_raw(FILE *out)
{
	struct mmscope_pte_raw entry = {
		.size = PAGE, .level = MMSCOPE_LEVEL_pte, .kind = MMSCOPE_KIND_page,
		.swap_type = MMSCOPE_ABSENT64, .swap_offset = MMSCOPE_ABSENT64, .pte = 3,
	};
	struct mmscope_stamp stamp = {
		.kind = MMSCOPE_KIND_stamp, .consistent = 1, .holds = 1,
	};

	for (int i = 0; i < 3; i++) {
		entry.va = 0x10000 + i * PAGE;
		entry.pfn = 0x100 + i * i;
		stamp.next = i < 2 ? entry.va + PAGE : 1ULL << 47;
		fwrite(&entry, sizeof(entry), 1, out);
		fwrite(&stamp, sizeof(stamp), 1, out);
	}
}

/** views_make - once: the module's own */
void views_make(void)
{
	static void (*const make[])(FILE *out) = {
		make_version, make_attach, make_nothing, make_walk, make_view, make_name,
		make_format, make_vma, make_pte_raw,
	};

	_Static_assert(ARRAY_SIZE(make) == ARRAY_SIZE(views), "a view, its maker");
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		FILE *out = open_memstream(&views[i].data, &views[i].size);

		make[i](out);
		fclose(out);
	}
}

static const struct view *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		if (!strcmp(views[i].name, name))
			return &views[i];
	}
	return NULL;
}

/** views_replace - serve @data as the view @name; false where there is none of that name */
bool views_replace(const char *name, const void *data, size_t size)
{
	const struct view *view = name ? find(name) : NULL;

	used = false;
	replaced = (struct view){ view ? view->name : NULL, (char *)data, size };
	return view;
}

/** views_used - was the one replaced asked for? */
bool views_used(void)
{
	return used;
}

/** views_close - the file that the tool keeps open until it ends */
void views_close(void)
{
	if (version)
		source_close(version);
}

static int serve(struct source *src, const char *name, const char *what)
{
	const struct view *view = find(name);
	size_t done = 0;
	ssize_t n;

	require(view, name);
	if (replaced.name == view->name) {
		view = &replaced;
		used = true;
	}
	if (!strcmp(name, "pte_raw"))
		raw = *view;
	if (!strcmp(name, "version"))
		version = src;
	src->what = xprintf("%s", what);
	src->saved = views_saved;
	src->fd = memfd_create("view", MFD_CLOEXEC);
	require(src->fd >= 0);
	for (; done < view->size; done += n) {
		n = write(src->fd, view->data + done, view->size - done);
		require(n > 0);
	}
	lseek(src->fd, 0, SEEK_SET);
	return EXIT_OK;
}

int source_open(struct source *src, enum place place, const char *dir, const char *view)
{
	/* What becomes part of a path must be able to lead to one place alone. */
	if (place == TARGET && strcmp(dir, "self"))
		require(*dir && !dir[strspn(dir, "0123456789")] && *dir != '0', dir);
	return serve(src, view, view);
}

int source_request(struct source *src, const char *view, const char *request, const char *what)
{
	require(isdigit((unsigned char)*request), request);
	return serve(src, view, what);
}

/* Up to the next stamp, which is where the module's read ends. */
static size_t one_read(size_t size, uint64_t *next)
{
	const size_t record = sizeof(struct mmscope_pte_raw);
	struct mmscope_pte_raw entry;
	size_t len;

	for (len = 0; len < size && len < raw.size; len += record) {
		if (raw.size - len < record)
			return raw.size;
		memcpy(&entry, raw.data + len, record);
		if (entry.kind != MMSCOPE_KIND_stamp)
			continue;
		*next = entry.va;
		return len + record;
	}
	return len;
}

/* What the fuzzer came up with knows no positions. A copy's read ends where the buffer does. */
ssize_t source_read(struct source *src, void *buf, size_t size, uint64_t at)
{
	const size_t record = sizeof(struct mmscope_pte_raw);
	uint64_t next = 0;
	size_t len;

	require(size >= 2 * record && !(size % record));
	len = raw.size < size ? raw.size : size;
	if (!src->saved)
		len = one_read(size, &next);
	while (len && next <= at && !used) {
		raw.data += len;
		raw.size -= len;
		len = one_read(size, &next);
	}
	memcpy(buf, raw.data, len);
	raw.data += len;
	raw.size -= len;
	return len;
}

void source_close(struct source *src)
{
	if (src == version)
		version = NULL;
	if (src->fd >= 0)
		close(src->fd);
	free(src->what);
	src->fd = -1;
	src->what = NULL;
}

int source_fail(const struct source *src, int err)
{
	return fail(src->what, err);
}
