/*
 * The process that records: what is told over a socket goes into the store,
 * and is answered for; appliance/supervise/history.c has the lines.
 *
 * What comes together shares a commit.  When the store cannot be had, that is
 * said, and it is tried again, for ever: the daemon keeps what we do not
 * answer for.  The store is closed when it is not used, after each error, and
 * now and then: one that was moved away would be written to for ever.
 */
#include "appliance/cmd/history.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "appliance/job/json.h"

#define LINE_MAX_BYTES	(1024 * 1024)
#define BATCH_MAX	256
#define IDLE		5000		/* ms */
#define OPEN_MOST	apr_time_from_sec(10)
#define WAIT_FIRST	1000		/* ms */
#define WAIT_LAST	30000
#define PRUNE_EVERY	64		/* ends of a job's runs */

struct recorder {
	int fd;
	char *text;			/* what was read; malloc'ed */
	size_t used, size;
	int at_end;

	const char *url, *place;
	apr_interval_time_t keep;
	int most;			/* runs of a job */
	apr_hash_t *ends;		/* int *: ends of each job's runs */
	apr_pool_t *pool;

	syncgate_store_t *store;	/* NULL: closed; in */
	apr_pool_t *store_pool;
	apr_time_t opened;
};

/* What came together. */
struct batch {
	syncgate_run_t runs[BATCH_MAX];
	int n;
	apr_time_t lost;		/* 0: no such line */
	long long seq;			/* of the last line; 0: there is none */
	apr_pool_t *pool;
};

static void
say_error(xn_error_t *error, apr_pool_t *pool)
{
	const char *text = xn_error_text(error, pool);

	printf("{\"error\":");
	syncgate_json_write_text(stdout, text, strlen(text));
	printf("}\n");
	fflush(stdout);
	xn_error_clear(error);
}

/* ---- What is told -------------------------------------------------------- */

static xn_error_t *
take_hello(struct recorder *r, const xn_value_t *object)
{
	r->url = apr_pstrdup(r->pool, xn_value_text(object, "store", ""));
	r->place = apr_pstrdup(r->pool, xn_value_text(object, "place", ""));
	r->keep = xn_value_int(object, "keep", 0);
	r->most = (int)xn_value_int(object, "runs", 0);
	return syncgate_store_check(r->url, r->pool);
}

/* The object under "figures" as text; NULL: there is none. */
static const char *
figures_of(const xn_value_t *object, apr_pool_t *pool)
{
	const xn_value_t *figures = xn_value_get(object, "figures");
	char *text = NULL, *copy;
	size_t n = 0;
	FILE *out;

	if (figures == NULL || figures->kind != XN_DICT ||
	    (out = open_memstream(&text, &n)) == NULL)
		return NULL;
	syncgate_json_write(out, figures);
	copy = fclose(out) == 0 ? apr_pstrmemdup(pool, text, n) : NULL;
	free(text);
	return copy;
}

static void
take_record(struct recorder *r, struct batch *batch, const xn_value_t *object)
{
	syncgate_run_t *run;

	batch->seq = xn_value_int(object, "seq", 0);
	if (xn_value_get(object, "lost") != NULL) {
		batch->lost = xn_value_int(object, "lost", 0);
		return;
	}
	run = &batch->runs[batch->n++];
	*run = (syncgate_run_t){
		.place = r->place,
		.job = xn_value_text(object, "job", ""),
		.plugin = xn_value_text(object, "plugin", ""),
		.began = xn_value_int(object, "began", 0),
		.ended = xn_value_int(object, "ended", 0),
		.outcome = (int)xn_value_int(object, "outcome", 0),
		.error = xn_value_text(object, "error", NULL),
		.figures = figures_of(object, batch->pool),
	};
}

static xn_error_t *
take_line(struct recorder *r, struct batch *batch, const char *line, size_t n)
{
	const xn_value_t *object;

	XN_TRY_W(syncgate_json_read(&object, line, n, batch->pool),
	    "what the daemon tells");
	if (r->url == NULL)
		return take_hello(r, object);
	take_record(r, batch, object);
	return NULL;
}

/* Whole lines that were read, as many as a batch takes. */
static xn_error_t *
take_lines(struct recorder *r, struct batch *batch)
{
	size_t taken = 0;
	xn_error_t *error = NULL;

	while (error == NULL && batch->n < BATCH_MAX) {
		const char *line = r->text + taken;
		const char *end = memchr(line, '\n', r->used - taken);

		if (end == NULL)
			break;
		taken += (size_t)(end - line) + 1;
		error = take_line(r, batch, line, (size_t)(end - line));
	}
	memmove(r->text, r->text + taken, r->used - taken);
	r->used -= taken;
	return error;
}

