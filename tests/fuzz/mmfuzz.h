/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mmfuzz sends requests to every file of the module and judges every result. A request is an
 * operation on an open file; what it is depends on the seed, the thread and its number alone. What
 * may come of it is predicted from the documents, in sets of results.
 */
#ifndef MMFUZZ_H
#define MMFUZZ_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <liburing.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/uio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIB (1UL << 20)
#define PAGE 4096UL

/* The results there are: success, an errno of this list, any other. */
#define ERRNOS(X) \
	X(EPERM) X(ENOENT) X(ESRCH) X(EINTR) X(EIO) X(EBADF) X(EAGAIN) X(ENOMEM) X(EACCES) \
	X(EFAULT) X(EBUSY) X(EEXIST) X(EXDEV) X(ENODEV) X(ENOTDIR) X(EINVAL) X(ENOTTY) X(ESPIPE) \
	X(EFBIG) X(ERANGE) X(ENODATA) X(EOVERFLOW) X(EOPNOTSUPP) X(ECANCELED) X(ELOOP) X(ETIME)
enum result {
	RES_OK,
#define X(e) RES_##e,
	ERRNOS(X)
#undef X
	RES_OTHER,
	RESULTS
};
#define M(name) (1ULL << RES_##name)
enum result result_of(long ret);	/* by errno where it is negative */
extern const char *const result_names[RESULTS];

/* views.c: what the module says there is */
enum place { PROC, DEBUG, TARGET };
enum format { TEXT, BINARY, REQUEST, UNKNOWN };
#define F(format) (1U << (format))
#define F_ALL (F(TEXT) | F(BINARY) | F(REQUEST) | F(UNKNOWN))
#define PROC_DIR "/proc/mmscope"
#define DEBUG_DIR "/sys/kernel/debug/mmscope"

struct view {
	char name[32];
	enum place place;
	enum format format;
	size_t record;		/* bytes of a binary record */
	bool stamped;		/* each binary read ends in a stamp */
	const struct grammar *grammar;
};
#define MAX_VIEWS 64
extern struct view views[MAX_VIEWS];
extern unsigned int view_count;
extern uint64_t address_end;	/* of user space, by `version` */
extern unsigned int max_targets;
void views_find(char **names, int count);

/* targets.c: whose memory */
enum fate { SELF, KNOWN, MOVING, DYING, KTHREAD, UNUSED };
struct target {
	enum fate fate;
	atomic_int pid;
	uint64_t address;	/* one that is mapped there */
};
#define MAX_TARGETS 16
extern struct target *targets;
extern unsigned int target_count;
void targets_make(const char *const *pids, unsigned int count);
const struct target *target_of(uint64_t pid);
/* What asking for its memory gives. */
uint64_t target_results(const struct target *target);

/* An open file. What is not shared is known exactly, and so is what comes of it. */
struct handle {
	const struct view *view;
	const struct target *target;	/* of the directory, or of the request */
	int fd;
	int number;		/* of the target's directory, 0 for self */
	bool shared, writable;
	bool requested;		/* a request was accepted */
	uint64_t address;	/* of the request */
	bool vague;		/* which request it was is not known */
	loff_t pos;		/* -1: not known */
	char *text;		/* what the current capture reads */
	size_t length;
	bool known;
};

struct op;

/* A thread. */
#define OWN 6
#define SHARED OWN
struct worker {
	unsigned int id;
	uint64_t request, share;	/* which one, of how many */
	uint64_t rng, digest;
	const struct op *op;
	unsigned int op_index;
	const struct handle *now;	/* what the request is about */
	uint64_t seen, since;		/* the request it was last at, since when */
	struct handle own[OWN];
	char *memory;			/* 1 MiB, all canaries between requests; then a wall */
	char *readonly, *none;
	char *text;			/* 1 MiB: the request */
	size_t text_length;		/* 0: none was made */
	struct io_uring ring;
	bool has_ring;
	int pipe[2], scratch;
	uint64_t (*counts)[MAX_VIEWS][RESULTS];	/* by op */
};

