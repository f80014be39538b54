/*
 * A job's life: attempt after attempt until one ends well, is asked to stop,
 * or fails in a way that trying again cannot mend.
 *
 *	attempt --> NULL: done
 *	        --> the other end was lost: wait, attempt again
 *	        --> any other error: failed
 *
 * Each attempt gets a group and a pool of its own, so nothing of a broken
 * connection reaches the next one.  The wait doubles from 1 to 60 seconds, and
 * begins at 1 again once an attempt was healthy; it is shortened by chance, so
 * that jobs that lost the same host do not come back in step.
 */
#include "appliance/job/job.h"

#include <poll.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "appliance/job/config_gateways.h"
#include "appliance/job/job_host.h"
#include "appliance/job/lease.h"
#include "appliance/job/stop.h"

#define WAIT_FIRST	apr_time_from_sec(1)
#define WAIT_LAST	apr_time_from_sec(60)

/* ---- An attempt --------------------------------------------------------- */

/* A line that a remote program wrote; in an I/O thread. */
static void
on_remote_line(void *baton, const char *gateway, const char *line)
{
	syncgate_job_t *job = baton;

	syncgate_job_log(job, SYNCGATE_INFO, "%s: %s",
	    gateway != NULL ? gateway : "gateway", line);
}

static xn_error_t *
do_act(syncgate_job_t *job, const syncgate_job_config_t *config,
    const struct job_act *act, apr_pool_t *pool)
{
	if (act == NULL)
		return config->plugin->run(job, pool);
	if (act->each != NULL)
		return config->plugin->status(job, act->each, act->baton,
		    pool);
	return act->function(job, act->how, pool);
}

xn_error_t *
job_host_attempt(syncgate_job_t *job, const syncgate_job_config_t *config,
    const struct job_act *act, apr_pool_t *parent)
{
	apr_pool_t *pool;
	xn_error_t *error;

	apr_pool_create(&pool, parent);
	error = xn_group_create(&job->group, pool);
	if (error == NULL) {
		xn_group_set_log(job->group, on_remote_line, job);
		xn_group_set_named(job->group, syncgate_config_via_xspec,
		    config->config);
		syncgate_stop_set_group(job->group);
		error = do_act(job, config, act, pool);
		syncgate_stop_set_group(NULL);
		xn_group_set_log(job->group, NULL, NULL);
	}
	job->group = NULL;
	apr_pool_destroy(pool);
	return syncgate_config_explain(error, config->config->hints);
}

int
syncgate_job_may_pass(const xn_error_t *error)
{
	int code = error->code;

	return code == XN_E_CONNECTION || code == XN_E_CONNECT ||
	    code == XN_E_TIMEOUT || code == XN_E_BOOTSTRAP;
}

/* ---- One after the other ------------------------------------------------ */

/* Between half of WAIT and all of it. */
static apr_interval_time_t
shortened(apr_interval_time_t wait)
{
	unsigned int chance = 0;

	if (apr_generate_random_bytes((unsigned char *)&chance,
	    sizeof(chance)) != APR_SUCCESS)
		chance = (unsigned int)getpid();
	return wait / 2 + (apr_interval_time_t)(chance % 1000) * wait / 2000;
}

/* Sleep, until somebody pokes. */
static void
wait_or_poked(syncgate_job_t *job, apr_interval_time_t wait)
{
	struct pollfd fds[2] = {
		{ job->stop_fd, POLLIN, 0 }, { job->poke_fd, POLLIN, 0 }
	};
	apr_time_t end = apr_time_now() + wait;

	/* A signal that is to stop us interrupts it before stop_fd says so. */
	while (wait > 0 && poll(fds, 2, (int)(wait / 1000) + 1) < 0)
		wait = end - apr_time_now();
	syncgate_job_poked(job);
}

/* Say why, and sleep.  Returns 1 if asked to stop meanwhile. */
static int
wait_to_retry(syncgate_job_t *job, struct job_running *running,
    const xn_error_t *error, apr_pool_t *pool)
{
	apr_interval_time_t wait;

	if (__atomic_load_n(&running->healthy, __ATOMIC_RELAXED))
		running->was_healthy = 1;
	if (__atomic_exchange_n(&running->healthy, 0, __ATOMIC_RELAXED))
		running->wait = WAIT_FIRST;
	wait = shortened(running->wait);
	running->wait *= 2;
	if (running->wait > WAIT_LAST)
		running->wait = WAIT_LAST;
	syncgate_output_log(running->output, job->name, SYNCGATE_WARNING,
	    "retry", apr_psprintf(pool, "%s; trying again in %.1f s",
	    xn_error_text(error, pool), (double)wait / 1e6));
	wait_or_poked(job, wait);
	return syncgate_job_stopping(job);
}

/*
 * What an attempt's error means once a signal came: nothing, if it is only
 * that what had not begun was cut off, or what would have been tried again.
 * But --once promises a result, and there is none.
 */
