/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel headers that compat.h and every probe start from: the same for both, so that a probe
 * answers for the code it is asked for.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/hugetlb.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/swapops.h>
