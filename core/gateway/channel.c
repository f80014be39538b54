/*
 * channel.c: the life of a channel.
 *
 * execnet's states, kept as two facts: may we send, will the peer send.
 *
 *	opened		both
 *	sendonly	the peer has said its last message; we may still send
 *	closed		neither: one of the two has said CLOSE
 *	deleted		closed and released by its pool; not in the table
 *
 * A side that has received CLOSE sends none back; two closes send one frame.
 */
#include "core/gateway/sink.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

xn_channel_t *
xn_channel__new(xn_group_t *group, xn_gateway_t *gw, int32_t id)
{
	xn_channel_t *ch = calloc(1, sizeof(*ch));

	if (ch == NULL)
		abort();	/* as APR's pools do */
	ch->refs = 1;
	ch->group = group;
	xn_group__ref(group);
	ch->gateway = gw;
	ch->id = id;
	xn_buf_init(&ch->partial, XN_MESSAGE_MAX);
	xn_window_init(&ch->window);
	xn_scan_init(&ch->scan);
	ch->next = group->channels;
	if (ch->next != NULL)
		ch->next->prev = ch;
	group->channels = ch;
	ch->coerce.py2str_as_py3str = 1;
	if (gw != NULL) {
		ch->coerce = gw->coerce;
		xn_gateway__ref(gw);
		ch->send_closed = ch->receive_closed = gw->closing;
		ch->counted = !gw->closing;
		gw->open_channels += ch->counted;
	}
	if (id != 0) {
		ch->refs++;
		apr_hash_set(gw->channels, &ch->id, sizeof(ch->id), ch);
	}
	return ch;
}

/*
 * 1 if there may be no more channels on GW.  Closed ones count only where
 * somebody keeps more of them than is reasonable.
 */
static int
is_full(const xn_gateway_t *gw)
{
	return gw->open_channels >= XN_CHANNELS_MAX ||
	    apr_hash_count(gw->channels) >= XN_CHANNELS_KNOWN_MAX;
}

xn_channel_t *
xn_channel__of_id(xn_gateway_t *gw, int32_t id)
{
	xn_channel_t *ch = apr_hash_get(gw->channels, &id, sizeof(id));

	if (ch == NULL && id != 0 && !is_full(gw)) {
		ch = xn_channel__new(gw->group, gw, id);
		ch->refs--;	/* the table's alone, until it is held */
	}
	return ch;
}

void
xn_channel__ref(xn_channel_t *ch)
{
	ch->refs++;
}

void
xn_channel__wake(xn_channel_t *ch)
{
	uint64_t one = 1;

	xn_channel__broadcast(ch);
	if (ch->gateway == NULL && ch->callback_ready)
		xn_caller__queue(ch);
	for (struct xn_waiter *w = ch->waiters; w != NULL; w = w->next)
		if (w->event_fd < 0)
			apr_thread_cond_broadcast(w->cond);
		else if (write(w->event_fd, &one, sizeof(one)) < 0)
			continue;	/* its counter is full: it is awake */
}

void
xn_channel__count(xn_channel_t *ch)
{
	if (!ch->counted || !ch->send_closed || !ch->receive_closed)
		return;
	ch->counted = 0;
	ch->gateway->open_channels--;
	ch->gateway->carried -= (unsigned int)ch->companion;
}

void
xn_channel__end_receiving(xn_channel_t *ch)
{
	if (ch->ended == 0)
		ch->ended = ++ch->group->arrivals;
	ch->receive_closed = 1;
	xn_channel__count(ch);
	xn_channel__wake(ch);
	if (ch->sink != NULL)
		ch->sink->kind->ended(ch->sink);
}

void
xn_channel__peer_closed(xn_channel_t *ch, int last_only, const char *text)
{
	if (ch->receive_closed && last_only)
		return;
	if (text != NULL && ch->remote_error == NULL && !ch->local_closed)
		ch->remote_error = strdup(text);
	xn_channel__drop_partial(ch);
	if (!last_only)
		ch->send_closed = ch->peer_closed = ch->over = 1;
	xn_channel__end_receiving(ch);
}

