/*
 * send.c: values on their way out, in parts of 64 KiB, for credit.
 */
#include "core/gateway/internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A pair keeps at most this much for its receiver. */
#define PAIR_QUEUE_MAX	(1024u * 1024)

int32_t
xn_channel__wire_id(const void *channel)
{
	return ((const xn_channel_t *)channel)->id;
}

/* Why CH cannot send, or NULL; locked. */
static xn_error_t *
send_error(xn_channel_t *ch)
{
	if (ch->group->cancelled)
		return xn_error_create(XN_E_CANCELLED, "cancelled");
	if (ch->gateway != NULL && ch->gateway->closing)
		return xn_gateway__error(ch->gateway);
	if (ch->send_closed || (ch->gateway == NULL && ch->pair == NULL))
		return xn_error_create(XN_E_CLOSED,
		    "cannot send on a closed channel");
	return NULL;
}

/* May N bytes go now?  If not, the condition to wait on is in *WAIT. */
static int
has_room(xn_channel_t *ch, uint32_t n, apr_thread_cond_t **wait)
{
	*wait = ch->changed;
	if (ch->gateway == NULL)
		return ch->pair->queued < PAIR_QUEUE_MAX;
	if (!ch->gateway->plain && !xn_window_may_send(&ch->window, n))
		return 0;
	*wait = ch->gateway->changed;
	return ch->gateway->outbox.bytes < XN_OUTBOX_MAX;
}

/* Wait until N bytes may go; locked. */
static xn_error_t *
wait_for_room(xn_channel_t *ch, uint32_t n)
{
	apr_thread_cond_t *wait;
	xn_error_t *error;

	while ((error = send_error(ch)) == NULL && !has_room(ch, n, &wait)) {
		if (xn__in_callback_thread())
			return xn_error_create(XN_E_USAGE,
			    "xn_send() in a callback would block: the other "
			    "end does not take what was sent");
		xn__cond_wait(wait, ch->group->lock, -1);
	}
	return error;
}

/* Only one thread at a time sends the parts of a payload; locked. */
static xn_error_t *
begin_sending(xn_channel_t *ch)
{
	xn_error_t *error;

	while ((error = send_error(ch)) == NULL && ch->sending) {
		if (xn__in_callback_thread())
			return xn_error_create(XN_E_USAGE,
			    "xn_send() in a callback would block: another "
			    "thread is sending on the channel");
		xn__cond_wait(ch->changed, ch->group->lock, -1);
	}
	if (error == NULL)
		ch->sending = 1;
	return error;
}

static xn_error_t *
send_to_pair(xn_channel_t *ch, uint8_t **payload, size_t n)
{
	XN_TRY(wait_for_room(ch, 0));
	if (xn_channel__push(ch->pair, *payload, n, 0) != XN_C_OK)
		return xn_error_create(XN_E_NOMEM, "no memory to send");
	*payload = NULL;	/* the pair's now */
	return NULL;
}

static xn_error_t *
send_parts(xn_channel_t *ch, uint8_t **payload, size_t n)
{
	const size_t max = ch->gateway->plain ? XN_MESSAGE_MAX : XN_PART_MAX;
	size_t offset = 0;

	do {
		uint32_t part = (uint32_t)(n - offset > max ? max :
		    n - offset);
		int last = offset + part == n;
		uint8_t *piece = *payload;

		XN_TRY(wait_for_room(ch, part));
		if (!last || offset > 0) {
			if ((piece = malloc(part + 1)) == NULL)
				return xn_error_create(XN_E_NOMEM,
				    "no memory to send");
			memcpy(piece, *payload + offset, part);
		} else {
			*payload = NULL;	/* whole: the outbox's now */
		}
		if (!ch->gateway->plain)
			xn_window_sent(&ch->window, part);
		if (xn_gateway__put(ch->gateway, last ? XN_MSG_CHANNEL_DATA :
		    XN_MSG_CHANNEL_PART, ch->id, piece, part, 0) != XN_C_OK)
			return xn_error_create(XN_E_NOMEM,
			    "no memory to send");
		offset += part;
	} while (offset < n);
	return NULL;
}

xn_error_t *
xn_channel__send_payload(xn_channel_t *ch, uint8_t *payload, size_t n)
{
	xn_error_t *error;

	xn_group__lock(ch->group);
	error = begin_sending(ch);
	if (error == NULL) {
		error = ch->gateway == NULL ? send_to_pair(ch, &payload, n) :
		    send_parts(ch, &payload, n);
		ch->sending = 0;
		apr_thread_cond_broadcast(ch->changed);
	}
	xn_group__unlock(ch->group);
	free(payload);
	return error;
}

/* 1 if V holds no channel of another gateway than CH's. */
static int
channels_fit(const xn_channel_t *ch, const xn_value_t *v)
{
	unsigned int n;

	if (v->kind == XN_CHANNEL)
		return ch->gateway != NULL && v->u.channel.object != NULL &&
		    ((const xn_channel_t *)v->u.channel.object)->gateway ==
		    ch->gateway;
	if (v->depth == 0)
		return 1;
	n = v->kind == XN_DICT ? 2 * v->size : v->size;
	for (unsigned int i = 0; i < n; i++)
		if (!channels_fit(ch, &v->u.items[i]))
			return 0;
	return 1;
}

static xn_error_t *
encoding_error(int code, const char *format)
{
	return xn_error_create(XN_E_USAGE, "cannot send a value%s%s: %s",
	    format != NULL ? " of format " : "", format != NULL ? format : "",
	    xn_code_text(code));
}

/*
 * A channel may be sent over another of the same gateway only.  'c' arguments
 * cannot be seen from here, so the encoder asks for each one's id: another
 * gateway's has the id 0, which is never a channel's.
 */
static __thread const xn_gateway_t *packing_for;

static int32_t
checked_id(const void *channel)
{
	const xn_channel_t *ch = channel;

	return ch != NULL && ch->gateway != NULL &&
	    ch->gateway == packing_for ? ch->id : 0;
}

xn_error_t *
xn_channel__pack(uint8_t **payload, size_t *n, xn_channel_t *ch,
    const char *format, va_list ap)
{
	struct xn_buf out;
	int code;

	xn_buf_init(&out, XN_MESSAGE_MAX);
	packing_for = ch != NULL ? ch->gateway : NULL;
	code = xn_pack(&out, checked_id, format, ap);
	if (code != XN_C_OK) {
		xn_buf_free(&out);
		return encoding_error(code, format);
	}
	*payload = out.base;
	*n = out.end;
	return NULL;
}

xn_error_t *
xn_send(xn_channel_t *ch, const char *format, ...)
{
	uint8_t *payload;
	size_t n;
	va_list ap;
	xn_error_t *error;

	va_start(ap, format);
	error = xn_channel__pack(&payload, &n, ch, format, ap);
	va_end(ap);
	return error != NULL ? error :
	    xn_channel__send_payload(ch, payload, n);
}

xn_error_t *
xn_channel_send(xn_channel_t *ch, const xn_value_t *value)
{
	struct xn_buf out;
	int code;

	if (!channels_fit(ch, value))
		return xn_error_create(XN_E_UNSUPPORTED,
		    "a channel can be sent only over its own gateway");
	xn_buf_init(&out, XN_MESSAGE_MAX);
	code = xn_encode(&out, value);
	if (code != XN_C_OK) {
		xn_buf_free(&out);
		return encoding_error(code, NULL);
	}
	return xn_channel__send_payload(ch, out.base, out.end);
}
