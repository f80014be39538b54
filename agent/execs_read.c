/*
 * execs_read.c: what comes from an executor: its messages, its stderr.
 */
#include "agent/router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/process.h"
#include "agent/program.h"

#define READ_SIZE	XN_EXEC_READ

void
xn_execs_close_fds(struct xn_exec *e)
{
	for (int i = 0; i < 2; i++) {
		if (e->fds[i] >= 0)
			close(e->fds[i]);
		e->fds[i] = -1;
	}
}

/* A line of its log: to be passed on to who knows what that is. */
static int
on_log(struct xn_router *r, struct xn_exec *e, const struct xn_message *m)
{
	if (m->channel == e->channel && r->ours)
		return -1;
	if (m->channel == e->channel)
		xn_router_log(r, e->channel, m->payload, m->length);
	return 0;
}

/* A large message for an execnet client; -1: not as a program of ours does. */
static int
on_whole(struct xn_router *r, struct xn_exec *e, const struct xn_message *m)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);
	int fd = e->fds[0], done = e->fds[1];
	uint8_t header[XN_HEADER_SIZE];
	uint32_t n;

	if (!r->plain || m->length != 4 || r->whole.left > 0)
		return -1;
	n = xn_get_u32(m->payload);
	if (n > XN_PEER_MESSAGE_MAX)
		return -1;
	if (o == NULL || o->exec != e) {
		/* The client has closed it meanwhile. */
		xn_execs_close_fds(e);
		return 0;
	}
	e->fds[0] = e->fds[1] = -1;
	if (xn_whole_begin(&r->whole, fd, done, n,
	    xn_buf_len(&r->out) + sizeof(header)) != 0)
		return -1;
	xn_header_put(header, XN_MSG_CHANNEL_DATA, m->channel, n);
	if (xn_buf_put(&r->out, header, sizeof(header)) != 0)
		xn_out_end(r);
	return 0;
}

/* Bytes of a file for the client; -1: not as a program of ours does. */
static int
on_file(struct xn_router *r, struct xn_exec *e, const struct xn_message *m)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);
	int fd = e->fds[0];

	e->fds[0] = -1;
	if (!r->handover.possible && !r->gone)
		return -1;
	/* The client is gone, or has closed the channel meanwhile. */
	if (r->gone || o == NULL || o->exec != e) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (xn_sendfile_begin(&r->sendfile, m, fd, xn_buf_len(&r->out)) != 0)
		return -1;
	if (r->sendfile.before == 0)
		xn_sendfile_go_on(r);
	return 0;
}

/* What came beside a message is to be sent, or to be filled. */
static int
on_beside(struct xn_router *r, struct xn_exec *e, const struct xn_message *m)
{
	int fd = e->fds[0];

	if (m->type == XN_MSG_FILE)
		return on_file(r, e, m);
	if (m->type == XN_MSG_WHOLE)
		return on_whole(r, e, m);
	e->fds[0] = -1;
	return xn_take_begin(r, e, m, fd);
}

/* A message from an executor that is not simply passed on; 0, or -1: pass. */
static int
consume_message(struct xn_router *r, struct xn_exec *e,
    const struct xn_message *m)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);

	if (m->type == XN_MSG_OWN) {
		/* Not under the counter's control: the id is checked. */
		if (m->channel > 0 && m->channel % 2 == 0 && o == NULL &&
		    xn_owner_made(r, m->channel, e) != 0) {
			snprintf(e->report->text, XN_REPORT_TEXT, "made more "
			    "than %d channels, or all programs together more "
			    "than %d", XN_MADE_MAX, XN_ALL_MADE_MAX);
			xn_execs_kill(r, e);
		}
		return 0;
	}
	if (m->type == XN_MSG_LOG)
		return on_log(r, e, m);
	if (o == NULL || o->exec != e)
		return 0;
	switch (m->type) {
	case XN_MSG_CHANNEL_WINDOW:
		if (r->plain)
			return 0;
		if (m->length == 4)
			xn_window_granted(&o->window, xn_get_u32(m->payload));
		return -1;
	case XN_MSG_CHANNEL_CLOSE:
	case XN_MSG_CHANNEL_CLOSE_ERROR:
		xn_owner_remove(r, m->channel);
		return -1;
	case XN_MSG_CHANNEL_PART:
		return r->plain ? 0 : -1;
	case XN_MSG_LINK:
		return r->plain || m->length != 0 ? 0 : -1;
	case XN_MSG_CHANNEL_DATA:
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
		if (m.type == XN_MSG_WHOLE || m.type == XN_MSG_FILE ||
		    m.type == XN_MSG_TAKE) {
			if (n > 0)
				xn_router_to_client(r, start, n);
			n = 0;
			if (on_beside(r, e, &m) != 0)
				return -1;
			continue;
		}
		if (consume_message(r, e, &m) == 0) {
			if (n > 0)
				xn_router_to_client(r, start, n);
			n = 0;
			continue;
		}
		if (n == 0)
			start = frame;
		n += XN_HEADER_SIZE + m.length;
		e->bulk = m.length >= XN_PART_MAX / 4;
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

/* How much to read: no more than the message that a descriptor came with. */
static size_t
step(const struct xn_exec *e)
{
	size_t have = xn_buf_len(&e->in);

	if (e->fds[0] < 0 || have >= XN_SENDFILE_FRAME)
		return xn_handover_step(e, READ_SIZE);
	return XN_SENDFILE_FRAME - have;
}

/* recv(), and what comes beside the bytes. */
static ssize_t
receive(struct xn_router *r, struct xn_exec *e, uint8_t *room)
{
	int fds[2];
	ssize_t n;

	n = xn_whole_recv(e->sock, room, r->plain ? READ_SIZE : step(e), fds);
	if (fds[0] >= 0) {
		xn_execs_close_fds(e);
		e->fds[0] = fds[0];
		e->fds[1] = fds[1];
	}
	return n;
}

void
xn_execs_read(struct xn_router *r, struct xn_exec *e)
{
	uint8_t *room;
	ssize_t n;

	if (xn_handover_try(r, e))
		return;
	if (xn_buf_reserve(&e->in, READ_SIZE, &room) != 0) {
		xn_execs_kill(r, e);
		return;
	}
	n = receive(r, e, room);
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
