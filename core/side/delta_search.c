/*
 * Looking for the next block of the old file, where the new one has changed.
 *
 * Three distances between the two files are tried first, each by one hash a
 * block: that of what matched last (bytes were overwritten), none at all, and
 * that of the ends (the usual insertion).  So a file in which bytes were
 * changed, or that has grown or shrunk at one place, is gone through without a
 * sum that rolls.  They are tried a block ahead: what is between is less than
 * two blocks, in which hardly a whole one of the old file lies, and where data
 * repeats itself the copies stay long.  All else is found by its sum, wherever
 * it is.
 */
#include "core/side/delta_scan.h"

/* As much is hashed for nothing, for each byte that is looked at. */
#define VAIN_FOR_BYTE	16

/* ---- Beside each other --------------------------------------------------- */

static int
possible(const xn_delta *d, const struct xn_delta_beside *b)
{
	return b->block < d->table.total && b->at < d->size;
}

static void
set_besides(xn_delta *d)
{
	struct xn_delta_beside *b = d->besides;
	long long block = (long long)d->table.block, old;

	/* The expected one was tried at pos. */
	b[XN_DELTA_LAST].at = d->pos + block;
	b[XN_DELTA_LAST].block = d->expected + 1;
	b[XN_DELTA_BEGIN].block = (d->pos + block - 1) / block;
	b[XN_DELTA_BEGIN].at = b[XN_DELTA_BEGIN].block * block;
	old = d->pos + (d->old_size - d->size);
	if (old < 0)
		old = 0;
	b[XN_DELTA_TAIL].block = (old + block - 1) / block;
	b[XN_DELTA_TAIL].at = b[XN_DELTA_TAIL].block * block +
	    (d->size - d->old_size);
	for (int i = XN_DELTA_BEGIN; i < XN_DELTA_BESIDES; i++)
		if (b[i].at == d->pos && b[i].block == d->expected) {
			b[i].at += block;
			b[i].block++;
		}
}

/* 1 if one before B is the same. */
static int
tried_already(const xn_delta *d, const struct xn_delta_beside *b)
{
	for (const struct xn_delta_beside *c = d->besides; c < b; c++)
		if (c->at - b->at == (c->block - b->block) *
		    (long long)d->table.block)
			return 1;
	return 0;
}

static void
end_search(xn_delta *d, long long at, long long block)
{
	if (at > d->pos && d->pending == PENDING_NONE)
		d->pending = PENDING_BYTES;
	d->pos = at;
	d->found = block;
	d->searching = XN_DELTA_NOT;
	d->rolling = 0;
}

/* Try what may lie beside each other up to LIMIT: 1 if that ended the search,
 * 0, or -1. */
static int
try_besides(xn_delta *d, long long limit)
{
	for (struct xn_delta_beside *b = d->besides;
	    b < d->besides + XN_DELTA_BESIDES; b++) {
		while (b->at <= limit && possible(d, b)) {
			int same = tried_already(d, b) ? 0 :
			    xn_delta__same(d, b->at, b->block);

			if (same == -1)
				return -1;
			if (same) {
				end_search(d, b->at, b->block);
				return 1;
			}
			b->at += (long long)d->table.block;
			b->block++;
		}
	}
	return 0;
}

int
xn_delta__near(xn_delta *d)
{
	long long block = (long long)d->table.block;

	for (int i = 1; i <= XN_DELTA_NEAR_BLOCKS && d->near + i <=
	    XN_DELTA_NEAR_MOST + d->pos / block / XN_DELTA_NEAR_SHARE; i++) {
		int same = xn_delta__same(d, d->pos + i * block,
		    d->expected + i);

		if (same == -1)
			return -1;
		if (same) {
			d->near += i;
			end_search(d, d->pos + i * block, d->expected + i);
			return 0;
		}
	}
	d->searching = XN_DELTA_BEGINS;
	return 0;
}

/* ---- By sums ------------------------------------------------------------- */

