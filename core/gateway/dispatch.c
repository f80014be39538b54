/*
 * dispatch.c: what each message from the agent means.  All in the I/O thread.
 */
#include "core/gateway/sink.h"

#include <stdlib.h>
#include <string.h>

#include "core/gateway/link.h"
#include "core/gateway/trace.h"

#define EXPECTED_MAX (4u * 1024 * 1024)
#define SHOWN_MAX 1024u	/* of an error that is not a text */
#define TEXT_MAX XN_PART_MAX	/* of one that is */

typedef xn_error_t *handler_fn(xn_gateway_t *gw, const struct xn_message *m);

xn_error_t *
xn_gateway__broken(const xn_gateway_t *gw, const struct xn_message *m,
    const char *why)
{
	return xn_error_create(XN_E_PROTOCOL,
	    "%s broke the protocol: %s on channel %d: %s",
	    gw->transport->peer, xn_message_name(m->type), (int)m->channel,
	    why);
}

xn_error_t *
xn_gateway__reply(xn_gateway_t *gw, const struct xn_message *m, int type,
    uint8_t *payload, size_t n)
{
	int code = XN_C_TOO_BIG;

	xn_group__lock(gw->group);
	if (gw->urgent.frames < XN_REPLIES_MAX)
		code = xn_gateway__put(gw, type, m->channel, payload, n, 1);
	else
		free(payload);
	xn_group__unlock(gw->group);
	return code == XN_C_OK ? NULL : xn_gateway__broken(gw, m,
	    code == XN_C_TOO_BIG ? "it asks and does not read the answers" :
	    xn_code_text(code));
}

static xn_channel_t *
find(xn_gateway_t *gw, int32_t id)
{
	return apr_hash_get(gw->channels, &id, sizeof(id));
}

/*
 * Room for N more bytes behind the parts that have come, in a block that will
 * be the payload: at once as large as the last one was.
 */
static int
make_room(xn_gateway_t *gw, xn_channel_t *ch, size_t n)
{
	struct xn_buf *b = &ch->partial;
	size_t want = xn_buf_len(b) + n;
	uint8_t *block;

	if (want > b->max)
		return XN_C_TOO_BIG;
	if (b->cap - b->end >= n)
		return XN_C_OK;
	if (want < 2 * b->cap)
		want = 2 * b->cap;
	if (want < ch->expected)
		want = ch->expected;
	if ((block = xn_spare__take(gw, want)) == NULL)
		return XN_C_NOMEM;
	xn_spare__put(gw, xn_buf_move(b, block, want));
	return XN_C_OK;
}

/* A part joins what is there; its credit goes back when that may be. */
static int
join_part(xn_gateway_t *gw, xn_channel_t *ch, const struct xn_message *m)
{
	int code = make_room(gw, ch, m->length);

	if (code == XN_C_OK)
		code = xn_buf_put(&ch->partial, m->payload, m->length);
	if (code != XN_C_OK)
		return code;
	gw->queued += m->length;
	ch->owed += m->length + XN_FRAME_COST;
	xn_channel__give_early(ch);
	return XN_C_OK;
}

/* The whole payload, malloc'ed: what came in parts, and this last piece. */
static uint8_t *
whole_payload(size_t *n, xn_channel_t *ch, const struct xn_message *m)
{
	size_t before = xn_buf_len(&ch->partial);
	uint8_t *payload;

	*n = before + m->length;
	if (*n > xn_gateway__message_max(ch->gateway))
		return NULL;
	if (before == 0) {
		payload = xn_spare__take(ch->gateway, *n + 1);
		if (payload != NULL)
			memcpy(payload, m->payload, m->length);
		return payload;
	}
	if (make_room(ch->gateway, ch, m->length) != XN_C_OK ||
	    xn_buf_put(&ch->partial, m->payload, m->length) != XN_C_OK)
		return NULL;
	ch->expected = *n < EXPECTED_MAX ? *n : EXPECTED_MAX;
	xn_gateway__unqueue(ch->gateway, before);
	payload = ch->partial.base;	/* nothing was ever consumed of it */
	xn_buf_init(&ch->partial, ch->partial.max);
	return payload;
}

/* No room for more on CH: it ends, for both ends, and the others live on. */
static void
overflow(xn_gateway_t *gw, xn_channel_t *ch)
{
	static const char text[] = "too much waits in channels of this gateway "
	    "that nobody receives from";
	struct xn_buf out;

	xn_buf_init(&out, 256);
	if (xn_put_str(&out, text, sizeof(text) - 1) == XN_C_OK &&
	    xn_put_stop(&out) == XN_C_OK)
		xn_gateway__put(gw, XN_MSG_CHANNEL_CLOSE_ERROR, ch->id,
		    out.base, out.end, 0);
	xn_channel__peer_closed(ch, 0, text);
}

