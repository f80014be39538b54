/*
 * sync.h: one run of a job: a source, and what became of its targets.
 */
#ifndef RSYNC_SYNC_H
#define RSYNC_SYNC_H

#include <syncgate/plugin.h>

#include "plugins/rsync/options.h"

/* What a target's side has counted. */
struct rsync_counts {
	long long checked, folders, changed, created, deleted, sent;
	long long same_bytes, data_bytes, total_bytes, errors, vanished,
	    skipped;
};

struct rsync_target {
	const xn_location_t *location;
	xn_gateway_t *gateway;		/* NULL: it is here */
	xn_channel_t *control, *peer;
	struct rsync_counts counts;
	int follows;			/* it is in step, and stays so */
	int done;			/* counts are all there is */
	xn_error_t *error;		/* why it is not */
};

struct rsync_run {
	syncgate_job_t *job;
	xn_group_t *group;
	apr_pool_t *pool, *scratch;
	const struct rsync_options *options;
	const xn_location_t *source;
	xn_gateway_t *gateway;		/* the source's; NULL: it is here */
	xn_channel_t *control;		/* the source's */
	int early;			/* sides.h: rsync_source_ahead() */
	struct rsync_target **all;	/* every target, ends with NULL */
	struct rsync_target *targets;	/* those that are served together */
	int n;
	struct rsync_several *several;	/* alone.c; NULL: there is one target */
	int begun;			/* who answers now is alone */
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

/* rsync.c: may another attempt help after ERROR? */
int rsync_is_lost(const xn_error_t *error);

/* report.c: what the sides say, until all have ended. */
xn_error_t *rsync_follow_reports(struct rsync_run *r);

#endif
