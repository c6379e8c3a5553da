// SPDX-License-Identifier: GPL-2.0
/* io_uring: the same reads out of the kernel's worker threads, many at once, some recalled. */
#include "mmfuzz.h"

#include <poll.h>
#include <string.h>

#define BATCH 24
#define PIECE 4096UL

/* Waits for one; its result, as of a system call. */
static long reap(struct worker *w, uint64_t *which)
{
	struct io_uring_cqe *cqe;
	int err = io_uring_wait_cqe(&w->ring, &cqe);
	long ret;

	if (err < 0) {
		errno = -err;
		return -1;
	}
	if (which)
		*which = cqe->user_data;
	ret = cqe->res;
	io_uring_cqe_seen(&w->ring, cqe);
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

static void do_one(struct worker *w, struct handle *h)
{
	const uint64_t kind = below(w, 4), value = draw(w);
	const loff_t pos = hostile_position(w, h);
	const size_t size = hostile_size(w, h) & UINT32_MAX;
	struct io_uring_sqe *sqe;
	struct prediction p;
	struct sink sink;
	int fd = h->fd;
	long ret;

	if (!w->has_ring)
		return;
	sink_make(w, &sink, size);
	if (kind == 1) {
		/* A registered buffer: what lies outside of it is refused. */
		if (sink.good < size && sink.iov[0].iov_base != sink.base)
			sink.iov[0].iov_base = w->readonly;
		sink.refused |= sink.good < size || !size;
	} else if (kind == 2) {
		sink_cut(w, &sink);
	}
	if (pos > 0)
		handle_learn(w, h);
	p = predict_read(h, &sink, pos);
	p.goes_on = true;
	if (size > INT32_MAX)
		p.may |= M(EINVAL) | M(EOVERFLOW) | M(EFAULT);
	sqe = io_uring_get_sqe(&w->ring);
	if (kind == 1)
		io_uring_prep_read_fixed(sqe, fd, sink.iov[0].iov_base, size, pos, 0);
	else if (kind == 2)
		io_uring_prep_readv(sqe, fd, sink.iov, sink.count, pos);
	else
		io_uring_prep_read(sqe, fd, sink.iov[0].iov_base, size, pos);
	if (kind == 3 && io_uring_register_files_update(&w->ring, value % 4, &fd, 1) == 1) {
		sqe->fd = value % 4;
		sqe->flags |= IOSQE_FIXED_FILE;
	}
	sqe->flags |= value & 1 << 20 ? IOSQE_ASYNC : 0;
	sqe->ioprio = 0;
	io_uring_submit(&w->ring);
	ret = reap(w, NULL);
	if (pos == -1) {
		/* Wherever it stands. */
		judge(w, h, ret, ~M(OTHER));
		sink_check(w, h, &sink, ret);
		if (!h->shared) {
			handle_forget(h);
			h->pos = -1;
		}
		return;
	}
	judge_read(w, h, &sink, pos, ret, &p);
}

/* Many reads in flight, some recalled while they are. */
static void do_many(struct worker *w, struct handle *h)
{
	const uint64_t recalled = draw(w);
	loff_t positions[BATCH];
	struct io_uring_sqe *sqe;
	unsigned int sent = 0;
	uint64_t which;
	long ret;

	if (!w->has_ring)
		return;
	for (uint64_t i = 0; i < BATCH; i++) {
		positions[i] = hostile_position(w, h);
		if (positions[i] < 0)
			positions[i] = 0;
		sqe = io_uring_get_sqe(&w->ring);
		io_uring_prep_read(sqe, h->fd, w->memory + i * PIECE, PIECE, positions[i]);
		sqe->flags |= IOSQE_ASYNC;
		sqe->user_data = i;
		sent++;
		if (recalled >> i & 1) {
			sqe = io_uring_get_sqe(&w->ring);
			io_uring_prep_cancel64(sqe, i - (recalled >> 32 & 3), 0);
			sqe->user_data = BATCH;
			sent++;
		}
	}
	io_uring_submit(&w->ring);
	while (sent--) {
		const char *why = NULL;
		loff_t next;

		ret = reap(w, &which);
		if (which >= BATCH)
			continue;
		judge(w, h, ret, M(OK) | M(ECANCELED) | M(EINVAL) | M(EOVERFLOW) |
		      (h->target->fate == DYING || h->shared ? M(ESRCH) : 0) |
		      (h->view->format == UNKNOWN ? ~0ULL : 0));
		if (ret > (long)PIECE)
			wrong(w, h, "%ld bytes read of %lu asked for", ret, PIECE);
		else if (ret > 0 && h->view->format == BINARY)
			why = check_records(h->view, w->memory + which * PIECE, ret,
					    positions[which], &next);
		if (why)
			wrong(w, h, "%s", why);
	}
	memset(w->memory, 0xa5, BATCH * PIECE);
	if (!h->shared)
		handle_forget(h);
}

static void do_poll(struct worker *w, struct handle *h)
{
	struct io_uring_sqe *sqe;
	unsigned int left = 2;
	uint64_t which;
	long ret;

	if (!w->has_ring)
		return;
	sqe = io_uring_get_sqe(&w->ring);
	io_uring_prep_poll_add(sqe, h->fd, POLLIN);
	sqe->user_data = 1;
	sqe = io_uring_get_sqe(&w->ring);
	io_uring_prep_cancel64(sqe, 1, 0);
	sqe->user_data = 2;
	io_uring_submit(&w->ring);
	while (left--) {
		ret = reap(w, &which);
		judge(w, h, ret, M(OK) | (which == 2 ? M(ENOENT) : M(ECANCELED)));
	}
}

static const struct op ring_ops[] = {
	{ "ring-read", do_one, 14, F_ALL },
	{ "ring-many", do_many, 1, F_ALL },
	{ "ring-poll", do_poll, 1, F_ALL },
};
DEFINE_FAMILY(ring);
