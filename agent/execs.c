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

#include "agent/process.h"
#include "agent/program.h"

#define READ_SIZE	(64u * 1024)
#define LINE_MAX_BYTES	4096

static void
free_exec(struct xn_exec *e)
{
	if (e->sock >= 0)
		close(e->sock);
	if (e->log >= 0)
		close(e->log);
	xn_buf_free(&e->in);
	xn_buf_free(&e->out);
	xn_buf_free(&e->line);
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
		.pidns = r->pidns, .shared = r->shared, .report = e->report,
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
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks) != 0)
		return -1;
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
	e->sock = e->log = -1;
	xn_buf_init(&e->in, READ_SIZE + XN_PART_MAX + XN_HEADER_SIZE);
	xn_buf_init(&e->out, XN_QUEUED_PAUSE + XN_MESSAGE_MAX);
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

void
xn_execs_flush(struct xn_router *r, struct xn_exec *e)
{
	ssize_t n;

	if (e->sock < 0 || xn_buf_len(&e->out) == 0)
		return;
	n = send(e->sock, xn_buf_data(&e->out), xn_buf_len(&e->out),
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* An executor that is gone takes nothing; its end is seen elsewhere. */
	if (n < 0)
		n = (ssize_t)xn_buf_len(&e->out);
	xn_buf_consume(&e->out, (size_t)n);
	r->queued -= (size_t)n;
	if (xn_buf_len(&e->out) == 0)
		xn_buf_free(&e->out);
}

void
xn_execs_write(struct xn_router *r, struct xn_exec *e, const uint8_t *p,
    size_t n)
{
	ssize_t sent = 0;

	if (e->sock < 0)
		return;
	if (xn_buf_len(&e->out) == 0) {
		sent = send(e->sock, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (sent < 0)
			sent = 0;
	}
	if ((size_t)sent == n)
		return;
	if (xn_buf_put(&e->out, p + sent, n - (size_t)sent) != 0)
		xn_execs_kill(r, e);
	else
		r->queued += n - (size_t)sent;
}

/* A message from an executor that is not simply passed on; 0, or -1: pass. */
static int
consume_message(struct xn_router *r, struct xn_exec *e,
    const struct xn_message *m)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);

	if (m->type == XN_MSG_OWN) {
		/* Not under the counter's control: the id is checked. */
		if (m->channel > 0 && m->channel % 2 == 0 && o == NULL)
			xn_owner_add(r, m->channel, e);
		return 0;
	}
	if (m->type == XN_MSG_LOG)
		return m->channel == e->channel ? -1 : 0;
	if (o == NULL || o->exec != e)
		return 0;
	switch (m->type) {
	case XN_MSG_CHANNEL_WINDOW:
		if (m->length == 4)
			xn_window_granted(&o->window, xn_get_u32(m->payload));
		return -1;
	case XN_MSG_CHANNEL_CLOSE:
	case XN_MSG_CHANNEL_CLOSE_ERROR:
		xn_owner_remove(r, m->channel);
		return -1;
	case XN_MSG_CHANNEL_DATA:
	case XN_MSG_CHANNEL_PART:
	case XN_MSG_CHANNEL_LAST_MESSAGE:
		return -1;
	default:
		return 0;
	}
}

/* Pass whole messages on, as many at once as lie together. */
static int
pass_messages(struct xn_router *r, struct xn_exec *e)
{
	const uint8_t *start = NULL, *frame;
	size_t n = 0;
	struct xn_message m;
	int rc;

	while ((rc = xn_message_take(&m, &e->in, XN_PART_MAX)) == 1) {
		frame = m.payload - XN_HEADER_SIZE;
		if (consume_message(r, e, &m) == 0) {
			if (n > 0)
				xn_router_to_client(r, start, n);
			n = 0;
			continue;
		}
		if (n == 0)
			start = frame;
		n += XN_HEADER_SIZE + m.length;
	}
	if (n > 0)
		xn_router_to_client(r, start, n);
	return rc;
}

static void
end_socket(struct xn_exec *e)
{
	close(e->sock);
	e->sock = -1;
}

void
xn_execs_read(struct xn_router *r, struct xn_exec *e)
{
	uint8_t *room;
	ssize_t n;

	if (xn_buf_reserve(&e->in, READ_SIZE, &room) != 0) {
		xn_execs_kill(r, e);
		return;
	}
	n = recv(e->sock, room, READ_SIZE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		/* Nothing more can come when the keeper has ended too. */
		if (e->pid == 0)
			end_socket(e);
		return;
	}
	if (n <= 0) {
		end_socket(e);
		return;
	}
	xn_buf_commit(&e->in, (size_t)n);
	if (pass_messages(r, e) < 0) {
		snprintf(e->report->text, XN_REPORT_TEXT,
		    "wrote over its agent's memory");
		xn_execs_kill(r, e);
		end_socket(e);
	}
	if (xn_buf_len(&e->in) == 0 && r->execs_n > 16)
		xn_buf_free(&e->in);
}

void
xn_execs_read_log(struct xn_router *r, struct xn_exec *e)
{
	if (xn_process_read_lines(e->log, &e->line, r, e->channel) == 0 ||
	    e->pid == 0) {
		if (xn_buf_len(&e->line) > 0)
			xn_router_log(r, e->channel, xn_buf_data(&e->line),
			    xn_buf_len(&e->line));
		close(e->log);
		e->log = -1;
	}
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
	char *text = e->report->text;

	text[XN_REPORT_TEXT - 1] = '\0';
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
