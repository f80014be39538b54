/*
 * fileproc_bench.c: one figure for bench/fileproc.sh.
 *
 *	fileproc_bench memory BYTES COMMAND XSPEC...
 *		bare libssh2: to each XSPEC at once BYTES bytes through COMMAND
 *		there and back: s until all have come, with connecting, and MB/s
 *		(of those to there and those back)
 *	fileproc_bench files IN OUT COMMAND XSPEC...
 *		the same with the files in IN, shared out, to files in OUT, each
 *		fsynced
 *	fileproc_bench items IN OUT COMMAND XSPEC...
 *		the same files, but COMMAND is executed for each of them, on a
 *		channel of its own of the one connection: send the file, read the
 *		answer, see that the exit status is 0, fsync; then the next
 *	fileproc_bench latency IN OUT N BYTES
 *		ms from before the close of a new file in IN until its name is
 *		in OUT, nothing else to do: median, 90th percentile, the worst
 */
#include <execnet.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_general.h>

#include "core/gateway/xspec.h"
#include "core/transport/ssh.h"

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

/* What goes through one connection. */
struct both {
	const char *xspec, *command;
	long long bytes;		/* that go there, and come back */
	const char *in, *out;		/* folders, or NULL: from and to memory */
	char **names;			/* files in them, one after the other */
	int n, reading, writing;	/* which one is read, written */
	int from, to;			/* open, or -1 */
	int each;			/* a command for each file */
	long long left;			/* bytes of the one that is written */
	pthread_t thread;
};

static int
open_in(const char *folder, const char *name, int flags)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, flags, 0666);
	if (fd < 0)
		die(path);
	return fd;
}

/* The next piece to be sent: its size. */
static size_t
take_piece(struct both *b, char *piece, long long left)
{
	ssize_t n;

	if (b->in == NULL) {
		memset(piece, 'a', PIECE);
		return left < PIECE ? (size_t)left : PIECE;
	}
	for (;;) {
		if (b->from < 0)
			b->from = open_in(b->in, b->names[b->reading++],
			    O_RDONLY);
		n = read(b->from, piece, PIECE);
		if (n < 0)
			die(b->in);
		if (n > 0)
			return (size_t)n;
		close(b->from);
		b->from = -1;
	}
}

/* Into files of the sizes that those in IN have, each fsynced. */
static void
keep(struct both *b, const char *piece, size_t n)
{
	struct stat st;

	while (b->out != NULL && n > 0) {
		size_t part;

		if (b->to < 0) {
			int in = open_in(b->in, b->names[b->writing],
			    O_RDONLY);

			fstat(in, &st);
			close(in);
			b->left = st.st_size;
			b->to = open_in(b->out, b->names[b->writing++],
			    O_WRONLY | O_CREAT | O_EXCL);
		}
		part = (long long)n < b->left ? n : (size_t)b->left;
		if (write(b->to, piece, part) != (ssize_t)part)
			die(b->out);
		piece += part;
		n -= part;
		b->left -= (long long)part;
		if (b->left == 0) {
			if (fsync(b->to) != 0)
				die(b->out);
			close(b->to);
			b->to = -1;
		}
	}
}

static xn_error_t *
open_bare(xn_transport_t **t, xn_transport_open_t *how, const struct both *b,
    apr_pool_t *pool)
{
	xn_xspec_t *spec;

	XN_TRY(xn_xspec_parse(&spec, b->xspec, pool));
	how->deadline = apr_time_now() + apr_time_from_sec(600);
	return xn_transport_ssh(t, &spec->ssh, b->command, how, pool);
}

/* Send what can be sent of PIECE, which has *N bytes from *AT on. */
static xn_error_t *
write_some(xn_transport_t *t, struct both *b, char *piece, size_t *at,
    size_t *n, long long *put)
{
	struct iovec iov;
	size_t done;

	while (*put < b->bytes) {
		if (*n == 0) {
			*n = take_piece(b, piece, b->bytes - *put);
			*at = 0;
		}
		iov.iov_base = piece + *at;
		iov.iov_len = *n;
		XN_TRY(t->kind->write(t, &iov, 1, &done));
		*at += done;
		*n -= done;
		*put += (long long)done;
		if (*n > 0)
			return NULL;
	}
	return NULL;
}

/* Write and read what can be, and wait for more. */
static xn_error_t *
pass(xn_transport_t *t, struct both *b, apr_pool_t *pool)
{
	char *out = apr_palloc(pool, PIECE), *in = apr_palloc(pool, PIECE);
	struct pollfd fds[XN_TRANSPORT_FDS];
	long long put = 0, got = 0;
	size_t at = 0, left = 0, n;
	int end = 0, closed = 0;

	while (got < b->bytes || (b->each && !end)) {
		int now = 0, nfds;

		XN_TRY(write_some(t, b, out, &at, &left, &put));
		if (put == b->bytes && !closed) {
			t->kind->close_write(t);
			closed = 1;
		}
		XN_TRY(t->kind->read(t, in, PIECE, &n, &end));
		keep(b, in, n);
		got += (long long)n;
		if (end && got < b->bytes)
			return xn_error_create(XN_E_SYSTEM, "a short answer");
		if (n > 0 || end)
			continue;
		nfds = t->kind->prepare(t, fds, 1, put < b->bytes, &now);
		poll(fds, (nfds_t)nfds, now ? 0 : 1000);
		XN_TRY(t->kind->process(t, fds, nfds));
	}
	return NULL;
}

