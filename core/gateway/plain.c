/*
 * plain.c: a peer that is execnet's own worker, which knows no messages of
 * ours.
 *
 * It grants no credit and honours none.  So what we send is bounded by the
 * outbox alone, and what it sends by not reading its connection: above
 * XN_PLAIN_QUEUED_MAX the I/O thread stops to read, and goes on when half of
 * that has been taken.  The price is that one channel can then hold up the
 * others of its gateway; who waits for one of those is told, after the
 * gateway's timeout, which channel is in the way.
 */
#include "core/gateway/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define LOW (XN_PLAIN_QUEUED_MAX / 2)

/* A small program of ours that has not ended: the id of its channel. */
struct xn_errand {
	struct xn_errand *next;
	int32_t id;
};

int
xn_plain__may_read(xn_gateway_t *gw)
{
	int pause;

	if (!gw->plain)
		return 1;
	xn_group__lock(gw->group);
	pause = gw->queued > (gw->paused ? LOW : XN_PLAIN_QUEUED_MAX);
	if (pause && !gw->paused) {
		gw->paused = 1;
		gw->paused_at = xn__clock();
	} else if (!pause && gw->paused) {
		gw->paused = 0;
		for (xn_channel_t *ch = gw->group->channels; ch; ch = ch->next)
			if (ch->gateway == gw)
				ch->stuck = 0;
	}
	xn_group__unlock(gw->group);
	return !pause;
}

void
xn_gateway__unqueue(xn_gateway_t *gw, size_t n)
{
	gw->queued -= n;
	if (n == 0 || !gw->paused)
		return;
	gw->paused_at = xn__clock();
	if (gw->queued <= LOW)
		xn_gateway__wake(gw);
}

/*
 * Any answer is a sign of life.  execnet answers STATUS on whatever id, and we
 * have no channel with a fresh one: what comes back is dropped.
 */
void
xn_plain__ask(xn_gateway_t *gw)
{
	if (!gw->plain) {
		xn_gateway__put(gw, XN_MSG_PING, 0, NULL, 0, 1);
		return;
	}
	xn_gateway__put(gw, XN_MSG_STATUS, gw->next_id, NULL, 0, 1);
	gw->next_id += 2;
}

/* Since when somebody waits for CH; 0: nobody does. */
static apr_time_t
waited_since(const xn_channel_t *ch)
{
	apr_time_t since = ch->waiting > 0 ? ch->waiting_since : 0;

	for (const struct xn_waiter *w = ch->waiters; w != NULL; w = w->next)
		if (since == 0 || w->since < since)
			since = w->since;
	return since;
}

void
xn_plain__look(xn_gateway_t *gw)
{
	apr_time_t before = xn__clock() - gw->spec->timeout, since;

	xn_group__lock(gw->group);
	for (xn_channel_t *ch = gw->group->channels; gw->paused_at <= before &&
	    ch != NULL; ch = ch->next) {
		since = ch->gateway == gw ? waited_since(ch) : 0;
		if (since != 0 && since <= before && !ch->stuck) {
			ch->stuck = 1;
			xn_channel__wake(ch);
		}
	}
	xn_group__unlock(gw->group);
}

xn_error_t *
xn_plain__stuck(const xn_channel_t *ch)
{
	const xn_gateway_t *gw = ch->gateway;
	const xn_channel_t *full = ch;

	for (xn_channel_t *other = gw->group->channels; other != NULL;
	    other = other->next)
		if (other->gateway == gw && other->queued > full->queued)
			full = other;
	return xn_error_create(XN_E_TIMEOUT,
	    "nothing can arrive on channel %d of gateway %s: channel %d holds "
	    "%zu bytes that nobody has received for %g seconds, and execnet's "
	    "worker knows no windows; receive those first", (int)ch->id,
	    gw->id, (int)full->id, full->queued,
	    (double)gw->spec->timeout / 1e6);
}

/*
 * Who has got a LAST_MESSAGE sends no CLOSE in execnet, and no CLOSE_ERROR: it
 * takes the other end to be gone.  We are there, and want to know how the
 * program ends.  So its receive is ended by a small program: it puts behind the
 * values what a LAST_MESSAGE would, and does nothing else.  Is there a
 * callback, or no such thing in that execnet, it does as LAST_MESSAGE.  Under
 * the lock of its receiver: setcallback() takes the values away meanwhile.
 */
static const char last_message[] =
    "factory = channel.gateway._channelfactory\n"
    "with channel.gateway._receivelock:\n"
    "    c = factory._channels.get(%d)\n"
    "    try:\n"
    "        c._items.put(type(c).receive.__globals__['ENDMARKER'])\n"
    "    except (AttributeError, KeyError):\n"
    "        factory._local_close(%d, sendonly=True)\n";

int
xn_plain__last_message(xn_channel_t *ch)
{
	xn_gateway_t *gw = ch->gateway;
	char source[sizeof(last_message) + 20];
	struct xn_errand *errand;
	struct xn_buf out;
	int n, code;

	if (!gw->plain || !ch->program)
		return xn_gateway__put(gw, XN_MSG_CHANNEL_LAST_MESSAGE,
		    ch->id, NULL, 0, 0);
	n = snprintf(source, sizeof(source), last_message, (int)ch->id,
	    (int)ch->id);
	xn_buf_init(&out, 4096);
	xn_put_str(&out, source, (size_t)n);
	xn_put_none(&out);
	xn_put_none(&out);
	xn_put_newdict(&out);
	xn_put_build(&out, XN_OP_BUILDTUPLE, 4);
	code = xn_put_stop(&out);
	errand = code == XN_C_OK ? malloc(sizeof(*errand)) : NULL;
	if (errand == NULL) {
		xn_buf_free(&out);
		return code == XN_C_OK ? XN_C_NOMEM : code;
	}
	errand->id = gw->next_id;
	gw->next_id += 2;
	code = xn_gateway__put(gw, XN_MSG_CHANNEL_EXEC, errand->id, out.base,
	    out.end, 0);
	if (code != XN_C_OK) {
		free(errand);
		return code;
	}
	errand->next = gw->errands;
	gw->errands = errand;
	return XN_C_OK;
}

int
xn_plain__is_busy(const xn_gateway_t *gw)
{
	return gw->errands != NULL;
}

void
xn_plain__closed(xn_gateway_t *gw, int32_t id)
{
	struct xn_errand **at = &gw->errands, *errand;

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	if ((errand = *at) == NULL)
		return;
	*at = errand->next;
	free(errand);
	if (gw->errands == NULL && gw->terminating)
		xn_gateway__put(gw, XN_MSG_GATEWAY_TERMINATE, 0, NULL, 0, 0);
}

void
xn_plain__forget(xn_gateway_t *gw)
{
	struct xn_errand *errand;

	while ((errand = gw->errands) != NULL) {
		gw->errands = errand->next;
		free(errand);
	}
}
