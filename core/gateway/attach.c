/*
 * attach.c: a channel tied to descriptors.
 *
 * What arrives as bytes is written to one, what can be read from the other is
 * sent as bytes.  The I/O thread of the channel's gateway does it beside its
 * own work and without ever blocking: a frame's credit is given back when the
 * descriptor has taken all of it, and nothing is read while there is no credit.
 *
 * The end of what can be read is a last message, a last message the end of
 * what is written; a close ends both.  After both ends the peer, or who owns
 * the channel here, closes it.  Everything of struct xn_attach but the
 * chunks is the I/O thread's own, once it is in the list.
 */
#include "core/gateway/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_HEAD	5u	/* the opcode of bytes, and the length */
#define READ_MAX	(XN_PART_MAX - BYTES_HEAD - 1)	/* and STOP behind */
#define READS_A_TURN	4

/* Where in the bytes of a value we are. */
enum place { AT_OPCODE, IN_LENGTH, IN_BYTES, AT_STOP };

struct xn_attach {
	struct xn_sink sink;		/* first */
	struct xn_attach *next;		/* in gateway->attached */
	int in, out;			/* read from, written to; -1: no more */
	int fds[2];			/* the same, until they are closed */
	int in_slot, out_slot;		/* in the poll array; -1: not polled */
	int full;			/* OUT took no more the last time */
	enum place place;
	uint32_t number;		/* the length as far as it is read */
	uint32_t left;			/* of IN_LENGTH and IN_BYTES */
};

static void
no_news(struct xn_sink *sink)
{
	(void)sink;	/* each turn looks at everything */
}

static void
arrived(struct xn_sink *sink, struct xn_chunk *chunk)
{
	(void)sink;
	(void)chunk;
}

static void
ended(struct xn_sink *sink)
{
	xn_gateway__wake(sink->channel->gateway);
}

static const struct xn_sink_kind attach_kind = {
	.doing = "attached to a descriptor",
	.waited_for = 1,
	.arrived = arrived,
	.ended = ended,
	.room = no_news,
};

/* ---- The end ------------------------------------------------------------ */

/*
 * Close the channel.  TEXT, if not NULL, is the error for the peer, and for who
 * waits here.
 */
static void
close_channel(struct xn_attach *a, const char *text)
{
	xn_channel_t *ch = a->sink.channel;

	if (text != NULL) {
		xn_group__lock(ch->group);
		if (ch->remote_error == NULL)
			ch->remote_error = strdup(text);
		xn_group__unlock(ch->group);
	}
	xn_channel__close(ch, text);
	a->in = a->out = -1;
}

static void
fail(struct xn_attach *a, const char *doing, int reason)
{
	char text[200];

	snprintf(text, sizeof(text), "cannot %s the attached descriptor: %s",
	    doing, strerror(reason));
	close_channel(a, text);
}

/* Nothing more is written: the reader of OUT sees the end. */
static void
end_out(struct xn_attach *a)
{
	if (a->out < 0)
		return;
	if (a->fds[0] != a->fds[1]) {
		close(a->fds[1]);
		a->fds[1] = -1;
	} else {
		shutdown(a->out, SHUT_WR);
	}
	a->out = -1;
}

static void
close_descriptors(struct xn_attach *a)
{
	if (a->fds[1] >= 0 && a->fds[1] != a->fds[0])
		close(a->fds[1]);
	if (a->fds[0] >= 0)
		close(a->fds[0]);
	a->fds[0] = a->fds[1] = -1;
}

/* Out of the list, not locked. */
static void
detach(xn_gateway_t *gw, struct xn_attach *a)
{
	struct xn_attach **at = &gw->attached;

	xn_group__lock(gw->group);
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	xn_sink__clear(&a->sink);
	a->sink.channel->sink = NULL;
	xn_channel__wake(a->sink.channel);
	xn_channel__forget_unheld(a->sink.channel);
	xn_group__unlock(gw->group);
	close_descriptors(a);
	xn_channel__unref(a->sink.channel);
	free(a);
}

/* ---- Writing ------------------------------------------------------------ */

/* One byte that is not of the bytes themselves: 0, or -1 if it is wrong. */
static int
take_byte(struct xn_attach *a, uint8_t byte)
{
	switch (a->place) {
	case AT_OPCODE:
		if (byte != XN_OP_BYTES)
			return -1;
		a->place = IN_LENGTH;
		a->left = 4;
		a->number = 0;
		return 0;
	case IN_LENGTH:
		a->number = a->number << 8 | byte;
		if (--a->left > 0)
			return 0;
		if (a->number > INT32_MAX)
			return -1;
		a->left = a->number;
		a->place = a->left > 0 ? IN_BYTES : AT_STOP;
		return 0;
	case AT_STOP:
		a->place = AT_OPCODE;
		return byte == XN_OP_STOP ? 0 : -1;
	case IN_BYTES:
		break;
	}
	return -1;
}