/* All before TO is not in the old file. */
static void
advance(xn_delta *d, long long to)
{
	d->credit += (to - d->pos) * VAIN_FOR_BYTE;
	if (d->credit > XN_DELTA_VAIN)
		d->credit = XN_DELTA_VAIN;
	if (to > d->pos)
		d->pending = PENDING_BYTES;
	d->pos = to;
}

/* Is a block with this SUM at pos: 1 if that ended the search, or 0. */
static int
try_sum(xn_delta *d, uint64_t sum)
{
	long long found, block = (long long)d->table.block;
	int spent;

	if (d->credit < block)
		return 0;
	found = xn_delta__table_find(&d->table, sum, xn_delta__at(d, d->pos),
	    &spent);
	if (found >= 0 && xn_delta__usable(d, found, d->pos)) {
		end_search(d, d->pos, found);
		return 1;
	}
	if (spent)
		d->credit -= block;
	return 0;
}

/* Is there a whole block of the new file at pos to be looked for? */
static int
has_window(const xn_delta *d)
{
	return d->table.whole > 0 &&
	    d->size - d->pos >= (long long)d->table.block;
}

/*
 * At the place where the search begins, one sum is computed and not yet the
 * four of a roll: mostly the search ends here.
 */
static int
begin(xn_delta *d)
{
	long long block = (long long)d->table.block;
	uint64_t sum;
	int rc;

	set_besides(d);
	rc = try_besides(d, d->pos);
	if (rc != 0 || !has_window(d))
		return rc;
	if (xn_delta__reach(d, d->pos + block) != 0)
		return -1;
	sum = xn_delta__sum(xn_delta__at(d, d->pos), d->table.block);
	if (xn_delta__filter_has(&d->table.filter, sum) && try_sum(d, sum))
		return 1;
	advance(d, d->pos + 1);
	return try_besides(d, d->pos - 1 + block);
}

/* How far a roll goes before something else is to be done. */
static long long
stop_at(const xn_delta *d)
{
	long long block = (long long)d->table.block;
	long long stop = d->told + XN_PIECE, behind = d->size - block + 1;

	for (int i = 0; i < XN_DELTA_BESIDES; i++)
		if (possible(d, &d->besides[i]) &&
		    d->besides[i].at - block + 1 < stop)
			stop = d->besides[i].at - block + 1;
	return stop < behind ? stop : behind;
}

/* Try the sums of all places before STOP: 1 if that ended the search, 0, or
 * -1. */
static int
roll_to(xn_delta *d, long long stop)
{
	/* A roll that is stopped has sums of up to three places more. */
	if (xn_delta__reach(d, stop + 3 + (long long)d->table.block) != 0)
		return -1;
	if (!d->rolling) {
		xn_delta__roll_start(&d->roll, xn_delta__at(d, d->pos),
		    d->table.block);
		d->roll_at = d->pos;
		d->rolling = 1;
	}
	while (d->pos < stop) {
		size_t at = xn_delta__roll(&d->roll,
		    xn_delta__at(d, d->roll_at), (size_t)(d->pos - d->roll_at),
		    (size_t)(stop - d->roll_at), &d->table.filter);

		advance(d, d->roll_at + (long long)at);
		d->roll_at = d->pos - (long long)(at % 4);
		if (d->pos == stop)
			break;
		if (try_sum(d, d->roll.sums[at % 4]))
			return 1;
		advance(d, d->pos + 1);
	}
	return 0;
}

/* The same where there are no sums to try. */
static int
step_on(xn_delta *d)
{
	long long to = d->pos + (long long)d->table.block;
	int rc;

	if (to > d->size)
		to = d->size;
	rc = try_besides(d, to);
	if (rc == 0) {
		rc = xn_delta__reach(d, to);
		advance(d, to);
	}
	return rc;
}

int
xn_delta__search(xn_delta *d)
{
	int rc;

	if (d->searching == XN_DELTA_BEGINS) {
		d->searching = XN_DELTA_GOES_ON;
		rc = begin(d);
	} else if (has_window(d)) {
		rc = roll_to(d, stop_at(d));
		if (rc == 0)
			rc = try_besides(d, d->pos - 1 +
			    (long long)d->table.block);
	} else {
		rc = step_on(d);
	}
	return rc == -1 ? -1 : 0;
}