static xn_error_t *
take_data(xn_gateway_t *gw, const struct xn_message *m, xn_channel_t **call)
{
	xn_channel_t *ch = find(gw, m->channel);
	uint8_t *payload;
	size_t n;
	int code;

	if (ch == NULL || ch->receive_closed)
		return NULL;	/* as execnet: not even decoded */
	if (!gw->plain && xn_window_arrived(&ch->window, m->length) != XN_C_OK)
		return xn_gateway__broken(gw, m, "more data than was granted");
	code = ch->sink != NULL ? XN_C_OK :
	    xn_channel__announce(ch, m->payload, m->length);
	if (code == XN_C_NO_CHANNEL)
		return xn_gateway__broken(gw, m, "it names a channel of ours "
		    "that we never made");
	if (code == XN_C_TOO_MANY || (!gw->plain &&
	    gw->queued + m->length > XN_QUEUED_MAX)) {
		code = XN_C_OK;
		overflow(gw, ch);
	} else if (ch->sink != NULL) {
		code = xn_sink__arrived(ch, m->payload, m->length,
		    m->type == XN_MSG_CHANNEL_DATA);
	} else if (m->type == XN_MSG_CHANNEL_PART) {
		code = join_part(gw, ch, m);
	} else {
		payload = whole_payload(&n, ch, m);
		code = payload == NULL ? XN_C_TOO_BIG :
		    xn_channel__push(ch, payload, n, m->length + ch->owed);
	}
	if (code != XN_C_OK)
		return xn_gateway__broken(gw, m, xn_code_text(code));
	if (ch->callback_ready) {
		xn_channel__ref(ch);
		*call = ch;
	}
	return NULL;
}

static xn_error_t *
on_data(xn_gateway_t *gw, const struct xn_message *m)
{
	xn_channel_t *call = NULL;
	xn_error_t *error;

	xn_group__lock(gw->group);
	error = take_data(gw, m, &call);
	xn_group__unlock(gw->group);
	if (call != NULL) {
		xn_channel__run_callback(call);
		xn_channel__unref(call);
	}
	return error;
}

/* What a CLOSE_ERROR of execnet says that is not a str: as Python shows it. */
static char *
shown(const xn_value *value)
{
	char *text = malloc(SHOWN_MAX);

	if (text != NULL)
		xn_repr(text, SHOWN_MAX, value);
	return text;
}

/* Of a text that is too long, which only execnet sends: how it begins. */
static char *
beginning(const struct xn_message *m)
{
	static const char other[] = "an error that is too large to be shown";
	char *text;

	if (m->payload[0] != XN_OP_PY3STRING)
		return strdup(other);
	if ((text = malloc(3 * (size_t)TEXT_MAX + 1)) != NULL)
		xn_utf8_sanitize(text, m->payload + 5, TEXT_MAX - 5);
	return text;
}

/* The text of a CLOSE_ERROR: a str. */
static char *
error_text(const xn_gateway_t *gw, const struct xn_message *m)
{
	const xn_value *value = NULL;
	apr_pool_t *scratch;
	char *text = NULL;
	struct xn_decode_env env = { 0 };

	if (m->length > TEXT_MAX)
		return beginning(m);
	apr_pool_create(&scratch, NULL);
	env.alloc = (void *(*)(void *, size_t))apr_palloc;
	env.alloc_baton = scratch;
	env.py2str_as_py3str = 1;
	if (xn_decode(&value, m->payload, m->length, &env) != XN_C_OK)
		value = NULL;
	else if (value->kind == XN_STR && (text = malloc(3 *
	    (size_t)value->size + 1)) != NULL)
		xn_utf8_sanitize(text, value->u.text, value->size);
	else if (value->kind != XN_STR && gw->plain)
		text = shown(value);
	apr_pool_destroy(scratch);
	return text;
}

static xn_error_t *
on_close(xn_gateway_t *gw, const struct xn_message *m)
{
	char *text = NULL;
	xn_channel_t *ch;
	int call = 0;

	if (m->type == XN_MSG_CHANNEL_CLOSE_ERROR &&
	    (text = error_text(gw, m)) == NULL)
		return xn_gateway__broken(gw, m, "the error has no text");
	xn_group__lock(gw->group);
	ch = find(gw, m->channel);
	if (ch != NULL) {
		xn_channel__ref(ch);
		xn_channel__peer_closed(ch,
		    m->type == XN_MSG_CHANNEL_LAST_MESSAGE, text);
		call = ch->callback_ready;
	} else {
		xn_plain__closed(gw, m->channel);
	}
	xn_group__unlock(gw->group);
	free(text);
	if (ch != NULL) {
		if (call)
			xn_channel__run_callback(ch);
		xn_channel__unref(ch);
	}
	return NULL;
}

