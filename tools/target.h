/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_TARGET_H
#define TOOLS_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "source.h"

bool pid_valid(const char *operand);
char *pid_text(const char *operand);
int address_parse(const char **at, uint64_t *address);
int module_check(uint64_t *page_size);
int target_open(struct source *src, const char *operand, const char *view);

#endif
