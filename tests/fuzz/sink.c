// SPDX-License-Identifier: GPL-2.0
/*
 * Where a read goes: memory that takes it, or only the first part of it, or none. The worker's
 * memory is all canaries, so a byte too many shows.
 */
#include "mmfuzz.h"

#include <string.h>

#define CANARY 0xa5
#define NEAR 512UL	/* bytes behind the result that are looked at each time */

enum kind { GOOD, PART, READONLY, NONE, GONE, KERNEL, NULLS, KINDS };

void sink_make(struct worker *w, struct sink *sink, size_t size)
{
	const uint64_t pick = below(w, 32), value = draw(w);
	const enum kind kind = pick < 22 ? GOOD : pick < 26 ? PART : READONLY + value % 5;
	static const uintptr_t nowhere[KINDS] = {
		[GONE] = 0x10000, [KERNEL] = 0xffff888000000000UL, [NULLS] = 0,
	};

	*sink = (struct sink){ .count = 1, .total = size, .base = w->memory };
	switch (kind) {
	case GOOD:	/* anywhere, if there is room for it to move */
		sink->good = size < MIB ? size : MIB;
		sink->base += size < MIB - 64 ? value % 64 : 0;
		sink->iov[0].iov_base = sink->base;
		break;
	case PART:
		sink->good = 1 + value % (value & 1 << 20 ? 64 : 2 * PAGE);
		sink->iov[0].iov_base = sink->base += MIB - sink->good;
		if (sink->good > size)
			sink->good = size;
		break;
	case READONLY:
	case NONE:
		sink->iov[0].iov_base = kind == NONE ? w->none : w->readonly;
		break;
	default:
		sink->refused = kind == KERNEL;
		sink->iov[0].iov_base = (void *)nowhere[kind];
	}
	sink->iov[0].iov_len = size;
	/* Such an area would reach into the kernel's. */
	sink->refused |= size > 1UL << 40;
}

/* The same as pieces, with empty ones among them. */
void sink_cut(struct worker *w, struct sink *sink)
{
	const unsigned int most = 1 + below(w, MAX_PIECES - 1);
	const uint64_t value = draw(w);
	char *at = sink->iov[0].iov_base;
	size_t left = sink->total, piece;

	sink->count = 0;
	for (unsigned int i = 0; i < most; i++) {
		piece = i & 1 ? value % 300 : i & 2 ? 0 : value >> 40 & 31;
		if (i + 1 == most || piece > left)
			piece = left;
		sink->iov[sink->count++] = (struct iovec){ at, piece };
		at += piece;
		left -= piece;
	}
}

static bool clean(const char *from, const char *to)
{
	for (; from < to && *from == (char)CANARY; from++)
		;
	return from >= to;
}

void sink_check(struct worker *w, const struct handle *h, struct sink *sink, long ret)
{
	char *end = w->memory + MIB, *near, *low, *high;
	size_t used = ret > 0 ? (size_t)ret : 0;

	if (ret > 0 && (size_t)ret > sink->total)
		wrong(w, h, "%ld bytes read of %zu asked for", ret, sink->total);
	if (!sink->good)
		return;
	/* A copy that failed may have begun. */
	if (ret < 0)
		used = sink->good < sink->total ? sink->good : 0;
	if (used > (size_t)(end - sink->base))
		used = end - sink->base;
	near = sink->base + used + NEAR < end ? sink->base + used + NEAR : end;
	low = sink->base < w->memory + 64 ? sink->base : w->memory + 64;
	high = sink->base + used > end - 64 ? sink->base + used : end - 64;
	if (!clean(sink->base + used, near) || !clean(w->memory, low) || !clean(high, end))
		wrong(w, h, "bytes beyond the %ld returned were changed", ret);
	memset(sink->base, CANARY, used);
	/* Once in a while all of it. */
	if (!(w->request & 255) && !clean(w->memory, end))
		wrong(w, h, "bytes far from where it read to were changed");
}
