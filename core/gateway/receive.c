/*
 * receive.c: values that have arrived, decoded in the thread of the receiver.
 */
#include "core/gateway/sink.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static apr_status_t
free_block(void *block)
{
	free(block);
	return APR_SUCCESS;
}

void
xn__free_with(apr_pool_t *pool, void *block)
{
	apr_pool_cleanup_register(pool, block, free_block,
	    apr_pool_cleanup_null);
}

int
xn_channel__readable(const xn_channel_t *ch)
{
	return ch->head != NULL || ch->receive_closed ||
	    ch->group->cancelled || ch->stuck;
}

/* Why nothing more will come; locked.  A remote error is told once. */
xn_error_t *
xn_channel__end_error(xn_channel_t *ch)
{
	char *text = ch->remote_error;
	xn_error_t *error;

	if (ch->group->cancelled)
		return xn_error_create(XN_E_CANCELLED, "cancelled");
	if (ch->stuck && !ch->receive_closed)
		return xn_plain__stuck(ch);
	if (text != NULL) {
		ch->remote_error = NULL;
		error = xn_error_create(XN_E_REMOTE, "%s", text);
		free(text);
		return error;
	}
	if (ch->gateway != NULL && ch->gateway->failure != NULL &&
	    !ch->local_closed)
		return xn_gateway__error(ch->gateway);
	return xn_error_create(XN_E_EOF, "the channel is at its end");
}

void
xn_channel__grant(xn_channel_t *ch, uint32_t n)
{
	struct xn_window_total *total = &ch->gateway->total;
	uint32_t grant = xn_window_consumed(&ch->window, total, n,
	    ch->starved);
	uint8_t *word;

	if (grant == 0)
		return;
	/* A grant that is lost would stall the channel for ever. */
	if ((word = malloc(4)) == NULL)
		abort();	/* as APR's pools do */
	xn_set_u32(word, grant);
	if (xn_gateway__put(ch->gateway, XN_MSG_CHANNEL_WINDOW, ch->id, word,
	    4, 1) != XN_C_OK)
		abort();
}

void
xn_channel__has_taken(xn_channel_t *ch)
{
	xn_channel_t *pair = ch->pair;

	/* (Who waits for room without sending waits otherwise.) */
	if (ch->group->senders > 0)
		xn_channel__wake(pair);
	else
		xn_channel__broadcast(pair);
	if (pair->sink != NULL)
		pair->sink->kind->room(pair->sink);
}

/* Give back the credit of an item that has been taken; locked. */
static void
give_credit(xn_channel_t *ch, const struct xn_item *item)
{
	if (ch->gateway == NULL) {
		if (ch->pair != NULL)
			xn_channel__has_taken(ch);
		return;
	}
	if (ch->receive_closed || ch->gateway->plain)
		return;
	xn_channel__grant(ch, (uint32_t)item->cost);
	xn_channel__give_early(ch);
	ch->starved = 0;
}

void
xn_channel__give_early(xn_channel_t *ch)
{
	xn_gateway_t *gw = ch->gateway;
	size_t owed = ch->owed;

	if (owed == 0 || ch->head != NULL || ch->receive_closed)
		return;
	if (!ch->starved && !ch->callback_ready &&
	    gw->early + owed > XN_EARLY_MAX)
		return;
	ch->owed = 0;
	ch->early += owed;
	gw->early += owed;
	xn_channel__grant(ch, (uint32_t)(owed - XN_FRAME_COST));
}

void
xn_channel__starve(xn_channel_t *ch)
{
	ch->starved = 1;
	xn_channel__give_early(ch);
}

void
xn_channel__end_early(xn_channel_t *ch, size_t *early)
{
	*early = ch->early;
	ch->early = ch->owed = 0;
}

uint8_t *
xn_channel__pop(xn_channel_t *ch, size_t *n)
{
	struct xn_item *item = ch->head;
	uint8_t *payload = item->payload;

	xn_held__drop(&ch->taken);
	ch->taken = item->held;
	ch->head = item->next;
	if (ch->head == NULL)
		ch->tail = NULL;
	ch->queued -= item->length + XN_ITEM_COST;
	if (ch->gateway != NULL)
		xn_gateway__unqueue(ch->gateway, item->length + XN_ITEM_COST);
	*n = item->length;
	if (ch->gateway != NULL)
		ch->gateway->early -= item->early;
	give_credit(ch, item);
	free(item);
	return payload;
}

