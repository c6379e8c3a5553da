/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_ROWS_H
#define TOOLS_ROWS_H

#include "mmscope.h"

int rows_print(const struct request *req, struct source *src);

#endif
