// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of all kinds, and what must come of them. A text gives exactly the bytes of its capture
 * that lie at the position; a binary view whole records, and moves to the next address.
 */
#include "mmfuzz.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST (INT32_MAX & ~(long)(PAGE - 1))	/* that the kernel takes on at once */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct prediction predict_text(const struct handle *h, const struct sink *sink, loff_t pos)
{
	struct prediction p = { .may = M(OK), .exact = -1 };
	size_t there;

	if (h->view->format == REQUEST && (!h->requested || h->shared))
		p.may = h->view->grammar->unwritten | (h->shared ? M(OK) : 0);
	if (h->view->grammar->words[0] == 'P' && !strcmp(h->view->name, "detach")) {
		p.may = M(EINVAL);
		return p;
	}
	if (!sink->total && p.may & M(OK)) {
		p.may |= M(OK);
		p.exact = 0;
		return p;
	}
	/* A position not 0 is served from the capture there is, without another look. */
	if (h->known && pos) {
		there = (size_t)pos < h->length ? smaller(sink->total, h->length - pos) : 0;
		p.may = M(OK);
		p.exact = there;
		if (there > sink->good) {
			p.exact = -1;
			p.may = sink->good ? M(OK) : M(EFAULT);
		}
		return p;
	}
	if (h->target->fate == DYING || h->shared)
		p.may |= M(ESRCH);
	if (sink->good < sink->total)
		p.may |= M(EFAULT);
	return p;
}

static struct prediction predict_binary(const struct handle *h, const struct sink *sink)
{
	struct prediction p = { .may = M(OK), .exact = -1 };

	if (sink->total < 2 * h->view->record)
		p.may = M(EINVAL);
	if (h->target->fate == DYING)
		p.may |= M(ESRCH);
	if (sink->good < smaller(sink->total, 16 * PAGE))
		p.may |= M(EFAULT);
	return p;
}

struct prediction predict_read(const struct handle *h, const struct sink *sink, loff_t pos)
{
	struct prediction p = { .may = M(OK), .exact = -1 };
	uint64_t refusals = 0;

	switch (h->view->format) {
	case TEXT:
	case REQUEST:
		p = predict_text(h, sink, pos);
		break;
	case BINARY:
		p = predict_binary(h, sink);
		break;
	default:
		p.may = ~0ULL;
	}
	/* What the kernel refuses before it asks the module. */
	if (pos < 0)
		refusals |= M(EINVAL);
	if (pos > (loff_t)(INT64_MAX - smaller(sink->total, MOST)))
		refusals |= M(EINVAL) | M(EOVERFLOW);
	else if (pos > (loff_t)(INT64_MAX - smaller(sink->total, INT64_MAX)))
		p.may |= M(EINVAL) | M(EOVERFLOW);
	if (refusals) {
		p.may = refusals;
		p.exact = -1;
	}
	if (sink->refused)
		p.may |= M(EFAULT) | M(EINVAL);
	/* Nothing to do is done before some looks, after others. */
	if (!sink->total)
		p.may |= M(OK) | (h->view->format == BINARY ? M(EINVAL) : 0);
	return p;
}

static void gather(const struct sink *sink, long ret, char *to)
{
	/* All pieces lie one behind the other. */
	memcpy(to, sink->base, ret);
}

/* A read at 0 made a new capture: what it gave must be how that begins. */
static void judge_begin(struct worker *w, struct handle *h, const struct sink *sink, long ret)
{
	char first;

	handle_forget(h);
	if (ret <= 0 || h->shared || h->view->format == UNKNOWN || !h->text)
		return;
	gather(sink, 1, &first);
	h->text[0] = first;
	ssize_t got = pread(h->fd, h->text + 1, MIB - 1, 1);

	if (got <= 0 || got == MIB - 1)
		return;
	h->length = got + 1;
	h->known = true;
	if ((size_t)ret != smaller(smaller(sink->total, sink->good), h->length) && !options.faults)
		wrong(w, h, "gave %ld of a text of %zu", ret, h->length);
	if (memcmp(sink->base, h->text, smaller(ret, h->length)))
		wrong(w, h, "a text that goes on otherwise than it began");
	const char *why = check_text(h->text, h->length);

	if (!why)
		why = grammar_fits(h);
	if (why)
		wrong(w, h, "%s", why);
}

