/*
 * known.h: folders in which nothing had extended attributes when they were
 * listed last, told by stamps; <execnet/tree.h> says why that still holds.
 */
#ifndef XN_SIDE_KNOWN_H
#define XN_SIDE_KNOWN_H

#include "core/side/side.h"

#include <execnet/remote.h>

#define XN_SIDE_KNOWN_LEAST	8	/* entries: fewer are quickly asked */
#define XN_SIDE_KNOWN_SETTLED	2	/* seconds: what changed since then may
					 * change again within one tick */

struct xn_side_known;

/* All that is known, from the N BYTES of xn_side__known_bytes(), or nothing (0)
 * at first: NULL and errno, EINVAL if they are none. */
struct xn_side_known *xn_side__known_open(const void *bytes, size_t n);
void xn_side__known_close(struct xn_side_known *known);

/* A folder that is being listed; one stamp is of one KNOWN. */
struct xn_side_stamp {
	int may;		/* its file system is one of those that count */
	unsigned int device;
	uint64_t system[2];	/* its file system, in other words */
	long long now;		/* when it was begun, seconds since 1970 */
	int made;		/* VALUE is */
	uint64_t value;
};

/* For tests: the clock of this thread goes so many SECONDS ahead. */
void xn_side__known_clock(long long seconds);

/* FOLDER is about to be looked at. */
void xn_side__known_begin(struct xn_side_stamp *stamp, int folder);

/* Is anything known at all?  Else it is no use to ask. */
int xn_side__known_any(const struct xn_side_known *known);

/*
 * The entries of LIST, listed as WHAT, are all there but for their attributes:
 * 1 if they have none.  In any thread.
 */
int xn_side__known_has(struct xn_side_known *known, struct xn_side_stamp *stamp,
    const xn_list *list, int what);

/* They are there, with their attributes: to be known if there are none, and
 * nothing of it is too new.  In any thread. */
void xn_side__known_add(struct xn_side_known *known,
    struct xn_side_stamp *stamp, int folder, const xn_list *list, int what);

/*
 * What is to be known the next time: of all folders that were listed, in no
 * more than XN_KNOWN_MOST bytes; good until the next call.  *CHANGED: other
 * than what it was opened with.  NULL and errno ENOMEM.
 */
const void *xn_side__known_bytes(struct xn_side_known *known, size_t *n,
    int *changed);

#endif
