/*
 * chan.c: what arrives on a channel of an executor, and the credit for it.
 *
 * A payload larger than the window could never arrive if its pieces were paid
 * for only when it is received.  So pieces are given back as they are joined,
 * but only while no whole payload waits before them, and only EARLY_MAX bytes
 * for all channels together, unless the program waits for this very channel:
 * then nothing else can make room.
 */
#include "agent/direct.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/code.h"

#define EARLY_MAX	(8u * 1024 * 1024)
#define QUEUED_MAX	(40u * 1024 * 1024)
#define PLAIN_MAX	(XN_PEER_MESSAGE_MAX + 16u * 1024 * 1024)
#define ITEM_COST	64u	/* what a queued payload costs beside itself */

/*
 * Account for N bytes taken on CH.  The total of the gateway is shared with
 * other executors: try on copies until nobody else changed it meanwhile.
 */
static uint32_t
window_consumed(struct xn_link *link, struct xn_chan *ch, uint32_t n,
    int starved)
{
	_Atomic uint32_t *shared = &link->program->shared->extra;
	uint32_t seen = atomic_load(shared), grant;
	struct xn_window_total total;
	struct xn_window w;

	do {
		w = ch->window;
		total.extra = seen;
		grant = xn_window_consumed(&w, &total, n, starved);
	} while (!atomic_compare_exchange_weak(shared, &seen, total.extra));
	atomic_fetch_add(&link->program->report->extra, total.extra - seen);
	ch->window = w;
	return grant;
}

void
xn_chan_consumed(struct xn_link *link, struct xn_chan *ch, uint32_t bytes,
    uint32_t frames, int starved)
{
	uint32_t grant = 0;
	uint8_t payload[4];

	if (ch->closed || ch->peer_closed || ch->peer_last ||
	    link->program->plain)
		return;
	for (uint32_t i = 0; i < frames; i++)
		grant += window_consumed(link, ch, i == 0 ? bytes : 0,
		    starved);
	if (grant == 0)
		return;
	if (ch->direct != NULL && ch->direct->receives) {
		xn_direct_grant(link, ch, grant);
		return;
	}
	xn_set_u32(payload, grant);
	xn_link_put(link, XN_MSG_CHANNEL_WINDOW, ch->id, payload, 4);
}

void
xn_chan_give_back(struct xn_link *link, struct xn_chan *ch)
{
	uint32_t bytes = ch->owed_bytes, frames = ch->owed_frames;

	if (frames == 0 || ch->first != NULL)
		return;
	if (link->awaited != ch && link->early + bytes > EARLY_MAX)
		return;
	ch->owed_bytes = 0;
	ch->owed_frames = 0;
	ch->early += bytes;
	link->early += bytes;
	xn_chan_consumed(link, ch, bytes, frames, link->awaited == ch);
}

/* What this channel had opened, and no more, goes back to the gateway. */
static void
give_up_window(struct xn_link *link, struct xn_chan *ch)
{
	struct xn_window_total total;
	uint32_t before;

	total.extra = before = XN_GATEWAY_WINDOW_MAX;
	xn_window_closed(&ch->window, &total);
	atomic_fetch_sub(&link->program->shared->extra, before - total.extra);
	atomic_fetch_sub(&link->program->report->extra, before - total.extra);
}

void
xn_chan_end(struct xn_link *link, struct xn_chan *ch)
{
	give_up_window(link, ch);
	link->queued -= ch->part_n;
	ch->queued -= ch->part_n;
	free(ch->part);
	ch->part = NULL;
	ch->part_n = ch->part_cap = 0;
	ch->owed_bytes = ch->owed_frames = 0;
	link->open_n--;
}

/* Append a piece; the room doubles up to the largest payload. */
static int
join(struct xn_link *link, struct xn_chan *ch, const uint8_t *p, size_t n)
{
	size_t max = link->program->plain ? XN_PEER_MESSAGE_MAX :
	    XN_MESSAGE_MAX;
	size_t cap = ch->part_cap;
	uint8_t *grown;

	if (ch->part_n + n > max)
		return XN_C_TOO_BIG;
	while (cap < ch->part_n + n)
		cap = cap == 0 ? n : cap * 2;
	if (cap > max)
		cap = max;
	if (cap != ch->part_cap) {
		grown = realloc(ch->part, cap > 0 ? cap : 1);
		if (grown == NULL)
			return XN_C_NOMEM;
		ch->part = grown;
		ch->part_cap = cap;
	}
	if (n > 0)
		memcpy(ch->part + ch->part_n, p, n);
	ch->part_n += n;
	ch->queued += n;
	link->queued += n;
	return XN_C_OK;
}

/* The joined pieces are one whole payload now. */
static int
enqueue(struct xn_link *link, struct xn_chan *ch, uint32_t last_n)
{
	struct xn_item *item = calloc(1, sizeof(*item));

	if (item == NULL)
		return XN_C_NOMEM;
	item->bytes = ch->part != NULL ? ch->part : malloc(1);
	item->n = ch->part_n;
	item->last_n = last_n;
	item->coercion = ch->coercion;
	ch->part = NULL;
	ch->part_n = ch->part_cap = 0;
	if (ch->last != NULL)
		ch->last->next = item;
	else
		ch->first = item;
	ch->last = item;
	ch->items_n++;
	link->queued += ITEM_COST;
	return XN_C_OK;
}

