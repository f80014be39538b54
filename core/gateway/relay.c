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
#include "core/gateway/relay.h"

#include <stdlib.h>
#include <string.h>

/* ---- The end ------------------------------------------------------------ */

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
		struct xn_relay_end *e = &relay->ends[i];

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

void
xn_relay__fail_code(struct xn_relay *relay, int code)
{
	if (code == XN_C_NO_CHANNEL)
		xn_relay__fail(relay, XN_E_UNSUPPORTED, "cannot carry a value "
		    "on: it holds a channel that is in use elsewhere");
	else if (code == XN_C_TOO_MANY)
		xn_relay__fail(relay, XN_E_UNSUPPORTED, "cannot carry a value "
		    "on: the other end does not take more channels of others");
	else
		xn_relay__fail(relay, XN_E_PROTOCOL, code == XN_C_TOO_BIG ?
		    "cannot carry a value on: it is larger than the other end "
		    "takes" : code == XN_C_NOMEM ?
		    "cannot carry a value on: out of memory" :
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

/* All that came before the end of E's channel has left. */
void
xn_relay__tell_end(struct xn_relay_end *e)
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

/* ---- The life of a relay ------------------------------------------------ */

static void
set_up(struct xn_relay_end *e, struct xn_relay *relay,
    struct xn_relay_end *other)
{
	e->relay = relay;
	e->other = other;
	xn_scan_init(&e->scan);
	xn_buf_init(&e->whole, XN_MESSAGE_MAX);
}

static xn_error_t *
install(struct xn_relay *relay, xn_channel_t *a, xn_channel_t *b)
{
	XN_TRY(xn_sink__check_idle(a));
	XN_TRY(xn_sink__check_idle(b));
	if (a->callback != NULL || b->callback != NULL || a == b)
		return xn_error_create(XN_E_USAGE, "a channel %s cannot be "
		    "carried to another", a == b ? "itself" :
		    "with a callback");
	xn_error_clear(xn_sink__install(&relay->ends[0].sink,
	    &xn_relay__kind, a));
	xn_error_clear(xn_sink__install(&relay->ends[1].sink,
	    &xn_relay__kind, b));
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
look_through_all(struct xn_relay_end *e)
{
	int code = XN_C_OK;

	for (struct xn_chunk *c = e->sink.head; c != NULL && code == XN_C_OK;
	    c = c->next)
		code = xn_relay__look_through(e, c);
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
		xn_relay__fail_code(relay, code);
		return;
	}
	for (int i = 0; i < 2 && !relay->over; i++)
		xn_relay__forward(&relay->ends[i]);
}

void
xn_relay__mark(xn_channel_t *ch)
{
	struct xn_relay_end *e = (struct xn_relay_end *)ch->sink;

	if (xn_relay__other(ch) == NULL || e->mark != 0)
		return;
	e->mark = 1;
	xn_relay__forward(e);
}

xn_channel_t *
xn_relay__other(const xn_channel_t *ch)
{
	if (ch->sink == NULL || ch->sink->kind != &xn_relay__kind)
		return NULL;
	return ((struct xn_relay_end *)ch->sink)->other->sink.channel;
}

xn_channel_t *
xn_relay__original(xn_channel_t *ch)
{
	struct xn_relay_end *e = (struct xn_relay_end *)ch->sink;

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
