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

/* Show how T is, which R serves. */
static void
show(const struct rsync_run *r, struct rsync_target *t)
{
	struct rsync_shown *w = &t->shown;
	const struct rsync_counts *c = &t->counts;

	w->since = t->follows && t->at >= 0 ? oldest_behind(r, t->at) : 0;
	w->in_step = t->done ? c->errors == 0 && c->skipped == 0 :
	    t->follows && t->at >= 0 && w->since == 0;
	if (t->done && w->in_step && !t->told) {
		t->told = 1;
		t->compared = apr_time_now();
		t->entries = c->checked;
	}
	if (t->compared != 0) {
		w->compared = t->compared;
		w->entries = t->entries;
		t->compared = 0;
	}
	w->checked = c->checked;
	w->sent = c->sent;
	w->data_bytes = c->data_bytes;
	w->changed = c->changed;
	w->deleted = c->deleted;
	w->owed_files = t->owed_files;
	w->owed_bytes = t->owed_bytes;
}

/* Show those that R serves: who is alone is served by another. */
static void
show_own(struct rsync_run *r)
{
	for (int i = 0; i < r->n; i++)
		if (r->several == NULL || !r->targets[i].alone)
			show(r, &r->targets[i]);
}

/* N more to go; no side's word makes it less than nothing, or too much. */
static void
add(long long *sum, long long n)
{
	if (n > 0)
		*sum = n > 0x7fffffffffffffffll - *sum ? 0x7fffffffffffffffll :
		    *sum + n;
}

static void
tell_figures(const struct rsync_run *r)
{
	long long files = 0, bytes = 0, changed = 0, deleted = 0;

	for (int i = 0; r->all[i] != NULL; i++) {
		const struct rsync_shown *w = &r->all[i]->shown;

		files += w->sent;
		bytes += w->data_bytes;
		changed += w->changed;
		deleted += w->deleted;
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
	apr_time_t at = r->all[0]->shown.compared;
	int n = 0;

	for (; r->all[n] != NULL; n++)
		if (r->all[n]->shown.compared < at)
			at = r->all[n]->shown.compared;
	if (at == 0)
		return;
	syncgate_job_proven(r->job, at, NULL, apr_psprintf(r->scratch,
	    "%" APR_INT64_T_FMT " %s, by a full comparison of %s, without a "
	    "digest", (apr_int64_t)r->all[0]->shown.entries,
	    r->all[0]->shown.entries == 1 ? "entry" : "entries", o->checksum ?
	    "all bytes" : o->size_only ? "sizes" : "sizes and times"));
	for (int i = 0; i < n; i++)
		r->all[i]->shown.compared = 0;
}

void
rsync_lag(struct rsync_run *r)
{
	syncgate_lag_t lag = SYNCGATE_LAG_UNKNOWN;
	long long files = 0, bytes = 0;

	if (r->options->dry || syncgate_job_only(r->job) != NULL)
		return;
	pthread_mutex_lock(&lock);
	lag.in_step = 1;
	show_own(r);
	for (int i = 0; r->all[i] != NULL; i++) {
		const struct rsync_shown *w = &r->all[i]->shown;

		lag.in_step &= w->in_step;
		if (w->since != 0 && (lag.since == 0 || w->since < lag.since))
			lag.since = w->since;
		add(&files, w->owed_files);
		add(&bytes, w->owed_bytes);
	}
	/* What was not compared yet may be more: nobody knows how much. */
	if (lag.in_step) {
		lag.files = lag.bytes = 0;
	} else if (files > 0) {
		lag.files = files;
		lag.bytes = bytes;
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
	target->compared = 0;
	target->shown.in_step = 0;
	target->owed_files = target->owed_bytes = 0;
	target->shown.owed_files = target->shown.owed_bytes = 0;
	target->shown.since = target->shown.compared = 0;
	pthread_mutex_unlock(&lock);
	rsync_lag(r);
}

void
rsync_lag_progress(struct rsync_run *r, syncgate_progress_t *p)
{
	pthread_mutex_lock(&lock);
	show_own(r);
	for (int i = 0; r->all[i] != NULL; i++) {
		p->done += r->all[i]->shown.checked;
		p->bytes += r->all[i]->shown.data_bytes;
	}
	pthread_mutex_unlock(&lock);
}
