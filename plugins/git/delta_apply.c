/*
 * delta_apply.c: the other way of delta.h.
 */
#include <string.h>

#include "plugins/git/delta.h"

struct applying {
	const unsigned char *at, *end;	/* of the delta */
	const unsigned char *old;
	unsigned char *new;
	size_t old_n, new_n;		/* of new: what is still to come */
};

/* 0, or -1: it does not end. */
static int
take_length(uint64_t *length, struct applying *a)
{
	*length = 0;
	for (int shift = 0; shift < 63 && a->at < a->end; shift += 7) {
		*length |= (uint64_t)(*a->at & 0x7f) << shift;
		if (!(*a->at++ & 0x80))
			return 0;
	}
	return -1;
}

/* The bytes that the bits of OP say are there, the lowest first. */
static int
take_number(size_t *number, struct applying *a, int op, int bits)
{
	*number = 0;
	for (int i = 0; i < bits; i++)
		if (op & 1 << i) {
			if (a->at == a->end)
				return -1;
			*number |= (size_t)*a->at++ << (8 * i);
		}
	return 0;
}

static int
put(struct applying *a, const unsigned char *from, size_t n)
{
	if (n > a->new_n)
		return -1;
	memcpy(a->new, from, n);
	a->new += n;
	a->new_n -= n;
	return 0;
}

static int
apply_one(struct applying *a)
{
	int op = *a->at++;
	size_t from, n;

	if (op & 0x80) {
		if (take_number(&from, a, op, 4) != 0 ||
		    take_number(&n, a, op >> 4, 3) != 0)
			return -1;
		n = n == 0 ? 0x10000 : n;
		if (from > a->old_n || n > a->old_n - from)
			return -1;
		return put(a, a->old + from, n);
	}
	if (op == 0 || op > a->end - a->at)
		return -1;
	a->at += op;
	return put(a, a->at - op, (size_t)op);
}

uint64_t
gitw_delta_length(const void *delta, size_t n)
{
	struct applying a = { .at = delta };
	uint64_t length;

	a.end = a.at + n;
	if (take_length(&length, &a) != 0 || take_length(&length, &a) != 0)
		return 0;
	return length;
}

int
gitw_delta_apply(void *new, size_t new_n, const void *old, size_t old_n,
    const void *delta, size_t n)
{
	struct applying a = { .at = delta, .old = old, .new = new,
		.old_n = old_n, .new_n = new_n };
	uint64_t length;

	a.end = a.at + n;
	if (take_length(&length, &a) != 0 || length != old_n ||
	    take_length(&length, &a) != 0 || length != new_n)
		return -1;
	while (a.at < a.end)
		if (apply_one(&a) != 0)
			return -1;
	return a.new_n == 0 ? 0 : -1;
}
