/*
 * encode.c: values into the bytes of the dump format, as execnet writes them.
 */
#include "core/wire/dump.h"
#include "core/wire/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/wire/code.h"

static int
put_op(struct xn_buf *out, enum xn_opcode op)
{
	return xn_buf_put_u8(out, (uint8_t)op);
}

static int
put_number(struct xn_buf *out, enum xn_opcode op, uint32_t v)
{
	uint8_t bytes[5];

	bytes[0] = (uint8_t)op;
	xn_set_u32(bytes + 1, v);
	return xn_buf_put(out, bytes, sizeof(bytes));
}

static int
put_text(struct xn_buf *out, enum xn_opcode op, const void *bytes, size_t n)
{
	uint8_t *room;
	int rc;

	if (n > INT32_MAX)
		return XN_C_TOO_BIG;
	/* One reservation, so that a failure leaves nothing half done. */
	if ((rc = xn_buf_reserve(out, n + 5, &room)) != XN_C_OK)
		return rc;
	room[0] = (uint8_t)op;
	xn_set_u32(room + 1, (uint32_t)n);
	if (n != 0)
		memcpy(room + 5, bytes, n);
	xn_buf_commit(out, n + 5);
	return XN_C_OK;
}

int
xn_put_none(struct xn_buf *out)
{
	return put_op(out, XN_OP_NONE);
}

int
xn_put_bool(struct xn_buf *out, int truth)
{
	return put_op(out, truth ? XN_OP_TRUE : XN_OP_FALSE);
}

int
xn_put_int(struct xn_buf *out, int64_t v)
{
	char text[24];
	int n;

	if (v >= INT32_MIN && v <= INT32_MAX)
		return put_number(out, XN_OP_INT, (uint32_t)v);
	n = snprintf(text, sizeof(text), "%lld", (long long)v);
	return put_text(out, XN_OP_LONGINT, text, (size_t)n);
}

int
xn_put_bigint(struct xn_buf *out, const char *decimal, size_t n)
{
	char text[XN_DIGITS_MAX + 1];
	struct xn_decimal d;
	int rc;

	if ((rc = xn_decimal__parse(&d, decimal, n)) != XN_C_OK)
		return rc;
	if (d.fits)
		return xn_put_int(out, d.small);
	text[0] = '-';
	memcpy(text + 1, d.digits, d.n);
	return put_text(out, XN_OP_LONGINT, d.negative ? text : text + 1,
	    d.negative ? d.n + 1 : d.n);
}

static void
set_double(uint8_t *p, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	xn_set_u64(p, bits);
}

int
xn_put_float(struct xn_buf *out, double v)
{
	uint8_t bytes[9] = { XN_OP_FLOAT };

	set_double(bytes + 1, v);
	return xn_buf_put(out, bytes, sizeof(bytes));
}

int
xn_put_complex(struct xn_buf *out, double real, double imaginary)
{
	uint8_t bytes[17] = { XN_OP_COMPLEX };

	set_double(bytes + 1, real);
	set_double(bytes + 9, imaginary);
	return xn_buf_put(out, bytes, sizeof(bytes));
}

int
xn_put_bytes(struct xn_buf *out, const void *bytes, size_t n)
{
	return put_text(out, XN_OP_BYTES, bytes, n);
}

int
xn_put_str(struct xn_buf *out, const char *utf8, size_t n)
{
	if (!xn_utf8_valid(utf8, n))
		return XN_C_BAD_UTF8;
	return put_text(out, XN_OP_PY3STRING, utf8, n);
}

int
xn_put_channel(struct xn_buf *out, int32_t id)
{
	return put_number(out, XN_OP_CHANNEL, (uint32_t)id);
}

int
xn_put_newlist(struct xn_buf *out, uint32_t items)
{
	return put_number(out, XN_OP_NEWLIST, items);
}

int
xn_put_newdict(struct xn_buf *out)
{
	return put_op(out, XN_OP_NEWDICT);
}

int
xn_put_setitem(struct xn_buf *out)
{
	return put_op(out, XN_OP_SETITEM);
}

int
xn_put_build(struct xn_buf *out, enum xn_opcode op, uint32_t items)
{
	return put_number(out, op, items);
}

int
xn_put_stop(struct xn_buf *out)
{
	return put_op(out, XN_OP_STOP);
}