int
xn_channel__pop_for_callback(xn_channel_t *ch, uint8_t **payload, size_t *n,
    xn_channel_fn **function, void **baton)
{
	int there;

	xn_group__lock(ch->group);
	there = ch->head != NULL && ch->callback != NULL && !ch->local_closed;
	if (there) {
		*payload = xn_channel__pop(ch, n);
		ch->calling++;
		*function = ch->callback;
		*baton = ch->callback_baton;
	}
	xn_group__unlock(ch->group);
	return there;
}

xn_error_t *
xn_channel__may_receive(const xn_channel_t *ch)
{
	if (ch->callback != NULL)
		return xn_error_create(XN_E_USAGE,
		    "cannot receive: the channel has a callback");
	XN_TRY_W(xn_sink__check_free(ch), "cannot receive");
	return xn__may_block("cannot receive");
}

/* Wait for CH to change; locked.  A plain peer's thread looks who waits. */
static void
wait_for_change(xn_channel_t *ch, apr_time_t deadline)
{
	apr_time_t since = xn__clock();

	if (ch->waiting++ == 0)
		ch->waiting_since = since;
	xn__cond_wait(xn_channel__changed(ch), ch->group->lock, deadline);
	ch->waiting--;
	if (ch->gateway != NULL)
		xn_drive__waited(ch->gateway, since);
}

xn_error_t *
xn_channel__take(uint8_t **payload, size_t *n, xn_channel_t *ch,
    apr_interval_time_t timeout)
{
	apr_time_t deadline = xn__deadline(timeout);
	xn_error_t *error;

	xn_group__lock(ch->group);
	error = xn_channel__may_receive(ch);
	while (error == NULL && !xn_channel__readable(ch)) {
		if (deadline >= 0 && xn__clock() >= deadline) {
			error = xn__timed_out("nothing arrived", timeout);
			break;
		}
		xn_channel__starve(ch);
		if (!xn_drive__receive(ch, deadline))
			wait_for_change(ch, deadline);
	}
	if (error == NULL && ch->head != NULL && !ch->group->cancelled)
		*payload = xn_channel__pop(ch, n);
	else if (error == NULL)
		error = xn_channel__end_error(ch);
	ch->stuck = 0;
	xn_group__unlock(ch->group);
	return error;
}

/* What a value is decoded for: its channels belong to POOL, or to CARRIER. */
struct decoding {
	xn_channel_t *carrier;
	apr_pool_t *pool;		/* NULL: CARRIER keeps them */
};

/* Decoding needs the channel table, and so the lock, only for channels. */
static void *
channel_for_decode(void *baton, int32_t id)
{
	struct decoding *d = baton;
	xn_gateway_t *gw = d->carrier->gateway;
	xn_channel_t *found = NULL;

	if (gw == NULL)
		return NULL;
	xn_group__lock(gw->group);
	found = xn_channel__of_id(gw, id);
	if (found != NULL)
		found = xn_relay__original(found);
	if (found != NULL && d->pool == NULL)
		xn_channel__keep_for(d->carrier, found);
	else if (found != NULL)
		xn_channel__hold(found);
	xn_group__unlock(gw->group);
	if (found != NULL && d->pool != NULL)
		xn_channel__dropped_with(found, d->pool);
	return found;
}

static void *
pool_alloc(void *pool, size_t n)
{
	return apr_palloc(pool, n);
}

static xn_error_t *
decode(const xn_value_t **value, xn_channel_t *ch, const uint8_t *payload,
    size_t n, apr_pool_t *pool, int keep)
{
	struct decoding decoding = { ch, keep ? NULL : pool };
	struct xn_decode_env env = {
		.alloc = pool_alloc,
		.alloc_baton = pool,
		.channel = channel_for_decode,
		.channel_baton = &decoding,
		.py2str_as_py3str = ch->coerce.py2str_as_py3str,
		.py3str_as_py2str = ch->coerce.py3str_as_py2str,
	};
	int code = xn_decode(value, payload, n, &env);

	/* Held by whom the value belongs to, from now on. */
	if (ch->taken.n > 0) {
		xn_group__lock(ch->group);
		xn_held__drop(&ch->taken);
		xn_group__unlock(ch->group);
	}
	if (code != XN_C_OK)
		return xn_error_create(XN_E_PROTOCOL,
		    "a value that cannot be read arrived on channel %d: %s",
		    (int)ch->id, xn_code_text(code));
	return NULL;
}

