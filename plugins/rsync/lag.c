/*
 * lag.c: how far the targets are behind the source.
 *
 * The source tells when something has changed, and the number of the batch by
 * which all targets are told of it; a target tells which batch it has done.
 * Those that are alone (alone.c) have a source's side, and numbers, of their
 * own; so each run works out how its targets are, and all are told together.
 */
#include "plugins/rsync/sync.h"

#include <pthread.h>
#include <string.h>

#include <apr_strings.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
rsync_lag_lock(void)
{
	pthread_mutex_lock(&lock);
}

void
rsync_lag_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/* When the oldest change was made that who is at batch AT has not; 0: there is
 * none. */
static apr_time_t
oldest_behind(const struct rsync_run *r, long long at)
{
	long long from = at + 1;

	if (from <= r->batch - RSYNC_BATCHES)
		from = r->batch - RSYNC_BATCHES + 1;
	for (; from <= r->batch; from++)
		if (r->changes[from % RSYNC_BATCHES] != 0)
			return r->changes[from % RSYNC_BATCHES];
	return r->changed;
}

static void
work_out(const struct rsync_run *r, struct rsync_target *t)
{
	t->since = t->follows && t->at >= 0 ? oldest_behind(r, t->at) : 0;
	t->in_step = t->done ? t->counts.errors == 0 &&
	    t->counts.skipped == 0 : t->follows && t->at >= 0 &&
	    t->since == 0;
	if (t->done && t->in_step && t->compared == 0) {
		t->compared = apr_time_now();
		t->entries = t->counts.checked;
	}
}

static void
tell_figures(const struct rsync_run *r)
{
	long long files = 0, bytes = 0, changed = 0, deleted = 0;

	for (int i = 0; r->all[i] != NULL; i++) {
		files += r->all[i]->counts.sent;
		bytes += r->all[i]->counts.data_bytes;
		changed += r->all[i]->counts.changed;
		deleted += r->all[i]->counts.deleted;
	}
	syncgate_job_figure(r->job, "files", files);
	syncgate_job_figure(r->job, "bytes", bytes);
	/* (Only at its end does a target say these.) */
	if (changed + deleted > 0) {
		syncgate_job_figure(r->job, "changed", changed);
		syncgate_job_figure(r->job, "deleted", deleted);
	}
}

/* All were compared: once for each time. */
static void
tell_proven(struct rsync_run *r)
{
	const struct rsync_options *o = r->options;
	apr_time_t at = r->all[0]->compared;
	int n = 0;

	for (; r->all[n] != NULL; n++)
		if (r->all[n]->compared < at)
			at = r->all[n]->compared;
	if (at == 0)
		return;
	syncgate_job_proven(r->job, at, NULL, apr_psprintf(r->scratch,
	    "%" APR_INT64_T_FMT " %s, by a full comparison of %s, without a "
	    "digest", (apr_int64_t)r->all[0]->entries,
	    r->all[0]->entries == 1 ? "entry" : "entries", o->checksum ?
	    "all bytes" : o->size_only ? "sizes" : "sizes and times"));
	for (int i = 0; i < n; i++)
		r->all[i]->compared = 0;
}

void
rsync_lag(struct rsync_run *r)
{
	syncgate_lag_t lag = SYNCGATE_LAG_UNKNOWN;

	if (r->options->dry || syncgate_job_only(r->job) != NULL)
		return;
	pthread_mutex_lock(&lock);
	lag.in_step = 1;
	for (int i = 0; i < r->n; i++)
		work_out(r, &r->targets[i]);
	for (int i = 0; r->all[i] != NULL; i++) {
		const struct rsync_target *t = r->all[i];

		lag.in_step &= t->in_step;
		if (t->since != 0 && (lag.since == 0 || t->since < lag.since))
			lag.since = t->since;
	}
	syncgate_job_lag(r->job, &lag);
	tell_figures(r);
	tell_proven(r);
	pthread_mutex_unlock(&lock);
}

void
rsync_lag_lost(struct rsync_run *r, struct rsync_target *target)
{
	pthread_mutex_lock(&lock);
	target->at = -1;
	target->in_step = 0;
	target->since = target->compared = 0;
	pthread_mutex_unlock(&lock);
	rsync_lag(r);
}
