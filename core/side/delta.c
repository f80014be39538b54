/*
 * How a new file is made from an old one that is known by its signature.
 *
 * Most blocks of a file that was edited lie where they lay, or all by the same
 * distance elsewhere.  So a block is first compared, by its hash, with the one
 * that follows what matched last: that is as fast as memory.  Where it differs,
 * a search begins (delta_search.c), and ends at the next block that matches.
 * (Chunks that end where their bytes say so need no search, but both ends would
 * go through all bytes at half of that pace.)
 *
 *	+---------------+-----------------+----------------------+
 *	| handed out    | pending: a copy |  not looked at       |
 *	|               | or bytes        |                      |
 *	+---------------+-----------------+----------------------+
 *	0            told               pos                   size
 */
#include "core/side/delta_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LIMIT	(LLONG_MAX / 4)	/* of files, so that sums fit */
#define READ_AHEAD	(256u * 1024)	/* small, to stay in the cache */

/* ---- Reading ------------------------------------------------------------ */

/* Make room at the end of the buffer by forgetting what is done with. */
static void
make_room(xn_delta *d)
{
	/* The roll stands at most 3 bytes before pos. */
	long long keep = (d->pending == PENDING_BYTES ? d->told : d->pos) - 4;
	size_t drop;

	if (keep <= d->buffer_at)
		return;
	drop = (size_t)(keep - d->buffer_at);
	if (drop > d->filled)
		drop = d->filled;
	memmove(d->buffer, d->buffer + drop, d->filled - drop);
	d->filled -= drop;
	d->buffer_at += (long long)drop;
}

int
xn_delta__reach(xn_delta *d, long long end)
{
	long long at = d->buffer_at + (long long)d->filled;
	size_t n;
	ssize_t got;

	if (end > d->size)
		end = d->size;
	if (end <= at)
		return 0;
	make_room(d);
	n = d->room - d->filled;
	if ((long long)n > d->size - at)
		n = (size_t)(d->size - at);
	got = xn_delta__pread(d->fd, d->buffer + d->filled, n, at);
	if (got == -1)
		return -1;
	if ((size_t)got < n) {
		errno = ESTALE;
		return -1;
	}
	XXH3_128bits_update(d->whole, d->buffer + d->filled, n);
	d->filled += n;
	return 0;
}

/* ---- Blocks ------------------------------------------------------------- */

long long
xn_delta__length(const xn_delta *d, long long number)
{
	long long left = d->old_size - number * (long long)d->table.block;

	return left < (long long)d->table.block ? left :
	    (long long)d->table.block;
}

int
xn_delta__usable(const xn_delta *d, long long number, long long at)
{
	return !d->inplace || number * (long long)d->table.block >= at;
}

int
xn_delta__same(xn_delta *d, long long at, long long number)
{
	long long length;

	if (number < 0 || number >= d->table.total ||
	    !xn_delta__usable(d, number, at))
		return 0;
	length = xn_delta__length(d, number);
	if (length > d->size - at)
		return 0;
	if (xn_delta__reach(d, at + length) != 0)
		return -1;
	return xn_delta__table_is(&d->table, number,
	    XXH3_64bits(xn_delta__at(d, at), (size_t)length));
}

/* ---- Steps -------------------------------------------------------------- */

/* Hand out what is pending, or of bytes what fits into one step. */
static int
tell(xn_delta *d, xn_delta_step *out)
{
	out->at = d->told;
	out->length = d->pos - d->told;
	out->from = -1;
	out->bytes = NULL;
	if (d->pending == PENDING_COPY) {
		out->from = d->from;
	} else {
		if (out->length > XN_PIECE)
			out->length = XN_PIECE;
		out->bytes = xn_delta__at(d, d->told);
	}
	d->told += out->length;
	if (d->told == d->pos)
		d->pending = PENDING_NONE;
	return XN_DELTA_STEP;
}

/* Take the block that was found at pos: 1, or 0 if something else has to be
 * handed out before. */
static int
take_found(xn_delta *d)
{
	long long from = d->found * (long long)d->table.block;

	if (d->pending == PENDING_BYTES || (d->pending == PENDING_COPY &&
	    d->from + (d->pos - d->told) != from))
		return 0;
	if (d->pending == PENDING_NONE)
		d->from = from;
	d->pending = PENDING_COPY;
	d->pos += xn_delta__length(d, d->found);
	d->expected = d->found + 1;
	d->found = -1;
	return 1;
}

/* May we begin before all of the signature is there? */
static int
is_held_whole(const xn_delta *d)
{
	return d->table.total == (long long)d->table.room;
}

/*
 * How much of the signature must be there to go on at pos: as far as blocks are
 * where they are expected, a few more than that, so that both ends work at the
 * same time; for a search all of it, or as much as leaves room for a piece of
 * any size that a caller has.
 */
