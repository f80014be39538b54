/*
 * send.c: values on their way out, in parts of 64 KiB, for credit.
 */
#include "core/gateway/sink.h"

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

int
xn_channel__has_room(xn_channel_t *ch, uint32_t n, apr_thread_cond_t **wait)
{
	*wait = NULL;		/* that of CH */
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

	while ((error = send_error(ch)) == NULL &&
	    !xn_channel__has_room(ch, n, &wait)) {
		if (xn__in_callback_thread())
			return xn_error_create(XN_E_USAGE,
			    "xn_send() in a callback would block: the other "
			    "end does not take what was sent");
		if (wait == NULL)
			wait = xn_channel__changed(ch);
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
		xn__cond_wait(xn_channel__changed(ch), ch->group->lock, -1);
	}
	if (error == NULL)
		error = xn_sink__check_free(ch);
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
xn_channel__send_carrying(xn_channel_t *ch, uint8_t *payload, size_t n,
    struct xn_carrying *carrying)
{
	xn_error_t *error;

	xn_group__lock(ch->group);
	error = begin_sending(ch);
	if (error == NULL) {
		error = ch->gateway == NULL ? send_to_pair(ch, &payload, n) :
		    send_parts(ch, &payload, n);
		if (error == NULL && carrying != NULL)
			xn_carrying__begin(carrying);
		ch->sending = 0;
		xn_channel__broadcast(ch);
		if (ch->gateway != NULL)
			xn_drive__send(ch->gateway);
	}
	xn_group__unlock(ch->group);
	free(payload);
	return error;
}

xn_error_t *
xn_channel__send_payload(xn_channel_t *ch, uint8_t *payload, size_t n)
{
	return xn_channel__send_carrying(ch, payload, n, NULL);
}

/* What the encoder's questions are about: it wants the id of each channel. */
static __thread struct xn_carrying *packing;

static int32_t
id_there(const void *channel)
{
	return xn_carrying__id(packing, channel);
}

xn_error_t *
xn_channel__pack(uint8_t **payload, size_t *n, struct xn_carrying *carrying,
    xn_channel_t *ch, const char *format, va_list ap)
{
	char text[XN_FORMAT_TEXT];
	struct xn_buf out;
	xn_error_t *why;
	int code;

	memset(carrying, 0, sizeof(*carrying));
	carrying->gateway = ch->gateway;
	xn_buf_init(&out, XN_MESSAGE_MAX);
	packing = carrying;
	code = xn_pack(&out, id_there, format, ap);
	packing = NULL;
	if (code == XN_C_OK) {
		*payload = out.base;
		*n = out.end;
		return NULL;
	}
	xn_buf_free(&out);
	why = carrying->error;
	carrying->error = NULL;
	xn_carrying__free(carrying);
	return why != NULL ? why : xn_error_create(XN_E_USAGE,
	    "cannot send a value of format \"%s\": %s", format,
	    xn_format_text(text, sizeof(text), code, format, 1));
}

xn_error_t *
xn_channel__send_format(xn_channel_t *ch, const char *format, va_list ap)
{
	struct xn_carrying carrying;
	uint8_t *payload;
	size_t n;
	xn_error_t *error;

	XN_TRY(xn_channel__pack(&payload, &n, &carrying, ch, format, ap));
	error = xn_channel__send_carrying(ch, payload, n, &carrying);
	xn_carrying__free(&carrying);
	return error;
}

xn_error_t *
xn_send(xn_channel_t *ch, const char *format, ...)
{
	xn_error_t *error;
	va_list ap;

	va_start(ap, format);
	error = xn_channel__send_format(ch, format, ap);
	va_end(ap);
	return error;
}

xn_error_t *
xn_channel_send(xn_channel_t *ch, const xn_value_t *value)
{
	return xn_send(ch, "v", value);
}