loff_t judge_read(struct worker *w, struct handle *h, struct sink *sink, loff_t pos, long ret,
		  const struct prediction *p)
{
	const int error = errno;
	const char *why = NULL;
	loff_t next = pos;

	errno = error;
	if (judge(w, h, ret, p->may)) {
		if (p->exact >= 0 && ret != p->exact && !options.faults)
			wrong(w, h, "gave %ld at %#llx, should be %ld", ret, (long long)pos,
			      p->exact);
		next = pos + ret;
	}
	if (ret > (long)sink->good) {
		wrong(w, h, "gave %ld where %zu can be written", ret, sink->good);
	} else if (h->view->format == BINARY) {
		next = pos;
		if (ret > 0) {
			static __thread char records[64 << 10];

			if (ret > (long)sizeof(records) && p->goes_on) {
				if (ret % h->view->record)
					wrong(w, h, "gave %ld, no whole records", ret);
			} else if (ret > (long)sizeof(records)) {
				wrong(w, h, "gave %ld, more than 64 KiB", ret);
			} else {
				gather(sink, ret, records);	/* aligned */
				why = check_records(h->view, records, ret, pos, &next);
			}
		}
	} else if (!h->shared && ret > 0 && pos > 0 && h->known) {
		if (memcmp(sink->base, h->text + pos, ret))
			why = "other bytes than the capture has there";
	} else if (!h->shared && pos == 0 && sink->total && h->view->format != UNKNOWN) {
		judge_begin(w, h, sink, ret);
	}
	if (why)
		wrong(w, h, "%s (%ld bytes at %#llx)", why, ret, (long long)pos);
	sink_check(w, h, sink, ret);
	return next;
}

/* Positions other than 0 can be foretold once the capture is known. */
static void learn(struct worker *w, struct handle *h, loff_t pos)
{
	if (pos > 0)
		handle_learn(w, h);
}

static void do_read(struct worker *w, struct handle *h)
{
	struct sink sink;
	struct prediction p;
	const loff_t pos = h->pos;
	ssize_t ret;

	sink_make(w, &sink, hostile_size(w, h));
	if (h->shared) {
		/* Wherever it stands by now. */
		ret = read(h->fd, sink.iov[0].iov_base, sink.total);
		judge(w, h, ret, predict_read(h, &sink, 0).may | predict_read(h, &sink, 1).may |
		      M(EOVERFLOW) | M(EINVAL));
		sink_check(w, h, &sink, ret);
		return;
	}
	learn(w, h, pos);
	p = predict_read(h, &sink, pos);
	ret = read(h->fd, sink.iov[0].iov_base, sink.total);
	h->pos = judge_read(w, h, &sink, pos, ret, &p);
}

static void do_pread(struct worker *w, struct handle *h)
{
	const loff_t pos = hostile_position(w, h);
	struct prediction p;
	struct sink sink;

	sink_make(w, &sink, hostile_size(w, h));
	learn(w, h, pos);
	p = predict_read(h, &sink, pos);
	judge_read(w, h, &sink, pos, pread(h->fd, sink.iov[0].iov_base, sink.total, pos), &p);
}

