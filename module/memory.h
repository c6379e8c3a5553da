/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory for what a reader asked for. It is charged to the reader, and where there is none to be
 * had the read fails with ENOMEM: without __GFP_RETRY_MAYFAIL the kernel would rather kill somebody
 * (in the reader's cgroup at its limit, else in the whole system), and that be somebody else. On
 * 6.1 and 6.12 the few page tables that vmalloc needs for itself are asked for without these flags.
 * To be freed by kvfree().
 */
#ifndef MMSCOPE_MEMORY_H
#define MMSCOPE_MEMORY_H

#include <linux/slab.h>
#include <linux/vmalloc.h>

#define MMSCOPE_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * As kvmalloc(), which cannot be told to go easy on contiguous pages and to try hard for others:
 * with our flags it would compact memory for what single pages do as well.
 */
static inline void *mmscope_memory_get(size_t size)
{
	void *memory;

	if (size <= PAGE_SIZE)
		return kmalloc(size, MMSCOPE_GFP);
	memory = kmalloc(size, MMSCOPE_GFP | __GFP_NORETRY);
	return memory ?: __vmalloc(size, MMSCOPE_GFP);
}

#endif
