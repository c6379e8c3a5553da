/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_LAYOUT_H
#define TOOLS_LAYOUT_H

int layout_check(void);

#endif
