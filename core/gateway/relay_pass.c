/*
 * relay_pass.c: what goes through a relay: see relay.c.
 */
#include "core/gateway/relay.h"

#include <stdlib.h>
#include <string.h>

/* ---- Leaving ------------------------------------------------------------ */

/* 1 if TO takes payloads in one piece. */
static int
wants_whole(const xn_channel_t *to)
{
	return to->gateway == NULL || to->gateway->plain;
}

/* May N bytes leave on TO now?  If its outbox is in the way, E is called. */
static int
may_leave(struct xn_relay_end *e, xn_channel_t *to, uint32_t n)
{
	apr_thread_cond_t *wait;

	if (to->gateway == NULL && to->pair == NULL)
		return 0;
	if (xn_channel__has_room(to, n, &wait))
		return 1;
	if (to->gateway != NULL && wait == to->gateway->changed)
		xn_sink__block(&e->other->sink);
	return 0;
}

/* BYTES (malloc'ed, consumed) leave on TO. */
static int
leave(xn_channel_t *to, uint8_t *bytes, size_t n, int last)
{
	if (to->gateway == NULL)
		return xn_channel__push(to->pair, bytes, n, 0);
	if (!to->gateway->plain)
		xn_window_sent(&to->window, (uint32_t)n);
	return xn_gateway__put(to->gateway, last ? XN_MSG_CHANNEL_DATA :
	    XN_MSG_CHANNEL_PART, to->id, bytes, n, 0);
}

/* The next frame of the first chunk: 1, 0 if there is no room, or a code. */
static int
leave_frame(struct xn_relay_end *e, xn_channel_t *to)
{
	struct xn_chunk *c = e->sink.head;
	size_t n = c->n - c->done > XN_PART_MAX ? XN_PART_MAX : c->n - c->done;
	int last = c->last && c->done + n == c->n, code;
	uint8_t *bytes = c->bytes;

	if (!may_leave(e, to, (uint32_t)n))
		return 0;
	if (n == c->n) {
		c->bytes = NULL;	/* whole: it goes without a copy */
	} else {
		if ((bytes = malloc(n)) == NULL)
			return XN_C_NOMEM;
		memcpy(bytes, c->bytes + c->done, n);
	}
	c->done += n;
	code = leave(to, bytes, n, last);
	return code == XN_C_OK ? 1 : code;
}

/* The same for an end that wants whole payloads. */
static int
leave_whole(struct xn_relay_end *e, xn_channel_t *to)
{
	struct xn_chunk *c = e->sink.head;
	int alone = c->last && xn_buf_len(&e->whole) == 0;
	uint8_t *bytes = c->bytes;
	size_t n = c->n;
	int code;

	if (c->last && !may_leave(e, to, 0))
		return 0;
	if (!alone && (code = xn_buf_put(&e->whole, c->bytes, c->n)) !=
	    XN_C_OK)
		return code;
	if (c->last && !alone) {
		n = xn_buf_len(&e->whole);
		if ((bytes = malloc(n)) == NULL)
			return XN_C_NOMEM;
		memcpy(bytes, xn_buf_data(&e->whole), n);
		xn_buf_free(&e->whole);
	} else if (alone) {
		c->bytes = NULL;
	}
	c->done = c->n;
	code = c->last ? leave(to, bytes, n, 1) : XN_C_OK;
	return code == XN_C_OK ? 1 : code;
}

/* The first chunk has left whole. */
static void
chunk_left(struct xn_relay_end *e)
{
	int last = e->sink.head->last;

	xn_sink__took(&e->sink);
	if (last)
		xn_carried__start(&e->carried, ++e->out);
}

/* All that came before the mark has left. */
static void
tell_mark(struct xn_relay_end *e)
{
	xn_channel_t *to = e->other->sink.channel;

	if (e->mark != 1)
		return;
	e->mark = 2;
	if (to->gateway != NULL && !to->over)
		xn_gateway__put(to->gateway, XN_MSG_LINK, to->id, NULL, 0, 0);
}

