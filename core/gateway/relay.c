/*
 * relay.c: one channel carried to another.
 *
 * Each of the two has a sink.  A frame that arrives on one leaves on the other
 * when that one's peer has granted credit for it, and only then is its own
 * credit given back: so nothing waits here above the granted window, and no
 * thread waits at all.  Frames pass as they are, except that
 *
 *	- channel ids in them are replaced by those of the other gateway
 *	  (carry.c), also where the border of two frames splits an id: then both
 *	  wait until it is whole;
 *	- an end without windows (execnet's worker, a pair of this process) gets
 *	  a payload in one piece, and what it sends is cut into frames.
 *
 * The end of one is told to the other when all before it has left: a last
 * message, a close, an error, and the loss of a gateway as an error.  The relay
 * ends when both are over.
 */
#include "core/gateway/sink.h"

#include <stdlib.h>
#include <string.h>

struct xn_relay;

/* What arrives on sink.channel, on its way to the other end's channel. */
struct end {
	struct xn_sink sink;		/* first */
	struct xn_relay *relay;
	struct end *other;
	struct xn_scan scan;		/* of the payload now arriving */
	size_t scanned;			/* bytes of it */
	struct xn_chunk *open;		/* from here on an id is not whole */
	struct xn_buf whole;		/* of the payload now leaving, if the
					 * other end wants it in one piece */
	unsigned long in, out;		/* payloads arrived, and left */
	struct xn_carried *carried;	/* channels that they announce */
	int mark;			/* 1: its agent's mark is to be told, 2:
					 * it has been */
	int told;			/* the other end has been told of */
};

enum { TOLD_LAST = 1, TOLD_CLOSE = 2 };

struct xn_relay {
	struct end ends[2];
	struct xn_relay *next;		/* in group->ended_relays */
	int paused;
	int companion;			/* the second channel is ours alone */
	int waiters;			/* in xn_channel_relay() */
	int over;
	int code;			/* why it ended, 0: as it should */
	char *text;
};

static const struct xn_sink_kind relay_kind;

/* ---- The end ---------------------------------------------------------------- */

static void
remember(struct xn_relay *relay, int code, const char *text)
{
	if (relay->code != 0 || code == 0)
		return;
	relay->code = code;
	relay->text = strdup(text != NULL ? text : "closed");
}

/* Both channels are over: nothing comes any more. */
static void
finish(struct xn_relay *relay)
{
	xn_group_t *group = relay->ends[0].sink.channel->group;

	relay->over = 1;
	for (int i = 0; i < 2; i++) {
		struct end *e = &relay->ends[i];

		xn_sink__clear(&e->sink);
		xn_sink__unblock(&e->sink);
		xn_carried__drop(&e->carried);
		e->sink.channel->sink = NULL;
		xn_channel__wake(e->sink.channel);
		xn_channel__forget_unheld(e->sink.channel);
	}
	relay->next = group->ended_relays;
	group->ended_relays = relay;
}

static void
finish_if_over(struct xn_relay *relay)
{
	if (!relay->over && relay->ends[0].sink.channel->over &&
	    relay->ends[1].sink.channel->over)
		finish(relay);
}

void
xn_relay__fail(struct xn_relay *relay, int code, const char *text)
{
	xn_channel_t *a = relay->ends[0].sink.channel;
	xn_channel_t *b = relay->ends[1].sink.channel;

	remember(relay, code, text);
	relay->paused = 0;
	relay->ends[0].told = relay->ends[1].told = TOLD_CLOSE;
	xn_channel__close_locked(a, text);
	xn_channel__close_locked(b, text);
	finish_if_over(relay);
}

static void
fail_code(struct xn_relay *relay, int code)
{
	xn_relay__fail(relay, XN_E_PROTOCOL, code == XN_C_TOO_BIG ?
	    "cannot carry a value on: it is larger than the other end takes" :
	    code == XN_C_NOMEM ? "cannot carry a value on: out of memory" :
	    "cannot carry a value on: its bytes are no value");
}

/* FROM is over: why, as the other end is told; NULL if it was just closed. */
static const char *
why_over(struct xn_relay *relay, xn_channel_t *from, char **text)
{
	apr_pool_t *scratch;
	xn_error_t *error = NULL;

	*text = NULL;
	if (from->remote_error != NULL) {
		*text = strdup(from->remote_error);
		remember(relay, XN_E_REMOTE, *text);
		return *text;
	}
	if (from->local_closed || from->gateway == NULL ||
	    !from->gateway->closing || from->peer_closed)
		return NULL;
	apr_pool_create(&scratch, NULL);
	error = xn_error_wrap(xn_gateway__error(from->gateway),
	    "the channel was carried from gateway %s", from->gateway->id);
	*text = strdup(xn_error_text(error, scratch));
	remember(relay, error->code, *text);
	xn_error_clear(error);
	apr_pool_destroy(scratch);
	return *text;
}

/* All that came before the mark has left. */
static void
tell_mark(struct end *e)
{
	xn_channel_t *to = e->other->sink.channel;

	if (e->mark != 1)
		return;
	e->mark = 2;
	if (to->gateway != NULL && !to->over)
		xn_gateway__put(to->gateway, XN_MSG_LINK, to->id, NULL, 0, 0);
}

