/*
 * values.c: making, showing and storing values apart from any channel.
 */
#include "core/gateway/internal.h"

#include <stdarg.h>
#include <string.h>

static void *
pool_alloc(void *pool, size_t n)
{
	return apr_palloc(pool, n);
}

/*
 * Channels in a value that is being made are kept by their place among the
 * 'c' letters: packed as 1, 2, 3, ..., and looked up when it is decoded.
 */
#define MADE_CHANNELS_MAX 32

struct made {
	const void *channels[MADE_CHANNELS_MAX];
	int count;
};

static __thread struct made *making;

static int32_t
remember_channel(const void *channel)
{
	if (channel == NULL || making->count == MADE_CHANNELS_MAX)
		return 0;
	making->channels[making->count++] = channel;
	return making->count;
}

static void *
made_channel(void *baton, int32_t id)
{
	const struct made *made = baton;

	return id >= 1 && id <= made->count ?
	    (void *)(uintptr_t)made->channels[id - 1] : NULL;
}

/* Give every channel in V its own id on the wire. */
static void
restore_ids(xn_value_t *v)
{
	unsigned int n = v->kind == XN_DICT ? 2 * v->size : v->size;

	if (v->kind == XN_CHANNEL)
		v->u.channel.id = xn_channel_id(v->u.channel.object);
	for (unsigned int i = 0; v->depth > 0 && i < n; i++)
		restore_ids((xn_value_t *)(uintptr_t)&v->u.items[i]);
}

xn_error_t *
xn_make_value(const xn_value_t **value, apr_pool_t *pool, const char *format,
    ...)
{
	struct made made = { .count = 0 };
	struct xn_decode_env env = {
		.alloc = pool_alloc, .alloc_baton = pool,
		.channel = made_channel, .channel_baton = &made,
	};
	char text[XN_FORMAT_TEXT];
	struct xn_buf out;
	va_list ap;
	int code;

	xn_buf_init(&out, XN_MESSAGE_MAX);
	making = &made;
	va_start(ap, format);
	code = xn_pack(&out, remember_channel, format, ap);
	va_end(ap);
	making = NULL;
	if (code != XN_C_OK) {
		xn_buf_free(&out);
		return xn_error_create(XN_E_USAGE,
		    "cannot make a value of format \"%s\": %s", format,
		    xn_format_text(text, sizeof(text), code, format, 1));
	}
	xn__free_with(pool, out.base);
	code = xn_decode(value, out.base, out.end, &env);
	if (code != XN_C_OK)
		return xn_error_create(XN_E_USAGE,
		    "cannot make a value of format \"%s\": %s", format,
		    xn_code_text(code));
	restore_ids((xn_value_t *)(uintptr_t)*value);
	return NULL;
}

const char *
xn_value_repr(const xn_value_t *value, apr_pool_t *pool)
{
	size_t max = 4096;
	char *out = apr_palloc(pool, max);

	while (xn_repr(out, max, value) == max - 1 && max < XN_MESSAGE_MAX) {
		max *= 4;
		out = apr_palloc(pool, max);
	}
	return out;
}

xn_channel_t *
xn_value_channel(const xn_value_t *value)
{
	return value->kind == XN_CHANNEL ? value->u.channel.object : NULL;
}

/* 1 if there is a channel in V: it means nothing outside of its connection. */
static int
holds_channel(const xn_value_t *v)
{
	unsigned int n = v->kind == XN_DICT ? 2 * v->size : v->size;

	if (v->kind == XN_CHANNEL)
		return 1;
	for (unsigned int i = 0; v->depth > 0 && i < n; i++)
		if (holds_channel(&v->u.items[i]))
			return 1;
	return 0;
}

xn_error_t *
xn_dumps(const unsigned char **bytes, size_t *n, const xn_value_t *value,
    int version, apr_pool_t *pool)
{
	struct xn_buf out;
	int code;

	if (holds_channel(value))
		return xn_error_create(XN_E_USAGE, "cannot dump a value: there "
		    "is a channel in it");
	xn_buf_init(&out, XN_PEER_MESSAGE_MAX);
	code = xn_encode_dump(&out, value, version);
	if (code != XN_C_OK) {
		xn_buf_free(&out);
		return xn_error_create(XN_E_USAGE, "cannot dump a value: %s",
		    xn_code_text(code));
	}
	xn__free_with(pool, out.base);
	*bytes = out.base;
	*n = out.end;
	return NULL;
}

xn_error_t *
xn_loads(const xn_value_t **value, const unsigned char *bytes, size_t n,
    apr_pool_t *pool)
{
	struct xn_decode_env env = {
		.alloc = pool_alloc, .alloc_baton = pool
	};
	int code = xn_decode_dump(value, bytes, n, &env);

	if (code != XN_C_OK)
		return xn_error_create(XN_E_PROTOCOL, "cannot load a dump: %s",
		    xn_code_text(code));
	return NULL;
}
