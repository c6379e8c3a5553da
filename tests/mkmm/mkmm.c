// SPDX-License-Identifier: GPL-2.0
/*
 * mkmm KIND [NAME=VALUE...]: makes a process with a known address space, prints one line
 * `pid=N name=value ...` and then does what stdin says, until its end.
 */
#include "mkmm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct family *const families[] = {
	&family_anon, &family_file, &family_huge, &family_limit,
	&family_process, &family_stuck, &family_churn,
};

static const struct factory *factory;
static const char *values[MAX_PARAMS];
static char **args;
static char line[16384];
static size_t line_len;
static bool line_said;
size_t page;

char **arguments(void)
{
	return args;
}

static size_t find_param(const char *name, size_t len)
{
	for (size_t i = 0; i < MAX_PARAMS && factory->params[i].name; i++)
		if (strlen(factory->params[i].name) == len &&
		    !memcmp(factory->params[i].name, name, len))
			return i;
	fprintf(stderr, "mkmm: %s has no parameter '%.*s'\n", factory->kind, (int)len, name);
	exit(EXIT_USAGE);
}

static bool parse_number(const char *from, uint64_t *value)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	char *end;

	errno = 0;
	*value = strtoull(from, &end, 0);
	if (errno || end == from || *from == '-')
		return false;
	if (*end) {
		suffix = strchr(suffixes, *end);
		if (!suffix || end[1])
			return false;
		*value <<= 10 * (suffix - suffixes + 1);
	}
	return true;
}

static bool parse_choice(const char *choices, const char *word)
{
	size_t len = strlen(word);

	for (const char *c = choices; c; c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
		if (!strncmp(c, word, len) && (c[len] == '|' || !c[len]))
			return true;
	return false;
}

static void set_param(size_t i, const char *value)
{
	const struct param *p = &factory->params[i];
	uint64_t n;

	if ((p->type == PARAM_NUMBER && !parse_number(value, &n)) ||
	    (p->type == PARAM_CHOICE && !parse_choice(p->choices, value))) {
		fprintf(stderr, "mkmm: %s=%s: want %s\n", p->name, value,
			p->choices ? p->choices : "a number, K M G T may follow");
		exit(EXIT_USAGE);
	}
	values[i] = value;
}

const char *text(const char *param)
{
	return values[find_param(param, strlen(param))];
}

uint64_t number(const char *param)
{
	uint64_t n = 0;

	parse_number(text(param), &n);
	return n;
}

bool chosen(const char *param, const char *choice)
{
	return !strcmp(text(param), choice);
}

static void say(const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line + line_len, sizeof(line) - line_len, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line) - line_len)
		give_up(EXIT_FAILED, "the line is too long");
	line_len += n;
}

void say_address(const char *name, const volatile void *address)
{
	say(" %s=0x%lx", name, (unsigned long)address);
}

void say_number(const char *name, uint64_t value)
{
	say(" %s=%llu", name, (unsigned long long)value);
}

void say_text(const char *name, const char *value)
{
	say(" %s=%s", name, value);
}

void say_line(void)
{
	char pid[32];
	int n = snprintf(pid, sizeof(pid), "pid=%d", getpid());

	if (line_said)
		return;
	line_said = true;
	memmove(line + n, line, line_len);
	memcpy(line, pid, n);
	line_len += n;
	line[line_len++] = '\n';
	if (write(1, line, line_len) != (ssize_t)line_len)
		die("stdout");
}

static void list(void)
{
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		for (size_t i = 0; i < families[f]->count; i++) {
			const struct factory *k = &families[f]->rows[i];

			printf("%-10s %s\n", k->kind, k->help);
			for (const struct param *p = k->params;
			     p < k->params + MAX_PARAMS && p->name; p++)
				printf("%-10s   %s=%s%s%s%s\n", "", p->name, p->init,
				       p->choices ? " (" : "", p->choices ? p->choices : "",
				       p->choices ? ")" : "");
		}
	}
}

static const struct factory *find_factory(const char *kind)
{
	for (size_t f = 0; f < ARRAY_SIZE(families); f++)
		for (size_t i = 0; i < families[f]->count; i++)
			if (!strcmp(families[f]->rows[i].kind, kind))
				return &families[f]->rows[i];
	fprintf(stderr, "mkmm: no kind '%s', see mkmm --list\n", kind);
	exit(EXIT_USAGE);
}

/* Makes it in a child whose stdin is at its end: available is what can be made. */
static int try_it(void)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child) {
		if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout))
			die("/dev/null");
		return -1;
	}
	if (waitpid(child, &status, 0) < 0)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static int usage(FILE *out)
{
	fputs("Usage: mkmm KIND [NAME=VALUE...]\n"
	      "       mkmm --is-available KIND [NAME=VALUE...]\n"
	      "       mkmm --list\n"
	      "Makes a process with a known address space, prints `pid=N name=value ...`, then\n"
	      "does what stdin says (read write map unmap protect drop exec exit) until its end.\n"
	      "Exit: 0 made, 1 failed, 2 usage, 16 no permission, 17 not in this kernel or CPU,\n"
	      "18 no memory, 19 no swap.\n", out);
	return out == stdout ? 0 : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	bool available;
	int first = 1, code;

	page = sysconf(_SC_PAGESIZE);
	args = argv;
	if (argc == 2 && !strcmp(argv[1], "--list"))
		return list(), 0;
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout);
	available = argc > 2 && !strcmp(argv[1], "--is-available");
	if (available)
		first = 2;
	if (argc <= first || argv[first][0] == '-')
		return usage(stderr);

	factory = find_factory(argv[first]);
	for (size_t i = 0; i < MAX_PARAMS && factory->params[i].name; i++)
		set_param(i, factory->params[i].init);
	for (int i = first + 1; i < argc; i++) {
		const char *eq = strchr(argv[i], '=');

		if (!eq)
			return usage(stderr);
		set_param(find_param(argv[i], eq - argv[i]), eq + 1);
	}
	if (available) {
		code = try_it();
		if (code >= 0)
			return code;
	}
	factory->make();
	serve();
	return 0;
}
