/*
 * job.c: see job.h.
 */
#include "plugins/fileproc/job.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "plugins/fileproc/files.h"

void
fp_job_wake(fp_job_t *job)
{
	uint64_t one = 1;
	ssize_t ignored = write(job->wake, &one, sizeof(one));

	(void)ignored;		/* it is awake already when this fails */
}

void
fp_job_fail(fp_job_t *job, xn_error_t *error)
{
	apr_thread_mutex_lock(job->mutex);
	if (job->error == NULL)
		job->error = error;
	else
		xn_error_clear(error);
	job->stopping = 1;
	job->stop_at = fp_now();
	apr_thread_mutex_unlock(job->mutex);
	fp_queue_close(job->queue);
	fp_job_wake(job);
}

int
fp_job_failed(fp_job_t *job)
{
	int failed;

	apr_thread_mutex_lock(job->mutex);
	failed = job->error != NULL;
	apr_thread_mutex_unlock(job->mutex);
	return failed;
}

int
fp_job_stopping(fp_job_t *job)
{
	int stopping;

	apr_thread_mutex_lock(job->mutex);
	stopping = job->stopping;
	apr_thread_mutex_unlock(job->mutex);
	return stopping;
}

int
fp_job_stopping_now(fp_job_t *job)
{
	int now;

	apr_thread_mutex_lock(job->mutex);
	now = job->stopping && fp_now() >= job->stop_at;
	apr_thread_mutex_unlock(job->mutex);
	return now;
}

void
fp_job_remote_lost(fp_job_t *job, xn_error_t *error)
{
	int none;

	apr_thread_mutex_lock(job->mutex);
	none = ++job->remotes_lost == job->o->nremotes;
	apr_thread_mutex_unlock(job->mutex);
	if (none)
		fp_job_fail(job, xn_error_wrap(error, "no remote can be "
		    "used"));
	else
		xn_error_clear(error);
}

void
fp_job_remote_away(fp_job_t *job, xn_error_t *error)
{
	struct fp_queue_counts counts;
	int none;

	/* What is under way is over a connection that was given up: not away. */
	fp_queue_count(&counts, job->queue);
	apr_thread_mutex_lock(job->mutex);
	none = syncgate_job_once(job->job) && job->remotes_up == 0 &&
	    counts.lent == 0 &&
	    ++job->remotes_away >= FP_AWAY_MAX * job->o->nremotes;
	if (job->remotes_up > 0)
		job->remotes_away = 0;
	apr_thread_mutex_unlock(job->mutex);
	if (none)
		fp_job_fail(job, xn_error_wrap(error, "no remote can be "
		    "reached"));
	else
		xn_error_clear(error);
}

void
fp_job_count_done(fp_job_t *job, long long bytes)
{
	syncgate_progress_t progress;

	apr_thread_mutex_lock(job->mutex);
	job->progress.done++;
	job->progress.bytes += bytes;
	progress = job->progress;
	apr_thread_mutex_unlock(job->mutex);
	syncgate_job_healthy(job->job);
	syncgate_job_figure(job->job, "items", progress.done);
	syncgate_job_figure(job->job, "bytes", progress.bytes);
	syncgate_job_progress(job->job, &progress);
}

void
fp_job_count_failed(fp_job_t *job)
{
	long long n;

	apr_thread_mutex_lock(job->mutex);
	n = ++job->failed_items;
	job->failed_news++;
	apr_thread_mutex_unlock(job->mutex);
	syncgate_job_figure(job->job, "failed", n);
}

xn_error_t *
fp_job_errno(const char *what, const char *folder, const char *name)
{
	int number = errno;

	return xn_error_system(number, "cannot %s %s/%s", what, folder, name);
}
