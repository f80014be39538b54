/*
 * value.c: looking into values.
 *
 * Plain C without one header of the C library: this file is also compiled into
 * shipped code on a machine that has none.
 */
#include <execnet/value.h>

static const char *const names[] = {
	[XN_NONE] = "none", [XN_BOOL] = "bool", [XN_INT] = "int",
	[XN_BIGINT] = "int", [XN_FLOAT] = "float", [XN_COMPLEX] = "complex",
	[XN_BYTES] = "bytes", [XN_STR] = "str", [XN_LIST] = "list",
	[XN_TUPLE] = "tuple", [XN_DICT] = "dict", [XN_SET] = "set",
	[XN_FROZENSET] = "frozenset", [XN_CHANNEL] = "channel"
};

const char *
xn_kind_name(int kind)
{
	if (kind < 0 || kind >= (int)(sizeof(names) / sizeof(names[0])))
		return "unknown";
	return names[kind];
}

/* 1 if VALUE is the str KEY. */
static int
is_text(const xn_value *value, const char *key)
{
	unsigned int i;

	if (value->kind != XN_STR)
		return 0;
	for (i = 0; i < value->size; i++)
		if (key[i] == '\0' || key[i] != value->u.text[i])
			return 0;
	return key[i] == '\0';
}

const xn_value *
xn_value_get(const xn_value *dict, const char *key)
{
	unsigned int i;

	if (dict == (void *)0 || dict->kind != XN_DICT)
		return (void *)0;
	for (i = 0; i < dict->size; i++)
		if (is_text(&dict->u.items[2 * i], key))
			return &dict->u.items[2 * i + 1];
	return (void *)0;
}

const xn_value *
xn_value_item(const xn_value *value, unsigned int index)
{
	if (value == (void *)0 || index >= value->size)
		return (void *)0;
	switch (value->kind) {
	case XN_LIST:
	case XN_TUPLE:
	case XN_SET:
	case XN_FROZENSET:
		return &value->u.items[index];
	default:
		return (void *)0;
	}
}

const char *
xn_value_text(const xn_value *dict, const char *key, const char *fallback)
{
	const xn_value *v = xn_value_get(dict, key);
	const char *text;
	unsigned int i;

	if (v == (void *)0)
		return fallback;
	if (v->kind == XN_STR)
		text = v->u.text;
	else if (v->kind == XN_BYTES && v->size <= XN_TEXT_BYTES_MAX)
		text = (const char *)v->u.bytes;
	else
		return fallback;
	for (i = 0; i < v->size; i++)
		if (text[i] == '\0')
			return fallback;
	return text;
}

long long
xn_value_int(const xn_value *dict, const char *key, long long fallback)
{
	const xn_value *v = xn_value_get(dict, key);

	return v != (void *)0 && v->kind == XN_INT ? v->u.integer : fallback;
}

int
xn_value_bool(const xn_value *dict, const char *key, int fallback)
{
	const xn_value *v = xn_value_get(dict, key);

	return v != (void *)0 && v->kind == XN_BOOL ? v->u.boolean : fallback;
}
