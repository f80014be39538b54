/*
 * execs.c: the executors of a router: start, traffic, end.
 */
#include "agent/router.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/crash.h"
#include "agent/meet.h"
#include "agent/process.h"
#include "agent/program.h"

#define LINE_MAX_BYTES	4096
#define SOCKET_SIZE	(1024 * 1024)

static void
free_exec(struct xn_exec *e)
{
	if (e->sock >= 0)
		close(e->sock);
	if (e->log >= 0)
		close(e->log);
	if (e->pass_fd >= 0)
		close(e->pass_fd);
	xn_buf_free(&e->in);
	xn_router_free(&e->out);
	xn_buf_free(&e->line);
	xn_execs_close_fds(e);
	munmap(e->report, sizeof(*e->report));
	free(e);
}

/* The process of a new keeper: keep only what it needs, and go. */
static void __attribute__((noreturn))
become_keeper(struct xn_router *r, const struct xn_message *m,
    struct xn_exec *e, int sock, int log)
{
	struct xn_program program = {
		.channel = m->channel, .payload = m->payload, .n = m->length,
		.pidns = r->pidns, .plain = r->plain,
		.files = r->handover.possible,
		.shared = r->shared, .report = e->report,
		.py2str_as_py3str = r->py2str_as_py3str,
		.py3str_as_py2str = r->py3str_as_py2str,
	};

	/* 0 is /dev/null already; stdout and stderr both become the log. */
	dup2(log, 1);
	dup2(log, 2);
	program.sock = xn_process_close_others(sock);
	xn_keeper_run(&program);
}

static int
make_pipes(int socks[2], int logs[2])
{
	int most = SOCKET_SIZE;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks) != 0)
		return -1;
	/* A wish: the system allows twice its default, mostly. */
	for (int i = 0; i < 2; i++)
		setsockopt(socks[i], SOL_SOCKET, SO_SNDBUF, &most,
		    sizeof(most));
	if (pipe2(logs, O_CLOEXEC) != 0) {
		close(socks[0]);
		close(socks[1]);
		return -1;
	}
	fcntl(socks[0], F_SETFL, O_NONBLOCK);
	fcntl(logs[0], F_SETFL, O_NONBLOCK);
	return 0;
}

