#include "core/side/side.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <execnet/remote.h>
#include "core/wire/code.h"
#include "core/wire/format.h"

#define SELECT_MAX	1024		/* promised in <execnet/remote.h> */
#define SELECT_FDS	64		/* of these, descriptors; promised, too */
#define REPR_MAX	400		/* how much of a wrong value is shown */
#define BYTES_HEAD	5		/* of bytes as a value, before them */
#define KEEP_MAX	(256u * 1024)	/* a larger send buffer is not kept */

/* ---- The program's channels -------------------------------------------- */

struct xn_side_channel *
xn_side__channel(struct xn_side *side, void *object)
{
	struct xn_side_channel **bucket, *c;

	bucket = &side->buckets[((uintptr_t)object >> 5) % XN_SIDE_BUCKETS];
	for (c = *bucket; c != NULL; c = c->next)
		if (c->object == object)
			return c;
	if (side->channel_count >= XN_SIDE_CHANNELS)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->object = object;
	c->next = *bucket;
	*bucket = c;
	side->channel_count++;
	return c;
}

static void
forget_value(struct xn_side_channel *c)
{
	xn_side__arena_free(&c->memory);
	free(c->payload);
	c->payload = NULL;
}

void
xn_side__close_all(struct xn_side *side)
{
	const struct xn_port *port = side->port;
	/* The other channels get the error too: whoever reads data from one
	 * must not take an early end for the end of the data. */
	const char *text = side->failed ? side->error : NULL;

	for (int i = 0; i < XN_SIDE_BUCKETS; i++) {
		struct xn_side_channel *c;

		for (c = side->buckets[i]; c != NULL; c = c->next)
			if (c != side->main_channel)
				port->close(port->baton, c->object, text);
	}
	port->close(port->baton, side->main_channel->object, text);
}

void
xn_side__free_all(struct xn_side *side)
{
	for (int i = 0; i < XN_SIDE_BUCKETS; i++) {
		while (side->buckets[i] != NULL) {
			struct xn_side_channel *c = side->buckets[i];

			side->buckets[i] = c->next;
			forget_value(c);
			free(c);
		}
	}
}

static struct xn_side *
need(const char *call, const xn_channel *channel)
{
	struct xn_side *side = xn_side__need(call);

	if (channel == NULL)
		xn_fail("%s: a null channel", call);
	return side;
}

/* ---- Sending ----------------------------------------------------------- */

static int32_t
id_of(const void *channel)
{
	const struct xn_side_channel *c = channel;
	struct xn_side *side = need("xn_send", c);

	return side->port->id_of_channel(side->port->baton, c->object);
}

void
xn_side__ended(struct xn_side *side, int result, const char *error)
{
	if (result == XN_PORT_EOF)
		xn_side__end(side);
	xn_fail("%s", error != NULL ? error : "the channel is broken");
}

static void
send_packed(struct xn_side *side, xn_channel *channel)
{
	const char *error = NULL;
	int result = side->port->send(side->port->baton, channel->object,
	    xn_buf_data(&side->out), xn_buf_len(&side->out), &error);

	if (side->out.cap > KEEP_MAX)
		xn_buf_free(&side->out);
	if (result != XN_PORT_OK)
		xn_side__ended(side, result, error);
}

void
xn_send(xn_channel *channel, const char *format, ...)
{
	struct xn_side *side = need("xn_send", channel);
	char text[XN_FORMAT_TEXT];
	va_list ap;
	int code;

	xn_buf_consume(&side->out, xn_buf_len(&side->out));
	va_start(ap, format);
	code = xn_pack(&side->out, id_of, format, ap);
	va_end(ap);
	if (code < 0)
		xn_fail("cannot send a value of the format \"%s\": %s",
		    format, xn_format_text(text, sizeof(text), code, format,
		    1));
	send_packed(side, channel);
}

void
xn_send_value(xn_channel *channel, const xn_value *value)
{
	need("xn_send_value", channel);
	if (value == NULL)
		xn_fail("xn_send_value: a null value");
	xn_send(channel, "v", value);
}

/* Pack the next of N bytes from AT on as a value: how many, or -1 and errno. */
static ssize_t
pack_piece(struct xn_side *side, int fd, long long at, long long n)
{
	size_t want = n < XN_PIECE ? (size_t)n : XN_PIECE;
	struct xn_buf *out = &side->out;
	uint8_t *room;
	ssize_t got;

	xn_buf_consume(out, xn_buf_len(out));
	if (xn_buf_reserve(out, BYTES_HEAD + want + 1, &room) != XN_C_OK) {
		errno = ENOMEM;
		return -1;
	}
	do
		got = pread(fd, room + BYTES_HEAD, want, at);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		errno = ENODATA;
	if (got <= 0)
		return -1;
	room[0] = XN_OP_BYTES;
	xn_set_u32(room + 1, (uint32_t)got);
	room[BYTES_HEAD + (size_t)got] = XN_OP_STOP;
	xn_buf_commit(out, BYTES_HEAD + (size_t)got + 1);
	return got;
}

