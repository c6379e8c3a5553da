/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include "mmscope.h"

struct table;

struct table *table_open(const struct request *req);
bool table_row(struct table *table, const struct cells *row);
void table_close(struct table *table, const char *stamp);

#endif
