/*
 * Values on their way into a program.
 */
#include "core/side/side.h"

#include <string.h>

#include <execnet/remote.h>
#include "core/wire/code.h"

static void *
env_alloc(void *baton, size_t size)
{
	return xn_side__arena_alloc(baton, size);
}

static void *
env_channel(void *baton, int32_t id)
{
	struct xn_side *side = baton;
	void *object = side->port->channel_of_id(side->port->baton, id);

	return object == NULL ? NULL : xn_side__channel(side, object);
}

/* How many items follow V in memory: a dict has two for each pair. */
static size_t
item_count(const xn_value *v)
{
	switch (v->kind) {
	case XN_LIST:
	case XN_TUPLE:
	case XN_SET:
	case XN_FROZENSET:
		return v->size;
	case XN_DICT:
		return 2 * (size_t)v->size;
	default:
		return 0;
	}
}

const xn_value *
xn_side__decode(struct xn_side *side, struct xn_side_channel *c, size_t n)
{
	struct xn_decode_env env = {
		.alloc = env_alloc, .alloc_baton = &c->memory,
		.channel = env_channel, .channel_baton = side,
		.py2str_as_py3str = 1
	};
	const xn_value *value;
	int code;

	if (side->port->coercion != NULL)
		side->port->coercion(side->port->baton, c->object,
		    &env.py2str_as_py3str, &env.py3str_as_py2str);
	code = xn_decode(&value, c->payload, n, &env);
	if (code < 0)
		xn_fail("cannot decode what was received: %s",
		    xn_code_text(code));
	return value;
}

/* A copy of the N bytes at P with a NUL behind it. */
static const char *
copy_text(struct xn_side *side, const void *p, size_t n)
{
	char *text = xn_side__arena_alloc(&side->memory, n + 1);

	if (text == NULL)
		xn_fail("out of memory: an argument of %zu bytes", n);
	if (n > 0)
		memcpy(text, p, n);
	text[n] = '\0';
	return text;
}

static void
adopt_into(struct xn_side *side, xn_value *to, const xn_value *from, int depth)
{
	size_t items = item_count(from);
	xn_value *copy;

	*to = *from;
	if (depth > (int)XN_DEPTH_MAX)
		xn_fail("the arguments are nested deeper than %u",
		    XN_DEPTH_MAX);
	if (from->kind == XN_STR || from->kind == XN_BIGINT) {
		to->u.text = copy_text(side, from->u.text, from->size);
	} else if (from->kind == XN_BYTES) {
		to->u.bytes = (const unsigned char *)copy_text(side,
		    from->u.bytes, from->size);
	} else if (from->kind == XN_CHANNEL) {
		to->u.channel.object = from->u.channel.object == NULL ? NULL :
		    xn_side__channel(side, from->u.channel.object);
	}
	if (items == 0)
		return;
	copy = xn_side__arena_alloc(&side->memory, items * sizeof(*copy));
	if (copy == NULL)
		xn_fail("out of memory: %zu arguments", items);
	for (size_t i = 0; i < items; i++)
		adopt_into(side, &copy[i], &from->u.items[i], depth + 1);
	to->u.items = copy;
}

const xn_value *
xn_side__adopt(struct xn_side *side, const xn_value *kwargs)
{
	xn_value *to = xn_side__arena_alloc(&side->memory, sizeof(*to));

	if (to == NULL)
		xn_fail("out of memory: the arguments");
	memset(to, 0, sizeof(*to));
	to->kind = XN_DICT;
	to->depth = 1;
	if (kwargs != NULL)
		adopt_into(side, to, kwargs, 0);
	return to;
}
