/*
 * popen.c: a transport to a child of this process, on two pipes: the agent
 * itself, an interpreter, or the ssh program.
 */
#include "core/transport/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/transport/stream.h"
#include "core/wire/dump.h"

#define PIPE_SIZE	(1024 * 1024)	/* the default of 64 KiB halves speed */
#define STDERR_LINE	1024

typedef struct popen_transport {
	struct xn_transport t;		/* first */
	pid_t pid;
	int to, from, err;		/* -1 when closed */
	char line[STDERR_LINE];		/* of stderr, until its newline */
	size_t line_length;
	int closed;
} popen_transport_t;

static int
popen_prepare(xn_transport_t *t, struct pollfd *pfd, int want_read,
    int want_write, int *now)
{
	popen_transport_t *p = (popen_transport_t *)t;
	int n = 0;

	(void)now;
	if (want_read && p->from >= 0)
		pfd[n++] = (struct pollfd){ p->from, POLLIN, 0 };
	if (want_write && p->to >= 0)
		pfd[n++] = (struct pollfd){ p->to, POLLOUT, 0 };
	if (p->err >= 0)
		pfd[n++] = (struct pollfd){ p->err, POLLIN, 0 };
	return n;
}

static void
log_line(popen_transport_t *p)
{
	char clean[3 * STDERR_LINE + 1];

	if (p->line_length > 0 && p->t.log != NULL) {
		xn_utf8_sanitize(clean, p->line, p->line_length);
		p->t.log(p->t.log_baton, clean);
	}
	p->line_length = 0;
}

/* Whatever the agent says on stderr goes to the log, line by line. */
static void
drain_stderr(popen_transport_t *p)
{
	char buffer[1024];
	ssize_t got = read(p->err, buffer, sizeof(buffer));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (ssize_t i = 0; i < got; i++) {
		if (buffer[i] == '\n' || p->line_length == STDERR_LINE)
			log_line(p);
		if (buffer[i] != '\n')
			p->line[p->line_length++] = buffer[i];
	}
	if (got <= 0) {
		log_line(p);
		close(p->err);
		p->err = -1;
	}
}

static xn_error_t *
popen_process(xn_transport_t *t, const struct pollfd *pfd, int n)
{
	popen_transport_t *p = (popen_transport_t *)t;

	for (int i = 0; i < n; i++)
		if (pfd[i].fd == p->err && pfd[i].revents != 0 && p->err >= 0)
			drain_stderr(p);
	return NULL;
}

static xn_error_t *
popen_read(xn_transport_t *t, void *buffer, size_t n, size_t *got, int *end)
{
	return xn_stream_read(t, ((popen_transport_t *)t)->from, buffer, n,
	    got, end);
}

static xn_error_t *
popen_write(xn_transport_t *t, const struct iovec *iov, int n, size_t *put)
{
	return xn_stream_write(t, ((popen_transport_t *)t)->to, iov, n, put);
}

static void
popen_close_write(xn_transport_t *t)
{
	popen_transport_t *p = (popen_transport_t *)t;

	if (p->to >= 0)
		close(p->to);
	p->to = -1;
}

static void
popen_close(xn_transport_t *t)
{
	popen_transport_t *p = (popen_transport_t *)t;

	if (p->closed)
		return;
	p->closed = 1;
	popen_close_write(t);
	kill(p->pid, SIGKILL);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	close(p->from);
	if (p->err >= 0) {
		drain_stderr(p);
		if (p->err >= 0)
			close(p->err);
		log_line(p);
	}
}

static const xn_transport_kind_t popen_kind = {
	.name = "popen",
	.prepare = popen_prepare,
	.process = popen_process,
	.read = popen_read,
	.write = popen_write,
	.close_write = popen_close_write,
	.close = popen_close,
};

static apr_status_t
cleanup(void *baton)
{
	popen_close(baton);
	return APR_SUCCESS;
}

/*
 * In the child.  FDS are its ends: stdin, stdout, stderr, and the pipe that
 * tells the parent why exec failed.  Only async-signal-safe calls.
 */
static void __attribute__((noreturn))
run_child(const char *const *argv, const int fds[4])
{
	sigset_t none;
	int reason;

	/* No PDEATHSIG: it would fire when the thread that forked ends.  The
	 * agent ends by itself when its input does. */
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			_exit(127);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	reason = errno;
	if (write(fds[3], &reason, sizeof(reason)) < 0)
		_exit(126);
	_exit(127);
}

/* A pipe that no other child inherits, its descriptors above 2. */
static int
make_pipe(int ends[2])
{
	int raw[2];

	if (pipe2(raw, O_CLOEXEC) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		ends[i] = raw[i] > 2 ? raw[i] :
		    fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
		if (ends[i] != raw[i])
			close(raw[i]);
	}
	return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

static xn_error_t *
start_child(popen_transport_t *p, const char *const *argv)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
	int why[2] = { -1, -1 }, reason = 0;

	if (make_pipe(in) != 0 || make_pipe(out) != 0 || make_pipe(err) != 0 ||
	    make_pipe(why) != 0 || (p->pid = fork()) < 0) {
		reason = errno;
	} else if (p->pid == 0) {
		int fds[4] = { in[0], out[1], err[1], why[1] };
		run_child(argv, fds);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	close(why[1]);
	if (reason == 0 && read(why[0], &reason, sizeof(reason)) > 0)
		waitpid(p->pid, NULL, 0);
	close(why[0]);
	p->to = in[1];
	p->from = out[0];
	p->err = err[0];
	if (reason == 0)
		return NULL;
	close(p->to);
	close(p->from);
	close(p->err);
	return xn_error_system(reason, "cannot start %s", argv[0]);
}

/* Elsewhere: its bytes come as a stream. */
static xn_error_t *
popen_by_way(xn_transport_t **t, const char *const *argv, const char *peer,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	int fd;

	if (how->way->run == NULL)
		return xn_error_create(XN_E_UNSUPPORTED,
		    "%s cannot run programs", how->way->name);
	XN_TRY(how->way->run(how->way, &fd, argv, how));
	return xn_transport_fd(t, fd, peer, how, pool);
}

xn_error_t *
xn_transport_popen(xn_transport_t **t, const char *const *argv,
    const char *peer, const xn_transport_open_t *how, apr_pool_t *pool)
{
	popen_transport_t *p;

	if (how->way != NULL)
		return popen_by_way(t, argv, peer, how, pool);
	p = apr_pcalloc(pool, sizeof(*p));
	p->t.kind = &popen_kind;
	p->t.peer = peer;
	p->t.log = how->log;
	p->t.log_baton = how->log_baton;
	XN_TRY(start_child(p, argv));
	apr_pool_cleanup_register(pool, p, cleanup, apr_pool_cleanup_null);
	fcntl(p->to, F_SETFL, O_NONBLOCK);
	fcntl(p->from, F_SETFL, O_NONBLOCK);
	fcntl(p->err, F_SETFL, O_NONBLOCK);
	fcntl(p->to, F_SETPIPE_SZ, PIPE_SIZE);	/* a wish; less also works */
	fcntl(p->from, F_SETPIPE_SZ, PIPE_SIZE);
	*t = &p->t;
	return NULL;
}
