// SPDX-License-Identifier: GPL-2.0
/*
 * Requests. One that is refused changes nothing: neither the position, nor the capture that reads
 * are served from, nor whom the next capture is of.
 */
#include "mmfuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What may be told beforehand of writing this; only files of requests take any. */
static struct meaning meaning_of(const struct handle *h, const char *text, size_t length)
{
	static const struct meaning never = { .may = M(EINVAL) };
	static const struct meaning any = { .may = ~0ULL };
	static const struct meaning bad = { .may = M(EBADF) };

	if (h->view->format == UNKNOWN)
		return any;
	if (!h->writable)
		return bad;
	return h->view->format == REQUEST ? grammar_read(h->view->grammar, text, length) : never;
}

/* Where it is written to does not matter to the module, but the kernel looks at it. */
static uint64_t at_position(uint64_t may, loff_t pos, size_t length)
{
	if (may == M(EBADF))
		return may;
	if (pos < 0)
		return M(EINVAL);
	if (pos > (loff_t)(INT64_MAX - length))
		return M(EINVAL) | M(EOVERFLOW) | (may & M(EFAULT));
	return may;
}

static uint64_t at_own_position(uint64_t may, const struct handle *h, size_t length)
{
	if (h->shared)
		return may | at_position(may, INT64_MAX, 1);
	return at_position(may, h->pos, length > INT64_MAX ? 0 : length);
}

static void accepted(struct handle *h, const struct meaning *meaning)
{
	h->requested = true;
	/* Of a number we made up, whatever may become of anybody may. */
	for (unsigned int i = 0; !meaning->target && i < target_count; i++)
		if (targets[i].fate == DYING)
			h->target = &targets[i];
	if (meaning->target)
		h->target = meaning->target;
	h->address = meaning->address;
	h->vague = !meaning->target;
	handle_forget(h);
}

/* The same answer but for the last cells, which tell of flags, and the stamp. */
static bool same_answer(const char *a, const char *b)
{
	while (*a != '#' && *b != '#') {
		const char *a_end = strchr(a, '\n'), *b_end = strchr(b, '\n');
		const char *a_last = memrchr(a, ' ', a_end - a);
		const char *b_last = memrchr(b, ' ', b_end - b);

		if (!a_last || !b_last || a_last - a != b_last - b || memcmp(a, b, a_last - a))
			return false;
		a = a_end + 1;
		b = b_end + 1;
	}
	return *a == *b;
}

static void unchanged(struct worker *w, struct handle *h, bool anew)
{
	char now[512], *before;
	size_t length = h->length;
	ssize_t got;

	if (!h->known)
		return;
	got = pread(h->fd, now, sizeof(now), 1);
	if (got != (ssize_t)(length - 1 < sizeof(now) ? length - 1 : sizeof(now)) ||
	    memcmp(now, h->text + 1, got))
		wrong(w, h, "a refused request took the capture away");
	if (!anew || !h->view->grammar->steady || !h->requested || h->target->fate != KNOWN)
		return;
	before = strndup(h->text, length);
	handle_forget(h);
	handle_learn(w, h);
	if (!h->known || !same_answer(before, (h->text[h->length] = '\0', h->text)))
		wrong(w, h, "a refused request changed the answer");
	free(before);
}

/* After any one write of this text. */
static void conclude(struct worker *w, struct handle *h, const struct meaning *meaning, long ret,
		     size_t length, bool anew)
{
	if (h->shared)
		return;
	if (ret >= 0) {
		if ((size_t)ret != length)
			wrong(w, h, "%ld bytes written of %zu", ret, length);
		accepted(h, meaning);
	} else {
		unchanged(w, h, anew);
	}
}