/* An operation: a row of a family's table. */
struct op {
	const char *name;
	void (*run)(struct worker *w, struct handle *h);
	unsigned int weight;
	unsigned int formats;	/* F(TEXT) | ... */
};
struct family {
	const struct op *ops;
	size_t count;
};
#define DEFINE_FAMILY(name) \
	const struct family family_##name = { name##_ops, ARRAY_SIZE(name##_ops) }
extern const struct family family_read, family_write, family_ring, family_call, family_move,
	family_open;

/* mmfuzz.c */
#define MAX_OPS 64
extern const struct op *ops[MAX_OPS];
extern unsigned int op_count;
struct options {
	uint64_t requests, seed, seconds, first;
	unsigned int threads;
	bool verbose, faults;
};
extern struct options options;
extern atomic_bool over;
uint64_t draw(struct worker *w);
uint64_t below(struct worker *w, uint64_t n);
uint64_t hostile_position(struct worker *w, const struct handle *h);
size_t hostile_size(struct worker *w, const struct handle *h);

/* judge.c */
/* Counts the result and complains if it is none of those; true where it is success. */
bool judge(struct worker *w, const struct handle *h, long ret, uint64_t may);
void wrong(struct worker *w, const struct handle *h, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
unsigned int judge_report(struct worker *workers, uint64_t digest, double seconds);
const char *check_text(const char *text, size_t length);
const char *check_records(const struct view *view, const void *data, size_t length, loff_t pos,
			  loff_t *next);

/* handle.c */
extern struct handle shared[SHARED];
const char *handle_path(const struct handle *h, char *path, size_t size);
void handle_pick(struct worker *w, struct handle *h);
void handle_open(struct worker *w, struct handle *h, bool attach);
void handle_close(struct handle *h);
void handle_learn(struct worker *w, struct handle *h);
void handle_forget(struct handle *h);
void handle_check_position(struct worker *w, struct handle *h);

/* sink.c: where a read goes */
#define MAX_PIECES 64
struct sink {
	struct iovec iov[MAX_PIECES];
	int count;
	size_t total;		/* asked for */
	size_t good;		/* of it, from the start on, can be written to */
	bool refused;		/* may be refused as it stands */
	char *base;		/* where the good part lies in the worker's memory */
};
void sink_make(struct worker *w, struct sink *sink, size_t size);
void sink_cut(struct worker *w, struct sink *sink);
/* Complains of bytes changed beyond the result, and makes them canaries again. */
void sink_check(struct worker *w, const struct handle *h, struct sink *sink, long ret);

/* read.c */
struct prediction {
	uint64_t may;
	long exact;		/* -1: any count */
	bool goes_on;		/* io_uring of 6.1 reads on where a read gave less than was asked */
};
struct prediction predict_read(const struct handle *h, const struct sink *sink, loff_t pos);
/* Judges what a read at @pos gave. Returns where it leaves the position. */
loff_t judge_read(struct worker *w, struct handle *h, struct sink *sink, loff_t pos, long ret,
		  const struct prediction *p);

/* grammar.c: what may be written */
#define REQUEST_MAX 128		/* bytes */
struct grammar {
	const char *view;
	const char *words;	/* P a process, A an address, F a frame; ? anything */
	uint64_t more;		/* results beyond those of finding the process */
	uint64_t unwritten;	/* of a read before a write */
	bool steady;		/* the answer depends on the request alone */
};
struct meaning {
	uint64_t may;
	const struct target *target;
	uint64_t address;
};
const struct grammar *grammar_of(const char *view);
size_t grammar_write(struct worker *w, const struct grammar *g, char *text);
struct meaning grammar_read(const struct grammar *g, const char *text, size_t length);
const char *grammar_fits(const struct handle *h);

#endif
