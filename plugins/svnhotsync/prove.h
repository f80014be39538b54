/*
 * prove.h: comparing a mirror with its source, for the files that do it.
 */
#ifndef SVNHOTSYNC_PROVE_H
#define SVNHOTSYNC_PROVE_H

#include "plugins/svnhotsync/hotsync.h"
#include "plugins/svnhotsync/prove_search.h"

enum { PROVE_SOURCE, PROVE_MIRROR };

/* One end, which runs side_prove.c. */
struct prove_end {
	const xn_location_t *location;
	xn_channel_t *channel;		/* NULL: it is not running */
	char uuid[40];
	long long youngest, min_unpacked;
	const char *proof;		/* a mirror's, as it is kept; or "" */
	long long at;			/* as far as it said that it is */
};

/* One mirror and its source. */
struct prove_pair {
	struct hotsync *h;
	apr_pool_t *pool;		/* of the pair */
	apr_pool_t *scratch;		/* of one message */
	struct prove_end ends[2];
	int dump;			/* by what svnadmin dump says */
	long long n;			/* revisions that are compared */
	long long from;			/* the first that is packed nowhere, as
					 * far as both have said */
	int repaired;			/* how often */
	long long mended;		/* the last revision that was; or -1 */
	int replaced;			/* the mirror is another one now */
};

/*
 * The names of the repositories at LOCATION, a folder or a pattern in one, that
 * the last component of SOURCE, a pattern, means; a NULL behind.
 */
xn_error_t *prove_list(const char *const **names, struct hotsync *h,
    const xn_location_t *source, const xn_location_t *location,
    apr_pool_t *pool);

/* Start P's end WHICH at LOCATION, and hear what it has; STATUS: no more than
 * that. */
xn_error_t *prove_start(struct prove_pair *p, int which,
    const xn_location_t *location, int status);

/* Let go of both ends. */
void prove_stop(struct prove_pair *p);

/* Set p->dump as the job says, or as fits what is there. */
xn_error_t *prove_method(struct prove_pair *p,
    const xn_location_t *source, const xn_location_t *mirror);

/*
 * The next message of an end, into p->scratch, which is cleared before; waits
 * until it comes or the job is to stop (XN_E_CANCELLED).
 */
xn_error_t *prove_hear(const xn_value_t **message, struct prove_pair *p,
    struct prove_end *end);

/* The next message of CHANNEL, into POOL, in the same way. */
xn_error_t *prove_next(const xn_value_t **message, struct hotsync *h,
    xn_channel_t *channel, apr_pool_t *pool);

/*
 * SENT, consumed, is what sending to END came to: NULL, or, if END takes no
 * more, the error that it ended with.
 */
xn_error_t *prove_sent(struct prove_pair *p, struct prove_end *end,
    xn_error_t *sent);

/* Compare P's ends, which have been started; with REPAIR mend what differs,
 * until p->replaced or all is equal. */
xn_error_t *prove_compare(struct prove_pair *p, int repair);

/* Have the mirror take from the source what FOUND says. */
xn_error_t *prove_mend(struct prove_pair *p, const struct prove_found *found);

/* The same for the content of one by dump: from revision REV on it is loaded
 * anew, and p->replaced then. */
xn_error_t *prove_reload(struct prove_pair *p, long long rev);

/* Shape of a proof, for writing and reading. */
#define PROOF_FORMAT	"r0:%lld equal, digest %s\n%lld\n"
#define PROOF_SCAN	"r0:%15lld equal, digest %64[0-9a-f]\n%15lld\n"

#endif
