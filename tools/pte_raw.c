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
	/* A saved copy begins where it begins. */
	raw->position = src->saved ? 0 : from;
	raw->to = to;
	raw->page_size = page_size;
	raw->count = 0;
	raw->next = 0;
	raw->after = 0;
	raw->end = false;
	raw->reads = 0;
	raw->consistent = MMSCOPE_CONSISTENT_yes;
	raw->holds = 0;
	raw->hold_max_us = 0;
}

static int damaged(const struct pte_raw *raw, const char *what)
{
	fail_text(raw->source->what, "module and tool must be of one version",
		  "%s, read from 0x%" PRIx64 " on", what, raw->position);
	return -1;
}

/* 0, or -1 with the error reported. A stamp that does not lead on would lead round for ever. */
static int take_stamp(struct pte_raw *raw, const struct mmscope_stamp *stamp)
{
	if (stamp->next <= raw->position)
		return damaged(raw, "a stamp that does not lead on");
	raw->position = stamp->next;
	raw->after = 0;
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
	return 0;
}

/* 0, or -1 with the error reported. Within a read entries are whole pages and follow each other. */
static int take_entry(struct pte_raw *raw, const struct mmscope_pte_raw *entry)
{
	if (!entry->size || (entry->va | entry->size) % raw->page_size ||
	    entry->va + entry->size < entry->va || entry->va < raw->after)
		return damaged(raw, "an entry out of place");
	raw->after = entry->va + entry->size;
	if (entry->va >= raw->to)
		raw->end = true;
	return 0;
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
	ssize_t len;

	/* Each read of the module's ends with a stamp; in a copy they follow one another. */
	if (raw->after && !raw->source->saved)
		return damaged(raw, "entries without a stamp");
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
	if (!raw->count && raw->after)
		return damaged(raw, "entries without a stamp");
	return raw->count > 0;
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

	/* Entries of which no stamp tells the worth are not the end. */
	while (raw->after || (!raw->end && raw->position < raw->to)) {
		if (raw->next == raw->count) {
			rc = fill(raw);
			if (rc <= 0)
				return rc;
		}
		*entry = &raw->buffer[raw->next++];
		if ((*entry)->kind == MMSCOPE_KIND_stamp)
			rc = take_stamp(raw, (const struct mmscope_stamp *)*entry);
		else
			rc = take_entry(raw, *entry);
		if (rc)
			return rc;
		if (raw->after > raw->from && !raw->end)
			return 1;
	}
	return 0;
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