static xn_error_t *
on_window(xn_gateway_t *gw, const struct xn_message *m)
{
	xn_channel_t *ch;
	int code = XN_C_OK;

	if (m->length != 4)
		return xn_gateway__broken(gw, m, "not four bytes");
	xn_group__lock(gw->group);
	ch = find(gw, m->channel);
	if (ch != NULL) {
		code = xn_window_granted(&ch->window, xn_get_u32(m->payload));
		xn_channel__wake(ch);
		if (ch->sink != NULL)
			ch->sink->kind->room(ch->sink);
	}
	xn_group__unlock(gw->group);
	return code == XN_C_OK ? NULL :
	    xn_gateway__broken(gw, m, xn_code_text(code));
}

static xn_error_t *
on_ping(xn_gateway_t *gw, const struct xn_message *m)
{
	uint8_t *copy;

	if (m->length > 256)
		return xn_gateway__broken(gw, m, "more than 256 bytes");
	if ((copy = malloc(m->length + 1)) == NULL)
		return xn_gateway__broken(gw, m, "no memory");
	memcpy(copy, m->payload, m->length);
	return xn_gateway__reply(gw, m, XN_MSG_PONG, copy, m->length);
}

static xn_error_t *
on_pong(xn_gateway_t *gw, const struct xn_message *m)
{
	(void)gw;
	(void)m;
	return NULL;	/* any byte that is read counts as life */
}

static xn_error_t *
on_log(xn_gateway_t *gw, const struct xn_message *m)
{
	char *line = malloc(3 * (size_t)m->length + 1), *id = NULL;
	xn_channel_t *ch;

	if (line == NULL)
		return xn_gateway__broken(gw, m, "no memory");
	xn_utf8_sanitize(line, m->payload, m->length);
	xn_group__lock(gw->group);
	ch = find(gw, m->channel);
	if (ch != NULL && ch->log_id != NULL)
		id = strdup(ch->log_id);
	xn_group__unlock(gw->group);
	xn_group__log(gw->group, id != NULL ? id : gw->id, line);
	free(id);
	free(line);
	return NULL;
}

/* An agent does not send programs; it is told so, as an error of its own. */
static xn_error_t *
on_exec(xn_gateway_t *gw, const struct xn_message *m)
{
	static const char text[] = "this end does not run programs";
	struct xn_buf out;

	xn_buf_init(&out, 256);
	if (xn_put_str(&out, text, sizeof(text) - 1) != XN_C_OK ||
	    xn_put_stop(&out) != XN_C_OK)
		return xn_gateway__broken(gw, m, "no memory");
	return xn_gateway__reply(gw, m, XN_MSG_CHANNEL_CLOSE_ERROR, out.base,
	    out.end);
}

static xn_error_t *
on_unexpected(xn_gateway_t *gw, const struct xn_message *m)
{
	return xn_gateway__broken(gw, m, "an agent does not send that");
}

xn_error_t *
xn_gateway__dispatch(xn_gateway_t *gw, const struct xn_message *m)
{
	static handler_fn *const handlers[] = {
		[XN_MSG_STATUS] = xn_gateway__on_status,
		[XN_MSG_RECONFIGURE] = xn_gateway__on_reconfigure,
		[XN_MSG_GATEWAY_TERMINATE] = on_pong,
		[XN_MSG_CHANNEL_EXEC] = on_exec,
		[XN_MSG_CHANNEL_DATA] = on_data,
		[XN_MSG_CHANNEL_PART] = on_data,
		[XN_MSG_CHANNEL_CLOSE] = on_close,
		[XN_MSG_CHANNEL_CLOSE_ERROR] = on_close,
		[XN_MSG_CHANNEL_LAST_MESSAGE] = on_close,
		[XN_MSG_CHANNEL_WINDOW] = on_window,
		[XN_MSG_PING] = on_ping,
		[XN_MSG_PONG] = on_pong,
		[XN_MSG_LOG] = on_log,
		[XN_MSG_LINK] = xn_link__on_message,
	};
	const int n = (int)(sizeof(handlers) / sizeof(handlers[0]));

	xn_trace(gw->id, 0, m->type, m->channel, m->payload, m->length);
	if (m->type < 0 || m->type >= n || handlers[m->type] == NULL ||
	    (gw->plain && m->type > XN_MSG_CHANNEL_LAST_MESSAGE))
		return on_unexpected(gw, m);
	return handlers[m->type](gw, m);
}
