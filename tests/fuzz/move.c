// SPDX-License-Identifier: GPL-2.0
/* Bytes moved inside the kernel: splice, sendfile, copy_file_range, tee. */
#include "mmfuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* debugfs files cannot be spliced from; a text's bytes are those of its capture here, too. */
static uint64_t may_read(const struct handle *h, loff_t pos, size_t size, bool moves)
{
	uint64_t may = M(OK);

	if (h->view->place != PROC || h->view->format == BINARY)
		may |= M(EINVAL);
	if (h->view->format == REQUEST || pos < 0)
		may |= M(EINVAL);
	if (h->target->fate == DYING || h->shared)
		may |= M(ESRCH);
	/* No further than the file that takes it can reach. */
	may |= M(EOVERFLOW) | (pos > INT32_MAX || size > INT32_MAX || moves ? M(EINVAL) : 0);
	return h->view->format == UNKNOWN ? ~0ULL : may;
}

static void settle(struct worker *w, struct handle *h, bool moved)
{
	(void)w;
	if (h->shared)
		return;
	handle_forget(h);
	if (moved)
		h->pos = -1;
}

static void do_splice(struct worker *w, struct handle *h)
{
	const uint64_t value = draw(w);
	const size_t size = hostile_size(w, h);
	loff_t pos = hostile_position(w, h), at = pos;
	const bool there = value & 1;
	char bytes[PAGE];
	ssize_t ret, got;

	if (there && pos > 0)
		handle_learn(w, h);
	ret = splice(h->fd, there ? &at : NULL, w->pipe[1], NULL, size, value >> 8 & 3);
	judge(w, h, ret, may_read(h, there ? pos : 0, size, !there) | (size ? 0 : M(OK)));
	if (ret > 0 && (size_t)ret > size)
		wrong(w, h, "%zd bytes spliced of %zu", ret, size);
	for (ssize_t left = ret, from = pos; left > 0; left -= got, from += got) {
		got = read(w->pipe[0], bytes, sizeof(bytes));
		if (got <= 0) {
			wrong(w, h, "%zd bytes spliced are not in the pipe", left);
			break;
		}
		if (there && pos > 0 && !h->shared && h->known &&
		    from + got <= (ssize_t)h->length &&
		    memcmp(bytes, h->text + from, got))
			wrong(w, h, "other bytes than the capture has at %#zx", from);
	}
	if (there && h->view->format == TEXT && ret >= 0 && at != pos + ret)
		wrong(w, h, "%zd bytes moved the position from %#llx to %#llx", ret,
		      (long long)pos, (long long)at);
	settle(w, h, !there);
}

static void do_sendfile(struct worker *w, struct handle *h)
{
	const uint64_t value = draw(w);
	const size_t size = hostile_size(w, h) % (4 * MIB);
	const bool there = value & 1, out = !(value & 14);
	loff_t pos = hostile_position(w, h), at = pos;
	ssize_t ret;

	if (out) {
		/* Into the file: it takes writes from memory alone. */
		at = 0;
		ret = sendfile(h->fd, w->scratch, &at, size);
		judge(w, h, ret, M(EINVAL) | M(EBADF) | M(OK));
		if (ret > 0)
			wrong(w, h, "sendfile wrote %zd", ret);
	} else {
		ret = sendfile(w->scratch, h->fd, there ? &at : NULL, size);
		judge(w, h, ret, may_read(h, there ? pos : 0, size, !there));
		if (ret > 0 && (size_t)ret > size)
			wrong(w, h, "%zd bytes sent of %zu", ret, size);
		ret = ftruncate(w->scratch, 0);
		lseek(w->scratch, 0, SEEK_SET);
	}
	settle(w, h, !there && !out);
}

static void do_copy(struct worker *w, struct handle *h)
{
	const uint64_t value = draw(w);
	loff_t at = hostile_position(w, h);
	const bool there = value & 1, self = value & 2;

	judge(w, h, copy_file_range(h->fd, there ? &at : NULL, self ? h->fd : w->scratch, NULL,
				    hostile_size(w, h), value & 4 ? 0 : value >> 8 & 3),
	      M(OK) | M(EXDEV) | M(EINVAL) | M(EBADF) | M(EOVERFLOW) | M(EOPNOTSUPP) |
	      M(EFBIG));
	if (ftruncate(w->scratch, 0))
		wrong(w, h, "no scratch file");
	settle(w, h, true);
}

static void do_tee(struct worker *w, struct handle *h)
{
	const size_t size = hostile_size(w, h);

	judge(w, h, tee(h->fd, w->pipe[1], size, SPLICE_F_NONBLOCK), M(EINVAL) | M(OK));
}

static const struct op move_ops[] = {
	{ "splice", do_splice, 5, F_ALL },
	{ "sendfile", do_sendfile, 4, F_ALL },
	{ "copy", do_copy, 3, F_ALL },
	{ "tee", do_tee, 1, F_ALL },
};
DEFINE_FAMILY(move);
