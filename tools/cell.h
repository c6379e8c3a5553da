/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_CELL_H
#define TOOLS_CELL_H

#include <stdbool.h>
#include <stdio.h>

#include "record.h"

bool cell_is_absent(const char *cell);
bool cell_valid(const char *cell, enum show show);
char *cell_for_people(const char *cell);
void cell_json(FILE *out, const char *cell, enum show show);
void json_string(FILE *out, const char *text);

#endif
