/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_RUN_H
#define TOOLS_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "../module/abi.h"

/* Neighbouring entries that differ in nothing but where they map to and from. */
struct run {
	struct mmscope_pte_raw first;
	uint64_t bytes;
	uint64_t entries;
};

void run_begin(struct run *run, const struct mmscope_pte_raw *entry);
bool run_extend(struct run *run, const struct mmscope_pte_raw *entry, uint64_t page_size);

#endif
