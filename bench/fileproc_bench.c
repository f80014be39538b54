/*
 * fileproc_bench.c: one figure for bench/fileproc.sh.
 *
 *	fileproc_bench both BYTES COMMAND XSPEC...
 *		bare libssh2: to each XSPEC at once BYTES bytes through COMMAND
 *		there and back: s until all have come, with connecting, and MB/s
 *		(those to there and those back)
 *	fileproc_bench latency IN OUT N BYTES
 *		ms from before the close of a new file in IN until its name is
 *		in OUT, nothing else to do: median, 90th percentile, the worst
 */
#include <execnet.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <apr_general.h>

#include "core/gateway/xspec.h"
#include "core/transport/transport.h"

#define PIECE		(256 * 1024)
#define PAUSE_MS	150	/* between two items: all have gone to sleep */
#define WAIT_MS		10000

static double
seconds_since(apr_time_t start)
{
	return (double)(apr_time_now() - start) / 1e6;
}

static void
die(const char *what)
{
	fprintf(stderr, "fileproc_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- Bare libssh2 --------------------------------------------------------- */

struct both {
	const char *xspec, *command;
	long long bytes;
	pthread_t thread;
};

static xn_error_t *
open_bare(xn_transport_t **t, xn_transport_open_t *how, const struct both *b,
    apr_pool_t *pool)
{
	xn_xspec_t *spec;

	XN_TRY(xn_xspec_parse(&spec, b->xspec, pool));
	how->deadline = apr_time_now() + apr_time_from_sec(600);
	return xn_transport_ssh(t, &spec->ssh, b->command, how, pool);
}

/* Write and read what can be, and wait for more. */
static xn_error_t *
pass(xn_transport_t *t, long long bytes, apr_pool_t *pool)
{
	char *out = apr_palloc(pool, PIECE), *in = apr_palloc(pool, PIECE);
	struct pollfd fds[XN_TRANSPORT_FDS];
	long long put = 0, got = 0;
	size_t n;

	memset(out, 'a', PIECE);
	while (got < bytes) {
		int end = 0, now = 0, nfds;

		if (put < bytes) {
			struct iovec iov = { out, PIECE };

			if (bytes - put < PIECE)
				iov.iov_len = (size_t)(bytes - put);
			XN_TRY(t->kind->write(t, &iov, 1, &n));
			if ((put += (long long)n) == bytes)
				t->kind->close_write(t);
		}
		do {
			XN_TRY(t->kind->read(t, in, PIECE, &n, &end));
			got += (long long)n;
		} while (n > 0);
		if (end && got < bytes)
			return xn_error_create(XN_E_SYSTEM, "a short answer");
		nfds = t->kind->prepare(t, fds, 1, put < bytes, &now);
		poll(fds, (nfds_t)nfds, now ? 0 : 1000);
		XN_TRY(t->kind->process(t, fds, nfds));
	}
	return NULL;
}

static void *
both_main(void *baton)
{
	struct both *b = baton;
	xn_transport_open_t how = { .cancel_fd = -1 };
	xn_transport_t *t;
	xn_error_t *error;
	apr_pool_t *pool;

	apr_pool_create(&pool, NULL);
	error = open_bare(&t, &how, b, pool);
	if (error == NULL)
		error = pass(t, b->bytes, pool);
	if (error != NULL) {
		fprintf(stderr, "fileproc_bench: %s\n",
		    xn_error_text(error, pool));
		exit(1);
	}
	apr_pool_destroy(pool);
	return NULL;
}

static void
bench_both(int argc, char **argv)
{
	struct both *all = calloc((size_t)argc, sizeof(*all));
	apr_time_t begin = apr_time_now();
	double seconds;
	int n = 0;

	for (int i = 4; i < argc; i++, n++) {
		all[n] = (struct both){ .xspec = argv[i], .command = argv[3],
		    .bytes = atoll(argv[2]) };
		if (pthread_create(&all[n].thread, NULL, both_main,
		    &all[n]) != 0)
			die("cannot start a thread");
	}
	for (int i = 0; i < n; i++)
		pthread_join(all[i].thread, NULL);
	seconds = seconds_since(begin);
	printf("%.3f %.1f\n", seconds, 2.0 * n * atof(argv[2]) / 1e6 / seconds);
	free(all);
}

/* ---- Latency ---------------------------------------------------------------- */

/* Wait until NAME has come into the folder that FD watches. */
static void
wait_for(int fd, const char *name)
{
	char buffer[64 * 1024]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	struct pollfd p = { fd, POLLIN, 0 };

	for (;;) {
		ssize_t n;

		if (poll(&p, 1, WAIT_MS) <= 0) {
			fprintf(stderr, "fileproc_bench: no result of %s\n",
			    name);
			exit(1);
		}
		n = read(fd, buffer, sizeof(buffer));
		for (char *at = buffer; n > 0 && at < buffer + n; ) {
			struct inotify_event *e = (struct inotify_event *)at;

			if (e->len > 0 && strcmp(e->name, name) == 0)
				return;
			at += sizeof(*e) + e->len;
		}
	}
}

static double
one_item(int fd, const char *in, int number, size_t size)
{
	char path[4096], *text = malloc(size);
	apr_time_t begin;
	int file;

	snprintf(path, sizeof(path), "%s/latency-%05d", in, number);
	memset(text, 'a', size);
	file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (file < 0 || write(file, text, size) != (ssize_t)size)
		die(path);
	begin = apr_time_now();
	close(file);
	wait_for(fd, strrchr(path, '/') + 1);
	free(text);
	return seconds_since(begin) * 1e3;
}

static int
by_value(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return one < other ? -1 : one > other;
}

static void
bench_latency(char **argv)
{
	int n = atoi(argv[4]), fd = inotify_init1(IN_CLOEXEC);
	double *ms = calloc((size_t)n + 1, sizeof(*ms));

	if (n < 1 || fd < 0 || inotify_add_watch(fd, argv[3], IN_MOVED_TO |
	    IN_CREATE) < 0)
		die(argv[3]);
	/* The first ones are not counted: all must have been started. */
	for (int i = -3; i < n; i++) {
		double one;

		usleep(PAUSE_MS * 1000 + rand() % 20000);
		one = one_item(fd, argv[2], i + 3, strtoul(argv[5], NULL, 10));
		if (i >= 0)
			ms[i] = one;
	}
	qsort(ms, (size_t)n, sizeof(*ms), by_value);
	printf("%.2f %.2f %.2f\n", ms[n / 2], ms[n * 9 / 10], ms[n - 1]);
	free(ms);
}

int
main(int argc, char **argv)
{
	apr_initialize();
	if (argc >= 5 && strcmp(argv[1], "both") == 0)
		bench_both(argc, argv);
	else if (argc == 6 && strcmp(argv[1], "latency") == 0)
		bench_latency(argv);
	else {
		fprintf(stderr, "fileproc_bench: see its first lines\n");
		return 2;
	}
	apr_terminate();
	return 0;
}
