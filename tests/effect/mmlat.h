/* SPDX-License-Identifier: GPL-2.0 */
/* One who measures what memory calls cost him, and those who read meanwhile. */
#ifndef MMLAT_H
#define MMLAT_H

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

int probe(const char *mib, const char *areas);
int peer(const char *what, const char *pid);

#endif