/* All that came before the end of E's channel has left. */
static void
tell_end(struct end *e)
{
	xn_channel_t *from = e->sink.channel, *to = e->other->sink.channel;
	char *text;

	if (from->over && e->told < TOLD_CLOSE) {
		e->told = TOLD_CLOSE;
		why_over(e->relay, from, &text);
		xn_channel__close_locked(to, text);
		free(text);
	} else if (from->receive_closed && e->told == 0) {
		e->told = TOLD_LAST;
		xn_channel__close_write_locked(to);
	}
	finish_if_over(e->relay);
}

/* ---- Leaving ----------------------------------------------------------------- */

/* 1 if TO takes payloads in one piece. */
static int
wants_whole(const xn_channel_t *to)
{
	return to->gateway == NULL || to->gateway->plain;
}

/* May N bytes leave on TO now?  If its outbox is in the way, E is called. */
static int
may_leave(struct end *e, xn_channel_t *to, uint32_t n)
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
leave_frame(struct end *e, xn_channel_t *to)
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
leave_whole(struct end *e, xn_channel_t *to)
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
chunk_left(struct end *e)
{
	int last = e->sink.head->last;

	xn_sink__took(&e->sink);
	if (last)
		xn_carried__start(&e->carried, ++e->out);
}

/* Send on what can be sent, and then the end. */
static void
forward(struct end *e)
{
	xn_channel_t *to = e->other->sink.channel;
	int rc = 1;

	while (!e->relay->over && !e->relay->paused && rc == 1 &&
	    e->sink.head != NULL && e->sink.head != e->open) {
		if (to->send_closed) {	/* as execnet: dropped silently */
			e->open = NULL;
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
		fail_code(e->relay, rc);
	else if (!e->relay->over && !e->relay->paused &&
	    (e->sink.head == NULL || e->sink.channel->local_closed)) {
		tell_mark(e);
		tell_end(e);
	}
}

/* ---- Arriving ------------------------------------------------------------------ */

/* An id is whole: it becomes that of the other gateway. */
static int
on_id(void *baton, int32_t id)
{
	struct end *e = baton;
	xn_gateway_t *from = e->sink.channel->gateway;
	xn_gateway_t *to = e->other->sink.channel->gateway;
	xn_channel_t *ch;
	int32_t theirs;
	xn_error_t *error;

	if (from == to)
		return XN_C_OK;
	if (from == NULL || to == NULL ||
	    (ch = xn_channel__of_id(from, id)) == NULL)
		return XN_C_NO_CHANNEL;
	error = xn_carry__id(&theirs, ch, to, &e->carried, e->in + 1);
	if (error != NULL) {
		xn_error_clear(error);
		return XN_C_NO_CHANNEL;
	}
	xn_scan_replace(&e->scan, theirs);
	return XN_C_OK;
}

/* Look through a chunk for ids; an id that is cut holds it back. */
static int
look_through(struct end *e, struct xn_chunk *c)
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
	struct end *e = (struct end *)sink;
	int code = XN_C_OK;

	if (e->relay->paused)
		return;
	if (!e->other->sink.channel->send_closed)
		code = look_through(e, chunk);
	if (code == XN_C_NO_CHANNEL)
		xn_relay__fail(e->relay, XN_E_UNSUPPORTED, "cannot carry a "
		    "value on: it holds a channel that is in use elsewhere");
	else if (code != XN_C_OK)
		fail_code(e->relay, code);
	else
		forward(e);
}

static void
ended(struct xn_sink *sink)
{
	struct end *e = (struct end *)sink;

	if (sink->channel->local_closed && !e->relay->over) {
		/* Who closes it does not want what waits. */
		e->open = NULL;
		xn_sink__clear(sink);
	}
	forward(e);
	if (!e->relay->over)
		forward(e->other);	/* its frames are dropped now */
}

static void
room(struct xn_sink *sink)
{
	forward(((struct end *)sink)->other);
}

static const struct xn_sink_kind relay_kind = {
	.doing = "carried to another channel",
	.arrived = arrived,
	.ended = ended,
	.room = room,
};

/* ---- The life of a relay --------------------------------------------------------- */

static void
set_up(struct end *e, struct xn_relay *relay, struct end *other)
{
	e->relay = relay;
	e->other = other;
	xn_scan_init(&e->scan);
	xn_buf_init(&e->whole, XN_MESSAGE_MAX);
}

static xn_error_t *
install(struct xn_relay *relay, xn_channel_t *a, xn_channel_t *b)
{
	XN_TRY(xn_sink__check_free(a));
	XN_TRY(xn_sink__check_free(b));
	if (a->callback != NULL || b->callback != NULL || a == b)
		return xn_error_create(XN_E_USAGE, "a channel %s cannot be "
		    "carried to another", a == b ? "itself" :
		    "with a callback");
	xn_error_clear(xn_sink__install(&relay->ends[0].sink, &relay_kind, a));
	xn_error_clear(xn_sink__install(&relay->ends[1].sink, &relay_kind, b));
	return NULL;
}

xn_error_t *
xn_relay__new(struct xn_relay **out, xn_channel_t *a, xn_channel_t *b,
    int companion)
{
	struct xn_relay *relay = calloc(1, sizeof(*relay));
	xn_error_t *error;

	if (relay == NULL)
		abort();	/* as APR's pools do */
	set_up(&relay->ends[0], relay, &relay->ends[1]);
	set_up(&relay->ends[1], relay, &relay->ends[0]);
	relay->paused = 1;
	relay->companion = companion;
	error = install(relay, a, b);
	if (error != NULL) {
		free(relay);
		return error;
	}
	*out = relay;
	return NULL;
}

/* What waited before the relay began is looked through now. */
static int
look_through_all(struct end *e)
{
	int code = XN_C_OK;

	for (struct xn_chunk *c = e->sink.head; c != NULL && code == XN_C_OK;
	    c = c->next)
		code = look_through(e, c);
	return code;
}

void
xn_relay__start(struct xn_relay *relay)
{
	int code = XN_C_OK;

	if (relay->over || !relay->paused)
		return;
	relay->paused = 0;
	for (int i = 0; i < 2 && code == XN_C_OK; i++)
		code = look_through_all(&relay->ends[i]);
	if (code != XN_C_OK) {
		fail_code(relay, code);
		return;
	}
	for (int i = 0; i < 2 && !relay->over; i++)
		forward(&relay->ends[i]);
}

void
xn_relay__mark(xn_channel_t *ch)
{
	struct end *e = (struct end *)ch->sink;

	if (xn_relay__other(ch) == NULL || e->mark != 0)
		return;
	e->mark = 1;
	forward(e);
}

xn_channel_t *
xn_relay__other(const xn_channel_t *ch)
{
	if (ch->sink == NULL || ch->sink->kind != &relay_kind)
		return NULL;
	return ((struct end *)ch->sink)->other->sink.channel;
}

xn_channel_t *
xn_relay__original(xn_channel_t *ch)
{
	struct end *e = (struct end *)ch->sink;

	if (xn_relay__other(ch) == NULL || !e->relay->companion ||
	    e != &e->relay->ends[1])
		return ch;
	return e->other->sink.channel;
}

/* Take the ended relays that nobody waits for out of the list; locked. */
static struct xn_relay *
collect(xn_group_t *group)
{
	struct xn_relay **at = &group->ended_relays, *found = NULL, *relay;

	while ((relay = *at) != NULL) {
		if (relay->waiters > 0) {
			at = &relay->next;
			continue;
		}
		*at = relay->next;
		relay->next = found;
		found = relay;
	}
	return found;
}

void
xn_relay__reap(xn_group_t *group)
{
	struct xn_relay *list, *relay;

	xn_group__lock(group);
	list = collect(group);
	for (relay = list; relay != NULL; relay = relay->next)
		if (relay->companion)
			relay->companion = xn_channel__untable(
			    relay->ends[1].sink.channel);
	xn_group__unlock(group);
	while ((relay = list) != NULL) {
		list = relay->next;
		for (int i = 0; i < 2; i++) {
			xn_buf_free(&relay->ends[i].whole);
			if (i == 1 && relay->companion)
				xn_channel__unref(relay->ends[1].sink.channel);
			xn_channel__unref(relay->ends[i].sink.channel);
		}
		free(relay->text);
		free(relay);
	}
}

void
xn_relay__hold(struct xn_relay *relay, int more)
{
	relay->waiters += more;
}

int
xn_relay__is_over(const struct xn_relay *relay)
{
	return relay->over;
}

xn_error_t *
xn_relay__wait(struct xn_relay *relay, xn_channel_t *a)
{
	xn_error_t *error = NULL;

	relay->waiters++;
	while (!relay->over && !a->group->cancelled)
		xn__cond_wait(xn_channel__changed(a), a->group->lock, -1);
	if (a->group->cancelled) {
		error = xn_error_create(XN_E_CANCELLED, "cancelled");
		if (!relay->over)
			xn_relay__fail(relay, XN_E_CANCELLED, "cancelled");
	} else if (relay->code != 0) {
		error = xn_error_create(relay->code, "%s", relay->text);
	}
	relay->waiters--;
	return error;
}

xn_error_t *
xn_channel_relay(xn_channel_t *a, xn_channel_t *b)
{
	xn_group_t *group = a->group;
	struct xn_relay *relay;
	xn_error_t *error;

	if (b->group != group)
		return xn_error_create(XN_E_USAGE, "two channels of different "
		    "groups cannot be carried");
	if ((a->gateway != NULL && xn_gateway__in_io_thread(a->gateway)) ||
	    (b->gateway != NULL && xn_gateway__in_io_thread(b->gateway)))
		return xn_error_create(XN_E_USAGE, "cannot wait for a relay: a "
		    "callback must not block");
	xn_group__lock(group);
	error = xn_relay__new(&relay, a, b, 0);
	if (error == NULL) {
		xn_relay__start(relay);
		error = xn_relay__wait(relay, a);
	}
	xn_group__unlock(group);
	xn_relay__reap(group);
	return error;
}
