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

#include "core/transport/said.h"
#include "core/transport/stream.h"
#include "core/transport/wait.h"

#define PIPE_SIZE	(1024 * 1024)	/* the default of 64 KiB halves speed */
#define ENDING_WAIT	apr_time_from_sec(2)
#define ENDING_TURN	apr_time_from_msec(10)
#define STDERR_A_TURN	64	/* reads; who writes for ever is not awaited */

typedef struct popen_transport {
	struct xn_transport t;		/* first */
	pid_t pid;			/* 0 when it is reaped */
	int to, from, err;		/* -1 when closed */
	struct xn_said said;		/* stderr */
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

/* Whatever the program says on stderr goes to the log; 1 if there was some. */
static int
drain_stderr(popen_transport_t *p)
{
	char buffer[1024];
	ssize_t got = read(p->err, buffer, sizeof(buffer));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got > 0) {
		xn_said_take(&p->said, &p->t, buffer, (size_t)got);
		return 1;
	}
	xn_said_end(&p->said, &p->t);
	close(p->err);
	p->err = -1;
	return 0;
}

/*
 * What is there already.  The end of stderr is not waited for: a process that
 * the program has left behind (ssh's ControlMaster) may keep it open.
 */
static void
drain_rest(popen_transport_t *p)
{
	for (int i = 0; i < STDERR_A_TURN && p->err >= 0; i++)
		if (!drain_stderr(p))
			break;
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
	if (p->pid > 0) {
		/* Its group: ssh's ProxyCommand may not end with ssh. */
		kill(-p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		p->pid = 0;
	}
	close(p->from);
	drain_rest(p);
	if (p->err >= 0)
		close(p->err);
	p->err = -1;
	xn_said_end(&p->said, t);
}

/* 1 when the program has ended; *STATUS as waitpid() has it, or -1. */
static int
has_ended(popen_transport_t *p, int *status)
{
	pid_t pid;

	do {
		pid = waitpid(p->pid, status, WNOHANG);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0)		/* the calling program ignores SIGCHLD */
		*status = -1;
	return pid != 0;
}

/* Its output has ended, so it ends soon, by itself; or it does not. */
static const char *
popen_ending(int *status, xn_transport_t *t, const xn_transport_open_t *how,
    apr_pool_t *pool)
{
	popen_transport_t *p = (popen_transport_t *)t;
	apr_time_t until = apr_time_now() + ENDING_WAIT;
	const char *how_it_ended = "it closed its output";
	xn_error_t *error = NULL;
	int ended, raw = -1;

	*status = -1;
	while (!(ended = has_ended(p, &raw)) && error == NULL &&
	    apr_time_now() < until) {
		drain_rest(p);
		error = xn_transport_pause(how, ENDING_TURN, "waiting");
	}
	xn_error_clear(error);
	if (ended)
		p->pid = 0;
	drain_rest(p);
	if (ended && raw != -1 && WIFEXITED(raw)) {
		*status = WEXITSTATUS(raw);
		how_it_ended = apr_psprintf(pool, "exit status %d", *status);
	} else if (ended && raw != -1) {
		how_it_ended = apr_psprintf(pool, "signal %d", WTERMSIG(raw));
	}
	return xn_said_clause(&p->said, how_it_ended, pool);
}

static const xn_transport_kind_t popen_kind = {
	.name = "popen",
	.prepare = popen_prepare,
	.process = popen_process,
	.read = popen_read,
	.write = popen_write,
	.close_write = popen_close_write,
	.ending = popen_ending,
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
