/*
 * sync.h: one run of a job: a source, and what became of its targets.
 */
#ifndef RSYNC_SYNC_H
#define RSYNC_SYNC_H

#include <syncgate/plugin.h>

#include "plugins/rsync/known.h"
#include "plugins/rsync/options.h"
#include "plugins/rsync/system.h"

/* What a target's side has counted. */
struct rsync_counts {
	long long checked, folders, changed, created, deleted, sent;
	long long same_bytes, data_bytes, total_bytes, errors, vanished,
	    skipped;
};

/* What all of a job's threads may read of a target: lag.c has it, and a lock. */
struct rsync_shown {
	int in_step;
	apr_time_t since;		/* when it was not any more; 0 */
	apr_time_t compared;		/* when all of it was; 0 */
	long long entries;		/* that were */
	long long checked, sent, data_bytes, changed, deleted;
	long long owed_files, owed_bytes;
};

/* All but what is shown belongs to the thread that serves it. */
struct rsync_target {
	const xn_location_t *location;
	xn_gateway_t *gateway;		/* NULL: it is here */
	xn_channel_t *control, *peer;
	struct rsync_counts counts;
	struct rsync_known *known;	/* of its tree; or NULL */
	long long owed_files, owed_bytes; /* found to differ, and still to come:
					 * as its side says */
	int follows;			/* it is in step, and stays so */
	long long at;			/* the source's batch that it has; -1 */
	apr_time_t compared;		/* when all of it was; 0: no news */
	long long entries;		/* that were */
	struct rsync_shown shown;
	int done;			/* counts are all there is */
	int told;			/* and that it is in step is shown */
	int alone;			/* it has a thread, and a source's
					 * side, of its own: what became of
					 * that of the others is not why it
					 * ended.  Set before it begins */
	xn_error_t *error;		/* why it is not */
};

#define RSYNC_BATCHES	64

struct rsync_run {
	syncgate_job_t *job;
	xn_group_t *group;
	apr_pool_t *pool, *scratch;
	const struct rsync_options *options;
	const xn_location_t *source;
	xn_gateway_t *gateway;		/* the source's; NULL: it is here */
	xn_channel_t *control;		/* the source's */
	struct rsync_known *known;	/* of the source's tree; or NULL */
	struct rsync_system *system;	/* that it is on; NULL: not looked at */
	int early;			/* sides.h: rsync_source_ahead() */
	struct rsync_target **all;	/* every target, ends with NULL */
	struct rsync_target *targets;	/* those that are served together */
	int n;
	struct rsync_several *several;	/* alone.c; NULL: there is one target */
	int begun;			/* who answers now is alone */
	long long batch;		/* the source's last one with changes */
	apr_time_t changed;		/* what will be in the next one; 0 */
	apr_time_t changes[RSYNC_BATCHES];	/* the same of the last ones, by
					 * their numbers; 0: no changes */
	xn_multichannel_t *multi;
	xn_error_t *error;		/* of the source */
	long long missing;		/* names of files-from, at the source */
	long long read_folders, read_files, read_bytes;
};

/* start.c: start all sides, in R's pool. */
xn_error_t *rsync_start(struct rsync_run *r);

/* Open TARGET's gateway, which lives in POOL; none is needed where the target
 * is here and the source is not.  Its error does not name the target. */
xn_error_t *rsync_open_target(struct rsync_run *r, struct rsync_target *target,
    apr_pool_t *pool);

/*
 * alone.c: connect to all of R's targets at once.  Those that answer soon are
 * R's targets then; the others are served by threads of their own, until
 * rsync_several_close(), which waits for these.
 */
xn_error_t *rsync_several_open(struct rsync_run *r);
void rsync_several_close(struct rsync_run *r);

/* TARGET, one of R's, is lost: 1 if it is tried again, alone. */
int rsync_several_lost(struct rsync_run *r, struct rsync_target *target);

/* Is there one that is alone, and not at its end? */
int rsync_several_busy(struct rsync_run *r);

/*
 * real.c: which folder LOCATION, a target, led to when JOB began, as its side
 * said; NULL: not known.  It lasts longer than an attempt, until
 * rsync_real_forget().  In any thread.
 */
const char *rsync_real_get(const syncgate_job_t *job,
    const xn_location_t *location);
void rsync_real_put(const syncgate_job_t *job, const xn_location_t *location,
    const char *path);
void rsync_real_forget(const syncgate_job_t *job);

/*
 * lag.c: what R's targets and its source have told is new: tell the job how far
 * all of them are behind, and, when all were compared, that they are equal.
 */
void rsync_lag(struct rsync_run *r);

/* TARGET begins anew, or is lost. */
void rsync_lag_lost(struct rsync_run *r, struct rsync_target *target);

/* Add up in P what all targets have compared, and what came to them. */
void rsync_lag_progress(struct rsync_run *r, syncgate_progress_t *p);

/* Nobody tells meanwhile: all[] changes. */
void rsync_lag_lock(void);
void rsync_lag_unlock(void);

/* rsync.c: may another attempt help after ERROR? */
int rsync_is_lost(const xn_error_t *error);

/* held.c: TARGET's side asks whether it may go on; it is answered. */
xn_error_t *rsync_on_held(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message);

/* report.c: what the sides say, until all have ended. */
xn_error_t *rsync_follow_reports(struct rsync_run *r);

#endif