/* Send on what can be sent, and then the end. */
void
xn_relay__forward(struct xn_relay_end *e)
{
	xn_channel_t *to = e->other->sink.channel;
	int rc = 1;

	/* What would complete an id comes no more, or is for nobody: a value
	 * that is cut never becomes whole there, whatever its id says. */
	if (e->sink.channel->receive_closed || to->send_closed)
		e->open = NULL;
	while (!e->relay->over && !e->relay->paused && rc == 1 &&
	    e->sink.head != NULL && e->sink.head != e->open) {
		if (to->send_closed) {	/* as execnet: dropped silently */
			xn_sink__clear(&e->sink);
			xn_carried__drop(&e->carried);
			break;
		}
		rc = wants_whole(to) ? leave_whole(e, to) :
		    leave_frame(e, to);
		if (rc == 1 && e->sink.head->done == e->sink.head->n)
			chunk_left(e);
	}
	if (rc < 0)
		xn_relay__fail_code(e->relay, rc);
	else if (!e->relay->over && !e->relay->paused &&
	    (e->sink.head == NULL || e->sink.channel->local_closed)) {
		tell_mark(e);
		xn_relay__tell_end(e);
	}
}

/* ---- Arriving ----------------------------------------------------------- */

/* An id is whole: it becomes that of the other gateway. */
static int
on_id(void *baton, int32_t id)
{
	struct xn_relay_end *e = baton;
	xn_gateway_t *from = e->sink.channel->gateway;
	xn_gateway_t *to = e->other->sink.channel->gateway;
	xn_channel_t *ch;
	int32_t theirs;
	xn_error_t *error;
	int code;

	if (from == to)
		return XN_C_OK;
	if (from == NULL || to == NULL || xn_gateway__never_made(from, id) ||
	    (ch = xn_channel__of_id(from, id)) == NULL)
		return XN_C_NO_CHANNEL;
	error = xn_carry__id(&theirs, ch, to, &e->carried, e->in + 1);
	if (error != NULL) {
		code = error->code == XN_E_UNSUPPORTED ? XN_C_TOO_MANY :
		    XN_C_NO_CHANNEL;
		xn_error_clear(error);
		/* If it was made for this value, nobody gets it. */
		xn_channel__forget_unheld(ch);
		return code;
	}
	xn_scan_replace(&e->scan, theirs);
	return XN_C_OK;
}

/* Look through a chunk for ids; an id that is cut holds it back. */
int
xn_relay__look_through(struct xn_relay_end *e, struct xn_chunk *c)
{
	int code;

	if (e->scanned == 0)
		xn_scan_init(&e->scan);
	e->scanned += c->n;
	if (e->scanned > XN_MESSAGE_MAX)
		return XN_C_TOO_BIG;
	code = xn_scan_push(&e->scan, c->bytes, c->n, on_id, e);
	if (code != XN_C_OK)
		return code;
	if (c->last) {
		e->scanned = 0;
		e->in++;
		e->open = NULL;
		return e->scan.stopped ? XN_C_OK : XN_C_SHORT;
	}
	if (!xn_scan_in_id(&e->scan)) {
		e->open = NULL;
	} else {
		/* Else the peer may be without credit for what completes it;
		 * four frames at most are held so. */
		xn_sink__grant(&e->sink, c);
		if (e->open == NULL || xn_scan_id_begins_in(&e->scan, c->bytes,
		    c->n))
			e->open = c;
	}
	return XN_C_OK;
}

static void
arrived(struct xn_sink *sink, struct xn_chunk *chunk)
{
	struct xn_relay_end *e = (struct xn_relay_end *)sink;
	int code = XN_C_OK;

	if (e->relay->paused)
		return;
	if (!e->other->sink.channel->send_closed)
		code = xn_relay__look_through(e, chunk);
	if (code != XN_C_OK)
		xn_relay__fail_code(e->relay, code);
	else
		xn_relay__forward(e);
}

static void
ended(struct xn_sink *sink)
{
	struct xn_relay_end *e = (struct xn_relay_end *)sink;

	if (sink->channel->local_closed && !e->relay->over) {
		/* Who closes it does not want what waits. */
		xn_sink__clear(sink);
	}
	xn_relay__forward(e);
	if (!e->relay->over)
		xn_relay__forward(e->other);	/* its frames are dropped now */
}

static void
room(struct xn_sink *sink)
{
	xn_relay__forward(((struct xn_relay_end *)sink)->other);
}

const struct xn_sink_kind xn_relay__kind = {
	.doing = "carried to another channel",
	.arrived = arrived,
	.ended = ended,
	.room = room,
};
