// SPDX-License-Identifier: GPL-2.0
/* Options, threads, and what the next request is. */
#include "mmfuzz.h"

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define STUCK 120	/* seconds */

struct options options = { .seed = 1, .threads = 4 };
atomic_bool over;
const struct op *ops[MAX_OPS];
unsigned int op_count;

static const struct family *const families[] = {
	&family_read, &family_write, &family_ring, &family_call, &family_move, &family_open,
};

/* splitmix64: any start is good, so each request has its own. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

uint64_t draw(struct worker *w)
{
	return mix(w->rng += 0x9e3779b97f4a7c15ULL);
}

uint64_t below(struct worker *w, uint64_t n)
{
	return draw(w) % n;
}

/* Positions are bytes of a text or addresses. */
uint64_t hostile_position(struct worker *w, const struct handle *h)
{
	static const uint64_t edges[] = {
		0, 1, PAGE - 1, PAGE, 1ULL << 31, (1ULL << 31) - 1, 1ULL << 32, (1ULL << 32) - 1,
		1ULL << 47, (1ULL << 47) - PAGE, 1ULL << 56, (1ULL << 56) - PAGE, 1ULL << 57,
		1ULL << 62, INT64_MAX, INT64_MAX - PAGE + 1, (uint64_t)INT64_MIN, -PAGE, -1ULL,
	};
	const uint64_t kind = below(w, 16), value = draw(w);

	if (kind < 4)
		return 0;
	if (kind < 9 && h->view->format == BINARY)
		return h->target->address + (value % 64 - 32) * PAGE / 2;
	if (kind < 9)
		return value % (h->length ? h->length + 16 : PAGE);
	if (kind < 11)
		return value >> (value & 63);
	if (kind < 12)
		return value % address_end;
	return edges[value % ARRAY_SIZE(edges)] + (kind == 15 ? value >> 32 & 1 : 0);
}

size_t hostile_size(struct worker *w, const struct handle *h)
{
	static const size_t edges[] = {
		0, 1, 7, 4095, 4096, 4097, 65535, 65536, MIB, 1UL << 31, (1UL << 31) - 1, 1UL << 32,
		INT64_MAX, SIZE_MAX, SIZE_MAX - PAGE,
	};
	const size_t record = h->view->record ? h->view->record : 88;
	const uint64_t kind = below(w, 16), value = draw(w);

	if (kind < 4)
		return value % 512;
	if (kind < 8)
		return (1 + value % 8) * record - (value >> 32) % 2;
	if (kind < 12)
		return PAGE << value % 5;
	return edges[value % ARRAY_SIZE(edges)];
}

/* Only what the seed, the thread and the number say decides: never what came of a request. */
static void request(struct worker *w)
{
	unsigned int sum = 0, pick;
	struct handle *h;

	w->rng = mix(mix(options.seed) + ((uint64_t)w->id << 48) + w->request);
	pick = below(w, 4 * OWN);
	h = pick < OWN ? &shared[pick] : &w->own[pick % OWN];
	for (unsigned int i = 0; i < op_count; i++)
		if (ops[i]->formats & F(h->view->format))
			sum += ops[i]->weight;
	pick = below(w, sum);
	for (w->op_index = 0; ; w->op_index++) {
		w->op = ops[w->op_index];
		if (!(w->op->formats & F(h->view->format)))
			continue;
		if (pick < w->op->weight)
			break;
		pick -= w->op->weight;
	}
	if (options.verbose) {
		char path[128];

		printf("%u %llu %s %s%s\n", w->id, (unsigned long long)w->request, w->op->name,
		       handle_path(h, path, sizeof(path)), h->shared ? " shared" : "");
	}
	w->text_length = 0;
	w->digest = mix(w->digest ^ w->rng ^ (uint64_t)(h->view - views) << 16 ^ w->op_index);
	/* A target that could not be opened leaves its requests out. */
	w->now = h;
	if (h->fd >= 0 || w->op->run == family_open.ops[0].run)
		w->op->run(w, h);
	if (!h->shared)
		handle_check_position(w, h);
}

static void *work(void *data)
{
	struct worker *w = data;

	for (; w->request < w->share && !over; w->request++)
		request(w);
	return NULL;
}

static void *need(size_t size, int prot)
{
	void *area = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED) {
		perror("mmfuzz: mmap");
		exit(1);
	}
	return area;
}

