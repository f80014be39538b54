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
	const char *proof, *differs;	/* a mirror's, as they are kept; or
					 * "" */
	long long at;			/* as far as it said that it is */
};

/* Is the content of a revision what was committed? */
enum prove_is { PROVE_UNKNOWN, PROVE_GOOD, PROVE_BAD };

struct prove_verdict {
	enum prove_is is;
	const char *why;		/* it is bad, or not known; or "" */
	long long rev;			/* the one that is */
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
	int identified;			/* the two are of one history */
	struct prove_verdict source_is;	/* of the revision at hand */
	int replaced;			/* the mirror is another one now */
	const char *digest;		/* of both, in hex, once they are equal;
					 * in the job's pool */
};

/*
 * The names of the repositories at LOCATION, a folder or a pattern in one, that
 * the last component of SOURCE, a pattern, means; a NULL behind.
 */
xn_error_t *prove_list(const char *const **names, struct hotsync *h,
    const xn_location_t *source, const xn_location_t *location,
    apr_pool_t *pool);

/* The gateway of LOCATION, which lives as long as the job; NULL: it is here. */
xn_error_t *prove_gateway(xn_gateway_t **out, struct hotsync *h,
    const xn_location_t *location);

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

/*
 * ERROR, an XN_E_JOB, is what was found: have the mirror keep it, for its
 * status.  Returns ERROR (consumed), or with it why it cannot be kept; any
 * other error as it is.
 */
xn_error_t *prove_note(struct prove_pair *p, xn_error_t *error);

/* Compare P's ends, which have been started; with REPAIR mend what differs,
 * until p->replaced or all is equal. */
xn_error_t *prove_compare(struct prove_pair *p, int repair);

/* Is the content of REV what Subversion wrote, at P's end WHICH?  By copy; of a
 * source it is the whole pack that REV is in, if it is. */
xn_error_t *prove_judge(struct prove_verdict *out, struct prove_pair *p,
    int which, long long rev);

/* The same as Subversion says, of N revisions from FIRST on of a repository at
 * LOCATION, behind GATEWAY (NULL: it is here). */
xn_error_t *prove_ask_subversion(struct prove_verdict *out, struct hotsync *h,
    const xn_location_t *location, xn_gateway_t *gateway, long long first,
    long long n, apr_pool_t *pool);

/*
 * XN_E_JOB if a run would not go on with the two.  SAME: their youngest
 * revisions have the same properties, and so the same date.  Then, or if that
 * of the mirror is damaged, it need not be as a run left it; but the source's
 * must be what a run fetched.
 */
xn_error_t *prove_identity(struct prove_pair *p, int same);

/*
 * Have the mirror take from the source what FOUND says.  With KEEP the content
 * that is replaced gets another name: *KEPT, in the mirror's db, in p->pool;
 * else it is "".
 */
xn_error_t *prove_mend(const char **kept, struct prove_pair *p,
    const struct prove_found *found, int keep);

/* The same for the content of one by dump: from revision REV on it is loaded
 * anew, and p->replaced then. */
xn_error_t *prove_reload(struct prove_pair *p, long long rev);

/* Shape of a proof, for writing and reading. */
#define PROOF_FORMAT	"r0:%lld equal, digest %s\n%lld\n"
#define PROOF_SCAN	"r0:%15lld equal, digest %64[0-9a-f]\n%15lld\n"

/* What was found instead, and when, in seconds. */
#define DIFFERS_FORMAT	"%" APR_INT64_T_FMT "\n%s\n"
#define DIFFERS_SCAN	"%15lld\n%n"

#endif
