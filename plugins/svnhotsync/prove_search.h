/*
 * prove_search.h: where two repositories begin to differ, by asking for folds.
 */
#ifndef SVNHOTSYNC_PROVE_SEARCH_H
#define SVNHOTSYNC_PROVE_SEARCH_H

#include <execnet.h>

#define PROVE_FOLD_SIZE	48	/* bytes: of properties 16, of content 16, */
#define PROVE_SURE_SIZE	32	/* of the rest 16, which is only there while
				 * nothing is packed */

/* How to ask. */
struct prove_asking {
	void *baton;

	/*
	 * The folds of the N revisions from FIRST on at both ends; AGAIN: they
	 * are to look at them once more.
	 */
	xn_error_t *(*ask)(void *baton, long long first, long long n,
	    int again, unsigned char theirs[PROVE_FOLD_SIZE],
	    unsigned char ours[PROVE_FOLD_SIZE]);

	/* Something may be on its way: give it a moment. */
	xn_error_t *(*wait)(void *baton);
};

struct prove_found {
	long long rev;			/* -1: they are equal */
	int props, content;		/* which of the two differs */
	unsigned char theirs[PROVE_FOLD_SIZE];	/* of that revision; or, if
					 * they are equal, of all */
};

/*
 * Compare the first N revisions.  Asks once if they are equal, else about as
 * often as N can be halved, and twice more.  What was changed while it was
 * looked at is looked at again; XN_E_JOB if that never ends.
 */
xn_error_t *prove_search(struct prove_found *found,
    const struct prove_asking *asking, long long n);

#endif