void
xn_channel__drop_buffer(xn_channel_t *ch)
{
	if (ch->gateway != NULL)
		xn_gateway__unqueue(ch->gateway, xn_buf_len(&ch->partial));
	xn_buf_free(&ch->partial);
}

void
xn_channel__drop_partial(xn_channel_t *ch)
{
	size_t early;

	xn_channel__drop_buffer(ch);
	xn_channel__end_early(ch, &early);
	if (ch->gateway != NULL)
		ch->gateway->early -= early;
	xn_scan_init(&ch->scan);	/* what it found is held to the end */
}

/* When all that is there has been read; locked. */
static void
wake_later(xn_channel_t *ch)
{
	if (ch->wakes)
		return;
	xn_channel__ref(ch);
	ch->wakes = 1;
	ch->next_woken = ch->gateway->woken;
	ch->gateway->woken = ch;
}

void
xn_channel__wake_all(xn_gateway_t *gw)
{
	xn_channel_t *ch;

	xn_group__lock(gw->group);
	while ((ch = gw->woken) != NULL) {
		gw->woken = ch->next_woken;
		ch->wakes = 0;
		xn_channel__wake(ch);
		xn_channel__unref_locked(ch);
	}
	xn_group__unlock(gw->group);
}

int
xn_channel__push(xn_channel_t *ch, uint8_t *payload, size_t n, size_t cost)
{
	struct xn_item *item;

	if (ch->sink != NULL) {
		int code = xn_sink__arrived(ch, payload, n, 1);

		free(payload);
		return code;
	}
	item = malloc(sizeof(*item));
	if (item == NULL) {
		free(payload);
		return XN_C_NOMEM;
	}
	item->next = NULL;
	item->payload = payload;
	item->length = n;
	item->cost = cost;
	xn_channel__end_early(ch, &item->early);
	item->arrival = ++ch->group->arrivals;
	item->held = ch->arriving;
	ch->arriving = (struct xn_held){ NULL, 0, 0 };
	xn_scan_init(&ch->scan);
	if (ch->tail != NULL)
		ch->tail->next = item;
	else
		ch->head = item;
	ch->tail = item;
	ch->queued += n + XN_ITEM_COST;
	if (ch->gateway != NULL)
		ch->gateway->queued += n + XN_ITEM_COST;
	if (ch->gateway != NULL && ch->gateway->reading)
		wake_later(ch);
	else
		xn_channel__wake(ch);
	return XN_C_OK;
}

/* A CLOSE_ERROR's payload: the text as a str. */
static uint8_t *
encode_text(size_t *n, const char *text)
{
	struct xn_buf out;
	char *clean = malloc(3 * strlen(text) + 1);

	if (clean == NULL)
		return NULL;
	xn_utf8_sanitize(clean, text, strlen(text));
	xn_buf_init(&out, XN_MESSAGE_MAX);
	if (xn_put_str(&out, clean, strlen(clean)) != XN_C_OK ||
	    xn_put_stop(&out) != XN_C_OK)
		xn_buf_free(&out);
	free(clean);
	*n = xn_buf_len(&out);
	return out.base;
}

/* Tell the other end, once. */
static void
send_close(xn_channel_t *ch, const char *text)
{
	uint8_t *payload = NULL;
	size_t n = 0;

	if (ch->pair != NULL) {
		xn_channel__peer_closed(ch->pair, 0, text);
		return;
	}
	if (ch->gateway == NULL)
		return;
	if (text != NULL)
		payload = encode_text(&n, text);
	xn_gateway__put(ch->gateway, payload != NULL ?
	    XN_MSG_CHANNEL_CLOSE_ERROR : XN_MSG_CHANNEL_CLOSE, ch->id,
	    payload, n, 0);
}

void
xn_channel__close_locked(xn_channel_t *ch, const char *text)
{
	/* send_closed without local_closed: the peer has said CLOSE. */
	if (!ch->local_closed && (!ch->send_closed || !ch->receive_closed))
		send_close(ch, text);
	ch->local_closed = ch->send_closed = ch->over = 1;
	xn_channel__drop_partial(ch);
	xn_channel__end_receiving(ch);
}

