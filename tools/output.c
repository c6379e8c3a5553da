// SPDX-License-Identifier: GPL-2.0
/*
 * Standard output from beginning to end: whatever is lost on the way there is told by the exit
 * status, and by an error where the shell does not know of itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "mmscope.h"
#include "output.h"

/* Why output was lost, kept from where it was noticed. */
static int lost;
static bool quiet_pipe;

/*
 * A descriptor that came closed would be the next file's, and what is meant for standard output
 * would go into that, a request file of the module maybe. Opened the wrong way round it gives the
 * error that a closed one gives.
 */
static void open_standard(void)
{
	static const int wrong_way[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = 0; fd < (int)ARRAY_SIZE(wrong_way); fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", wrong_way[fd]) != fd)
			exit(EXIT_FAILED);
	}
}

/** output_open - before anything else is opened or printed */
void output_open(void)
{
	static char buffer[64 * 1024];

	open_standard();
	/*
	 * Neither a pipe without a reader nor a limit on the size of files kills: the exit status
	 * tells. Who closes a pipe knows it, but who has SIGPIPE ignored asks for an error.
	 */
	quiet_pipe = signal(SIGPIPE, SIG_IGN) == SIG_DFL;
	signal(SIGXFSZ, SIG_IGN);
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

/** output_good - false when the output takes no more; output_close() tells why */
bool output_good(void)
{
	if (!ferror(stdout))
		return true;
	if (!lost)
		lost = errno ?: EIO;
	return false;
}

/** output_close - see that all output arrived: EXIT_OK, or EXIT_FAILED with the error reported */
int output_close(void)
{
	bool good = output_good();

	if (fclose(stdout) && good)
		lost = errno;
	if (!lost)
		return EXIT_OK;
	return lost == EPIPE && quiet_pipe ? EXIT_FAILED : fail("standard output", lost);
}
