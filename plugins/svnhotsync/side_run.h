/*
 * side_run.h: running a program of Subversion's and reading what it says.
 *
 * What it writes to stderr goes to the log, line by line, as it comes; the
 * beginning is kept, for an error that says why the program failed.
 */
#ifndef SVNHOTSYNC_SIDE_RUN_H
#define SVNHOTSYNC_SIDE_RUN_H

#include <execnet/remote.h>

#define SAID_MAX	1024

struct run {
	xn_child child;
	int running;
	int err_open;			/* its stderr has not ended */
	int silent;			/* and does not go to the log */
	char said[SAID_MAX];		/* the beginning of its stderr */
	size_t said_n;
	int said_more;			/* and there was more of it */
	char line[SAID_MAX];		/* of stderr, not yet logged */
	size_t line_n;
};

/* What ARGV is about: the path of a repository, behind all else. */
static inline const char *
run_about(const char *const *argv)
{
	const char *path = "this";

	for (int i = 1; argv[i] != NULL; i++)
		if (argv[i][0] == '/')
			path = argv[i];
	return path;
}

/* Start ARGV; fails if there is no such program. */
static inline void
run_start(struct run *r, const char *const *argv, int flags)
{
	static const char *const env[] = { "LC_ALL=C.UTF-8", NULL };
	xn_child_options options = XN_CHILD_OPTIONS;

	memset(r, 0, sizeof(*r));
	options.argv = argv;
	options.env = env;
	options.flags = flags | XN_CHILD_ERR;
	if (xn_child_start_with(&r->child, &options) != 0) {
		if (errno == ENOENT)
			xn_fail("there is no %s on the PATH of the machine "
			    "%s is on, which method = dump needs", argv[0],
			    run_about(argv));
		xn_fail("cannot start %s: %m", argv[0]);
	}
	r->running = r->err_open = 1;
}

static inline void
run_log(struct run *r)
{
	if (r->line_n > 0 && !r->silent)
		xn_log("%.*s", (int)r->line_n, r->line);
	r->line_n = 0;
}

/* Take what its stderr has now. */
static inline void
run_hear(struct run *r)
{
	char piece[512];
	ssize_t n = 0;

	while (r->err_open && (n = read(r->child.err, piece,
	    sizeof(piece))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (r->said_n < SAID_MAX - 1)
				r->said[r->said_n++] = piece[i] == '\n' ?
				    ' ' : piece[i];
			else
				r->said_more = 1;
			if (piece[i] != '\n')
				r->line[r->line_n++] = piece[i];
			if (piece[i] == '\n' || r->line_n == SAID_MAX)
				run_log(r);
		}
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		r->err_open = 0;
}

/* Read some of its stdout: how much, 0 at the end; or fails. */
static inline size_t
run_read(struct run *r, void *out, size_t size)
{
	xn_waitable things[2] = {
		{ NULL, -1, XN_READY_TIMEOUT }, { NULL, -1, XN_READY_TIMEOUT }
	};
	ssize_t n;

	for (;;) {
		things[0].fd = r->child.out;
		things[1].fd = r->child.err;
		xn_select(things, r->err_open ? 2 : 1, XN_FOREVER);
		if (r->err_open && things[1].ready == XN_READY_FD)
			run_hear(r);
		if (things[0].ready != XN_READY_FD)
			continue;
		n = read(r->child.out, out, size);
		if (n >= 0)
			return (size_t)n;
		if (errno != EINTR && errno != EAGAIN)
			xn_fail("cannot read what a program says: %m");
	}
}

/* Wait for its end: its exit status, 128 + the number of a signal. */
static inline int
run_end(struct run *r)
{
	xn_waitable err = { NULL, -1, XN_READY_TIMEOUT };
	int status;

	err.fd = r->child.err;
	while (r->err_open) {
		xn_select(&err, 1, XN_FOREVER);
		run_hear(r);
	}
	run_log(r);
	r->running = 0;
	status = xn_child_wait(&r->child);
	while (r->said_n > 0 && r->said[r->said_n - 1] == ' ')
		r->said_n--;
	r->said[r->said_n] = '\0';
	/* (It ends where there was no more room.) */
	xn_utf8(r->said, sizeof(r->said), r->said);
	return status;
}

/* The program NAME ended with STATUS: fails if that is not 0. */
static inline void
run_check(const struct run *r, const char *name, const char *path, int status)
{
	if (status > 128)
		xn_fail("%s of %s was ended by signal %d%s%s", name, path,
		    status - 128, r->said[0] == '\0' ? "" : ": ", r->said);
	if (status != 0)
		xn_fail("%s of %s failed: %s", name, path,
		    r->said[0] == '\0' ? "it did not say why" : r->said);
}

/* The first line that ARGV prints, into OUT; or fails. */
static inline void
run_line(const char *const *argv, const char *name, const char *path,
    char *out, size_t size)
{
	struct run r;
	char piece[512];
	size_t n, at = 0;

	run_start(&r, argv, XN_CHILD_OUT);
	while ((n = run_read(&r, piece, sizeof(piece))) > 0)
		for (size_t i = 0; i < n && at < size - 1; i++)
			out[at++] = piece[i];
	run_check(&r, name, path, run_end(&r));
	out[at] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

/* ---- Reading more than a line ------------------------------------------- */

/* What a program prints, to be taken piece by piece. */
struct run_reader {
	struct run *run;
	char *bytes;			/* xn_malloc'ed */
	size_t at, n, size;
	int ended;
};

/* Have at least N bytes there: 1, or 0 if it ends before. */
static inline int
reader_need(struct run_reader *rd, size_t n)
{
	size_t got;

	if (rd->at > 0 && (rd->n == rd->at || rd->at > XN_PIECE)) {
		memmove(rd->bytes, rd->bytes + rd->at, rd->n - rd->at);
		rd->n -= rd->at;
		rd->at = 0;
	}
	while (rd->n - rd->at < n && !rd->ended) {
		if (rd->size < rd->at + n + XN_PIECE) {
			rd->size = rd->at + n + 2 * XN_PIECE;
			rd->bytes = xn_realloc(rd->bytes, rd->size);
			if (rd->bytes == NULL)
				xn_fail("out of memory");
		}
		got = run_read(rd->run, rd->bytes + rd->n, rd->size - rd->n);
		rd->ended = got == 0;
		rd->n += got;
	}
	return rd->n - rd->at >= n;
}

/* The next line without its newline, good until the next call; null at the
 * end, or if it is longer than any that Subversion prints. */
static inline char *
reader_line(struct run_reader *rd)
{
	size_t n = 1;
	char *line, *end = NULL;

	while (end == NULL && n < 4096 && reader_need(rd, n)) {
		n = rd->n - rd->at;
		end = memchr(rd->bytes + rd->at, '\n', n++);
	}
	if (end == NULL)
		return NULL;
	line = rd->bytes + rd->at;
	*end = '\0';
	rd->at += (size_t)(end - line) + 1;
	return line;
}

#endif
