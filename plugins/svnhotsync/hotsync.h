/*
 * hotsync.h: a mirroring job while it runs, for the files of its coordinator.
 */
#ifndef SVNHOTSYNC_HOTSYNC_H
#define SVNHOTSYNC_HOTSYNC_H

#include <syncgate/plugin.h>

#include "plugins/svnhotsync/sides.h"

#define HOT_WARNED	32

/* Why a mirror is held, and what it would be made anew from. */
struct hot_held {
	int kind;			/* enum syncgate_hold_kind */
	long long ours, theirs;		/* youngest revisions */
	unsigned char state[16];	/* the source's: side_state.h */
	char why[1024];
};

/* What a mirror's side has reported. */
struct hot_report {
	syncgate_job_t *job;
	const char *name;		/* of several: what logs begin with */
	const xn_location_t *mirror;
	syncgate_progress_t progress;
	int begun;			/* it told what there was: */
	long long first, theirs;	/* its youngest revision, -1: it was not
					 * there, and the source's */
	int followed;			/* the mirror had all, and waited */
	int finished;
	int whole;			/* a new mirror has all, and waits to
					 * take the old one's place */
	int resynced;			/* and has */
	int anew;			/* it is held, and to be made anew:
					 * somebody has approved that */
	struct hot_held held;		/* why it is, if it is */
	struct {
		unsigned int what;	/* a hash of its text */
		apr_time_t at;		/* 0: none */
	} warned[HOT_WARNED];		/* the last ones that were said */
	int undone;			/* how much was left undone, */
	char first_undone[1024];	/* and what, first */
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

/* The Git repository that follows a mirror. */
struct hot_git {
	syncgate_job_t *job;
	const xn_location_t *at;
	xn_channel_t *channel;		/* to the side that converts; or NULL */
	long long converted;		/* the last revision that is in it */
	long long looked;		/* as far as all of the mirror was */
	long long told;			/* the one that the log has named */
	int looking;			/* it was asked, and has not answered */
	apr_time_t props_asked;		/* when it was asked for properties */
	unsigned int published;		/* how often something became visible
					 * in it; 1 at first */
};

/* Who sends its refs on. */
struct hot_push {
	syncgate_job_t *job;
	const char *shown;		/* where to, without a password */
	xn_channel_t *channel;		/* or NULL */
	unsigned int sent;		/* what was published when it was asked;
					 * 0: nothing */
	int pushing;			/* it was asked, and has not answered */
	apr_time_t due;			/* not before; 0: now */
	apr_interval_time_t wait;	/* after the last failure; or 0 */
	long long told;			/* the revision that it was at last */
	long long refs;			/* that differ there, as was counted
					 * last; -1: nobody knows */
	unsigned int counted;		/* what was published then */
	char failed[2048];		/* why the last attempt did; or "" */
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
	const char *name;		/* of one of several that is made anew;
					 * or NULL */
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
	struct hot_git git;
	struct hot_push push;
	int stop_sent;
	apr_time_t behind;		/* since when it is not in step */
	long long reload;		/* one more than the revision from which
					 * the mirror is to be loaded anew; 0:
					 * it is not */
	const struct hot_held *approved;	/* the mirror is made anew, as
						 * it was held for that */
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

/*
 * held.c: it is held, as MESSAGE says.  Of one mirror it is asked at once
 * whether it may be made anew; of several, r->held is for who looks after all.
 * What is returned ends the attempt.
 */
xn_error_t *hotsync_on_held(struct hot_report *r, const xn_value_t *message);

/* What an approval for the mirror AT is good for: the same text as long as the
 * same is held, for the same. */
const char *hotsync_held_subject(const xn_location_t *at,
    const struct hot_held *held, apr_pool_t *pool);

/* Ask whether the N mirrors AT, held for HELD and all of one kind, may be made
 * anew, as syncgate_job_hold() does. */
xn_error_t *hotsync_ask_held(syncgate_job_t *job,
    const xn_location_t *const *at, const struct hot_held *const *held, int n,
    apr_pool_t *scratch);

/* Is the mirror made anew in this run? */
int hotsync_is_anew(const struct hotsync *h);

/*
 * lag.c: how far what R reports of is behind: *LEFT revisions, -1: nobody
 * knows; 1 if nothing is missing.  And telling the job, of one mirror with all
 * that comes after it; call it again and again.
 */
int hotsync_lag_of(long long *left, const struct hot_report *r);
void hotsync_lag(struct hotsync *h);

/* Tell the job LEFT revisions and REFS (-1: not known) and whether it is
 * IN_STEP; *SINCE is when it was not any more, and 0 at first. */
void hotsync_lag_tell(syncgate_job_t *job, apr_time_t *since, long long left,
    long long refs, int in_step);

/* What was left undone, as an error for a run that does not go on; NULL if
 * nothing was. */
xn_error_t *hotsync_undone(const struct hot_report *r);

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

/*
 * The Git repository of the job, if it has one: whether the options fit; start
 * who converts; have what is new converted, up to YOUNGEST, without waiting;
 * and wait until it is, or the job is to stop.  What cannot be is XN_E_JOB.
 */
xn_error_t *hotsync_check_git(syncgate_job_t *job, apr_pool_t *pool);
xn_error_t *hotsync_git_start(struct hot_git *g, struct hotsync *h);
xn_error_t *hotsync_git(struct hot_git *g, long long youngest,
    apr_pool_t *scratch);
xn_error_t *hotsync_git_end(struct hot_git *g, struct hot_report *r,
    apr_pool_t *scratch);

/* The same for its refs, which are sent on; the end waits for one attempt, and
 * left says what failed in it. */
xn_error_t *hotsync_push_start(struct hot_push *p, struct hotsync *h);
xn_error_t *hotsync_push(struct hot_push *p, const struct hot_git *g,
    apr_pool_t *scratch);
xn_error_t *hotsync_push_end(struct hot_push *p, const struct hot_git *g,
    apr_pool_t *scratch);
xn_error_t *hotsync_push_left(const struct hot_push *p);

/* How far JOB's is converted, if it has one. */
void hotsync_git_status(syncgate_status_fn *each, void *baton,
    syncgate_job_t *job, apr_pool_t *pool);

/* How far JOB's are pushed, if it has them pushed. */
void hotsync_push_status(syncgate_status_fn *each, void *baton,
    syncgate_job_t *job, apr_pool_t *pool);

/* Have H's one mirror verified, AGAIN also what was verified before, and wait
 * for it.  *VERIFIED: all up to that one is; -1 if nobody could look. */
xn_error_t *hotsync_check_all(long long *verified, struct hotsync *h,
    int again);

/* The plugin's run(). */
xn_error_t *hotsync_run(syncgate_job_t *job, apr_pool_t *pool);

#endif