int
xn_send_file(xn_channel *channel, int fd, long long at, long long n)
{
	struct xn_side *side = need("xn_send_file", channel);
	const struct xn_port *port = side->port;
	const char *error = NULL;
	long long sent = 0;
	ssize_t piece;
	int result;

	if (port->send_file != NULL && n > 0) {
		result = port->send_file(port->baton, channel->object, fd, at,
		    n, &sent, &error);
		if (result != XN_PORT_OK)
			xn_side__ended(side, result, error);
	}
	for (; sent < n; sent += piece) {
		piece = pack_piece(side, fd, at + sent, n - sent);
		if (piece < 0)
			return -1;
		send_packed(side, channel);
	}
	return 0;
}

/* ---- Receiving --------------------------------------------------------- */

const xn_value *
xn_receive_value(xn_channel *channel, int timeout)
{
	struct xn_side *side = need("xn_receive", channel);
	const char *error = NULL;
	uint8_t *payload = NULL;
	size_t n = 0;
	int result;

	forget_value(channel);
	result = side->port->receive(side->port->baton, channel->object,
	    timeout < 0 ? XN_FOREVER : timeout, &payload, &n, &error);
	if (result == XN_PORT_TIMEOUT)
		return NULL;
	if (result != XN_PORT_OK)
		xn_side__ended(side, result, error);
	channel->payload = payload;
	return xn_side__decode(side, channel, n);
}

static void *
path_alloc(void *arena, size_t size)
{
	return xn_side__arena_alloc(arena, size);
}

/* Take VALUE apart; the copies of paths go to ARENA.  Fails the program for
 * anything but a mismatch. */
static int
take_apart(const xn_value *value, struct xn_side_arena *arena, char *where,
    const char *format, va_list ap)
{
	struct xn_decode_env env = {
		.alloc = path_alloc, .alloc_baton = arena
	};
	int code = xn_unpack(value, &env, where, format, ap);
	char text[XN_FORMAT_TEXT];

	if (code < 0 && code != XN_C_MISMATCH)
		xn_fail("cannot take a value apart as \"%s\": %s", format,
		    xn_format_text(text, sizeof(text), code, format, 0));
	return code;
}

int
xn_receive(xn_channel *channel, int timeout, const char *format, ...)
{
	const xn_value *value = xn_receive_value(channel, timeout);
	char shown[REPR_MAX], where = '\0';
	va_list ap;
	int code;

	if (value == NULL)
		return 0;
	va_start(ap, format);
	code = take_apart(value, &channel->memory, &where, format, ap);
	va_end(ap);
	if (code == XN_C_OK)
		return 1;
	xn_repr(shown, sizeof(shown), value);
	if (where == '\0')
		xn_fail("expected \"%s\", received %s", format, shown);
	xn_fail("expected \"%s\", received %s: it does not fit '%c'", format,
	    shown, where);
}

/* Copies made for a value live as long as the value itself. */
static struct xn_side_arena *
arena_of(struct xn_side *side, const xn_value *value)
{
	if (xn_side__arena_holds(&side->memory, value))
		return &side->memory;
	for (int i = 0; i < XN_SIDE_BUCKETS; i++) {
		struct xn_side_channel *c;

		for (c = side->buckets[i]; c != NULL; c = c->next)
			if (xn_side__arena_holds(&c->memory, value))
				return &c->memory;
	}
	return &side->memory;
}

int
xn_unpack_value(const xn_value *value, const char *format, ...)
{
	struct xn_side *side = xn_side__need("xn_unpack_value");
	char where;
	va_list ap;
	int code;

	if (value == NULL)
		return 0;
	va_start(ap, format);
	code = take_apart(value, arena_of(side, value), &where, format, ap);
	va_end(ap);
	return code == XN_C_OK;
}

/* ---- Waiting ----------------------------------------------------------- */

/* The things of one xn_select(), sorted into what a port takes. */
struct wait {
	void *channels[SELECT_MAX];
	int ready[SELECT_MAX];
	int n;
	int fds[SELECT_FDS];
	int fd_ready[SELECT_FDS];
	int nfds;
};