static struct xn_exec *
new_exec(const struct xn_message *m)
{
	struct xn_exec *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->report = mmap(NULL, sizeof(*e->report), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (e->report == MAP_FAILED) {
		free(e);
		return NULL;
	}
	e->channel = m->channel;
	e->sock = e->log = e->fds[0] = e->fds[1] = e->pass_fd = -1;
	xn_buf_init(&e->in, XN_EXEC_READ + XN_PART_MAX + XN_HEADER_SIZE);
	xn_buf_init(&e->out, XN_QUEUED_MAX);
	xn_buf_init(&e->line, LINE_MAX_BYTES);
	return e;
}

static int
fork_exec(struct xn_router *r, const struct xn_message *m, struct xn_exec *e)
{
	int socks[2], logs[2];

	if (make_pipes(socks, logs) != 0)
		return -1;
	e->sock = socks[0];
	e->log = logs[0];
	e->pid = xn_process_fork(r->pidns);
	if (e->pid == 0)
		become_keeper(r, m, e, socks[1], logs[1]);
	close(socks[1]);
	close(logs[1]);
	return e->pid < 0 ? -1 : 0;
}

int
xn_execs_start(struct xn_router *r, const struct xn_message *m)
{
	struct xn_scan scan;
	struct xn_exec *e;
	char text[120];

	errno = EAGAIN;
	e = r->execs_n < XN_EXECS_MAX ? new_exec(m) : NULL;
	if (e == NULL || fork_exec(r, m, e) != 0) {
		snprintf(text, sizeof(text), "cannot start a program beside "
		    "%u others: %m", r->execs_n);
		xn_router_close(r, m->channel, text);
		if (e != NULL)
			free_exec(e);
		return 0;
	}
	e->next = r->execs;
	r->execs = e;
	r->execs_n++;
	if (xn_owner_add(r, m->channel, e) == NULL)
		return xn_router_refuse(r, "more than %u channels are open",
		    XN_OWNED_MAX);
	xn_scan_init(&scan);
	return xn_owner_learn(r, e, &scan, m->payload, m->length, 1);
}

/* Send the frame that the descriptor comes with; 0, or -1 if not yet. */
static int
pass_now(struct xn_exec *e)
{
	uint8_t frame[XN_HEADER_SIZE + 1];
	ssize_t n;

	xn_header_put(frame, XN_MSG_LINK, e->pass_id, 1);
	frame[XN_HEADER_SIZE] = e->pass_waits;
	n = xn_whole_send(e->sock, frame, sizeof(frame),
	    (int[2]){ e->pass_fd, -1 });
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -1;
	close(e->pass_fd);
	e->pass_fd = -1;
	return 0;
}

void
xn_execs_flush(struct xn_router *r, struct xn_exec *e)
{
	size_t left;
	ssize_t n;

	if (e->sock < 0)
		return;
	if (e->pass_fd >= 0 && e->pass_at == 0 && pass_now(e) != 0)
		return;
	left = e->pass_fd >= 0 ? e->pass_at : xn_buf_len(&e->out);
	if (left == 0)
		return;
	n = send(e->sock, xn_buf_data(&e->out), left,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* An executor that is gone takes nothing; its end is seen elsewhere. */
	if (n < 0)
		n = (ssize_t)left;
	xn_buf_consume(&e->out, (size_t)n);
	r->queued -= (size_t)n;
	if (e->pass_fd >= 0)
		e->pass_at -= (size_t)n;
	if (xn_buf_len(&e->out) == 0)
		xn_router_free(&e->out);
}

int
xn_execs_can_pass(const struct xn_exec *e)
{
	return e->sock >= 0 && e->pass_fd < 0;
}

void
xn_execs_pass(struct xn_router *r, struct xn_exec *e, int32_t id, int fd,
    int waits)
{
	e->pass_fd = fd;
	e->pass_id = id;
	e->pass_waits = waits != 0;
	e->pass_at = xn_buf_len(&e->out);
	xn_execs_flush(r, e);
}

void
xn_execs_write(struct xn_router *r, struct xn_exec *e, const uint8_t *p,
    size_t n)
{
	ssize_t sent = 0;

	if (e->sock < 0)
		return;
	if (xn_buf_len(&e->out) == 0 && e->pass_fd < 0) {
		sent = send(e->sock, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (sent < 0)
			sent = 0;
	}
	if ((size_t)sent == n)
		return;
	if (xn_buf_put(&e->out, p + sent, n - (size_t)sent) == 0) {
		r->queued += n - (size_t)sent;
		return;
	}
	snprintf(e->report->text, XN_REPORT_TEXT, "the agent has no memory "
	    "for what waits for it");
	xn_execs_kill(r, e);
}

void
xn_execs_reap(struct xn_router *r)
{
	struct xn_exec *e;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (e = r->execs; e != NULL; e = e->next) {
			if (e->pid == pid) {
				e->pid = 0;
				e->status = status;
			}
		}
	}
}

/* Say to the client how E has ended. */
static void
close_channels(struct xn_router *r, struct xn_exec *e)
{
	char *text = e->report->text, name[80];

	text[XN_REPORT_TEXT - 1] = '\0';
	if (text[0] == '\0' && WIFSIGNALED(e->status)) {
		xn_crash_signal_name(name, sizeof(name), WTERMSIG(e->status));
		snprintf(text, XN_REPORT_TEXT, "ended: the program's keeper "
		    "was killed by %s", name);
	}
	if (text[0] == '\0' && e->status != 0)
		snprintf(text, XN_REPORT_TEXT, "ended without a reason");
	if (r->state != XN_ROUTER_RUNS || e->deadline < 0 || text[0] == '\0')
		text = NULL;
	xn_owner_close_all(r, e, text);
	atomic_fetch_sub(&r->shared->extra, atomic_load(&e->report->extra));
}

void
xn_execs_finish(struct xn_router *r)
{
	struct xn_exec **at = &r->execs, *e;

	while ((e = *at) != NULL) {
		if (e->pid != 0 || e->sock >= 0 || e->log >= 0) {
			at = &e->next;
			continue;
		}
		close_channels(r, e);
		xn_meet_forget(r, e);
		*at = e->next;
		r->queued -= xn_buf_len(&e->out);
		r->execs_n--;
		free_exec(e);
	}
}

void
xn_execs_kill(struct xn_router *r, struct xn_exec *e)
{
	/* Init of a namespace takes everything along; else the keeper does. */
	if (e->pid > 0)
		kill(e->pid, r->pidns ? SIGKILL : SIGHUP);
}

void
xn_execs_kill_all(struct xn_router *r)
{
	for (struct xn_exec *e = r->execs; e != NULL; e = e->next)
		xn_execs_kill(r, e);
}
