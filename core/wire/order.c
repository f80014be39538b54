/*
 * order.c: which values may be keys, and which of them are equal.
 *
 * Python's equality decides: 1, True and 1.0 are one key, and a NaN equals
 * nothing.  (One exception: from 2**63 on, an int and a float are two keys; to
 * compare them exactly is too slow for a million of them.)  To find two equal
 * ones in O(n log n), the keys are sorted by some total order in which equal
 * values are neighbours; hashing would let the other machine choose
 * collisions.
 */
#include "core/wire/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/code.h"

/* A number in the form in which equal ones look the same. */
struct number {
	enum { SMALL, BIG, REAL, COMPLEX } form;
	int64_t small;			/* SMALL */
	double real, imaginary;		/* REAL, COMPLEX */
};

int
xn_order__hashable(const xn_value *v)
{
	switch (v->kind) {
	case XN_LIST:
	case XN_DICT:
	case XN_SET:
		return 0;
	case XN_TUPLE:
		for (unsigned int i = 0; i < v->size; i++)
			if (!xn_order__hashable(&v->u.items[i]))
				return 0;
		return 1;
	default:
		return 1;	/* a frozenset was checked when it was made */
	}
}

static int
is_number(const xn_value *v)
{
	return v->kind == XN_BOOL || v->kind == XN_INT ||
	    v->kind == XN_BIGINT || v->kind == XN_FLOAT ||
	    v->kind == XN_COMPLEX;
}

static void
number_from_double(struct number *out, double v)
{
	/* The range of 64 bits, which both limits can express. */
	if (v >= -0x1p63 && v < 0x1p63 && (double)(int64_t)v == v) {
		out->form = SMALL;
		out->small = (int64_t)v;
	} else {
		out->form = REAL;
		out->real = v;
		out->imaginary = 0;
	}
}

static void
number_from(struct number *out, const xn_value *v)
{
	if (v->kind == XN_BIGINT) {
		out->form = BIG;	/* its text is normalized already */
	} else if (v->kind == XN_FLOAT) {
		number_from_double(out, v->u.real);
	} else if (v->kind == XN_COMPLEX && v->u.complex_parts[1] == 0) {
		number_from_double(out, v->u.complex_parts[0]);
	} else if (v->kind == XN_COMPLEX) {
		out->form = COMPLEX;
		out->real = v->u.complex_parts[0];
		out->imaginary = v->u.complex_parts[1];
	} else {
		out->form = SMALL;
		out->small = v->kind == XN_BOOL ? v->u.boolean : v->u.integer;
	}
}

/* Doubles by value, and NaNs, of which *NAN tells, behind them by bits. */
static int
compare_doubles(double a, double b, int *nan)
{
	int a_is_nan = a != a, b_is_nan = b != b;

	if (a_is_nan || b_is_nan) {
		*nan = 1;
		if (a_is_nan != b_is_nan)
			return a_is_nan - b_is_nan;
		return memcmp(&a, &b, sizeof(a));
	}
	return (a > b) - (a < b);
}

/* Text of SIZE bytes: any order will do. */
static int
compare_text(const void *a, size_t a_size, const void *b, size_t b_size)
{
	if (a_size != b_size)
		return a_size < b_size ? -1 : 1;
	return a_size == 0 ? 0 : memcmp(a, b, a_size);
}

static int
compare_numbers(const xn_value *a, const xn_value *b, int *nan)
{
	struct number x, y;
	int c;

	number_from(&x, a);
	number_from(&y, b);
	if (x.form != y.form)
		return (int)x.form - (int)y.form;
	if (x.form == SMALL)
		return (x.small > y.small) - (x.small < y.small);
	if (x.form == BIG)
		return compare_text(a->u.text, a->size, b->u.text, b->size);
	c = compare_doubles(x.real, y.real, nan);
	return c != 0 ? c : compare_doubles(x.imaginary, y.imaginary, nan);
}

static int
compare(const xn_value *a, const xn_value *b, int *nan)
{
	int c;

	if (is_number(a) && is_number(b))
		return compare_numbers(a, b, nan);
	if (a->kind != b->kind)
		return (int)a->kind - (int)b->kind;
	if (a->kind == XN_CHANNEL)
		return (a->u.channel.id > b->u.channel.id) -
		    (a->u.channel.id < b->u.channel.id);
	if (a->kind == XN_NONE)
		return 0;
	if (a->kind == XN_STR)
		return compare_text(a->u.text, a->size, b->u.text, b->size);
	if (a->kind == XN_BYTES)
		return compare_text(a->u.bytes, a->size, b->u.bytes, b->size);
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	/* Tuples, and frozensets, whose items are sorted already. */
	for (unsigned int i = 0; i < a->size; i++)
		if ((c = compare(&a->u.items[i], &b->u.items[i], nan)) != 0)
			return c;
	return 0;
}

static int
by_value(const void *a, const void *b)
{
	int nan;

	return compare(a, b, &nan);
}

static int
by_target(const void *a, const void *b)
{
	const xn_value *const *x = a, *const *y = b;
	int nan;

	return compare(*x, *y, &nan);
}

/* 1 if Python holds A and B for the same key. */
static int
is_same(const xn_value *a, const xn_value *b)
{
	int nan = 0;

	return compare(a, b, &nan) == 0 && !nan;
}

int
xn_order__set(xn_value *items, size_t n)
{
	if (n < 2)
		return XN_C_OK;
	qsort(items, n, sizeof(*items), by_value);
	for (size_t i = 1; i < n; i++)
		if (is_same(&items[i - 1], &items[i]))
			return XN_C_BAD_KEY;
	return XN_C_OK;
}

int
xn_order__dict(const xn_value *items, size_t n)
{
	const xn_value *few[32], **keys = few;
	int rc = XN_C_OK;

	if (n < 2)
		return XN_C_OK;
	/* The pairs keep their order, so pointers to the keys are sorted. */
	if (n > sizeof(few) / sizeof(few[0]) &&
	    (keys = malloc(n * sizeof(*keys))) == NULL)
		return XN_C_NOMEM;
	for (size_t i = 0; i < n; i++)
		keys[i] = &items[2 * i];
	qsort(keys, n, sizeof(*keys), by_target);
	for (size_t i = 1; i < n && rc == XN_C_OK; i++)
		if (is_same(keys[i - 1], keys[i]))
			rc = XN_C_BAD_KEY;
	if (keys != few)
		free(keys);
	return rc;
}