static void
sort_out(struct wait *w, const xn_waitable *things, int n)
{
	w->n = w->nfds = 0;
	for (int i = 0; i < n; i++) {
		if (things[i].channel != NULL) {
			w->ready[w->n] = XN_PORT_TIMEOUT;
			w->channels[w->n++] = things[i].channel->object;
		} else if (things[i].fd >= 0 && w->nfds == SELECT_FDS) {
			xn_fail("xn_select: more than %d descriptors",
			    SELECT_FDS);
		} else if (things[i].fd >= 0) {
			w->fd_ready[w->nfds] = 0;
			w->fds[w->nfds++] = things[i].fd;
		} else {
			xn_fail("xn_select: thing %d is neither a channel nor "
			    "a descriptor", i);
		}
	}
}

/* A channel that was closed with an error counts as readable: the receive
 * that follows then ends the program with that error. */
static int
ready_of(int result)
{
	if (result == XN_PORT_EOF)
		return XN_READY_EOF;
	return result == XN_PORT_TIMEOUT ? XN_READY_TIMEOUT : XN_READY_VALUE;
}

int
xn_select(xn_waitable *things, int n, int timeout)
{
	struct xn_side *side = xn_side__need("xn_select");
	struct wait w;
	int channels = 0, fds = 0, count = 0;

	if (n < 0 || n > SELECT_MAX || (n > 0 && things == NULL))
		xn_fail("xn_select: %d things; it takes 0 to %d", n,
		    SELECT_MAX);
	sort_out(&w, things, n);
	side->port->select(side->port->baton, w.channels, w.ready, w.n,
	    w.fds, w.fd_ready, w.nfds, timeout < 0 ? XN_FOREVER : timeout);
	for (int i = 0; i < n; i++) {
		if (things[i].channel != NULL)
			things[i].ready = ready_of(w.ready[channels++]);
		else
			things[i].ready = w.fd_ready[fds++] ? XN_READY_FD :
			    XN_READY_TIMEOUT;
		count += things[i].ready != XN_READY_TIMEOUT;
	}
	return count;
}

int
xn_wait(xn_channel *channel, int timeout)
{
	xn_waitable thing = { channel, -1, XN_READY_TIMEOUT };

	need("xn_wait", channel);
	xn_select(&thing, 1, timeout);
	return thing.ready;
}

int
xn_wait_send(xn_channel *channel, int timeout)
{
	struct xn_side *side = need("xn_wait_send", channel);
	const struct xn_port *port = side->port;
	struct pollfd none = { -1, 0, 0 };
	int can = XN_PORT_SEND;

	/* A port that cannot tell takes all that is sent. */
	if (port->wait != NULL)
		can = port->wait(port->baton, channel->object, XN_PORT_SEND,
		    &none, 0, timeout < 0 ? XN_FOREVER : timeout);
	if ((can & XN_PORT_OVER) != 0 || xn_isclosed(channel))
		return -1;
	return (can & XN_PORT_SEND) != 0;
}

/* ---- Making and closing ------------------------------------------------ */

xn_channel *
xn_newchannel(void)
{
	struct xn_side *side = xn_side__need("xn_newchannel");
	void *object = side->port->newchannel(side->port->baton);
	xn_channel *c = NULL;

	if (object != NULL)
		c = xn_side__channel(side, object);
	if (c == NULL)
		xn_fail("no new channel can be made");
	return c;
}

xn_channel *
xn_value_channel(const xn_value *value)
{
	if (value == NULL || value->kind != XN_CHANNEL)
		return NULL;
	return value->u.channel.object;
}

void
xn_close(xn_channel *channel)
{
	struct xn_side *side = need("xn_close", channel);

	side->port->close(side->port->baton, channel->object, NULL);
}

static void
clean(char out[XN_SIDE_CLEAN], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	xn_side__text(out, format, ap);
	va_end(ap);
}

void
xn_close_error(xn_channel *channel, const char *text)
{
	struct xn_side *side = need("xn_close_error", channel);
	char line[XN_SIDE_CLEAN];

	clean(line, "%s", text != NULL ? text : "closed with an error");
	side->port->close(side->port->baton, channel->object, line);
}

void
xn_close_write(xn_channel *channel)
{
	struct xn_side *side = need("xn_close_write", channel);

	side->port->close_write(side->port->baton, channel->object);
}

int
xn_isclosed(xn_channel *channel)
{
	struct xn_side *side = need("xn_isclosed", channel);

	return side->port->isclosed(side->port->baton, channel->object) != 0;
}
