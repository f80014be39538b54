/*
 * hotsync.h: a mirroring job while it runs, for the files of its coordinator.
 */
#ifndef SVNHOTSYNC_HOTSYNC_H
#define SVNHOTSYNC_HOTSYNC_H

#include <syncgate/plugin.h>

#include "plugins/svnhotsync/sides.h"

struct hotsync {
	syncgate_job_t *job;
	xn_group_t *group;
	apr_pool_t *pool, *scratch;	/* scratch: of one turn */
	const xn_location_t *source, *mirror;
	int follow;
	xn_gateway_t *gateways[2];	/* the source's, the mirror's */
	xn_channel_t *control;		/* to the mirror's side */
	syncgate_progress_t progress;
	int followed;			/* the mirror had all, and waited */
	int stop_sent;
	int finished;
};

/* Open the gateways, start both sides where they belong, and connect them;
 * h->control then is the channel of the mirror's side. */
xn_error_t *hotsync_start(struct hotsync *h);

/* What the mirror's side reports; it sets h->finished with the last one. */
xn_error_t *hotsync_report(struct hotsync *h, const xn_value_t *message);

/* What the job includes: bits of enum part of side_part.h. */
int hotsync_parts(syncgate_job_t *job);

/* The plugin's run(). */
xn_error_t *hotsync_run(syncgate_job_t *job, apr_pool_t *pool);

#endif
