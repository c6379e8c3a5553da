/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_PTE_RAW_H
#define TOOLS_PTE_RAW_H

#include "../module/abi.h"
#include "names.h"
#include "source.h"

#define PTE_RAW_BUFFER (64 * 1024)
#define PTE_RAW_RECORDS (PTE_RAW_BUFFER / sizeof(struct mmscope_pte_raw))

/**
 * struct pte_raw - the view pte_raw while it is read
 * @from, @to: the range asked for
 * @position: the virtual address to read on from
 * @after: the end of the last entry since the last stamp, 0 where there was none
 * @end: an entry beyond the range was seen: nothing is missing but the stamp
 * @reads: how many ended in a stamp; what these say together is in the members below
 */
struct pte_raw {
	struct source *source;
	uint64_t from, to, position, page_size;
	struct mmscope_pte_raw buffer[PTE_RAW_RECORDS];
	size_t count, next;
	uint64_t after;
	bool end;
	unsigned long reads;
	uint64_t consistent, holds, hold_max_us;
};

void pte_raw_open(struct pte_raw *raw, struct source *src, uint64_t from, uint64_t to,
		  uint64_t page_size);
int pte_raw_next(struct pte_raw *raw, const struct mmscope_pte_raw **entry);
char *pte_raw_stamp(const struct pte_raw *raw, const struct names *names);

#endif
