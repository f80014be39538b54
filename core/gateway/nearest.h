/*
 * nearest.h: "did you mean".
 *
 *	struct xn_nearest n = { .word = "sourec" };
 *	for each candidate
 *		xn_nearest_try(&n, candidate);
 *	... xn_nearest_hint(&n, pool)	is ": did you mean \"source\"?" or ""
 */
#ifndef XN_GATEWAY_NEAREST_H
#define XN_GATEWAY_NEAREST_H

#include <execnet.h>

struct xn_nearest {
	const char *word;	/* what was written; set by the caller */
	const char *best;	/* the nearest so far, borrowed; or NULL */
	int distance;		/* its distance, while best is not NULL */
};

/* Look whether CANDIDATE is near enough, and nearer than those before. */
XN_API void xn_nearest_try(struct xn_nearest *nearest, const char *candidate);

/* What to put behind an error message; "" if nothing was near.  In POOL. */
XN_API const char *xn_nearest_hint(const struct xn_nearest *nearest,
    apr_pool_t *pool);

#endif
