// SPDX-License-Identifier: GPL-2.0
/* mmlat probe MIB AREAS | mmlat read WHAT PID: see probe.c and peer.c. */
#include "mmlat.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "probe"))
		return probe(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "read"))
		return peer(argv[2], argv[3]);
	fputs("usage: mmlat probe MIB AREAS\n"
	      "       mmlat read mmscope|smaps|page-types|kcore PID\n", stderr);
	return 2;
}
