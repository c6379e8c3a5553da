/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Where the module keeps a view: /proc/mmscope, the top of debugfs, a target's directory there. */
enum place { PROC, DEBUG, TARGET };

/**
 * struct source - an open view
 * @what: what errors are about, a path or a process
 * @saved: a plain file with a copy of what the module once gave: it takes no request and its
 *         records are read in order
 */
struct source {
	int fd;
	char *what;
	bool saved;
};

int source_open(struct source *src, enum place place, const char *dir, const char *view);
int source_request(struct source *src, const char *view, const char *request, const char *what);
ssize_t source_read(struct source *src, void *buf, size_t size, uint64_t at);
void source_close(struct source *src);
int source_fail(const struct source *src, int err);

#endif
