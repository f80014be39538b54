/*
 * carry.c: channels in values that go to another gateway.
 *
 * A channel belongs to one gateway.  One that is sent over another gateway gets
 * a companion there, a new channel, and the two are carried to each other
 * (relay.c).  When the companion comes back it is the channel itself again: so
 * no channel is ever carried to its own gateway.
 */
#include "core/gateway/sink.h"

#include <stdlib.h>

/* A new channel ID on GW, and a relay between it and CH that is paused. */
static xn_error_t *
make_companion(struct xn_relay **relay, xn_channel_t *ch, xn_gateway_t *gw,
    int32_t id)
{
	xn_channel_t *companion = xn_channel__new(ch->group, gw, id);
	xn_error_t *error = xn_relay__new(relay, ch, companion, 1);

	companion->companion = companion->counted;
	gw->carried += (unsigned int)companion->companion;
	companion->refs--;	/* the relay's and the table's remain */
	return error;
}

/*
 * *ID is what CH has on GW, 0 if it needs a companion; an error if it cannot
 * get one.  Locked.
 */
static xn_error_t *
known_id(int32_t *id, const xn_channel_t *ch, const xn_gateway_t *gw)
{
	const xn_channel_t *other;

	*id = 0;
	if (gw == NULL)
		return xn_error_create(XN_E_USAGE, "a channel cannot be sent "
		    "to a program of this process: give it with its kwargs");
	if (ch->gateway == gw) {
		*id = ch->id;
		return NULL;
	}
	if (ch->group != gw->group)
		return xn_error_create(XN_E_USAGE,
		    "a channel of another group cannot be sent");
	other = xn_relay__other(ch);
	if (other != NULL && other->gateway == gw) {
		*id = other->id;
		return NULL;
	}
	if (ch->callback != NULL)
		return xn_error_create(XN_E_USAGE, "a channel with a callback "
		    "cannot be sent to gateway %s", gw->id);
	XN_TRY_W(xn_sink__check_idle(ch), "a channel cannot be sent to gateway "
	    "%s", gw->id);
	return gw->closing ? xn_gateway__error(gw) : NULL;
}

/* An error if GW gets no further companion, because of its agent; locked. */
static xn_error_t *
check_room(const xn_gateway_t *gw)
{
	if (gw->carried + gw->aside < XN_CARRIED_MAX &&
	    gw->open_channels + gw->aside < XN_CARRIED_BESIDE_MAX)
		return NULL;
	return xn_error_create(XN_E_UNSUPPORTED, "gateway %s does not take "
	    "more channels of others: %u of them are open, and %u in all",
	    gw->id, gw->carried + gw->aside, gw->open_channels + gw->aside);
}

xn_error_t *
xn_carry__id(int32_t *id, xn_channel_t *ch, xn_gateway_t *gw,
    struct xn_carried **list, unsigned long payload)
{
	struct xn_carried *carried;
	xn_error_t *error;

	XN_TRY(known_id(id, ch, gw));
	if (*id != 0)
		return NULL;
	XN_TRY(check_room(gw));
	if ((carried = calloc(1, sizeof(*carried))) == NULL)
		abort();	/* as APR's pools do */
	*id = gw->next_id;
	gw->next_id += 2;
	error = make_companion(&carried->relay, ch, gw, *id);
	if (error != NULL) {
		free(carried);
		return error;
	}
	carried->payload = payload;
	while (*list != NULL)
		list = &(*list)->next;
	*list = carried;
	return NULL;
}

void
xn_carried__start(struct xn_carried **list, unsigned long payload)
{
	struct xn_carried *carried;

	while ((carried = *list) != NULL && carried->payload <= payload) {
		*list = carried->next;
		xn_relay__start(carried->relay);
		free(carried);
	}
}

void
xn_carried__drop(struct xn_carried **list)
{
	struct xn_carried *carried;

	while ((carried = *list) != NULL) {
		*list = carried->next;
		xn_relay__fail(carried->relay, XN_E_CLOSED,
		    "the channel it was sent on has ended");
		free(carried);
	}
}

/* ---- Values being packed ------------------------------------------------ */

/* A value that names a channel twice gives it one id; 0 if there is none. */
static int32_t
set_aside(struct xn_carrying *c, xn_channel_t *ch)
{
	void *grown;

	for (int i = 0; i < c->n; i++)
		if (c->entries[i].channel == ch)
			return c->entries[i].id;
	if ((c->error = check_room(c->gateway)) != NULL)
		return 0;
	grown = realloc(c->entries, ((size_t)c->n + 1) * sizeof(*c->entries));
	if (grown == NULL)
		abort();	/* as APR's pools do */
	c->entries = grown;
	c->entries[c->n].channel = ch;
	c->entries[c->n].id = c->gateway->next_id;
	c->gateway->next_id += 2;
	c->gateway->aside++;
	return c->entries[c->n++].id;
}

int32_t
xn_carrying__id(struct xn_carrying *c, const xn_channel_t *ch)
{
	int32_t id = 0;

	if (ch == NULL || c->error != NULL)
		return 0;
	xn_group__lock(ch->group);
	c->error = known_id(&id, ch, c->gateway);
	if (c->error == NULL && id == 0)
		id = set_aside(c, (xn_channel_t *)(uintptr_t)ch);
	xn_group__unlock(ch->group);
	return id;
}

/* The ids are used, or never will be; locked. */
static void
end_aside(struct xn_carrying *c)
{
	if (c->n > 0)
		c->gateway->aside -= (unsigned int)c->n;
	c->n = 0;
}

void
xn_carrying__begin(struct xn_carrying *c)
{
	struct xn_relay *relay;
	const int n = c->n;

	end_aside(c);
	for (int i = 0; i < n; i++) {
		xn_channel_t *ch = c->entries[i].channel;
		xn_error_t *error = make_companion(&relay, ch, c->gateway,
		    c->entries[i].id);

		if (error == NULL) {
			xn_relay__start(relay);
			continue;
		}
		/* Somebody has taken it meanwhile. */
		xn_channel__close_locked(xn_channel__of_id(c->gateway,
		    c->entries[i].id), "the channel is in use elsewhere");
		xn_error_clear(error);
	}
}

void
xn_carrying__free(struct xn_carrying *c)
{
	if (c->n > 0) {
		xn_group__lock(c->gateway->group);
		end_aside(c);
		xn_group__unlock(c->gateway->group);
	}
	free(c->entries);
	xn_error_clear(c->error);
}