void
xn_channel__close(xn_channel_t *ch, const char *text)
{
	xn_group__lock(ch->group);
	xn_channel__close_locked(ch, text);
	xn_group__unlock(ch->group);
}

int
xn_channel__untable(xn_channel_t *ch)
{
	if (ch->gateway == NULL || ch->id == 0 ||
	    apr_hash_get(ch->gateway->channels, &ch->id, sizeof(ch->id)) != ch)
		return 0;
	apr_hash_set(ch->gateway->channels, &ch->id, sizeof(ch->id), NULL);
	return 1;
}

/* The pool that owned the channel goes: closed, and out of the table. */
static apr_status_t
release(void *baton)
{
	xn_channel_t *ch = baton, *pair = NULL;
	int in_table;

	xn_channel__close(ch, NULL);
	xn_group__lock(ch->group);
	ch->callback = NULL;
	ch->callback_ready = 0;
	ch->holders--;
	if (ch->callback_holds) {
		ch->callback_holds = 0;
		ch->holders--;
		ch->refs--;	/* not the last: ours is still there */
	}
	/* What it uses may go with the pool that we go with. */
	xn_channel__await_callback(ch);
	in_table = xn_channel__untable(ch);
	/* Nobody can receive that any more, and it may hold CH itself. */
	xn_channel__empty(ch);
	if (ch->pair != NULL) {
		pair = ch->pair;
		pair->pair = NULL;
		ch->pair = NULL;
	}
	xn_group__unlock(ch->group);
	if (pair != NULL) {		/* each held the other */
		xn_channel__unref(pair);
		xn_channel__unref(ch);
	}
	if (in_table)
		xn_channel__unref(ch);
	xn_channel__unref(ch);
	return APR_SUCCESS;
}

void
xn_channel__own(xn_channel_t *ch, apr_pool_t *pool)
{
	xn_group__lock(ch->group);
	ch->holders++;
	xn_group__unlock(ch->group);
	apr_pool_cleanup_register(pool, ch, release, apr_pool_cleanup_null);
}

xn_error_t *
xn_gateway_newchannel(xn_channel_t **out, xn_gateway_t *gw, apr_pool_t *pool)
{
	xn_error_t *error;

	xn_group__lock(gw->group);
	error = xn_gateway__error(gw);
	if (error == NULL) {
		*out = xn_channel__new(gw->group, gw, gw->next_id);
		gw->next_id += 2;
	}
	xn_group__unlock(gw->group);
	if (error == NULL)
		xn_channel__own(*out, pool);
	return error;
}

xn_error_t *
xn_channel_close(xn_channel_t *ch)
{
	xn_channel__close(ch, NULL);
	xn_channel__closed_here(ch);
	return NULL;
}

xn_error_t *
xn_channel_close_error(xn_channel_t *ch, const char *text)
{
	xn_channel__close(ch, text);
	xn_channel__closed_here(ch);
	return NULL;
}

void
xn_channel__close_write_locked(xn_channel_t *ch)
{
	if (ch->send_closed)
		return;
	ch->send_closed = 1;
	xn_channel__count(ch);
	if (ch->pair != NULL)
		xn_channel__peer_closed(ch->pair, 1, NULL);
	else if (ch->gateway != NULL)
		xn_plain__last_message(ch);
}

xn_error_t *
xn_channel_close_write(xn_channel_t *ch)
{
	xn_group__lock(ch->group);
	xn_channel__close_write_locked(ch);
	xn_group__unlock(ch->group);
	return NULL;
}

int
xn_channel_isclosed(xn_channel_t *ch)
{
	int closed;

	xn_group__lock(ch->group);
	closed = ch->send_closed;
	xn_group__unlock(ch->group);
	return closed;
}

int
xn_channel_id(const xn_channel_t *ch)
{
	return ch->id;
}

xn_gateway_t *
xn_channel_gateway(const xn_channel_t *ch)
{
	return ch->gateway;
}
