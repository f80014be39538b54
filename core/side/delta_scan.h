/*
 * delta_scan.h: going through a new file; delta.c and delta_search.c.
 */
#ifndef XN_SIDE_DELTA_SCAN_H
#define XN_SIDE_DELTA_SCAN_H

#include "core/side/side.h"

#include <xxhash.h>

#include "core/side/delta.h"
#include <execnet/remote.h>

#define XN_DELTA_STRIDE	(64ll * 1024 * 1024) /* a call looks at no more */

/*
 * A block may have the sum of another one, which its hash tells.  Usually it
 * does not, but in data that is made so each byte would cost the hash of a
 * block: there is a bound on what is hashed in vain.  To begin with:
 */
#define XN_DELTA_VAIN	(16ll * 1024 * 1024)

/* Where new and old file may lie beside each other: new `at` is old block. */
struct xn_delta_beside {
	long long at;			/* in the new file, not yet tried */
	long long block;		/* number; none there is: tries nothing */
};

enum { XN_DELTA_LAST, XN_DELTA_BEGIN, XN_DELTA_TAIL, XN_DELTA_BESIDES };

enum xn_delta_pending { PENDING_NONE, PENDING_COPY, PENDING_BYTES };

/* As long as not all of the signature is there, so many blocks behind one that
 * differs are looked at before all of it is asked for. */
#define XN_DELTA_NEAR_BLOCKS	4

/* What is between may lie elsewhere in the old file, and is sent all the same:
 * no more than so many blocks, and one of so many. */
#define XN_DELTA_NEAR_MOST	16
#define XN_DELTA_NEAR_SHARE	32

/* XN_DELTA_NEAR: a block differs, and perhaps just a few.  XN_DELTA_BEGINS:
 * what is pending has to be handed out before. */
enum xn_delta_searching {
	XN_DELTA_NOT, XN_DELTA_NEAR, XN_DELTA_BEGINS, XN_DELTA_GOES_ON
};

struct xn_delta {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	int fd;				/* the caller's */
	int inplace;
	long long size, old_size;
	struct xn_delta_table table;
	XXH3_state_t *whole;		/* of all that was read */

	uint8_t *buffer;		/* [buffer_at, buffer_at + filled) */
	size_t room, filled;
	long long buffer_at;

	long long told;			/* handed out up to here */
	long long pos;			/* known up to here */
	enum xn_delta_pending pending;	/* what [told, pos) is */
	long long from;			/* of a pending copy, where it begins */
	long long found;		/* the block that is at pos; -1: none */
	long long expected;		/* the block that may follow */

	enum xn_delta_searching searching; /* if so, by what is below */
	int rolling;			/* 1: roll stands at roll_at */
	struct xn_delta_roll roll;
	long long roll_at;
	long long near;			/* blocks that were not looked for */
	long long credit;		/* bytes that may be hashed in vain */
	struct xn_delta_beside besides[XN_DELTA_BESIDES];
};

/* Where the byte AT, which was reached and is not before pos, lies. */
static inline const uint8_t *
xn_delta__at(const xn_delta *d, long long at)
{
	return d->buffer + (at - d->buffer_at);
}

/* Have all before END in the buffer, or before the end: 0, or -1. */
int xn_delta__reach(xn_delta *d, long long end);

/* The bytes of the old file's block NUMBER. */
long long xn_delta__length(const xn_delta *d, long long number);

/* 1 if block NUMBER may be copied to AT, else 0. */
int xn_delta__usable(const xn_delta *d, long long number, long long at);

/* 1 if block NUMBER (any number) lies at AT of the new file, 0, or -1. */
int xn_delta__same(xn_delta *d, long long at, long long number);

/*
 * The expected block is not at pos, and what is there of the signature says
 * nothing of most others: find one of those that should follow, or begin to
 * search.  0, or -1.
 */
int xn_delta__near(xn_delta *d);

/*
 * Go on from pos, where the expected block is not: found is set at a later pos
 * and the search over, or pos is XN_PIECE further or at the end.  0, or -1.
 */
int xn_delta__search(xn_delta *d);

#endif
