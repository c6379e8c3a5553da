// SPDX-License-Identifier: GPL-2.0
/*
 * Reads pte_raw entry by entry and says what its stamps say together. Each read is of one moment
 * at best; entries may change between two, so more than one read is never `yes`.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

#include "error.h"
#include "mmscope.h"
#include "pte_raw.h"

_Static_assert(sizeof(struct mmscope_stamp) == sizeof(struct mmscope_pte_raw) &&
	       offsetof(struct mmscope_stamp, kind) == offsetof(struct mmscope_pte_raw, kind),
	       "a stamp stands in place of an entry");

/** pte_raw_open - begin to read the entries that map something of @from to @to, @to excluded */
void pte_raw_open(struct pte_raw *raw, struct source *src, uint64_t from, uint64_t to,
		  uint64_t page_size)
{
	raw->source = src;
	raw->from = from;
	raw->position = from;
	raw->to = to;
	raw->page_size = page_size;
	raw->count = 0;
	raw->next = 0;
	raw->end = false;
	raw->reads = 0;
	raw->consistent = MMSCOPE_CONSISTENT_yes;
	raw->holds = 0;
	raw->hold_max_us = 0;
}

static void take_stamp(struct pte_raw *raw, const struct mmscope_stamp *stamp)
{
	raw->position = stamp->next;
	raw->reads++;
	raw->holds += stamp->holds;
	if (stamp->hold_max_us > raw->hold_max_us)
		raw->hold_max_us = stamp->hold_max_us;
	/* `no` outweighs what is unknown, and that outweighs `yes`. */
	if (stamp->consistent == MMSCOPE_CONSISTENT_no)
		raw->consistent = MMSCOPE_CONSISTENT_no;
	else if (raw->consistent == MMSCOPE_CONSISTENT_yes &&
		 (raw->reads > 1 || stamp->consistent != MMSCOPE_CONSISTENT_yes))
		raw->consistent = MMSCOPE_CONSISTENT_unknown;
}

/* Bytes to ask for: no more than the rest of the range can fill, the stamp and a cut page added. */
static size_t fill_size(const struct pte_raw *raw)
{
	uint64_t pages = (raw->to - raw->position) / raw->page_size;

	if (raw->source->saved || pages + 2 > PTE_RAW_RECORDS)
		pages = PTE_RAW_RECORDS - 2;
	return (pages + 2) * sizeof(raw->buffer[0]);
}

/* Fills the buffer; 1, 0 at the end, or -1 with the error reported. */
static int fill(struct pte_raw *raw)
{
	uint64_t before = raw->position;
	const struct mmscope_pte_raw *last;
	ssize_t len;

	if (raw->end || (!raw->source->saved && raw->position >= raw->to))
		return 0;
	len = source_read(raw->source, raw->buffer, fill_size(raw), raw->position);
	if (len < 0) {
		source_fail(raw->source, errno);
		return -1;
	}
	if (len % sizeof(raw->buffer[0])) {
		fail_text(raw->source->what, NULL, "%zd bytes are no whole records", len);
		return -1;
	}
	raw->count = len / sizeof(raw->buffer[0]);
	raw->next = 0;
	if (!raw->count)
		return 0;
	last = &raw->buffer[raw->count - 1];
	if (raw->source->saved)
		return 1;
	/* Without a stamp that leads on, this would go round for ever. */
	if (last->kind != MMSCOPE_KIND_stamp || last->va <= before) {
		fail_text(raw->source->what, "module and tool must be of one version",
			  "a read at 0x%" PRIx64 " has no stamp that leads on", before);
		return -1;
	}
	return 1;
}

/**
 * pte_raw_next - the next entry, which lasts until the next call
 *
 * The first may begin before the range: a huge leaf comes whole.
 * Return: 1, 0 at the end, or -1 with the error reported.
 */
int pte_raw_next(struct pte_raw *raw, const struct mmscope_pte_raw **entry)
{
	int rc;

	for (;;) {
		if (raw->next == raw->count) {
			rc = fill(raw);
			if (rc <= 0)
				return rc;
		}
		*entry = &raw->buffer[raw->next++];
		if ((*entry)->kind == MMSCOPE_KIND_stamp) {
			take_stamp(raw, (const struct mmscope_stamp *)*entry);
			continue;
		}
		if ((*entry)->va >= raw->to)
			raw->end = true;	/* but for the stamp of this read */
		else if ((*entry)->va + (*entry)->size > raw->from)
			return 1;
	}
}

/** pte_raw_stamp - the closing line for all that was read, without its "# "; to be freed */
char *pte_raw_stamp(const struct pte_raw *raw, const struct names *names)
{
	uint64_t worth = raw->reads ? raw->consistent : MMSCOPE_CONSISTENT_unknown;
	char text[64];

	return xprintf("consistent=%s holds=%" PRIu64 " hold_max_us=%" PRIu64,
		       names_value(names, "consistent", worth, text, sizeof(text)),
		       raw->holds, raw->hold_max_us);
}
