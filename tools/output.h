/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include <stdbool.h>

void output_open(void);
bool output_good(void);
int output_close(void);

#endif