/* Wait for more, at most TIMEOUT ms (-1: for ever). */
static void
read_more(struct recorder *r, int timeout)
{
	struct pollfd poll_fd = { r->fd, POLLIN, 0 };
	ssize_t n;

	if (r->used == r->size || poll(&poll_fd, 1, timeout) <= 0)
		return;
	n = read(r->fd, r->text + r->used, r->size - r->used);
	if (n > 0)
		r->used += (size_t)n;
	else if (n == 0 || errno != EINTR)
		r->at_end = 1;
}

/* ---- What is recorded ---------------------------------------------------- */

static void
close_store(struct recorder *r)
{
	if (r->store != NULL)
		apr_pool_destroy(r->store_pool);
	r->store = NULL;
}

static xn_error_t *
open_store(struct recorder *r)
{
	xn_error_t *error;

	if (r->store != NULL && apr_time_now() - r->opened < OPEN_MOST &&
	    r->opened <= apr_time_now())
		return NULL;
	close_store(r);
	r->opened = apr_time_now();
	apr_pool_create(&r->store_pool, r->pool);
	error = syncgate_store_open(&r->store, r->url, r->store_pool);
	if (error != NULL) {
		r->store = NULL;
		apr_pool_destroy(r->store_pool);
	}
	return error;
}

/* Now and then, when a run of JOB has ended. */
static xn_error_t *
prune(struct recorder *r, const char *job)
{
	int *ends = apr_hash_get(r->ends, job, APR_HASH_KEY_STRING);

	if (ends == NULL) {
		ends = apr_pcalloc(r->pool, sizeof(*ends));
		apr_hash_set(r->ends, apr_pstrdup(r->pool, job),
		    APR_HASH_KEY_STRING, ends);
	}
	if ((*ends)++ % PRUNE_EVERY != 0)
		return NULL;
	return syncgate_store_runs_prune(r->store, r->place, r->keep > 0 ?
	    apr_time_now() - r->keep : 0, job, r->most);
}

static xn_error_t *
record(struct recorder *r, const struct batch *batch)
{
	XN_TRY(open_store(r));
	if (batch->lost > 0)
		XN_TRY(syncgate_store_runs_lost(r->store, r->place,
		    batch->lost));
	return syncgate_store_runs_save(r->store, batch->runs, batch->n);
}

/* Until it is durable; 0: that cannot be, and nobody waits any more. */
static int
record_surely(struct recorder *r, const struct batch *batch)
{
	int wait = WAIT_FIRST;

	for (;;) {
		struct pollfd gone = { r->fd, 0, 0 };
		xn_error_t *error = record(r, batch);

		if (error == NULL)
			return 1;
		say_error(error, batch->pool);
		close_store(r);
		if (r->at_end || (poll(&gone, 1, wait) > 0 &&
		    (gone.revents & POLLHUP) != 0))
			return 0;
		wait = wait * 2 < WAIT_LAST ? wait * 2 : WAIT_LAST;
	}
}

static void
prune_all(struct recorder *r, const struct batch *batch)
{
	xn_error_t *error = NULL;

	for (int i = 0; error == NULL && i < batch->n; i++)
		if (batch->runs[i].outcome != SYNCGATE_RUN_RUNNING)
			error = prune(r, batch->runs[i].job);
	if (error == NULL)
		return;
	say_error(error, batch->pool);
	close_store(r);
}

/* ---- From beginning to end ----------------------------------------------- */

/* 0: it is over. */
static int
turn(struct recorder *r, apr_pool_t *pool)
{
	struct batch *batch = apr_pcalloc(pool, sizeof(*batch));
	xn_error_t *error;

	batch->pool = pool;
	error = take_lines(r, batch);
	if (error != NULL || (r->used == r->size && batch->seq == 0)) {
		say_error(error != NULL ? error : xn_error_create(
		    XN_E_PROTOCOL, "the daemon tells too long a line"), pool);
		return 0;
	}
	if (batch->seq == 0) {
		size_t had = r->used;

		read_more(r, r->store != NULL ? IDLE : -1);
		if (r->used == had)
			close_store(r);
		return !r->at_end;
	}
	if (!record_surely(r, batch))
		return 0;
	printf("{\"saved\":%lld}\n", batch->seq);
	fflush(stdout);
	prune_all(r, batch);
	return 1;
}

int
history_record(int fd)
{
	struct recorder r = { .fd = fd, .size = LINE_MAX_BYTES };
	apr_pool_t *pool;

	apr_pool_create(&r.pool, NULL);
	apr_pool_create(&pool, r.pool);
	r.ends = apr_hash_make(r.pool);
	r.text = malloc(r.size);
	while (r.text != NULL && turn(&r, pool))
		apr_pool_clear(pool);
	close_store(&r);
	free(r.text);
	apr_pool_destroy(r.pool);
	return CMD_OK;
}
