/*
 * sink.c: what every sink of a channel shares: its chunks and their credit.
 */
#include "core/gateway/sink.h"

#include <stdlib.h>
#include <string.h>

static void
append(struct xn_sink *sink, struct xn_chunk *chunk)
{
	if (sink->tail != NULL)
		sink->tail->next = chunk;
	else
		sink->head = chunk;
	sink->tail = chunk;
}

static struct xn_chunk *
chunk_new(uint8_t *bytes, size_t n, int last, uint32_t grant)
{
	struct xn_chunk *chunk = calloc(1, sizeof(*chunk));

	if (chunk == NULL)
		abort();	/* as APR's pools do */
	chunk->bytes = bytes;
	chunk->n = n;
	chunk->last = last;
	chunk->grant = grant;
	return chunk;
}

/* What the channel has received and nobody has taken: already counted. */
static void
take_over(struct xn_sink *sink, xn_channel_t *ch)
{
	struct xn_item *item;
	struct xn_chunk *chunk;
	size_t n = xn_buf_len(&ch->partial);

	while ((item = ch->head) != NULL) {
		append(sink, chunk_new(item->payload, item->length, 1,
		    (uint32_t)item->cost));
		sink->tail->held = item->held;
		if (ch->gateway != NULL)
			ch->gateway->early -= item->early;
		ch->head = item->next;
		free(item);
	}
	ch->tail = NULL;
	if (n == 0)
		return;
	/* What is still owed for the parts: they are one chunk now. */
	chunk = chunk_new(malloc(n), n, 0, ch->owed > 0 ?
	    (uint32_t)ch->owed - XN_FRAME_COST : 0);
	if (chunk->bytes == NULL)
		abort();
	memcpy(chunk->bytes, xn_buf_data(&ch->partial), n);
	chunk->granted = ch->owed == 0;
	chunk->held = ch->arriving;
	ch->arriving = (struct xn_held){ NULL, 0, 0 };
	append(sink, chunk);
	xn_channel__drop_partial(ch);
	ch->queued += n + XN_ITEM_COST;
	if (ch->gateway != NULL)
		ch->gateway->queued += n + XN_ITEM_COST;
}

xn_error_t *
xn_sink__check_free(const xn_channel_t *ch)
{
	return ch->sink == NULL ? NULL : xn_error_create(XN_E_USAGE,
	    "the channel is %s", ch->sink->kind->doing);
}

xn_error_t *
xn_sink__check_idle(const xn_channel_t *ch)
{
	XN_TRY(xn_sink__check_free(ch));
	return !ch->sending ? NULL : xn_error_create(XN_E_USAGE,
	    "another thread is sending on the channel");
}

xn_error_t *
xn_sink__install(struct xn_sink *sink, const struct xn_sink_kind *kind,
    xn_channel_t *ch)
{
	XN_TRY(xn_sink__check_idle(ch));
	if (ch->callback != NULL)
		return xn_error_create(XN_E_USAGE,
		    "the channel has a callback");
	sink->kind = kind;
	sink->channel = ch;
	xn_channel__ref(ch);
	ch->sink = sink;
	take_over(sink, ch);
	/* Who waits in a receive finds that nothing will come. */
	xn_channel__wake(ch);
	return NULL;
}

int
xn_sink__arrived(xn_channel_t *ch, const uint8_t *bytes, size_t n, int last)
{
	uint8_t *copy = malloc(n + 1);

	if (copy == NULL)
		return XN_C_NOMEM;
	memcpy(copy, bytes, n);
	append(ch->sink, chunk_new(copy, n, last, (uint32_t)n));
	ch->queued += n + XN_ITEM_COST;
	if (ch->gateway != NULL)
		ch->gateway->queued += n + XN_ITEM_COST;
	ch->sink->kind->arrived(ch->sink, ch->sink->tail);
	return XN_C_OK;
}

void
xn_sink__grant(struct xn_sink *sink, struct xn_chunk *chunk)
{
	xn_channel_t *ch = sink->channel;

	if (chunk->granted)
		return;
	chunk->granted = 1;
	if (ch->gateway != NULL && !ch->gateway->plain && !ch->receive_closed)
		xn_channel__grant(ch, chunk->grant);
}

void
xn_sink__took(struct xn_sink *sink)
{
	struct xn_chunk *chunk = sink->head;
	xn_channel_t *ch = sink->channel;

	sink->head = chunk->next;
	if (sink->head == NULL)
		sink->tail = NULL;
	/* With nothing waiting a wider window would be used. */
	ch->starved = sink->head == NULL;
	ch->queued -= chunk->n + XN_ITEM_COST;
	if (ch->gateway != NULL)
		xn_gateway__unqueue(ch->gateway, chunk->n + XN_ITEM_COST);
	else if (ch->pair != NULL)
		xn_channel__has_taken(ch);
	xn_sink__grant(sink, chunk);
	ch->starved = 0;
	xn_held__drop(&chunk->held);
	free(chunk->bytes);
	free(chunk);
}

void
xn_sink__clear(struct xn_sink *sink)
{
	while (sink->head != NULL)
		xn_sink__took(sink);
}

void
xn_sink__block(struct xn_sink *sink)
{
	struct xn_sink **at = &sink->channel->gateway->blocked;

	if (sink->blocked)
		return;
	/* Behind those that wait already: each gets its turn. */
	while (*at != NULL)
		at = &(*at)->next_blocked;
	sink->blocked = 1;
	sink->next_blocked = NULL;
	*at = sink;
}

void
xn_sink__unblock(struct xn_sink *sink)
{
	struct xn_sink **at;

	if (!sink->blocked)
		return;
	for (at = &sink->channel->gateway->blocked; *at != sink;)
		at = &(*at)->next_blocked;
	*at = sink->next_blocked;
	sink->blocked = 0;
}

void
xn_sink__outbox_room(xn_gateway_t *gw)
{
	while (gw->blocked != NULL && gw->outbox.bytes < XN_OUTBOX_MAX) {
		struct xn_sink *sink = gw->blocked;

		xn_sink__unblock(sink);
		sink->kind->room(sink);
	}
}
