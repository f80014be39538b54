/*
 * hotsync.h: a mirroring job while it runs, for the files of its coordinator.
 */
#ifndef SVNHOTSYNC_HOTSYNC_H
#define SVNHOTSYNC_HOTSYNC_H

#include <syncgate/plugin.h>

#include "plugins/svnhotsync/sides.h"

/* What a mirror's side has reported. */
struct hot_report {
	syncgate_job_t *job;
	const char *name;		/* of several: what logs begin with */
	const xn_location_t *mirror;
	syncgate_progress_t progress;
	int followed;			/* the mirror had all, and waited */
	int finished;
	apr_pool_t *scratch;		/* of one report */
};

/* The verifying of a mirror. */
struct hot_check {
	struct hotsync *h;
	syncgate_job_t *job;
	const xn_location_t *mirror;
	xn_channel_t *channel;		/* to the side that verifies; or NULL */
	long long verified;		/* as far as that one got */
	int looking;			/* it was asked, and has not answered */
};

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
	const xn_location_t *source;
	const xn_location_t *mirror;	/* NULL: there may be several, */
	const xn_location_t *const *mirrors;	/* a NULL behind */
	const struct hotsync_method *method;
	int method_told;		/* that and why it is by dump */
	int follow;
	xn_gateway_t *gateways[2];	/* the source's, the mirror's */
	xn_channel_t *control;		/* to the mirror's side */
	struct hot_report report;
	struct hot_check check;
	int stop_sent;
	long long reload;		/* one more than the revision from which
					 * the mirror is to be loaded anew; 0:
					 * it is not */
	int identity;			/* HOT_IDENTITY...: nothing but whether
					 * the two fit is asked; else 0 */
};

/* DAMAGED: the mirror's youngest revision need not be as it was left. */
enum { HOT_IDENTITY = 1, HOT_IDENTITY_DAMAGED };

/* Open the gateways that are not yet, choose the method if it is not, start
 * both sides where they belong, and connect them; h->control then is the
 * channel of the mirror's side. */
xn_error_t *hotsync_start(struct hotsync *h);

/* Start the source's side for many mirrors; PARENT and PATTERN: where to look
 * for repositories, or NULL. */
xn_error_t *hotsync_start_source(xn_channel_t **source, struct hotsync *h,
    const char *parent, const char *pattern);

/* What the mirror's side at LOCATION is started with. */
xn_error_t *hotsync_mirror_kwargs(const xn_value_t **out,
    const struct hotsync *h, const xn_location_t *location,
    xn_channel_t *peer, apr_pool_t *pool);

/* What a mirror's side reports; it sets r->finished with the last one. */
void hotsync_report_begin(struct hot_report *r, syncgate_job_t *job,
    const xn_location_t *mirror);
xn_error_t *hotsync_report(struct hot_report *r, const xn_value_t *message);

/* May another attempt help after ERROR, which gets the code that says so? */
void hotsync_judge(xn_error_t *error, const struct hot_report *r);

/* Why GATEWAY's connection has ended, as an error that is tried again after;
 * NULL if it has not within WAIT. */
xn_error_t *hotsync_lost(xn_gateway_t *gateway, apr_interval_time_t wait);

/* Many mirrors, or many repositories: many.c. */
xn_error_t *hotsync_run_many(struct hotsync *h);

/* PATH has a pattern in its last component? */
int hotsync_is_pattern(const xn_location_t *location);

/* What the job includes: bits of enum part of side_part.h. */
int hotsync_parts(syncgate_job_t *job);
xn_error_t *hotsync_check_include(syncgate_job_t *job);

/* Set h->method as the job says, or, with auto, as fits what is there; what is
 * elsewhere is asked by the gateways, which are open. */
xn_error_t *hotsync_choose(struct hotsync *h);

/* Is h->method the one that the source's side of many serves? */
int hotsync_copies(const struct hotsync *h);

/* A job as it is when it begins, in POOL; with --only it is one of one
 * mirror. */
xn_error_t *hotsync_begin(struct hotsync **h, syncgate_job_t *job,
    apr_pool_t *pool);

/* All mirrors of H, if it has one or several; a NULL behind. */
const xn_location_t *const *hotsync_mirrors(const struct hotsync *h);

/* Make H a job of the one mirror that --only names; XN_E_USAGE: it has none of
 * that name. */
xn_error_t *hotsync_only(struct hotsync *h);

/* Run the job of one mirror of one repository. */
xn_error_t *hotsync_run_one(struct hotsync *h);

/* The plugin's promote(). */
xn_error_t *hotsync_promote(syncgate_job_t *job, int how, apr_pool_t *pool);

/* Its verify() and status(): prove.c. */
xn_error_t *hotsync_verify(syncgate_job_t *job, int how, apr_pool_t *pool);
xn_error_t *hotsync_status(syncgate_job_t *job, syncgate_status_fn *each,
    void *baton, apr_pool_t *pool);

/*
 * Verifying what arrives at MIRROR, behind GATEWAY (NULL: it is here): start
 * it, if the job wants it; have it look at what is new, up to YOUNGEST, without
 * waiting; and wait until it has looked at all that R knows of, or the job is
 * to stop.  What is not good is XN_E_JOB.
 */
xn_error_t *hotsync_check_start(struct hot_check *c, struct hotsync *h,
    const xn_location_t *mirror, xn_gateway_t *gateway, apr_pool_t *pool);
xn_error_t *hotsync_check(struct hot_check *c, long long youngest,
    apr_pool_t *scratch);
xn_error_t *hotsync_check_end(struct hot_check *c, struct hot_report *r,
    apr_pool_t *scratch);

/* The plugin's run(). */
xn_error_t *hotsync_run(syncgate_job_t *job, apr_pool_t *pool);

#endif
