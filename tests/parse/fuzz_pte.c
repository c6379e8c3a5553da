// SPDX-License-Identifier: GPL-2.0
/*
 * pte_raw: the input is what the module's reads give, one behind the other. Read live and as a
 * saved copy, each entry by itself and merged, all and a range: all have to tell the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mmscope.h"
#include "../../module/abi.h"

#define PAGE 4096

/* What the records say by themselves. */
struct sum {
	bool good;		/* whole, in order, stamped */
	bool early;		/* a stamp leads to the end of all addresses: no more is read */
	size_t entries;
	uint64_t bytes, from, to;
};

static struct sum sum_of(const uint8_t *data, size_t size)
{
	struct sum sum = { .good = !(size % sizeof(struct mmscope_pte_raw)) };
	struct mmscope_pte_raw entry;
	unsigned __int128 after = 0;
	uint64_t next = 0;
	bool open = false;

	for (; size >= sizeof(entry) && !sum.early; data += sizeof(entry), size -= sizeof(entry)) {
		memcpy(&entry, data, sizeof(entry));
		if (entry.kind == MMSCOPE_KIND_stamp) {
			sum.good &= entry.va > next;
			sum.early = entry.va == UINT64_MAX;
			next = entry.va;
			after = 0;
			open = false;
			continue;
		}
		sum.good &= entry.va >= after && !(entry.va % PAGE) && entry.size &&
			    !(entry.size % PAGE);
		after = (unsigned __int128)entry.va + entry.size;
		sum.good &= after <= UINT64_MAX;
		open = true;
		/* Some range of the input's own to ask for. */
		sum.from = sum.entries % 3 ? sum.from : entry.va;
		sum.to = entry.va + PAGE;
		sum.entries++;
		sum.bytes += entry.size;
	}
	sum.good &= !open;
	return sum;
}


static struct outcome run(const uint8_t *data, size_t size, bool saved, const char *const *words)
{
	struct outcome o;

	views_replace("pte_raw", data, size);
	views_saved = saved;
	tool_run(&o, words);
	views_saved = false;
	tool_require_sane(&o);
	require(o.status < 2, o.err);
	return o;
}

#define RUN(data, size, saved, ...) \
	run(data, size, saved, (const char *const []){ "pte", __VA_ARGS__, NULL })

/* Rows of "bytes entries" added up; the number of rows. */
static size_t add_up(const char *text, uint64_t *bytes, uint64_t *entries)
{
	uint64_t b, e;
	size_t rows = 0;
	int len;

	*bytes = *entries = 0;
	while (sscanf(text, "%" SCNu64 " %" SCNu64 "\n%n", &b, &e, &len) == 2) {
		*bytes += b;
		*entries += e;
		text += len;
		rows++;
	}
	require(!*text, text);
	return rows;
}

static void check_range(const uint8_t *data, size_t size, const struct sum *sum)
{
	struct outcome live, saved;
	char range[64];

	if (sum->from >= sum->to)
		return;
	snprintf(range, sizeof(range), "%" PRIx64 "-0x%" PRIx64, sum->from, sum->to);
	live = RUN(data, size, false, "-anr", "-R", range, "-o", "va,size");
	saved = RUN(data, size, true, "-anr", "-R", range, "-o", "va,size");
	/* A live read of a range may end early for lack of room, and so without its stamp. */
	if (sum->good && !sum->early) {
		require(!saved.status, saved.err);
		require(live.status || !strcmp(live.out, saved.out), live.out, saved.out);
	}
	for (const char *at = saved.out; *at && !saved.status; at = strchr(at, '\n') + 1) {
		uint64_t va, bytes;

		require(sscanf(at, "0x%" SCNx64 " %" SCNu64, &va, &bytes) == 2, at);
		require(va < sum->to && va + bytes > sum->from, at);
	}
	tool_free(&live);
	tool_free(&saved);
}

int fuzz_pte(const uint8_t *data, size_t size)
{
	const struct sum sum = sum_of(data, size);
	struct outcome all = RUN(data, size, false, "-anr", "-o", "size,entries");
	struct outcome saved = RUN(data, size, true, "-anr", "-o", "size,entries");
	struct outcome merged = RUN(data, size, false, "-nr", "-o", "size,entries");
	struct outcome json = RUN(data, size, false, "-J");
	struct outcome table = RUN(data, size, false, "-a", "-o",
				   "va,entry,swap_type,swap_offset,kpf,refcount");
	uint64_t bytes, entries;

	if (!sum.early)
		require(all.status == !sum.good && saved.status == !sum.good, all.err, saved.err);
	require(merged.status == all.status && json.status == all.status, json.err);
	require(json_valid(json.out, json.out_size) == !json.status, json.out);
	if (!all.status) {
		require(!strcmp(all.out, saved.out) || sum.early, all.out, saved.out);
		require(add_up(all.out, &bytes, &entries) == sum.entries, all.out);
		require(bytes == sum.bytes, all.out);
		require((long)add_up(merged.out, &bytes, &entries) ==
			json_rows(json.out, json.out_size), json.out);
		require(entries == sum.entries && bytes == sum.bytes, merged.out);
	}
	check_range(data, size, &sum);
	tool_free(&all);
	tool_free(&saved);
	tool_free(&merged);
	tool_free(&json);
	tool_free(&table);
	return 0;
}