static void do_write(struct worker *w, struct handle *h)
{
	size_t length = grammar_write(w, h->view->grammar, w->text);
	const uint64_t kind = below(w, 32), value = draw(w);
	const char *text = w->text;
	struct meaning meaning = meaning_of(h, text, length);
	long ret;

	if (kind < 3) {
		/* Memory that cannot be read, from the start or from some byte on. */
		text = kind == 0 ? w->none : kind == 1 ? w->memory + MIB - value % 8 : NULL;
		length = 8 + value % 100;
		if (meaning.may != M(EBADF) && h->view->format != UNKNOWN)
			meaning.may = M(EFAULT) | (h->view->format == REQUEST ? 0 : M(EINVAL));
	} else if (kind == 3) {
		length = value & 1 ? SIZE_MAX : INT64_MAX;
		if (meaning.may != M(EBADF))
			meaning.may |= M(EFAULT) | M(EINVAL);
		meaning.may &= ~M(OK);
	}
	/* So that it shows when it is lost. */
	if (value & 3 << 20 && h->requested)
		handle_learn(w, h);
	ret = write(h->fd, text, length);
	judge(w, h, ret, at_own_position(meaning.may, h, length));
	if (ret >= 0)
		h->pos = h->shared ? h->pos : 0;
	conclude(w, h, &meaning, ret, length, value & 1 << 24);
}

static void do_pwrite(struct worker *w, struct handle *h)
{
	const size_t length = grammar_write(w, h->view->grammar, w->text);
	const loff_t pos = hostile_position(w, h);
	struct meaning meaning = meaning_of(h, w->text, length);
	long ret;

	ret = pwrite(h->fd, w->text, length, pos);
	judge(w, h, ret, at_position(meaning.may, pos, length));
	conclude(w, h, &meaning, ret, length, false);
}

/* A request cut in several writes is several requests, each by itself. */
static void do_parts(struct worker *w, struct handle *h)
{
	const size_t length = grammar_write(w, h->view->grammar, w->text);
	const uint64_t parts = 2 + below(w, 3), value = draw(w);
	size_t at = 0, part;
	struct meaning meaning;
	long ret;

	for (uint64_t i = 0; i < parts; i++) {
		part = length - at;
		if (i + 1 < parts && length <= PAGE)
			part = (value >> i * 8) % (part + 1);
		meaning = meaning_of(h, w->text + at, part);
		ret = write(h->fd, w->text + at, part);
		judge(w, h, ret, at_own_position(meaning.may, h, part));
		if (ret >= 0)
			h->pos = h->shared ? h->pos : 0;
		conclude(w, h, &meaning, ret, part, false);
		at += part;
		if (at == length)
			break;
	}
}

/* The kernel makes a write of each piece, and stops at the first that is refused. */
static void do_writev(struct worker *w, struct handle *h)
{
	const size_t length = grammar_write(w, h->view->grammar, w->text);
	const uint64_t value = draw(w), flags = below(w, 8) ? 0 : value & 0xff;
	struct iovec iov[4] = { { w->text, length } };
	int count = 1 + (value >> 40) % 4;
	size_t total = 0;
	long ret;

	for (int i = 0; i < count; i++) {
		/* Empty, cut out of the text, or nowhere. */
		size_t at = (value >> i * 8) % (length + 1);

		iov[i].iov_base = value >> (50 + i) & 1 ? w->none : w->text + at;
		iov[i].iov_len = value >> (54 + i) & 1 ? 0 : length - at;
		total += iov[i].iov_len;
	}
	ret = flags ? pwritev2(h->fd, iov, count, 0, flags) : writev(h->fd, iov, count);
	judge(w, h, ret, ~M(OTHER));
	if (ret > (long)total)
		wrong(w, h, "%ld bytes written of %zu", ret, total);
	/* Which of them it was is not worth the telling: all is to be learnt anew. */
	h->pos = h->shared ? h->pos : -1;
	if (ret > 0 && !h->shared)
		accepted(h, &(struct meaning){ 0 });
}

static const struct op write_ops[] = {
	{ "write", do_write, 70, F(REQUEST) },
	{ "write-refused", do_write, 4, F(TEXT) | F(BINARY) | F(UNKNOWN) },
	{ "pwrite", do_pwrite, 8, F(REQUEST) },
	{ "parts", do_parts, 8, F(REQUEST) },
	{ "writev", do_writev, 8, F_ALL },
};
DEFINE_FAMILY(write);