/* readv, preadv, preadv2 with flags; a list that is no list. */
static void do_preadv(struct worker *w, struct handle *h)
{
	const uint64_t kind = below(w, 16), flags = draw(w) & 0x1ff;
	const loff_t pos = hostile_position(w, h);
	struct prediction p;
	struct sink sink;
	long ret;

	sink_make(w, &sink, hostile_size(w, h));
	sink_cut(w, &sink);
	if (kind < 2) {
		static struct iovec many[1025];
		const int count = ARRAY_SIZE(many);

		sink.good = sink.total = 0;
		ret = kind ? preadv(h->fd, many, count, pos) :
			     preadv(h->fd, (struct iovec *)w->none, 2, pos);
		judge(w, h, ret, M(EINVAL) | (kind ? 0 : M(EFAULT)));
		return;
	}
	if (kind < 4) {
		ret = syscall(SYS_preadv, h->fd, sink.iov, kind == 2 ? 0 : -1, pos, 0);
		judge(w, h, ret, M(EINVAL) | (kind == 2 ? M(OK) : 0));
		return;
	}
	learn(w, h, pos);
	p = predict_read(h, &sink, pos);
	if (sink.total > INT64_MAX)
		p.may |= M(EINVAL);
	ret = preadv2(h->fd, sink.iov, sink.count, pos, kind < 11 ? 0 : flags);
	if (pos == -1) {
		/* This one means: wherever it stands. */
		judge(w, h, ret, ~M(OTHER));
		sink_check(w, h, &sink, ret);
		handle_forget(h);
		h->pos = -1;
		return;
	}
	if (kind >= 11 && flags >= 8) {
		if (ret < 0)
			p.may |= M(EOPNOTSUPP) | M(EINVAL);
		/* No promise of any flag is kept but those that ask for nothing. */
		if (flags & 8)
			p.may &= ~M(OK) | (sink.total ? 0 : M(OK));
		p.exact = -1;
	}
	judge_read(w, h, &sink, pos, ret, &p);
}

static void do_readv(struct worker *w, struct handle *h)
{
	const loff_t pos = h->pos;
	struct prediction p;
	struct sink sink;
	ssize_t ret;

	sink_make(w, &sink, hostile_size(w, h));
	sink_cut(w, &sink);
	if (h->shared) {
		ret = readv(h->fd, sink.iov, sink.count);
		judge(w, h, ret, predict_read(h, &sink, 0).may | predict_read(h, &sink, 1).may |
		      M(EOVERFLOW) | M(EINVAL));
		sink_check(w, h, &sink, ret);
		return;
	}
	learn(w, h, pos);
	p = predict_read(h, &sink, pos);
	if (sink.total > INT64_MAX)
		p.may |= M(EINVAL);
	ret = readv(h->fd, sink.iov, sink.count);
	h->pos = judge_read(w, h, &sink, pos, ret, &p);
}

static void do_lseek(struct worker *w, struct handle *h)
{
	static const int whences[] = {
		SEEK_SET, SEEK_SET, SEEK_SET, SEEK_CUR, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, 5,
		-1, INT32_MAX,
	};
	const int whence = whences[below(w, ARRAY_SIZE(whences))];
	const loff_t off = hostile_position(w, h), back = draw(w) & 1 ? -off : off;
	const loff_t to = whence == SEEK_CUR ? (loff_t)((uint64_t)h->pos + back) : off;
	const bool good = whence <= SEEK_CUR && whence >= 0 && to >= 0;
	const loff_t ret = lseek(h->fd, whence == SEEK_CUR ? back : off, whence);

	if (h->shared) {
		judge(w, h, ret, M(OK) | M(EINVAL) | M(EOVERFLOW));
		return;
	}
	if (judge(w, h, ret, good ? M(OK) : M(EINVAL) | M(EOVERFLOW))) {
		if (good && ret != to)
			wrong(w, h, "went to %#llx, should be %#llx", (long long)ret,
			      (long long)to);
		h->pos = ret;
	}
}

static const struct op read_ops[] = {
	{ "read", do_read, 30, F_ALL },
	{ "pread", do_pread, 50, F_ALL },
	{ "readv", do_readv, 10, F_ALL },
	{ "preadv", do_preadv, 25, F_ALL },
	{ "lseek", do_lseek, 15, F_ALL },
};
DEFINE_FAMILY(read);
