// SPDX-License-Identifier: GPL-2.0
/* What was found: results counted, those that may not be complained of, answers looked at. */
#include "mmfuzz.h"
#include "../../module/abi.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ENOUGH 20	/* complaints */

const char *const result_names[RESULTS] = {
	[RES_OK] = "OK",
#define X(e) [RES_##e] = #e,
	ERRNOS(X)
#undef X
	[RES_OTHER] = "OTHER",
};

static atomic_uint complaints;

enum result result_of(long ret)
{
	static const unsigned char results[256] = {
#define X(e) [e] = RES_##e,
		ERRNOS(X)
#undef X
	};

	if (ret >= 0)
		return RES_OK;
	return errno < 256 && results[errno] ? results[errno] : RES_OTHER;
}

void wrong(struct worker *w, const struct handle *h, const char *format, ...)
{
	char why[512], path[128];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	handle_path(h, path, sizeof(path));
	if (atomic_fetch_add(&complaints, 1) >= ENOUGH)
		return;
	flockfile(stdout);
	printf("wrong: seed %llu thread %u request %llu: %s of %s%s: %s\n",
	       (unsigned long long)options.seed, w->id, (unsigned long long)w->request,
	       w->op->name, path, h->shared ? " (shared)" : "", why);
	if (w->text_length)
		printf("wrong: its text, %zu bytes: ", w->text_length);
	for (size_t i = 0; i < w->text_length && i < REQUEST_MAX; i++)
		printf(w->text[i] >= ' ' && w->text[i] != '\\' ? "%c" : "\\%03o",
		       (unsigned char)w->text[i]);
	if (w->text_length)
		putchar('\n');
	fflush(stdout);
	funlockfile(stdout);
	if (complaints >= ENOUGH)
		over = true;
}

static void set_to_text(uint64_t may, char *text, size_t size)
{
	size_t at = 0;

	*text = '\0';
	for (int r = 0; r < RESULTS && at < size; r++)
		if (may & 1ULL << r)
			at += snprintf(text + at, size - at, " %s", result_names[r]);
}

bool judge(struct worker *w, const struct handle *h, long ret, uint64_t may)
{
	const int error = ret < 0 ? errno : 0;
	const enum result result = result_of(ret);
	char names[256];

	w->counts[w->op_index][h->view - views][result]++;
	if (options.faults)
		may |= M(ENOMEM) | M(EFAULT);
	if (may & 1ULL << result)
		return ret >= 0;
	set_to_text(may, names, sizeof(names));
	if (ret >= 0)
		wrong(w, h, "gave %ld, should be one of%s", ret, names);
	else
		wrong(w, h, "gave %s (%d), should be one of%s", result_names[result], error, names);
	return ret >= 0;
}

/* "name=DIGITS" at *at, with what comes before the name; moves it behind. */
static bool number(const char **at, const char *end, const char *name)
{
	const size_t length = strlen(name);
	const char *digits;

	if ((size_t)(end - *at) < length || strncmp(*at, name, length))
		return false;
	for (digits = *at += length; *at < end && **at >= '0' && **at <= '9'; )
		++*at;
	return *at > digits;
}

static bool is_stamp(const char *line, const char *end)
{
	static const char *const words[] = { "yes", "no", "unknown" };
	const char *at = line + strlen("# consistent=");

	if (end < at || strncmp(line, "# consistent=", at - line))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *behind = at + strlen(words[i]);

		if (behind < end && !strncmp(at, words[i], behind - at) && *behind == ' ')
			return number(&behind, end, " holds=") &&
			       number(&behind, end, " hold_max_us=") && behind == end;
	}
	return false;
}

/* Cells of a line, -1 when a byte is there that none may hold. */
static int cells_of(const char *line, const char *end)
{
	int cells = 0;

	for (const char *at = line; at < end; at++) {
		const unsigned char byte = *at;

		if (byte != ' ' && (byte < 0x20 || byte == 0x7f))
			return -1;
		if (byte == '\\' && (end - at < 4 || strspn(at + 1, "01234567") < 3))
			return -1;
		cells += byte != ' ' && (at == line || at[-1] == ' ');
	}
	return cells;
}

/* Header, rows as wide as it, stamp. */
const char *check_text(const char *text, size_t length)
{
	const char *end = text + length, *line = text, *next;
	int columns = 0, cells;

	if (!length || end[-1] != '\n')
		return "text without a last newline";
	for (; ; line = next + 1) {
		next = memchr(line, '\n', end - line);
		if (next + 1 == end)
			break;
		cells = cells_of(line, next);
		if (cells <= 0)
			return "a line with bytes no cell holds, or none at all";
		if (columns && cells != columns)
			return "a row that is not as wide as the header";
		columns = cells;
	}
	if (!columns)
		return "no header";
	return is_stamp(line, next) ? NULL : "the last line is no stamp";
}

const char *check_records(const struct view *view, const void *data, size_t length, loff_t pos,
			  loff_t *next)
{
	const struct mmscope_pte_raw *entry = data;
	const struct mmscope_stamp *stamp = data + length - sizeof(*stamp);
	uint64_t behind = 0;

	*next = -1;
	if (length % view->record)
		return "bytes that are no whole records";
	if (!view->stamped)
		return NULL;
	if (view->record != sizeof(*entry))
		return "records of another size than abi.h has";
	if (length < 2 * view->record || stamp->kind != MMSCOPE_KIND_stamp)
		return "no stamp at the end";
	if (stamp->consistent > MMSCOPE_CONSISTENT_unknown || stamp->size || stamp->level ||
	    stamp->reserved0 || stamp->reserved1 || stamp->reserved2 || stamp->reserved3)
		return "a stamp that is not well formed";
	for (; (const void *)entry < (const void *)stamp; entry++) {
		if (entry->kind == MMSCOPE_KIND_stamp)
			return "a stamp amid records";
		if (entry->va < behind || !entry->size || entry->va % entry->size)
			return "entries that overlap or are not aligned";
		behind = entry->va + entry->size;
		if (behind <= (uint64_t)pos)
			return "an entry before the position";
	}
	if (stamp->next < behind || stamp->next <= (uint64_t)pos)
		return "a stamp that does not go on behind the entries";
	*next = stamp->next;
	return NULL;
}

unsigned int judge_report(struct worker *workers, uint64_t digest, double seconds)
{
	uint64_t done = 0, count;

	for (unsigned int o = 0; o < op_count; o++)
		for (unsigned int v = 0; v < view_count; v++)
			for (int r = 0; r < RESULTS; r++) {
				count = 0;
				for (unsigned int t = 0; t < options.threads; t++)
					count += workers[t].counts[o][v][r];
				if (count)
					printf("count %s %s %s %llu\n", views[v].name, ops[o]->name,
					       result_names[r], (unsigned long long)count);
				done += count;
			}
	printf("# seed %llu, %u threads, digest %016llx\n", (unsigned long long)options.seed,
	       options.threads, (unsigned long long)digest);
	printf("# results judged: %llu in %.1f s, %.0f a second; complaints: %u\n",
	       (unsigned long long)done, seconds, done / seconds, complaints);
	return complaints;
}
