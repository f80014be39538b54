/*
 * What a plugin may ask of its job.
 */
#include "appliance/job/job_host.h"

#include "appliance/job/stop.h"

static void
host_log(syncgate_job_t *job, int level, const char *line)
{
	const struct job_running *running = job->baton;

	if (running->output != NULL)
		syncgate_output_log(running->output, job->name, level, "log",
		    line);
}

static void
host_progress(syncgate_job_t *job, const syncgate_progress_t *progress)
{
	struct job_running *running = job->baton;
	syncgate_around_t *around = &running->around;

	__atomic_store_n(&around->done, progress->done, __ATOMIC_RELAXED);
	__atomic_store_n(&around->total, progress->total, __ATOMIC_RELAXED);
	__atomic_store_n(&around->bytes, progress->bytes, __ATOMIC_RELAXED);
	if (running->output != NULL)
		syncgate_output_progress(running->output, job->name, progress);
}

static void
host_lag(syncgate_job_t *job, const syncgate_lag_t *lag)
{
	const struct job_running *running = job->baton;

	syncgate_told_lag(running->told, lag);
}

static void
host_proven(syncgate_job_t *job, apr_time_t at, const char *digest,
    const char *text)
{
	const struct job_running *running = job->baton;

	syncgate_told_proven(running->told, at, digest, text);
}

static void
host_figure(syncgate_job_t *job, const char *what, long long n)
{
	const struct job_running *running = job->baton;

	syncgate_told_figure(running->told, what, n);
}

static void
host_healthy(syncgate_job_t *job)
{
	struct job_running *running = job->baton;

	__atomic_store_n(&running->healthy, 1, __ATOMIC_RELAXED);
	if (running->output != NULL)
		syncgate_stop_set_working();
}

static int
host_was_healthy(const syncgate_job_t *job)
{
	const struct job_running *running = job->baton;

	return running->was_healthy;
}

static int
host_poked(syncgate_job_t *job)
{
	const struct job_running *running = job->baton;

	return running->poke != NULL && syncgate_poke_take(running->poke);
}

static xn_error_t *
host_hold(syncgate_job_t *job, const syncgate_hold_t *hold)
{
	struct job_running *running = job->baton;

	running->breaker.job = job->name;
	return syncgate_breaker_ask(&running->breaker, hold);
}

static const syncgate_host_t host = {
	.log = host_log, .progress = host_progress, .lag = host_lag,
	.proven = host_proven, .figure = host_figure, .healthy = host_healthy,
	.was_healthy = host_was_healthy, .poked = host_poked,
	.hold = host_hold,
	.items_use = syncgate_items_use, .items_save = syncgate_items_save,
	.items_forget = syncgate_items_forget,
	.items_list = syncgate_items_list, .items_find = syncgate_items_find,
};

syncgate_job_t
job_host_make(const syncgate_job_config_t *config, struct job_running *running,
    apr_pool_t *pool)
{
	syncgate_job_t job = {
		.host = &host, .baton = running, .name = config->name,
		.values = config->values, .stop_fd = -1, .poke_fd = -1,
		.heard_stop = &running->heard_stop,
		.hold_over = config->schedule.hold_over,
		.hold_percent = config->schedule.hold_percent,
		.items = &running->items,
	};

	running->told = syncgate_told_create(running->output, config->name,
	    pool);
	running->items.url = config->config->store;
	running->items.pool = pool;
	return job;
}

xn_error_t *
job_host_set_only(syncgate_job_t *job, const syncgate_job_config_t *config,
    const char *only)
{
	if (only != NULL && !config->plugin->can_only)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "has no targets of which one could be named", config->name,
		    config->plugin->name);
	job->only = only;
	return NULL;
}
