/*
 * reconfigure.c: execnet's string coercion, and STATUS, for both directions.
 *
 * RECONFIGURE tells the peer to decode as we do from now on: on channel 0 for
 * the channels that are made afterwards, else for that channel.
 */
#include "core/gateway/internal.h"

#include <stdlib.h>

static xn_error_t *
send_coercion(xn_gateway_t *gw, int32_t id, const struct xn_coerce *coerce)
{
	struct xn_buf out;
	int code;

	xn_buf_init(&out, 64);
	xn_put_bool(&out, coerce->py2str_as_py3str);
	xn_put_bool(&out, coerce->py3str_as_py2str);
	xn_put_build(&out, XN_OP_BUILDTUPLE, 2);
	code = xn_put_stop(&out);
	if (code == XN_C_OK)
		code = xn_gateway__put(gw, XN_MSG_RECONFIGURE, id, out.base,
		    out.end, 0);
	else
		xn_buf_free(&out);
	return code == XN_C_OK ? NULL : xn_error_create(XN_E_NOMEM,
	    "no memory to reconfigure");
}

xn_error_t *
xn_gateway_reconfigure(xn_gateway_t *gw, int py2str_as_py3str,
    int py3str_as_py2str)
{
	const struct xn_coerce coerce = { py2str_as_py3str != 0,
	    py3str_as_py2str != 0 };
	xn_error_t *error;

	xn_group__lock(gw->group);
	error = xn_gateway__error(gw);
	if (error == NULL) {
		gw->coerce = coerce;
		error = send_coercion(gw, 0, &coerce);
	}
	xn_group__unlock(gw->group);
	return error;
}

xn_error_t *
xn_channel_reconfigure(xn_channel_t *ch, int py2str_as_py3str,
    int py3str_as_py2str)
{
	const struct xn_coerce coerce = { py2str_as_py3str != 0,
	    py3str_as_py2str != 0 };
	xn_error_t *error = NULL;

	xn_group__lock(ch->group);
	if (ch->gateway != NULL)
		error = xn_gateway__error(ch->gateway);
	if (error == NULL && ch->send_closed)
		error = xn_error_create(XN_E_CLOSED,
		    "cannot reconfigure a closed channel");
	if (error == NULL) {
		ch->coerce = coerce;
		if (ch->pair != NULL)
			ch->pair->coerce = coerce;
		else if (ch->gateway != NULL)
			error = send_coercion(ch->gateway, ch->id, &coerce);
	}
	xn_group__unlock(ch->group);
	return error;
}

static void *
pool_alloc(void *pool, size_t n)
{
	return apr_palloc(pool, n);
}

/* The payload: a tuple of two bools. */
static int
read_coercion(struct xn_coerce *coerce, const struct xn_message *m)
{
	const xn_value *value;
	apr_pool_t *scratch;
	int ok;

	apr_pool_create(&scratch, NULL);
	ok = xn_decode(&value, m->payload, m->length,
	    &(struct xn_decode_env){ .alloc = pool_alloc,
	    .alloc_baton = scratch }) == XN_C_OK && value->kind == XN_TUPLE &&
	    value->size == 2 && value->u.items[0].kind == XN_BOOL &&
	    value->u.items[1].kind == XN_BOOL;
	if (ok) {
		coerce->py2str_as_py3str = value->u.items[0].u.boolean;
		coerce->py3str_as_py2str = value->u.items[1].u.boolean;
	}
	apr_pool_destroy(scratch);
	return ok;
}

xn_error_t *
xn_gateway__on_reconfigure(xn_gateway_t *gw, const struct xn_message *m)
{
	struct xn_coerce coerce;
	xn_channel_t *ch;

	if (!read_coercion(&coerce, m))
		return xn_gateway__broken(gw, m, "not two truth values");
	xn_group__lock(gw->group);
	ch = apr_hash_get(gw->channels, &m->channel, sizeof(m->channel));
	if (m->channel == 0)
		gw->coerce = coerce;
	else if (ch != NULL)
		ch->coerce = coerce;
	xn_group__unlock(gw->group);
	return NULL;
}

xn_error_t *
xn_gateway__on_status(xn_gateway_t *gw, const struct xn_message *m)
{
	struct xn_buf out;
	unsigned int channels;

	xn_group__lock(gw->group);
	channels = apr_hash_count(gw->channels);
	xn_group__unlock(gw->group);
	xn_buf_init(&out, 256);
	xn_put_newdict(&out);
	xn_put_str(&out, "numchannels", 11);
	xn_put_int(&out, channels);
	xn_put_setitem(&out);
	xn_put_str(&out, "numexecuting", 12);
	xn_put_int(&out, 0);
	xn_put_setitem(&out);
	xn_put_str(&out, "execmodel", 9);
	xn_put_str(&out, "thread", 6);
	xn_put_setitem(&out);
	if (xn_put_stop(&out) != XN_C_OK) {
		xn_buf_free(&out);
		return xn_gateway__broken(gw, m, "no memory");
	}
	XN_TRY(xn_gateway__reply(gw, m, XN_MSG_CHANNEL_DATA, out.base,
	    out.end));
	return xn_gateway__reply(gw, m, XN_MSG_CHANNEL_CLOSE, NULL, 0);
}
