/* decode_container.c: opcodes that make containers and fill them. */
#include "core/wire/machine.h"

#include <string.h>

#include "core/wire/internal.h"

/* Opcode INT with its number, one value of one byte, SETITEM. */
#define LIST_ITEM_MIN	7u

/* V goes into CONTAINER: it is complete, and CONTAINER at least as deep. */
static int
enclose(xn_value *container, const xn_value *v)
{
	if (v->depth >= container->depth) {
		if (v->depth >= XN_DEPTH_MAX)
			return XN_C_TOO_DEEP;
		container->depth = (unsigned char)(v->depth + 1);
	}
	if (v->kind == XN_DICT)
		return xn_order__dict(v->u.items, v->size);
	return XN_C_OK;
}

int
xn_op__newlist(struct xn_machine *m, int op)
{
	xn_value *v, *items = NULL;
	int32_t n;
	int rc;

	(void)op;
	if ((rc = xn_machine__int(m, &n)) != XN_C_OK)
		return rc;
	if (n < 0 || (size_t)n > (size_t)(m->end - m->p) / LIST_ITEM_MIN)
		return XN_C_BAD_COUNT;
	if ((rc = xn_machine__count(m, (size_t)n)) != XN_C_OK)
		return rc;
	if (n > 0) {
		size_t size = (size_t)n * sizeof(*items);

		if ((items = xn_machine__alloc(m, size)) == NULL)
			return XN_C_NOMEM;
		memset(items, 0, size);		/* XN_NONE is 0 */
	}
	if ((rc = xn_machine__push(m, XN_LIST, &v)) != XN_C_OK)
		return rc;
	v->depth = 1;
	v->size = (unsigned int)n;
	v->u.items = items;
	return XN_C_OK;
}

int
xn_op__newdict(struct xn_machine *m, int op)
{
	xn_value *v;
	int rc;

	(void)op;
	if ((rc = xn_machine__push(m, XN_DICT, &v)) == XN_C_OK)
		v->depth = 1;
	return rc;
}

/* Room for one pair more: the array is full when the size is a power of 2. */
static int
grow_dict(struct xn_machine *m, xn_value *dict)
{
	size_t n = dict->size, room = n == 0 ? 1 : 2 * n;
	xn_value *items;

	if ((n & (n - 1)) != 0)
		return XN_C_OK;
	if ((items = xn_machine__alloc(m, 2 * room * sizeof(*items))) == NULL)
		return XN_C_NOMEM;
	if (n != 0)
		memcpy(items, dict->u.items, 2 * n * sizeof(*items));
	dict->u.items = items;
	return XN_C_OK;
}

static int
set_in_dict(struct xn_machine *m, xn_value *dict, const xn_value *key)
{
	xn_value *items;
	int rc;

	if (!xn_order__hashable(key))
		return XN_C_BAD_KEY;
	if ((rc = enclose(dict, key)) != XN_C_OK ||
	    (rc = xn_machine__count(m, 2)) != XN_C_OK ||
	    (rc = grow_dict(m, dict)) != XN_C_OK)
		return rc;
	/* The arrays are const for those who read; here they are ours. */
	items = (xn_value *)dict->u.items + 2 * (size_t)dict->size++;
	items[0] = key[0];
	items[1] = key[1];
	return XN_C_OK;
}

/* The container, key and value on top become the container. */
int
xn_op__setitem(struct xn_machine *m, int op)
{
	xn_value *container, *key, *value;
	int rc;

	(void)op;
	if (m->top < 3)
		return XN_C_BAD_STACK;
	container = &m->stack[m->top - 3];
	key = container + 1;
	value = container + 2;
	if ((rc = enclose(container, value)) != XN_C_OK)
		return rc;
	if (container->kind == XN_DICT) {
		if ((rc = set_in_dict(m, container, key)) != XN_C_OK)
			return rc;
	} else if (container->kind == XN_LIST && key->kind == XN_INT &&
	    key->u.integer >= 0 && key->u.integer < container->size) {
		((xn_value *)container->u.items)[key->u.integer] = *value;
	} else {
		return XN_C_BAD_STACK;
	}
	m->top -= 2;
	return XN_C_OK;
}

/* Copy the N values on top into ITEMS, which BUILT then has. */
static int
fill(struct xn_machine *m, xn_value *built, xn_value *items, size_t n)
{
	const xn_value *from = &m->stack[m->top - n];
	int rc;

	for (size_t i = 0; i < n; i++) {
		if ((rc = enclose(built, &from[i])) != XN_C_OK)
			return rc;
		if (built->kind != XN_TUPLE && !xn_order__hashable(&from[i]))
			return XN_C_BAD_KEY;
		items[i] = from[i];
	}
	return built->kind == XN_TUPLE ? XN_C_OK : xn_order__set(items, n);
}

int
xn_op__build(struct xn_machine *m, int op)
{
	xn_value built = { .depth = 1 }, *items = NULL, *v;
	int32_t n;
	int rc;

	if ((rc = xn_machine__int(m, &n)) != XN_C_OK)
		return rc;
	if (n < 0)
		return XN_C_BAD_COUNT;
	if ((size_t)n > m->top)
		return XN_C_BAD_STACK;
	if ((rc = xn_machine__count(m, (size_t)n)) != XN_C_OK)
		return rc;
	built.kind = op == XN_OP_BUILDTUPLE ? XN_TUPLE :
	    op == XN_OP_SET ? XN_SET : XN_FROZENSET;
	built.size = (unsigned int)n;
	if (n > 0) {
		items = xn_machine__alloc(m, (size_t)n * sizeof(*items));
		if (items == NULL)
			return XN_C_NOMEM;
		if ((rc = fill(m, &built, items, (size_t)n)) != XN_C_OK)
			return rc;
		built.u.items = items;
		m->top -= (size_t)n;
	}
	if ((rc = xn_machine__push(m, XN_TUPLE, &v)) == XN_C_OK)
		*v = built;
	return rc;
}
