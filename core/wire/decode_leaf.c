/* decode_leaf.c: opcodes that push a value without items. */
#include "core/wire/machine.h"

#include <string.h>

#include "core/wire/internal.h"

int
xn_op__constant(struct xn_machine *m, int op)
{
	xn_value *v;
	int rc;

	rc = xn_machine__push(m, op == XN_OP_NONE ? XN_NONE : XN_BOOL, &v);
	if (rc == XN_C_OK)
		v->u.boolean = op == XN_OP_TRUE;
	return rc;
}

int
xn_op__int(struct xn_machine *m, int op)
{
	xn_value *v;
	int32_t number;
	int rc;

	(void)op;
	if ((rc = xn_machine__int(m, &number)) != XN_C_OK ||
	    (rc = xn_machine__push(m, XN_INT, &v)) != XN_C_OK)
		return rc;
	v->u.integer = number;
	return XN_C_OK;
}

int
xn_op__decimal(struct xn_machine *m, int op)
{
	struct xn_decimal d;
	const uint8_t *text;
	char *copy;
	xn_value *v;
	size_t n;
	int rc;

	(void)op;
	if ((rc = xn_machine__bytes(m, &text, &n)) != XN_C_OK ||
	    (rc = xn_decimal__parse(&d, (const char *)text, n)) != XN_C_OK)
		return rc;
	rc = xn_machine__push(m, d.fits ? XN_INT : XN_BIGINT, &v);
	if (rc != XN_C_OK)
		return rc;
	if (d.fits) {
		v->u.integer = d.small;
		return XN_C_OK;
	}
	if ((copy = xn_machine__alloc(m, d.n + 2)) == NULL)
		return XN_C_NOMEM;
	v->u.text = copy;
	v->size = (unsigned int)d.n + (d.negative ? 1 : 0);
	if (d.negative)
		*copy++ = '-';
	memcpy(copy, d.digits, d.n);
	copy[d.n] = '\0';
	return XN_C_OK;
}

int
xn_op__float(struct xn_machine *m, int op)
{
	size_t n = op == XN_OP_COMPLEX ? 2 : 1;
	const uint8_t *p;
	uint64_t bits;
	xn_value *v;
	int rc;

	if ((rc = xn_machine__take(m, 8 * n, &p)) != XN_C_OK)
		return rc;
	rc = xn_machine__push(m, n == 2 ? XN_COMPLEX : XN_FLOAT, &v);
	if (rc != XN_C_OK)
		return rc;
	/* u.real lies where complex_parts[0] does. */
	for (size_t i = 0; i < n; i++) {
		bits = xn_get_u64(p + 8 * i);
		memcpy(&v->u.complex_parts[i], &bits, sizeof(bits));
	}
	return XN_C_OK;
}

int
xn_op__channel(struct xn_machine *m, int op)
{
	xn_value *v;
	int32_t id;
	int rc;

	(void)op;
	if ((rc = xn_machine__int(m, &id)) != XN_C_OK)
		return rc;
	if (m->env->channel == NULL)
		return XN_C_NO_CHANNEL;
	if ((rc = xn_machine__push(m, XN_CHANNEL, &v)) != XN_C_OK)
		return rc;
	v->u.channel.id = id;
	v->u.channel.object = m->env->channel(m->env->channel_baton, id);
	return v->u.channel.object == NULL ? XN_C_NO_CHANNEL : XN_C_OK;
}

static int
push_bytes(struct xn_machine *m, const uint8_t *p, size_t n)
{
	uint8_t *copy;
	xn_value *v;
	int rc;

	if ((rc = xn_machine__push(m, XN_BYTES, &v)) != XN_C_OK)
		return rc;
	v->size = (unsigned int)n;
	v->u.bytes = p;
	if (n > XN_TEXT_BYTES_MAX)
		return XN_C_OK;
	if ((copy = xn_machine__alloc(m, n + 1)) == NULL)
		return XN_C_NOMEM;
	memcpy(copy, p, n);
	copy[n] = '\0';
	v->u.bytes = copy;
	return XN_C_OK;
}

static int
push_str(struct xn_machine *m, const uint8_t *p, size_t n)
{
	char *copy;
	xn_value *v;
	int rc;

	if (!xn_utf8_valid(p, n))
		return XN_C_BAD_UTF8;
	if ((rc = xn_machine__push(m, XN_STR, &v)) != XN_C_OK)
		return rc;
	if ((copy = xn_machine__alloc(m, n + 1)) == NULL)
		return XN_C_NOMEM;
	memcpy(copy, p, n);
	copy[n] = '\0';
	v->size = (unsigned int)n;
	v->u.text = copy;
	return XN_C_OK;
}

/* Latin-1 into a str: every byte from 0x80 up takes two. */
static int
push_latin1(struct xn_machine *m, const uint8_t *p, size_t n)
{
	size_t high = 0, o = 0;
	char *copy;
	xn_value *v;
	int rc;

	for (size_t i = 0; i < n; i++)
		high += p[i] >> 7;
	if ((rc = xn_machine__push(m, XN_STR, &v)) != XN_C_OK)
		return rc;
	if ((copy = xn_machine__alloc(m, n + high + 1)) == NULL)
		return XN_C_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (p[i] >= 0x80)
			copy[o++] = (char)(0xc0 | p[i] >> 6);
		copy[o++] = (char)(p[i] >= 0x80 ? 0x80 | (p[i] & 0x3f) : p[i]);
	}
	copy[o] = '\0';
	v->size = (unsigned int)o;
	v->u.text = copy;
	return XN_C_OK;
}

int
xn_op__text(struct xn_machine *m, int op)
{
	const uint8_t *p;
	size_t n;
	int rc;

	if ((rc = xn_machine__bytes(m, &p, &n)) != XN_C_OK)
		return rc;
	if (op == XN_OP_BYTES ||
	    (op == XN_OP_PY3STRING && m->env->py3str_as_py2str) ||
	    (op == XN_OP_PY2STRING && !m->env->py2str_as_py3str))
		return push_bytes(m, p, n);
	if (op == XN_OP_PY2STRING)
		return push_latin1(m, p, n);
	return push_str(m, p, n);
}
