/*
 * lag.c: how far the mirrors are behind the source.
 */
#include "plugins/svnhotsync/hotsync.h"

int
hotsync_lag_of(long long *left, const struct hot_report *r)
{
	const syncgate_progress_t *p = &r->progress;
	long long done = p->done, total = p->total;

	*left = -1;
	if (!r->begun)
		return 0;
	if (done < r->first)
		done = r->first;
	if (total < r->theirs)
		total = r->theirs;
	*left = total > done ? total - done : 0;
	return *left == 0 && (r->followed || r->finished);
}

void
hotsync_lag_tell(syncgate_job_t *job, apr_time_t *since, long long left,
    long long refs, int in_step)
{
	syncgate_lag_t lag = SYNCGATE_LAG_UNKNOWN;

	if (left < 0)
		return;
	/* What was missing when we began is older than we know. */
	if (in_step)
		*since = -1;
	else if (*since == -1)
		*since = apr_time_now();
	lag.in_step = in_step;
	lag.revisions = left;
	lag.refs = refs;
	if (!in_step && *since > 0)
		lag.since = *since;
	syncgate_job_lag(job, &lag);
}

/* Is all that Git has sent on?  (A revision without a change there is.) */
static int
is_sent(const struct hotsync *h)
{
	const struct hot_push *p = &h->push;

	return p->channel == NULL || (!p->pushing && p->failed[0] == '\0' &&
	    p->sent == h->git.published);
}

/* The last revision that all that comes after the mirror has; DONE: all. */
static long long
behind_it(const struct hotsync *h, long long done)
{
	if (h->git.channel != NULL && h->git.looked < done)
		done = h->git.looked;
	if (!is_sent(h) && h->push.told < done)
		done = h->push.told;
	return done;
}

/* The refs that Git, or whom they are sent on to, has otherwise than DONE has
 * them; -1: nobody knows, or there are none. */
static long long
refs_behind(const struct hotsync *h, long long done)
{
	int converted = h->git.looked >= done;

	if (h->git.channel == NULL)
		return -1;
	if (is_sent(h))
		return converted ? 0 : -1;
	/* (What is not converted yet will be more.) */
	return converted || h->push.refs > 0 ? h->push.refs : -1;
}

/* This attempt's, for the history. */
static void
tell_figures(const struct hotsync *h)
{
	const struct hot_report *r = &h->report;
	long long first = r->first < -1 ? -1 : r->first;

	if (!r->begun || r->progress.done < 0)
		return;
	syncgate_job_figure(h->job, "revisions", r->progress.done > first ?
	    r->progress.done - first : 0);
	if (r->progress.bytes >= 0)
		syncgate_job_figure(h->job, "bytes", r->progress.bytes);
}

void
hotsync_lag(struct hotsync *h)
{
	const struct hot_report *r = &h->report;
	long long left, done;
	int in_step = hotsync_lag_of(&left, r);

	/* (One of several tells nothing: all together do.) */
	if (syncgate_job_dry_run(h->job) || left < 0 || h->name != NULL)
		return;
	done = r->progress.done > r->first ? r->progress.done : r->first;
	left += done - behind_it(h, done);
	hotsync_lag_tell(h->job, &h->behind, left, refs_behind(h, done),
	    in_step && left == 0 && is_sent(h));
	tell_figures(h);
}