/* Write of chunk C what OUT takes: 1 if all of it, 0 if not, or -1. */
static int
write_chunk(struct xn_attach *a, struct xn_chunk *c)
{
	ssize_t put;
	size_t n;

	while (c->done < c->n) {
		if (a->place != IN_BYTES) {
			if (take_byte(a, c->bytes[c->done++]) != 0) {
				close_channel(a, "the channel is attached to a "
				    "descriptor: it takes bytes only");
				return -1;
			}
			continue;
		}
		n = c->n - c->done < a->left ? c->n - c->done : a->left;
		put = write(a->out, c->bytes + c->done, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN) {
			a->full = 1;
			return 0;
		}
		if (put < 0) {
			/* Its reader has gone, which is how it ends. */
			if (errno == EPIPE || errno == ECONNRESET)
				close_channel(a, NULL);
			else
				fail(a, "write to", errno);
			return -1;
		}
		c->done += (size_t)put;
		a->left -= (uint32_t)put;
		if (a->left == 0)
			a->place = AT_STOP;
	}
	return 1;
}

/* 1 if the first chunk is there and has been written. */
static int
write_first(struct xn_attach *a)
{
	xn_channel_t *ch = a->sink.channel;
	struct xn_chunk *c;

	xn_group__lock(ch->group);
	c = a->sink.head;
	xn_group__unlock(ch->group);
	if (c == NULL || write_chunk(a, c) != 1)
		return 0;
	xn_group__lock(ch->group);
	xn_sink__took(&a->sink);
	xn_group__unlock(ch->group);
	return 1;
}

/* ---- Reading ------------------------------------------------------------ */

static int
may_read(const struct xn_attach *a)
{
	xn_channel_t *ch = a->sink.channel;
	apr_thread_cond_t *ignored;

	return a->in >= 0 && !ch->send_closed &&
	    xn_channel__has_room(ch, XN_PART_MAX, &ignored);
}

/* BYTES hold N bytes behind the room for the head: they are sent. */
static void
send_bytes(struct xn_attach *a, uint8_t *bytes, size_t n)
{
	xn_channel_t *ch = a->sink.channel;
	size_t whole = BYTES_HEAD + n + 1;

	bytes[0] = XN_OP_BYTES;
	xn_set_u32(bytes + 1, (uint32_t)n);
	bytes[BYTES_HEAD + n] = XN_OP_STOP;
	if (n < READ_MAX / 2)
		bytes = realloc(bytes, whole);
	if (bytes == NULL)
		abort();	/* as APR's pools do */
	if (ch->send_closed) {
		free(bytes);
		return;
	}
	if (!ch->gateway->plain)
		xn_window_sent(&ch->window, (uint32_t)whole);
	if (xn_gateway__put(ch->gateway, XN_MSG_CHANNEL_DATA, ch->id, bytes,
	    whole, 0) != XN_C_OK)
		abort();
}

/*
 * The end of IN.  If its other end is closed for both ways, what still arrives
 * finds out when it is written.
 */
static void
end_in(struct xn_attach *a)
{
	xn_group__lock(a->sink.channel->group);
	xn_channel__close_write_locked(a->sink.channel);
	xn_group__unlock(a->sink.channel->group);
	a->in = -1;
}

/* Read once: 1 if there may be more. */
static int
read_once(struct xn_attach *a)
{
	xn_channel_t *ch = a->sink.channel;
	uint8_t *bytes;
	ssize_t got;
	int may;

	xn_group__lock(ch->group);
	may = may_read(a);
	xn_group__unlock(ch->group);
	if (!may)
		return 0;
	if ((bytes = malloc(XN_PART_MAX)) == NULL)
		abort();	/* as APR's pools do */
	do {
		got = read(a->in, bytes + BYTES_HEAD, READ_MAX);
	} while (got < 0 && errno == EINTR);
	if (got > 0) {
		xn_group__lock(ch->group);
		send_bytes(a, bytes, (size_t)got);
		xn_group__unlock(ch->group);
		return got == READ_MAX;
	}
	if (got == 0)
		end_in(a);
	else if (errno == ECONNRESET)
		close_channel(a, NULL);
	else if (errno != EAGAIN)
		fail(a, "read from", errno);
	free(bytes);
	return 0;
}

/* ---- The I/O thread's part ---------------------------------------------- */

static int
revents(const struct pollfd *pfd, int slot)
{
	return slot < 0 ? 0 : pfd[slot].revents;
}

