// SPDX-License-Identifier: GPL-2.0
/* fields.def turned into tables. Constant data: nothing to lock. */
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/stddef.h>

#include "abi.h"
#include "field.h"

#define TABLE(r, help) static const struct mmscope_field fields_##r[] = {
#define OBJECT TABLE
#define BINARY TABLE
#define END(r) };
#define BINARY_END(r) };
#define FIELD(r, n, s, h) { .name = #n, .help = h, .show = MMSCOPE_SHOW_##s },
#define MEMBER(r, n, t, s, h) { .name = #n, .help = h, .ctype = #t, .show = MMSCOPE_SHOW_##s, \
	.offset = offsetof(struct mmscope_##r, n), .size = sizeof(t) },
#include "fields.def"

#define ROW(r, h, k, s) const struct mmscope_record mmscope_record_##r = { \
	.name = #r, .help = h, .fields = fields_##r, .count = ARRAY_SIZE(fields_##r), \
	.kind = MMSCOPE_RECORD_##k, .size = s };
#define TABLE(r, h) ROW(r, h, TABLE, 0)
#define OBJECT(r, h) ROW(r, h, OBJECT, 0)
#define BINARY(r, h) ROW(r, h, BINARY, sizeof(struct mmscope_##r))
#include "fields.def"

const struct mmscope_record *const mmscope_records[] = {
#define TABLE(r, h) &mmscope_record_##r,
#define OBJECT TABLE
#define BINARY TABLE
#include "fields.def"
};
const unsigned int mmscope_record_count = ARRAY_SIZE(mmscope_records);

/* A stamp stands among the entries, and is told from them by its kind. */
static_assert(sizeof(struct mmscope_stamp) == sizeof(struct mmscope_pte_raw));
static_assert(offsetof(struct mmscope_stamp, kind) == offsetof(struct mmscope_pte_raw, kind));
static_assert(sizeof(struct mmscope_pte_raw) % sizeof(u64) == 0);

static const struct {
	const char *name;
	unsigned int width;
} shows[] = {
	[MMSCOPE_SHOW_ADDR]  = { "addr", 18 },
	[MMSCOPE_SHOW_PFN]   = { "pfn", 10 },
	[MMSCOPE_SHOW_ENTRY] = { "entry", 18 },
	[MMSCOPE_SHOW_HEX]   = { "hex", 10 },
	[MMSCOPE_SHOW_COUNT] = { "count", 7 },
	[MMSCOPE_SHOW_BYTES] = { "bytes", 7 },
	[MMSCOPE_SHOW_US]    = { "us", 7 },
	[MMSCOPE_SHOW_STR]   = { "str", 5 },
	[MMSCOPE_SHOW_NAME]  = { "name", 9 },
	[MMSCOPE_SHOW_FLAGS] = { "flags", 64 },
};
static_assert(ARRAY_SIZE(shows) == MMSCOPE_SHOWS);

const char *mmscope_show_name(enum mmscope_show show)
{
	return shows[show].name;
}

unsigned int mmscope_show_width(enum mmscope_show show)
{
	return shows[show].width;
}
