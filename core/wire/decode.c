/*
 * decode.c: the stack machine that turns opcodes into a value.
 *
 * Everything here is written by the other machine.  What bounds the memory: a
 * value that goes into a container is counted, a list's items when the list is
 * announced; text and bytes cannot be longer than the input; the stack has a
 * maximum of its own; the depth is known for each value, so that one opcode
 * checks it in constant time and nothing later can recurse without end.
 *
 * Stricter than execnet: a list index is an int from 0 up, BUILDTUPLE needs
 * all its items, equal keys and bytes behind STOP are refused.  No execnet
 * writes such bytes.
 */
#include "core/wire/dump.h"
#include "core/wire/internal.h"
#include "core/wire/machine.h"

#include <stdlib.h>
#include <string.h>

/* At most two values wait on each level, except those of a tuple or set. */
#define STACK_MAX	(XN_VALUES_MAX + 2 * XN_DEPTH_MAX)

int
xn_machine__take(struct xn_machine *m, size_t n, const uint8_t **bytes)
{
	if ((size_t)(m->end - m->p) < n)
		return XN_C_SHORT;
	*bytes = m->p;
	m->p += n;
	return XN_C_OK;
}

int
xn_machine__int(struct xn_machine *m, int32_t *v)
{
	const uint8_t *p;
	int rc;

	if ((rc = xn_machine__take(m, 4, &p)) == XN_C_OK)
		*v = (int32_t)xn_get_u32(p);
	return rc;
}

int
xn_machine__bytes(struct xn_machine *m, const uint8_t **bytes, size_t *n)
{
	int32_t length;
	int rc;

	if ((rc = xn_machine__int(m, &length)) != XN_C_OK)
		return rc;
	if (length < 0)
		return XN_C_BAD_COUNT;
	*n = (size_t)length;
	return xn_machine__take(m, *n, bytes);
}

void *
xn_machine__alloc(struct xn_machine *m, size_t n)
{
	return m->env->alloc(m->env->alloc_baton, n);
}

static int
grow_stack(struct xn_machine *m)
{
	size_t cap = m->cap * 2;
	xn_value *stack;

	if (m->top >= STACK_MAX)
		return XN_C_TOO_MANY;
	if ((stack = malloc(cap * sizeof(*stack))) == NULL)
		return XN_C_NOMEM;
	memcpy(stack, m->stack, m->top * sizeof(*stack));
	if (m->stack != m->few)
		free(m->stack);
	m->stack = stack;
	m->cap = cap;
	return XN_C_OK;
}

int
xn_machine__push(struct xn_machine *m, enum xn_kind kind, xn_value **v)
{
	int rc;

	if (m->top == m->cap && (rc = grow_stack(m)) != XN_C_OK)
		return rc;
	*v = &m->stack[m->top++];
	memset(*v, 0, sizeof(**v));
	(*v)->kind = (unsigned char)kind;
	return XN_C_OK;
}

int
xn_machine__count(struct xn_machine *m, size_t n)
{
	if (n > XN_VALUES_MAX - m->values)
		return XN_C_TOO_MANY;
	m->values += n;
	return XN_C_OK;
}

static int
op_stop(struct xn_machine *m, int op)
{
	(void)op;
	if (m->top != 1)
		return XN_C_BAD_STACK;
	m->stopped = 1;
	return xn_machine__count(m, 1);
}

static int (*const ops[])(struct xn_machine *m, int op) = {
	[XN_OP_BUILDTUPLE] = xn_op__build, [XN_OP_BYTES] = xn_op__text,
	[XN_OP_CHANNEL] = xn_op__channel, [XN_OP_FALSE] = xn_op__constant,
	[XN_OP_FLOAT] = xn_op__float, [XN_OP_FROZENSET] = xn_op__build,
	[XN_OP_INT] = xn_op__int, [XN_OP_LONG] = xn_op__int,
	[XN_OP_LONGINT] = xn_op__decimal, [XN_OP_LONGLONG] = xn_op__decimal,
	[XN_OP_NEWDICT] = xn_op__newdict, [XN_OP_NEWLIST] = xn_op__newlist,
	[XN_OP_NONE] = xn_op__constant, [XN_OP_PY2STRING] = xn_op__text,
	[XN_OP_PY3STRING] = xn_op__text, [XN_OP_SET] = xn_op__build,
	[XN_OP_SETITEM] = xn_op__setitem, [XN_OP_STOP] = op_stop,
	[XN_OP_TRUE] = xn_op__constant, [XN_OP_UNICODE] = xn_op__text,
	[XN_OP_COMPLEX] = xn_op__float
};

static int
run(struct xn_machine *m)
{
	int rc = XN_C_OK;

	while (rc == XN_C_OK && !m->stopped) {
		size_t op;

		if (m->p == m->end)
			return XN_C_SHORT;
		op = *m->p++;
		if (op >= sizeof(ops) / sizeof(ops[0]) || ops[op] == NULL)
			return XN_C_BAD_OPCODE;
		rc = ops[op](m, (int)op);
	}
	if (rc == XN_C_OK && m->p != m->end)
		return XN_C_TRAILING;
	return rc;
}

/* The value that is left at the end, complete, in memory that stays. */
static int
finish(struct xn_machine *m, const xn_value **out)
{
	xn_value *v;
	int rc;

	if (m->stack[0].kind == XN_DICT && (rc = xn_order__dict(
	    m->stack[0].u.items, m->stack[0].size)) != XN_C_OK)
		return rc;
	if ((v = xn_machine__alloc(m, sizeof(*v))) == NULL)
		return XN_C_NOMEM;
	*v = m->stack[0];
	*out = v;
	return XN_C_OK;
}

int
xn_decode(const xn_value **out, const uint8_t *p, size_t n,
    const struct xn_decode_env *env)
{
	struct xn_machine m = { .cap = XN_STACK_FEW, .env = env };
	int rc;

	*out = NULL;
	m.stack = m.few;
	m.p = p;
	m.end = p + n;
	if ((rc = run(&m)) == XN_C_OK)
		rc = finish(&m, out);
	if (m.stack != m.few)
		free(m.stack);
	return rc;
}

int
xn_decode_dump(const xn_value **out, const uint8_t *p, size_t n,
    const struct xn_decode_env *env)
{
	*out = NULL;
	if (n == 0)
		return XN_C_SHORT;
	if (p[0] != 1 && p[0] != 2)
		return XN_C_BAD_VERSION;
	return xn_decode(out, p + 1, n - 1, env);
}
