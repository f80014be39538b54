/*
 * buf.c: the growing byte buffer.
 *
 * Room is made by moving what is held to the front while that is cheap (the
 * consumed part is at least as large), else by doubling: so a byte is moved
 * a constant number of times on average, whatever the pattern of puts.
 */
#include "core/wire/buf.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/code.h"

#define SMALLEST	256u	/* first allocation */

void
xn_buf_init(struct xn_buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
xn_buf_free(struct xn_buf *b)
{
	free(b->base);
	xn_buf_init(b, b->max);
}

size_t
xn_buf_len(const struct xn_buf *b)
{
	return b->end - b->start;
}

uint8_t *
xn_buf_data(const struct xn_buf *b)
{
	return b->base == NULL ? NULL : b->base + b->start;
}

/* The largest allocation: twice the maximum leaves room to move cheaply. */
static size_t
cap_limit(const struct xn_buf *b)
{
	return b->max > SIZE_MAX / 2 ? SIZE_MAX : b->max * 2;
}

uint8_t *
xn_buf_move(struct xn_buf *b, uint8_t *block, size_t cap)
{
	uint8_t *before = b->base;
	size_t len = xn_buf_len(b);

	if (len != 0)
		memcpy(block, before + b->start, len);
	b->base = block;
	b->start = 0;
	b->end = len;
	b->cap = cap;
	return before;
}

/* Move to a larger allocation with room for NEED (<= max) bytes in all. */
static int
grow(struct xn_buf *b, size_t need)
{
	size_t cap = b->cap < SMALLEST / 2 ? SMALLEST / 2 : b->cap;
	size_t len = xn_buf_len(b);
	uint8_t *base;

	do
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	while (cap < need);
	if (cap > cap_limit(b))
		cap = cap_limit(b);
	/* A large block moves by its pages: it is never there twice. */
	if (b->start != 0)
		memmove(b->base, b->base + b->start, len);
	b->start = 0;
	b->end = len;
	if ((base = realloc(b->base, cap)) == NULL)
		return XN_C_NOMEM;
	b->base = base;
	b->cap = cap;
	return XN_C_OK;
}

int
xn_buf_reserve(struct xn_buf *b, size_t n, uint8_t **room)
{
	size_t len = xn_buf_len(b);
	int rc;

	if (n > b->max - len)
		return XN_C_TOO_BIG;
	if (n == 0) {
		*room = b->base == NULL ? NULL : b->base + b->end;
		return XN_C_OK;
	}
	if (b->cap - b->end < n) {
		if (len + n <= b->cap &&
		    (b->start >= len || b->cap == cap_limit(b))) {
			memmove(b->base, b->base + b->start, len);
			b->start = 0;
			b->end = len;
		} else if ((rc = grow(b, len + n)) != XN_C_OK) {
			return rc;
		}
	}
	*room = b->base + b->end;
	return XN_C_OK;
}

void
xn_buf_commit(struct xn_buf *b, size_t n)
{
	b->end += n;
}

int
xn_buf_put(struct xn_buf *b, const void *bytes, size_t n)
{
	uint8_t *room;
	int rc;

	if (n == 0)
		return XN_C_OK;
	if ((rc = xn_buf_reserve(b, n, &room)) != XN_C_OK)
		return rc;
	memcpy(room, bytes, n);
	xn_buf_commit(b, n);
	return XN_C_OK;
}

int
xn_buf_put_u8(struct xn_buf *b, uint8_t v)
{
	return xn_buf_put(b, &v, 1);
}

int
xn_buf_put_u32(struct xn_buf *b, uint32_t v)
{
	uint8_t bytes[4];

	xn_set_u32(bytes, v);
	return xn_buf_put(b, bytes, sizeof(bytes));
}

void
xn_buf_consume(struct xn_buf *b, size_t n)
{
	b->start += n;
	/* Empty again: the next put begins at the front, without a move. */
	if (b->start == b->end)
		b->start = b->end = 0;
}

void
xn_buf_truncate(struct xn_buf *b, size_t n)
{
	b->end = b->start + n;
}

uint32_t
xn_get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

void
xn_set_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

uint64_t
xn_get_u64(const uint8_t *p)
{
	return (uint64_t)xn_get_u32(p) << 32 | xn_get_u32(p + 4);
}

void
xn_set_u64(uint8_t *p, uint64_t v)
{
	xn_set_u32(p, (uint32_t)(v >> 32));
	xn_set_u32(p + 4, (uint32_t)v);
}
