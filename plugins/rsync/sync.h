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
	long long data_bytes, total_bytes, errors, vanished, skipped;
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
	struct rsync_target *targets;
	int n;
	xn_multichannel_t *multi;
	xn_error_t *error;		/* of the source */
	long long read_folders, read_files, read_bytes;
};

/* start.c: start all sides, in R's pool. */
xn_error_t *rsync_start(struct rsync_run *r);

/* report.c: what the sides say, until all have ended. */
xn_error_t *rsync_follow_reports(struct rsync_run *r);

#endif