xn_error_t *
xn_channel__decode(const xn_value_t **value, xn_channel_t *ch,
    const uint8_t *payload, size_t n, apr_pool_t *pool)
{
	return decode(value, ch, payload, n, pool, 0);
}

static xn_error_t *
receive(const xn_value_t **value, xn_channel_t *ch,
    apr_interval_time_t timeout, apr_pool_t *pool, int keep)
{
	uint8_t *payload;
	size_t n;

	XN_TRY(xn_channel__take(&payload, &n, ch, timeout));
	xn_spare__with(pool, ch, payload);
	return decode(value, ch, payload, n, pool, keep);
}

xn_error_t *
xn_channel_receive(const xn_value_t **value, xn_channel_t *ch,
    apr_interval_time_t timeout, apr_pool_t *pool)
{
	return receive(value, ch, timeout, pool, 0);
}

static xn_error_t *
unpack(const xn_value_t *value, apr_pool_t *pool, const char *format,
    va_list ap)
{
	struct xn_decode_env env = {
		.alloc = pool_alloc, .alloc_baton = pool
	};
	char where = '\0', *shown, text[XN_FORMAT_TEXT];
	int code = xn_unpack(value, &env, &where, format, ap);

	if (code == XN_C_OK)
		return NULL;
	if (code != XN_C_MISMATCH)
		return xn_error_create(XN_E_USAGE, "format \"%s\": %s",
		    format, xn_format_text(text, sizeof(text), code, format,
		    0));
	shown = apr_palloc(pool, 200);
	xn_repr(shown, 200, value);
	return xn_error_create(XN_E_MISMATCH,
	    "expected a value of format %s (at '%c'), got %s", format, where,
	    shown);
}

xn_error_t *
xn_receive(xn_channel_t *ch, apr_interval_time_t timeout, const char *format,
    ...)
{
	const xn_value_t *value;
	xn_error_t *error;
	va_list ap;

	if (ch->last == NULL)
		apr_pool_create(&ch->last, NULL);
	else
		apr_pool_clear(ch->last);
	xn_group__lock(ch->group);
	xn_channel__sweep_kept(ch);
	xn_group__unlock(ch->group);
	XN_TRY(receive(&value, ch, timeout, ch->last, 1));
	va_start(ap, format);
	error = unpack(value, ch->last, format, ap);
	va_end(ap);
	return error;
}

xn_error_t *
xn_unpack_value(const xn_value_t *value, apr_pool_t *pool, const char *format,
    ...)
{
	xn_error_t *error;
	va_list ap;

	va_start(ap, format);
	error = unpack(value, pool, format, ap);
	va_end(ap);
	return error;
}

/* What the peer sent is still to be written to a descriptor. */
static int
is_leaving(const xn_channel_t *ch)
{
	return ch->sink != NULL && ch->sink->kind->waited_for &&
	    ch->sink->head != NULL && !ch->local_closed;
}

/* Closed by the peer; what it sent has been written, and the callback told, if
 * there is one. */
static int
is_over(const xn_channel_t *ch)
{
	if (is_leaving(ch))
		return 0;
	return ch->receive_closed && (ch->callback == NULL ||
	    ch->local_closed || (ch->callback_ended == 2 &&
	    ch->calling == 0));
}

xn_error_t *
xn_channel_waitclose(xn_channel_t *ch, apr_interval_time_t timeout)
{
	apr_time_t deadline = xn__deadline(timeout);
	xn_error_t *error;

	xn_group__lock(ch->group);
	error = xn__may_block("cannot wait for a close");
	while (error == NULL && !is_over(ch) && !ch->group->cancelled &&
	    !ch->stuck) {
		if (deadline >= 0 && xn__clock() >= deadline)
			error = xn__timed_out("the channel was not closed",
			    timeout);
		else
			wait_for_change(ch, deadline);
	}
	if (error == NULL) {
		error = xn_channel__end_error(ch);
		if (error->code == XN_E_EOF) {
			xn_error_clear(error);
			error = NULL;
		}
	}
	ch->stuck = 0;
	xn_group__unlock(ch->group);
	return error;
}
