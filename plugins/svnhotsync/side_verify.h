/*
 * side_verify.h: the state of the side that verifies.
 */
#ifndef SVNHOTSYNC_SIDE_VERIFY_H
#define SVNHOTSYNC_SIDE_VERIFY_H

#include "side_fsfs.h"

#define VERIFIED	"syncgate-verified"	/* in db */

struct verify {
	xn_channel *channel;		/* the coordinator */
	const char *path;
	int again;			/* also what was verified before */
	int db;				/* -1: not open */
	long long next;			/* the first not yet verified */
	int packed;			/* some of those in hand are packed */
	int odd;			/* that was said already */
	int ended;			/* the coordinator wants no more */
	long long bad;			/* the one that is not good, */
	char why[2048];			/* and why */
};

/*
 * Verify the revisions FIRST to LAST, both included: 0, or -1, bad (or FIRST if
 * it is not known which) and why.
 */
int verify_range(struct verify *v, long long first, long long last);

/* What is said of indexes of packs is said once: ODD, if not "". */
static inline void
verify_odd(struct verify *v, const char *odd)
{
	if (odd[0] != '\0' && !v->odd)
		xn_log("all contents are good, but Subversion says of the "
		    "index of a pack: %s", odd);
	v->odd |= odd[0] != '\0';
}

#endif
