/*
 * pump.c: bytes between a channel and descriptors, both ways at once.
 *
 * Neither direction waits for the other: a value is received only when the
 * one before has been written, and nothing is read while there is no credit to
 * send it.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execnet/remote.h>
#include "core/wire/message.h"

#define LINGER_MS	5000	/* for OUT to take what came before a close */
#define HEAD		5u	/* the opcode of bytes, and the length */
#define READ_MAX	(XN_PART_MAX - HEAD - 1)	/* and STOP behind */

struct pump {
	struct xn_side *side;
	xn_channel *channel;
	int in, out;		/* -1: no more */
	int shared;		/* they are one socket */
	int out_is_socket;
	int may_send;		/* there was credit for a frame */
	int over;		/* the channel is closed */
	uint8_t *buffer;	/* XN_PART_MAX */
	uint8_t *payload;	/* received and not yet written, malloc'ed */
	size_t done, n;		/* where in it */
};

static void
pump_close(struct pump *p)
{
	if (p->out >= 0 && !p->shared)
		close(p->out);
	if (p->in >= 0 || (p->shared && p->out >= 0))
		close(p->in >= 0 ? p->in : p->out);
	p->in = p->out = -1;
}

static void
pump_drop(void *baton)
{
	struct pump *p = baton;

	pump_close(p);
	free(p->buffer);
	free(p->payload);
}

/* Whoever reads OUT sees the end. */
static void
end_out(struct pump *p)
{
	if (p->out < 0)
		return;
	if (!p->shared)
		close(p->out);
	else if (p->in >= 0)
		shutdown(p->out, SHUT_WR);
	else
		close(p->out);
	p->out = -1;
}

/* The bytes in the payload that has come. */
static void
open_payload(struct pump *p, size_t n)
{
	if (n < HEAD + 1 || p->payload[0] != XN_OP_BYTES ||
	    xn_get_u32(p->payload + 1) != n - HEAD - 1 ||
	    p->payload[n - 1] != XN_OP_STOP)
		xn_fail("xn_pump: something else than bytes came");
	p->done = HEAD;
	p->n = n - 1;
}

/* Receive what is there: 1, or 0 when the channel has no more. */
static int
take(struct pump *p)
{
	const struct xn_port *port = p->side->port;
	const char *error = NULL;
	size_t n = 0;
	int rc = port->receive(port->baton, p->channel->object, 0,
	    &p->payload, &n, &error);

	if (rc == XN_PORT_ERROR)
		xn_fail("%s", error != NULL ? error : "the channel is broken");
	if (rc == XN_PORT_OK)
		open_payload(p, n);
	return rc != XN_PORT_EOF;
}

static void
put(struct pump *p)
{
	/* A socket whose reader has gone raises no SIGPIPE so. */
	ssize_t n = p->out_is_socket ? send(p->out, p->payload + p->done,
	    p->n - p->done, MSG_NOSIGNAL) :
	    write(p->out, p->payload + p->done, p->n - p->done);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		if (errno != EPIPE && errno != ECONNRESET)
			xn_fail("cannot write: %m");
		end_out(p);	/* its reader has gone */
		n = (ssize_t)(p->n - p->done);
	}
	if (n > 0)
		p->done += (size_t)n;
	if (p->done == p->n) {
		free(p->payload);
		p->payload = NULL;
	}
}

static void
drop_in(struct pump *p)
{
	if (!p->shared || p->out < 0)
		close(p->in);
	p->in = -1;
}

static void
end_in(struct pump *p)
{
	const struct xn_port *port = p->side->port;

	port->close_write(port->baton, p->channel->object);
	drop_in(p);
}

static void
get(struct pump *p)
{
	const struct xn_port *port = p->side->port;
	const char *error = NULL;
	ssize_t n = read(p->in, p->buffer + HEAD, READ_MAX);
	int rc;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		xn_fail("cannot read: %m");
	if (n == 0) {
		end_in(p);
		return;
	}
	p->buffer[0] = XN_OP_BYTES;
	xn_set_u32(p->buffer + 1, (uint32_t)n);
	p->buffer[HEAD + (size_t)n] = XN_OP_STOP;
	rc = port->send(port->baton, p->channel->object, p->buffer,
	    HEAD + (size_t)n + 1, &error);
	if (rc == XN_PORT_ERROR)
		xn_fail("%s", error != NULL ? error : "the channel is broken");
	if (rc != XN_PORT_OK)
		drop_in(p);	/* the peer has closed */
	p->may_send = 0;
}

/* Wait for something and do it: 0 when it is over. */
static int
turn(struct pump *p, int *more_comes)
{
	const struct xn_port *port = p->side->port;
	struct pollfd fds[2] = { { -1, 0, 0 }, { -1, 0, 0 } };
	int want = 0, met;

	if (*more_comes && p->payload == NULL)
		want |= XN_PORT_RECEIVE;
	if (p->in >= 0 && !p->may_send)
		want |= XN_PORT_SEND;
	if (p->in >= 0 && p->may_send)
		fds[0] = (struct pollfd){ p->in, POLLIN, 0 };
	if (p->payload != NULL && p->out >= 0)
		fds[1] = (struct pollfd){ p->out, POLLOUT, 0 };
	met = port->wait(port->baton, p->channel->object, want, fds, 2, -1);
	if (met & XN_PORT_SEND)
		p->may_send = 1;
	if (fds[1].revents != 0)
		put(p);
	if (met & XN_PORT_RECEIVE)
		*more_comes = take(p);
	if (met & XN_PORT_OVER) {
		p->over = 1;
		if (p->payload == NULL && !*more_comes)
			return 0;
		/* What came before the end is written first. */
		if (p->payload != NULL && p->out >= 0) {
			if (poll(&fds[1], 1, LINGER_MS) <= 0)
				return 0;
			put(p);
		}
	}
	if (fds[0].revents != 0)
		get(p);
	if (p->payload != NULL && p->out < 0) {
		free(p->payload);
		p->payload = NULL;
	}
	if (!*more_comes && p->payload == NULL)
		end_out(p);
	return p->in >= 0 || *more_comes || p->payload != NULL;
}

static void
set_nonblocking(int fd)
{
	int flags = fd < 0 ? 0 : fcntl(fd, F_GETFL);

	if (flags == -1 || (fd >= 0 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0))
		xn_fail("xn_pump: descriptor %d: %m", fd);
}

int
xn_pump(xn_channel *channel, int in, int out)
{
	struct xn_side *side = xn_side__need("xn_pump");
	struct pump *p = xn_alloc(sizeof(*p));
	struct stat st;
	int more_comes = 1;

	if (channel == NULL)
		xn_fail("xn_pump: a null channel");
	p->side = side;
	p->channel = channel;
	p->in = in;
	p->out = out;
	p->shared = in == out;
	xn_cleanup(pump_drop, p);
	if (side->port->wait == NULL)
		xn_fail("xn_pump: not here");
	set_nonblocking(in);
	set_nonblocking(out);
	p->out_is_socket = out >= 0 && fstat(out, &st) == 0 &&
	    S_ISSOCK(st.st_mode);
	p->buffer = malloc(XN_PART_MAX);
	if (p->buffer == NULL)
		xn_fail("xn_pump: %m");
	while (turn(p, &more_comes))
		continue;
	xn_cleanup_cancel(pump_drop, p);
	pump_drop(p);
	return p->over;
}
