// SPDX-License-Identifier: GPL-2.0
/*
 * The files, as the module itself lists them in `view` and `format`, and what else lies in its
 * directories: a view added later is found without another line here.
 */
#include "mmfuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

struct view views[MAX_VIEWS];
unsigned int view_count, max_targets;
uint64_t address_end;

static void fail(const char *what)
{
	fprintf(stderr, "mmfuzz: %s: %s\n", what, errno ? strerror(errno) : "not as expected");
	exit(1);
}

static struct view *add(const char *name, enum place place, enum format format)
{
	struct view *view = &views[view_count];

	if (view_count == MAX_VIEWS || strlen(name) >= sizeof(view->name))
		fail("too many views");
	view_count++;
	strcpy(view->name, name);
	view->place = place;
	view->format = format;
	view->grammar = grammar_of(name);
	return view;
}

static struct view *find(const char *name, enum place place)
{
	for (struct view *view = views; view < views + view_count; view++)
		if (!strcmp(view->name, name) && view->place == place)
			return view;
	return NULL;
}

/* Rows of a text view, split into cells; stops at the stamp. */
static bool row(FILE *file, char *line, int size, char **cells, int count)
{
	int n = 0;

	if (!fgets(line, size, file) || *line == '#')
		return false;
	for (char *cell = strtok(line, " \n"); cell && n < count; cell = strtok(NULL, " \n"))
		cells[n++] = cell;
	if (n < count)
		fail("a row with too few cells");
	return true;
}

static FILE *text(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file)
		fail(path);
	return file;
}

static unsigned int index_of(const char *const *words, unsigned int count, const char *word)
{
	unsigned int i = 0;

	while (i < count && strcmp(words[i], word))
		i++;
	return i;
}

static void listed(void)
{
	static const char *const places[] = { "proc", "debug", "target" };
	static const char *const formats[] = { "text", "binary", "request" };
	FILE *file = text(DEBUG_DIR "/view");
	char line[1024], *cells[4];

	row(file, line, sizeof(line), cells, 4);
	while (row(file, line, sizeof(line), cells, 4)) {
		unsigned int place = index_of(places, 3, cells[1]);

		if (place > TARGET)
			fail("a place of `view`");
		add(cells[0], place, index_of(formats, 3, cells[3]));
	}
	fclose(file);
}

static void layouts(void)
{
	FILE *file = text(DEBUG_DIR "/format");
	char line[1024], *cells[7];

	row(file, line, sizeof(line), cells, 7);
	while (row(file, line, sizeof(line), cells, 7)) {
		for (struct view *view = views; view < views + view_count; view++) {
			if (view->format != BINARY || strcmp(cells[1], "-"))
				continue;
			if (!strcmp(cells[0], view->name))
				view->record = atoi(cells[3]);
			/* Its help says whose reads it closes. */
			if (!strcmp(cells[0], "stamp") && strstr(cells[6], view->name))
				view->stamped = true;
		}
	}
	fclose(file);
	errno = 0;
	for (struct view *view = views; view < views + view_count; view++)
		if (view->format == BINARY && view->record < 8)
			fail(view->name);
}

/* Every file there is has a row, every row its file; what has none is fuzzed all the same. */
static void directory(const char *path, enum place place)
{
	unsigned int rows = 0, files = 0;
	struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir)
		fail(path);
	for (unsigned int i = 0; i < view_count; i++)
		rows += views[i].place == place;
	while ((entry = readdir(dir))) {
		if (entry->d_type == DT_DIR)
			continue;
		files++;
		if (find(entry->d_name, place))
			continue;
		rows++;
		printf("# %s/%s has no row in `view`\n", path, entry->d_name);
		add(entry->d_name, place, UNKNOWN);
	}
	closedir(dir);
	if (files != rows) {
		errno = ENOENT;
		fail("a file that `view` lists");
	}
}

static uint64_t number(const char *path, const char *field)
{
	FILE *file = text(path);
	char line[1024];
	uint64_t value = 0;

	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			value = strtoull(line + strlen(field), NULL, 0);
	fclose(file);
	if (!value)
		fail(path);
	return value;
}

static void keep(char **names, int count)
{
	unsigned int kept = 0;

	for (int i = 0; i < count; i++) {
		const char *base = strrchr(names[i], '/') ? strrchr(names[i], '/') + 1 : names[i];
		bool known = false;

		for (unsigned int v = 0; v < view_count; v++)
			known |= !strcmp(views[v].name, base);
		if (!known) {
			fprintf(stderr, "mmfuzz: no file is called %s\n", base);
			exit(2);
		}
	}
	for (unsigned int v = 0; v < view_count; v++) {
		bool wanted = !count;

		for (int i = 0; i < count; i++) {
			const char *slash = strrchr(names[i], '/');

			wanted |= !strcmp(views[v].name, slash ? slash + 1 : names[i]);
		}
		if (wanted)
			views[kept++] = views[v];
	}
	view_count = kept;
}

void views_find(char **names, int count)
{
	listed();
	layouts();
	directory(PROC_DIR, PROC);
	directory(DEBUG_DIR, DEBUG);
	directory(DEBUG_DIR "/self", TARGET);
	keep(names, count);
	/* The last page of the lower half is the kernel's own. */
	address_end = (1ULL << (number(PROC_DIR "/version", "address_bits") - 1)) - PAGE;
	max_targets = number("/sys/module/mmscope/parameters/max_targets", "");
}