static int
encode_list(struct xn_encoder *e, const xn_value *v, unsigned int depth)
{
	int rc = xn_put_newlist(e->out, v->size);

	for (unsigned int i = 0; i < v->size && rc == XN_C_OK; i++)
		if ((rc = xn_put_int(e->out, i)) == XN_C_OK &&
		    (rc = xn_encode__value(e, &v->u.items[i],
		    depth + 1)) == XN_C_OK)
			rc = xn_put_setitem(e->out);
	return rc;
}

static int
encode_dict(struct xn_encoder *e, const xn_value *v, unsigned int depth)
{
	const xn_value *pair = v->u.items;
	int rc = xn_put_newdict(e->out);

	for (unsigned int i = 0; i < v->size && rc == XN_C_OK; i++) {
		if (!xn_order__hashable(&pair[0]))
			return XN_C_BAD_KEY;
		rc = xn_encode__value(e, pair++, depth + 1);
		if (rc == XN_C_OK)
			rc = xn_encode__value(e, pair++, depth + 1);
		if (rc == XN_C_OK)
			rc = xn_put_setitem(e->out);
	}
	return rc;
}

static int
encode_built(struct xn_encoder *e, const xn_value *v, unsigned int depth)
{
	enum xn_opcode op = v->kind == XN_TUPLE ? XN_OP_BUILDTUPLE :
	    v->kind == XN_SET ? XN_OP_SET : XN_OP_FROZENSET;
	int rc;

	for (unsigned int i = 0; i < v->size; i++) {
		const xn_value *item = &v->u.items[i];

		if (v->kind != XN_TUPLE && !xn_order__hashable(item))
			return XN_C_BAD_KEY;
		if ((rc = xn_encode__value(e, item, depth + 1)) != XN_C_OK)
			return rc;
	}
	return xn_put_build(e->out, op, v->size);
}

static int
encode_container(struct xn_encoder *e, const xn_value *v, unsigned int depth)
{
	if (depth >= XN_DEPTH_MAX)
		return XN_C_TOO_DEEP;
	if (v->kind == XN_LIST)
		return encode_list(e, v, depth);
	if (v->kind == XN_DICT)
		return encode_dict(e, v, depth);
	return encode_built(e, v, depth);
}

static int
encode_channel(struct xn_encoder *e, const xn_value *v)
{
	int32_t id = e->channel_id == NULL ? v->u.channel.id :
	    e->channel_id(v->u.channel.object);

	/* 0 is never a channel's: it has none here. */
	return id == 0 && e->channel_id != NULL ? XN_C_NO_CHANNEL :
	    xn_put_channel(e->out, id);
}

int
xn_encode__value(struct xn_encoder *e, const xn_value *v, unsigned int depth)
{
	/* What the other side would refuse is better refused here. */
	if (++e->values > XN_VALUES_MAX)
		return XN_C_TOO_MANY;
	switch ((enum xn_kind)v->kind) {
	case XN_NONE:
		return xn_put_none(e->out);
	case XN_BOOL:
		return xn_put_bool(e->out, v->u.boolean);
	case XN_INT:
		return xn_put_int(e->out, v->u.integer);
	case XN_BIGINT:
		return xn_put_bigint(e->out, v->u.text, v->size);
	case XN_FLOAT:
		return xn_put_float(e->out, v->u.real);
	case XN_COMPLEX:
		return xn_put_complex(e->out, v->u.complex_parts[0],
		    v->u.complex_parts[1]);
	case XN_BYTES:
		return xn_put_bytes(e->out, v->u.bytes, v->size);
	case XN_STR:
		return xn_put_str(e->out, v->u.text, v->size);
	case XN_CHANNEL:
		return encode_channel(e, v);
	case XN_LIST:
	case XN_TUPLE:
	case XN_DICT:
	case XN_SET:
	case XN_FROZENSET:
		return encode_container(e, v, depth);
	}
	return XN_C_MISMATCH;	/* no kind at all */
}

int
xn_encode(struct xn_buf *out, const xn_value *v)
{
	struct xn_encoder e = { .out = out };
	size_t before = xn_buf_len(out);
	int rc;

	if ((rc = xn_encode__value(&e, v, 0)) != XN_C_OK ||
	    (rc = xn_put_stop(out)) != XN_C_OK)
		xn_buf_truncate(out, before);
	return rc;
}

int
xn_encode_dump(struct xn_buf *out, const xn_value *v, int version)
{
	size_t before = xn_buf_len(out);
	int rc;

	if (version != 1 && version != 2)
		return XN_C_BAD_VERSION;
	if ((rc = xn_buf_put_u8(out, (uint8_t)version)) == XN_C_OK &&
	    (rc = xn_encode(out, v)) != XN_C_OK)
		xn_buf_truncate(out, before);
	return rc;
}
