/* SPDX-License-Identifier: GPL-2.0 */
/* The module's parameters, under /sys/module/mmscope/parameters. */
#ifndef MMSCOPE_MAIN_H
#define MMSCOPE_MAIN_H

#define MMSCOPE_NAME "mmscope"
#define MMSCOPE_VERSION "0.1.0"

extern unsigned int mmscope_budget_us, mmscope_max_targets, mmscope_max_capture_mb;
extern bool mmscope_show_addresses;

#endif