int
xn_chan_data(struct xn_link *link, struct xn_chan *ch,
    const struct xn_message *m)
{
	int plain = link->program->plain;
	int rc = XN_C_OK;

	if (ch->closed || ch->peer_closed || ch->peer_last)
		return XN_C_OK;
	if (!plain)
		rc = xn_window_arrived(&ch->window, m->length);
	if (rc == XN_C_OK)
		rc = join(link, ch, m->payload, m->length);
	if (rc == XN_C_OK && link->queued > (plain ? PLAIN_MAX : QUEUED_MAX))
		rc = XN_C_TOO_MANY;
	if (rc != XN_C_OK)
		return rc;
	if (m->type == XN_MSG_CHANNEL_DATA)
		return enqueue(link, ch, m->length);
	ch->owed_bytes += m->length;
	ch->owed_frames++;
	xn_chan_give_back(link, ch);
	return XN_C_OK;
}

static void *
plain_alloc(void *baton, size_t size)
{
	(void)baton;
	return malloc(size);
}

/* The text in a CLOSE_ERROR, which travels as a dumped str. */
static char *
error_text(const struct xn_message *m)
{
	struct xn_decode_env env = { .alloc = plain_alloc };
	const xn_value *v;

	if (xn_decode(&v, m->payload, m->length, &env) == XN_C_OK &&
	    v->kind == XN_STR)
		return strdup(v->u.text);
	return strdup("closed with an error that cannot be read");
}

int
xn_chan_coercion(struct xn_coercion *out, const struct xn_message *m)
{
	struct xn_decode_env env = { .alloc = plain_alloc };
	const xn_value *v;
	int rc = xn_decode(&v, m->payload, m->length, &env);

	if (rc == XN_C_OK && (v->kind != XN_TUPLE || v->size != 2 ||
	    v->u.items[0].kind != XN_BOOL || v->u.items[1].kind != XN_BOOL))
		rc = XN_C_MISMATCH;
	if (rc != XN_C_OK)
		return rc;
	out->py2str_as_py3str = v->u.items[0].u.boolean != 0;
	out->py3str_as_py2str = v->u.items[1].u.boolean != 0;
	return XN_C_OK;
}

void
xn_chan_ended(struct xn_link *link, struct xn_chan *ch, int type, char *text)
{
	if (type == XN_MSG_CHANNEL_LAST_MESSAGE) {
		ch->peer_last = 1;
		return;
	}
	if (ch->error == NULL)
		ch->error = text;
	else
		free(text);
	if (!ch->closed && !ch->peer_closed)
		xn_chan_end(link, ch);
	ch->peer_closed = 1;
}

void
xn_chan_fresh(struct xn_link *link, struct xn_chan *ch)
{
	int64_t credit = ch->window.credit;

	give_up_window(link, ch);
	xn_window_init(&ch->window);
	ch->window.credit = credit;
	ch->owed_bytes = ch->owed_frames = 0;
	for (struct xn_item *item = ch->first; item != NULL; item = item->next)
		item->free = 1;
}

int
xn_chan_message(struct xn_link *link, struct xn_chan *ch,
    const struct xn_message *m)
{
	char *text;

	switch (m->type) {
	case XN_MSG_CHANNEL_DATA:
	case XN_MSG_CHANNEL_PART:
		ch->payloads += m->type == XN_MSG_CHANNEL_DATA;
		ch->bytes += m->length;
		return ch->direct != NULL && ch->direct->receives ? XN_C_OK :
		    xn_chan_data(link, ch, m);
	case XN_MSG_CHANNEL_CLOSE_ERROR:
	case XN_MSG_CHANNEL_CLOSE:
	case XN_MSG_CHANNEL_LAST_MESSAGE:
		text = m->type == XN_MSG_CHANNEL_CLOSE_ERROR ?
		    error_text(m) : NULL;
		if (!xn_direct_keeps(ch, m->type, text))
			xn_chan_ended(link, ch, m->type, text);
		return XN_C_OK;
	case XN_MSG_CHANNEL_WINDOW:
		if (m->length != 4)
			return XN_C_BAD_COUNT;
		if (ch->closed || ch->peer_closed ||
		    (ch->direct != NULL && ch->direct->sends))
			return XN_C_OK;	/* for what went the other way */
		return xn_window_granted(&ch->window, xn_get_u32(m->payload));
	case XN_MSG_TOOK:
		return xn_link_took(link, ch, m);
	case XN_MSG_RECONFIGURE:
		return xn_chan_coercion(&ch->coercion, m);
	case XN_MSG_OWN:
		ch->foreign = 1;
		return XN_C_OK;
	default:
		return XN_C_OK;
	}
}

int
xn_chan_take(struct xn_link *link, struct xn_chan *ch, uint8_t **bytes,
    size_t *n, int starved)
{
	struct xn_item *item = ch->first;

	if (item == NULL)
		return 0;
	ch->first = item->next;
	if (ch->first == NULL)
		ch->last = NULL;
	*bytes = item->bytes;
	*n = item->n;
	ch->items_n--;
	if (ch->taking.before > 0)
		ch->taking.before--;
	ch->queued -= item->n;
	ch->taken = item->coercion;
	link->queued -= item->n + ITEM_COST;
	link->early -= ch->early;
	ch->early = 0;
	/* Pieces that waited behind an earlier payload are paid with it. */
	if (!item->free)
		xn_chan_consumed(link, ch, item->last_n, 1, starved);
	xn_chan_give_back(link, ch);
	free(item);
	return 1;
}