/* One turn for A: 1 while it goes on. */
static int
turn(struct xn_attach *a, int in_events, int out_events)
{
	xn_channel_t *ch = a->sink.channel;
	int over, last, empty;

	if (out_events != 0)
		a->full = 0;
	while (a->out >= 0 && !a->full && write_first(a))
		continue;
	for (int i = 0; in_events != 0 && i < READS_A_TURN; i++)
		if (!read_once(a))
			break;
	xn_group__lock(ch->group);
	if (a->out < 0)
		xn_sink__clear(&a->sink);
	empty = a->sink.head == NULL;
	last = ch->receive_closed;
	over = ch->over && (empty || ch->local_closed);
	if (last && empty)
		xn_channel__wake(ch);
	xn_group__unlock(ch->group);
	if (last && empty)
		end_out(a);
	/* The peer may still say how it ended: it, or our owner, closes. */
	if (a->in < 0 && a->out < 0)
		close_descriptors(a);
	return !over;
}

static void
poll_for(struct pollfd *pfd, int *n, int *slot, int fd, short events)
{
	*slot = *n;
	pfd[(*n)++] = (struct pollfd){ fd, events, 0 };
}

int
xn_attach__prepare(xn_gateway_t *gw, struct pollfd **pfd, int *room, int n)
{
	int needed = n;

	xn_group__lock(gw->group);
	for (struct xn_attach *a = gw->attached; a; a = a->next)
		needed += 2;
	if (needed > *room) {
		struct pollfd *grown = realloc(*pfd, (size_t)needed * 2 *
		    sizeof(*grown));

		if (grown == NULL)
			abort();	/* as APR's pools do */
		*pfd = grown;
		*room = needed * 2;
	}
	for (struct xn_attach *a = gw->attached; a; a = a->next) {
		a->in_slot = a->out_slot = -1;
		if (may_read(a))
			poll_for(*pfd, &n, &a->in_slot, a->in, POLLIN);
		if (a->out >= 0 && a->sink.head != NULL)
			poll_for(*pfd, &n, &a->out_slot, a->out, POLLOUT);
	}
	xn_group__unlock(gw->group);
	return n;
}

void
xn_attach__process(xn_gateway_t *gw, const struct pollfd *pfd)
{
	struct xn_attach *a, *next;

	xn_group__lock(gw->group);
	a = gw->attached;
	xn_group__unlock(gw->group);
	/* Others add at the front alone, and only we remove. */
	for (; a != NULL; a = next) {
		next = a->next;
		if (!turn(a, revents(pfd, a->in_slot),
		    revents(pfd, a->out_slot)))
			detach(gw, a);
	}
}

void
xn_attach__end(xn_gateway_t *gw)
{
	struct xn_attach *a;

	for (;;) {
		xn_group__lock(gw->group);
		a = gw->attached;
		xn_group__unlock(gw->group);
		if (a == NULL)
			return;
		a->full = 0;
		while (a->out >= 0 && !a->full && write_first(a))
			continue;
		detach(gw, a);
	}
}

/* ---- Attaching ---------------------------------------------------------- */

static int
set_nonblocking(int fd)
{
	int flags = fd < 0 ? 0 : fcntl(fd, F_GETFL);

	if (fd < 0)
		return 0;
	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ? -1 :
	    0;
}

static xn_error_t *
attach(struct xn_attach *a, xn_channel_t *ch)
{
	xn_gateway_t *gw = ch->gateway;

	if (gw == NULL)
		return xn_error_create(XN_E_UNSUPPORTED, "a channel within "
		    "this process has no I/O thread to move its bytes");
	if (set_nonblocking(a->in) != 0 || set_nonblocking(a->out) != 0)
		return xn_error_system(errno, "cannot attach a descriptor");
	XN_TRY(gw->closing ? xn_gateway__error(gw) : NULL);
	XN_TRY(xn_sink__install(&a->sink, &attach_kind, ch));
	a->next = gw->attached;
	gw->attached = a;
	xn_gateway__wake(gw);
	return NULL;
}

xn_error_t *
xn_channel_attach(xn_channel_t *ch, int in, int out)
{
	struct xn_attach *a = calloc(1, sizeof(*a));
	xn_error_t *error;

	if (a == NULL)
		abort();	/* as APR's pools do */
	a->in = a->fds[0] = in;
	a->out = a->fds[1] = out;
	a->in_slot = a->out_slot = -1;
	xn_group__lock(ch->group);
	error = attach(a, ch);
	xn_group__unlock(ch->group);
	if (error == NULL)
		return NULL;
	if (in >= 0)
		close(in);
	if (out >= 0 && out != in)
		close(out);
	free(a);
	return xn_error_wrap(error, "cannot attach a channel");
}