static xn_error_t *
stopped(syncgate_job_t *job, struct job_running *running, xn_error_t *error)
{
	if (error != NULL && error->code == XN_E_CANCELLED &&
	    syncgate_stop_count() > 1)
		return xn_error_wrap(error, "cut off by a second signal");
	if (error != NULL && error->code != XN_E_CANCELLED) {
		if (job->once || !syncgate_job_may_pass(error))
			return error;
		syncgate_job_log(job, SYNCGATE_WARNING, "%s",
		    xn_error_text(error, error->pool));
	}
	xn_error_clear(error);
	if (job->once || job->dry_run)
		return xn_error_create(XN_E_CANCELLED, "stopped as asked, "
		    "before it was done");
	syncgate_output_log(running->output, job->name, SYNCGATE_INFO,
	    "stopped", "stopped as asked");
	return NULL;
}

static xn_error_t *
run_attempts(syncgate_job_t *job, struct job_running *running,
    const syncgate_job_config_t *config, apr_pool_t *pool)
{
	apr_pool_t *turn;

	apr_pool_create(&turn, pool);
	for (;;) {
		xn_error_t *error;
		int stop;

		apr_pool_clear(turn);
		error = job_host_attempt(job, config, NULL, turn);
		syncgate_told_end(running->told);
		/* A signal that came when all was done stopped nothing. */
		if (error == NULL && !__atomic_load_n(&running->heard_stop,
		    __ATOMIC_RELAXED))
			return NULL;
		if (syncgate_job_stopping(job))
			return stopped(job, running, error);
		if (error == NULL || job->once || !syncgate_job_may_pass(error))
			return error;
		stop = wait_to_retry(job, running, error, turn);
		xn_error_clear(error);
		if (stop)
			return stopped(job, running, NULL);
	}
}

/* ---- A run -------------------------------------------------------------- */

/* With what goes before and after, unless it only looks. */
static xn_error_t *
run_whole(syncgate_job_t *job, struct job_running *running,
    const syncgate_job_config_t *config, apr_pool_t *pool)
{
	syncgate_around_t *around = &running->around;
	xn_error_t *error;

	if (job->dry_run)
		return run_attempts(job, running, config, pool);
	around->job = config->name;
	around->schedule = &config->schedule;
	around->output = running->output;
	around->stop_fd = job->stop_fd;
	around->began = apr_time_now();
	around->done = around->total = around->bytes = -1;
	XN_TRY(syncgate_around_before(around, pool));
	error = run_attempts(job, running, config, pool);
	/* It has its time, also when the job is to stop. */
	around->stop_fd = -1;
	syncgate_around_after(around, error, pool);
	return error;
}

/* The same, while nobody else runs it, if that is wanted. */
static xn_error_t *
run_leased(syncgate_job_t *job, struct job_running *running,
    const syncgate_job_config_t *config, const syncgate_run_options_t *options,
    apr_pool_t *pool)
{
	syncgate_lease_t *lease = NULL;
	xn_error_t *error = NULL;

	if (!job->dry_run)
		error = syncgate_lease_take(&lease, options->skipped, config,
		    job, running->output);
	if (error != NULL && error->code == XN_E_CANCELLED && !job->once) {
		xn_error_clear(error);
		return NULL;
	}
	if (error == NULL)
		error = run_whole(job, running, config, pool);
	return syncgate_lease_end(lease, error);
}

/* It runs as well where that cannot be, which is said. */
static void
listen_for_pokes(syncgate_job_t *job, struct job_running *running,
    const syncgate_job_config_t *config, apr_pool_t *pool)
{
	xn_error_t *error;

	if (config->config->file == NULL)
		return;
	error = syncgate_poke_listen(&running->poke, config->config->file,
	    config->name, pool);
	if (error == NULL) {
		job->poke_fd = syncgate_poke_fd(running->poke);
		return;
	}
	running->poke = NULL;
	syncgate_output_log(running->output, job->name, SYNCGATE_WARNING,
	    "log", apr_psprintf(pool, "`syncgate poke` will not reach it: %s",
	    xn_error_text(error, pool)));
	xn_error_clear(error);
}

xn_error_t *
syncgate_job_run(const syncgate_job_config_t *config,
    const syncgate_run_options_t *options, syncgate_output_t *output,
    apr_pool_t *pool)
{
	struct job_running running = { .output = output, .wait = WAIT_FIRST };
	syncgate_job_t job = job_host_make(config, &running, pool);
	xn_error_t *error;

	if (options->resync && !config->plugin->can_resync)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "makes no target anew", config->name,
		    config->plugin->name);
	XN_TRY(job_host_set_only(&job, config, options->only));
	XN_TRY(syncgate_breaker_begin(&running.breaker, config->name,
	    options->approved, options->approved_n, output, pool));
	job.once = options->once;
	job.dry_run = options->dry_run;
	job.resync = options->resync;
	job.stop_fd = syncgate_stop_fd();
	running.around.own_group = !options->supervised;
	if (!job.once && !job.dry_run)
		listen_for_pokes(&job, &running, config, pool);
	error = run_leased(&job, &running, config, options, pool);
	if (options->figures != NULL)
		*options->figures = syncgate_told_figures(running.told, pool);
	if (error != NULL)
		return xn_error_wrap(error, "job %s", config->name);
	return NULL;
}