static long long
wanted(const xn_delta *d)
{
	long long total = d->table.total, wanted;

	if (!is_held_whole(d))
		wanted = d->pos / (long long)d->table.block +
		    (long long)d->table.room / 2;
	else if (d->searching <= XN_DELTA_NEAR)
		wanted = d->expected + XN_DELTA_NEAR_BLOCKS + 1;
	else
		wanted = total;
	return wanted > total ? total : wanted;
}

/* Look at what comes next: 0, or -1. */
static int
look(xn_delta *d)
{
	int same;

	if (d->searching == XN_DELTA_NEAR)
		return xn_delta__near(d);
	if (d->searching != XN_DELTA_NOT)
		return xn_delta__search(d);
	same = xn_delta__same(d, d->pos, d->expected);
	if (same == 1)
		d->found = d->expected;
	else if (is_held_whole(d) && d->table.have < d->table.total)
		d->searching = XN_DELTA_NEAR;
	else
		d->searching = XN_DELTA_BEGINS;
	return same == -1 ? -1 : 0;
}

int
xn_delta_next(xn_delta *d, xn_delta_step *out)
{
	long long limit = d->pos + XN_DELTA_STRIDE;

	for (;;) {
		if (d->found >= 0) {
			if (!take_found(d))
				return tell(d, out);
			continue;
		}
		if (d->pending != PENDING_NONE && (d->pos == d->size ||
		    d->pos >= limit || d->table.have < wanted(d) ||
		    (d->pending == PENDING_BYTES ?
		    d->pos - d->told >= XN_PIECE :
		    d->searching != XN_DELTA_NOT)))
			return tell(d, out);
		if (d->pos == d->size)
			return XN_DELTA_END;
		if (d->table.have < wanted(d))
			return XN_DELTA_MORE;
		if (look(d) != 0)
			return -1;
	}
}

/* ---- Beginning and end -------------------------------------------------- */

int
xn_delta_add(xn_delta *d, const void *signature, size_t n)
{
	struct xn_delta_table *table = &d->table;
	long long blocks = (long long)(n / XN_DELTA_ENTRY);

	if (n % XN_DELTA_ENTRY != 0 || blocks > table->total - table->have) {
		errno = EINVAL;
		return -1;
	}
	/* What would be forgotten for it may still be needed. */
	if (table->have + blocks - (long long)table->room >
	    d->pos / (long long)table->block) {
		errno = EAGAIN;
		return -1;
	}
	xn_delta__table_add(table, signature, (size_t)blocks);
	return 0;
}

void
xn_delta_hash(const xn_delta *d, unsigned char out[16])
{
	XXH128_canonical_t bytes;

	XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(d->whole));
	memcpy(out, bytes.digest, 16);
}

static void
drop(struct xn_side_owned *self)
{
	xn_delta *d = (xn_delta *)self;

	xn_delta__table_free(&d->table);
	XXH3_freeState(d->whole);
	free(d->buffer);
	free(d);
}

void
xn_delta_close(xn_delta *d)
{
	xn_side__disown(&d->owned);
	drop(&d->owned);
}

/* What open could not have by the struct alone; -1 without memory. */
static int
make(xn_delta *d, long long block, size_t held)
{
	/* Pending bytes and three blocks must fit, and something be read. */
	d->room = READ_AHEAD + 8 * (size_t)block;
	if ((long long)d->room > d->size + 4)
		d->room = (size_t)d->size + 4;
	d->buffer = calloc(1, d->room + XN_DELTA_SLACK);
	d->whole = XXH3_createState();
	if (xn_delta__table_make(&d->table, d->old_size, (size_t)block,
	    held) != 0 ||
	    d->buffer == NULL || d->whole == NULL)
		return -1;
	XXH3_128bits_reset(d->whole);
	return 0;
}

xn_delta *
xn_delta__open(int fd, long long size, long long old_size, long long block,
    int flags, size_t held)
{
	xn_delta *d;

	if (size < 0 || size > SIZE_LIMIT || old_size < 0 ||
	    old_size > SIZE_LIMIT || !xn_delta__block_good(block) ||
	    (flags & ~XN_DELTA_INPLACE) != 0) {
		errno = EINVAL;
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->fd = fd;
	d->size = size;
	d->old_size = old_size;
	d->inplace = (flags & XN_DELTA_INPLACE) != 0;
	d->found = -1;
	d->credit = XN_DELTA_VAIN;
	if (make(d, block, held) != 0) {
		drop(&d->owned);
		errno = ENOMEM;
		return NULL;
	}
	xn_side__own(&d->owned, drop);
	return d;
}

xn_delta *
xn_delta_open(int fd, long long size, long long old_size, long long block,
    int flags)
{
	return xn_delta__open(fd, size, old_size, block, flags, XN_DELTA_HELD);
}