static void prepare(struct worker *w, unsigned int id)
{
	const int prot = PROT_READ | PROT_WRITE;
	struct iovec whole;

	w->id = id;
	w->request = options.first;
	w->share = options.first + options.requests / options.threads;
	w->memory = need(MIB + PAGE, prot);
	memset(w->memory, 0xa5, MIB);
	mprotect(w->memory + MIB, PAGE, PROT_NONE);
	w->readonly = need(PAGE, PROT_READ);
	w->none = need(PAGE, PROT_NONE);
	w->text = need(MIB, prot);
	w->counts = need(op_count * sizeof(*w->counts), prot);
	w->scratch = memfd_create("mmfuzz", 0);
	if (w->scratch < 0 || pipe2(w->pipe, O_NONBLOCK)) {
		perror("mmfuzz: pipe");
		exit(1);
	}
	whole = (struct iovec){ w->memory, MIB };
	w->has_ring = !io_uring_queue_init(64, &w->ring, 0) &&
		      !io_uring_register_buffers(&w->ring, &whole, 1) &&
		      !io_uring_register_files_sparse(&w->ring, 4);
	w->op = &family_open.ops[0];
	while (ops[w->op_index] != w->op)
		w->op_index++;
	for (unsigned int i = 0; i < OWN; i++) {
		w->rng = mix(options.seed ^ mix(id * OWN + i + 1));
		w->own[i].fd = -1;
		handle_pick(w, &w->own[i]);
		handle_open(w, &w->own[i], true);
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* A request that takes minutes is answered never. */
static void watch(struct worker *w, uint64_t second)
{
	if (w->request != w->seen || !w->since) {
		w->seen = w->request;
		w->since = second;
	} else if (second - w->since > STUCK && w->now) {
		wrong(w, w->now, "no answer for %d s", STUCK);
		_exit(1);
	}
}

static int run(void)
{
	struct worker *workers = calloc(options.threads, sizeof(*workers));
	pthread_t *threads = calloc(options.threads, sizeof(*threads));
	const double begun = now();
	unsigned int running = 0;
	uint64_t digest = 0;

	for (unsigned int i = 0; i < options.threads; i++)
		prepare(&workers[i], i);
	for (unsigned int i = 0; i < SHARED; i++) {
		shared[i].shared = true;
		shared[i].fd = -1;
		workers[0].rng = mix(options.seed ^ mix(i + 1) >> 1);
		handle_pick(&workers[0], &shared[i]);
		handle_open(&workers[0], &shared[i], true);
	}
	for (; running < options.threads; running++)
		if (pthread_create(&threads[running], NULL, work, &workers[running]))
			break;
	for (unsigned int i = 0; i < running; ) {
		struct timespec wait;

		clock_gettime(CLOCK_REALTIME, &wait);
		wait.tv_sec++;
		if (!pthread_timedjoin_np(threads[i], NULL, &wait))
			i++;
		for (unsigned int t = i; t < running; t++)
			watch(&workers[t], (uint64_t)now());
		if (options.seconds && now() - begun > options.seconds)
			over = true;
	}
	for (unsigned int i = 0; i < options.threads; i++)
		digest += workers[i].digest;
	return judge_report(workers, digest, now() - begun) || running < options.threads;
}

static void stop(int unused)
{
	(void)unused;
	over = true;
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (end == text || *end) {
		fprintf(stderr, "mmfuzz: '%s' is no number\n", text);
		exit(2);
	}
	return value;
}

static int usage(void)
{
	fputs("Sends requests to every file of the module (or those named), judges each result;\n"
	      "the end comes after REQUESTS (50000), SECONDS, or SIGTERM. Exit 1: some were wrong.\n"
	      "usage: mmfuzz [-fv] [-n REQUESTS] [-s SEED] [-t THREADS] [-T SECONDS] [-r FIRST]\n"
	      "              [-p PID[:ADDRESS]]... [FILE...]\n"
	      "  -p  a process that stands still   -r  begin with this request of each thread\n"
	      "  -f  faults are injected: ENOMEM and EFAULT are no news\n"
	      "  -v  say each request before it is made\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *pids[MAX_TARGETS];
	unsigned int pid_count = 0;
	int option;

	while ((option = getopt(argc, argv, "fvn:s:t:T:r:p:")) > 0) {
		switch (option) {
		case 'f':
			options.faults = true;
			break;
		case 'v':
			options.verbose = true;
			break;
		case 'n':
			options.requests = number(optarg);
			break;
		case 's':
			options.seed = number(optarg);
			break;
		case 't':
			options.threads = number(optarg);
			break;
		case 'T':
			options.seconds = number(optarg);
			break;
		case 'r':
			options.first = number(optarg);
			break;
		case 'p':
			if (pid_count == ARRAY_SIZE(pids))
				return usage();
			pids[pid_count++] = optarg;
			break;
		default:
			return usage();
		}
	}
	if (!options.threads || options.threads > 256)
		return usage();
	if (!options.requests)
		options.requests = options.seconds ? UINT64_MAX >> 1 : 50000;
	for (size_t f = 0; f < ARRAY_SIZE(families); f++)
		for (size_t i = 0; i < families[f]->count; i++)
			ops[op_count++] = &families[f]->ops[i];
	signal(SIGIO, SIG_IGN);
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	views_find(argv + optind, argc - optind);
	targets_make(pids, pid_count);
	return run();
}
