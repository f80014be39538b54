/*
 * hotsync.h: a mirroring job while it runs, for the files of its coordinator.
 */
#ifndef SVNHOTSYNC_HOTSYNC_H
#define SVNHOTSYNC_HOTSYNC_H

#include <syncgate/plugin.h>

#include "plugins/svnhotsync/sides.h"

/* The two sides of a way to mirror: as text, and natively. */
struct hotsync_method {
	const char *name;
	syncgate_side_t source, mirror;
	xn_native_main *run_source, *run_mirror;
};

struct hotsync {
	syncgate_job_t *job;
	xn_group_t *group;
	apr_pool_t *pool, *scratch;	/* scratch: of one turn */
	const xn_location_t *source, *mirror;
	const struct hotsync_method *method;
	int follow;
	xn_gateway_t *gateways[2];	/* the source's, the mirror's */
	xn_channel_t *control;		/* to the mirror's side */
	xn_channel_t *check;		/* to the side that verifies; or NULL */
	long long verified;		/* as far as that one got */
	int looking;			/* it was asked, and has not answered */
	syncgate_progress_t progress;
	int followed;			/* the mirror had all, and waited */
	int stop_sent;
	int finished;
};

/* Open the gateways, start both sides where they belong, and connect them;
 * h->control then is the channel of the mirror's side. */
xn_error_t *hotsync_start(struct hotsync *h);

/* Set h->method as the job says, or, with auto, as fits what is there; the
 * gateways are open. */
xn_error_t *hotsync_choose(struct hotsync *h);

/*
 * Verifying what arrives: start it, if the job wants it; have it look at what is
 * new, from time to time, without waiting; and wait until it has looked at all,
 * or the job is to stop.  What is not good is XN_E_JOB.
 */
xn_error_t *hotsync_check_start(struct hotsync *h);
xn_error_t *hotsync_check(struct hotsync *h);
xn_error_t *hotsync_check_end(struct hotsync *h);

/* What the mirror's side reports; it sets h->finished with the last one. */
xn_error_t *hotsync_report(struct hotsync *h, const xn_value_t *message);

/* The plugin's run(). */
xn_error_t *hotsync_run(syncgate_job_t *job, apr_pool_t *pool);

#endif