/* Execute the command once more, on a new channel of the connection. */
static xn_error_t *
execute_again(xn_transport_t *t, const xn_transport_open_t *how,
    const struct both *b, apr_pool_t *pool)
{
	xn_ssh_t *s = (xn_ssh_t *)t;
	int rc;

	XN_SSH_LOOP(rc, libssh2_channel_free(s->channel), s, how, "closing");
	s->stage_start = s->stage_end = 0;
	s->stalled = s->eof_wanted = s->eof_sent = s->end_seen = 0;
	XN_TRY(xn_ssh__channel(s, "session", NULL, how, pool));
	XN_SSH_LOOP(rc, libssh2_channel_process_startup(s->channel, "exec", 4,
	    b->command, (unsigned int)strlen(b->command)), s, how,
	    "executing");
	return rc == 0 ? NULL : xn_error_create(XN_E_SYSTEM, "cannot execute "
	    "the command again: %d", rc);
}

/* Each file by itself. */
static xn_error_t *
pass_each(xn_transport_t *t, const xn_transport_open_t *how, struct both *b,
    apr_pool_t *pool)
{
	apr_pool_t *turn;
	const char *ending = NULL;
	struct stat st;
	int status;

	apr_pool_create(&turn, pool);
	for (int i = 0; i < b->n; i++) {
		int in = open_in(b->in, b->names[i], O_RDONLY);

		fstat(in, &st);
		close(in);
		b->bytes = st.st_size;
		if (i > 0)
			XN_TRY(execute_again(t, how, b, turn));
		XN_TRY(pass(t, b, turn));
		/* It waits for a second, which a busy machine may exceed. */
		status = -1;
		for (int tries = 0; tries < 30 && status < 0; tries++)
			ending = t->kind->ending(&status, t, how, turn);
		if (status != 0)
			return xn_error_create(XN_E_SYSTEM, "%s: %s",
			    b->names[i], ending);
		apr_pool_clear(turn);
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
		error = b->each ? pass_each(t, &how, b, pool) :
		    pass(t, b, pool);
	if (error != NULL) {
		fprintf(stderr, "fileproc_bench: %s\n",
		    xn_error_text(error, pool));
		exit(1);
	}
	apr_pool_destroy(pool);
	return NULL;
}

/* The files in IN are shared out. */
static void
share_out(struct both *all, int n, const char *in, const char *out)
{
	DIR *dir = opendir(in);
	struct dirent *entry;
	struct stat st;
	int next = 0;

	for (int i = 0; i < n; i++) {
		all[i].in = in;
		all[i].out = out;
		all[i].names = calloc(100000, sizeof(char *));
	}
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct both *b = &all[next++ % n];

		if (fstatat(dirfd(dir), entry->d_name, &st, 0) != 0 ||
		    !S_ISREG(st.st_mode) || b->n == 100000) {
			next--;
			continue;
		}
		b->names[b->n++] = strdup(entry->d_name);
		b->bytes += st.st_size;
	}
	if (dir != NULL)
		closedir(dir);
}

/* N connections at once, and what came of it. */
static void
run_both(struct both *all, int n, const char *command, char **xspecs)
{
	apr_time_t begin = apr_time_now();
	double bytes = 0, seconds;

	for (int i = 0; i < n; i++) {
		all[i].from = all[i].to = -1;
		all[i].command = command;
		all[i].xspec = xspecs[i];
		bytes += 2.0 * (double)all[i].bytes;
		if (pthread_create(&all[i].thread, NULL, both_main,
		    &all[i]) != 0)
			die("cannot start a thread");
	}
	for (int i = 0; i < n; i++)
		pthread_join(all[i].thread, NULL);
	seconds = seconds_since(begin);
	printf("%.3f %.1f\n", seconds, bytes / 1e6 / seconds);
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

static void
bench_memory(int argc, char **argv)
{
	struct both *all = calloc((size_t)argc, sizeof(*all));

	for (int i = 0; i < argc - 4; i++)
		all[i].bytes = atoll(argv[2]);
	run_both(all, argc - 4, argv[3], argv + 4);
	free(all);
}

static void
bench_files(int argc, char **argv, int each)
{
	struct both *all = calloc((size_t)argc, sizeof(*all));

	for (int i = 0; i < argc; i++)
		all[i].each = each;
	share_out(all, argc - 5, argv[2], argv[3]);
	run_both(all, argc - 5, argv[4], argv + 5);
	free(all);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	apr_initialize();
	if (argc >= 5 && strcmp(what, "memory") == 0)
		bench_memory(argc, argv);
	else if (argc >= 6 && strcmp(what, "files") == 0)
		bench_files(argc, argv, 0);
	else if (argc >= 6 && strcmp(what, "items") == 0)
		bench_files(argc, argv, 1);
	else if (argc == 6 && strcmp(what, "latency") == 0)
		bench_latency(argv);
	else
		fprintf(stderr, "fileproc_bench: see its first lines\n");
	apr_terminate();
	return argc < 5 ? 2 : 0;
}
