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
#include <stdlib.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "appliance/job/config_gateways.h"
#include "appliance/job/items.h"
#include "appliance/job/poke.h"
#include "appliance/job/stop.h"

#define WAIT_FIRST	apr_time_from_sec(1)
#define WAIT_LAST	apr_time_from_sec(60)

/* The host's side of a job; its baton. */
struct running {
	syncgate_output_t *output;	/* NULL: only check and describe */
	apr_interval_time_t wait;	/* before the next attempt */
	int healthy;			/* set by the plugin, in any thread */
	int was_healthy;		/* an earlier attempt was */
	int heard_stop;			/* the plugin knows that it is to end */
	struct syncgate_items items;	/* outlive the attempts */
	syncgate_poke_t *poke;		/* NULL: nobody can poke */
};

static void
host_log(syncgate_job_t *job, int level, const char *line)
{
	const struct running *running = job->baton;

	if (running->output != NULL)
		syncgate_output_log(running->output, job->name, level, "log",
		    line);
}

static void
host_progress(syncgate_job_t *job, const syncgate_progress_t *progress)
{
	const struct running *running = job->baton;

	if (running->output != NULL)
		syncgate_output_progress(running->output, job->name, progress);
}

static void
host_healthy(syncgate_job_t *job)
{
	struct running *running = job->baton;

	__atomic_store_n(&running->healthy, 1, __ATOMIC_RELAXED);
	if (running->output != NULL)
		syncgate_stop_set_working();
}

static int
host_was_healthy(const syncgate_job_t *job)
{
	const struct running *running = job->baton;

	return running->was_healthy;
}

static int
host_poked(syncgate_job_t *job)
{
	const struct running *running = job->baton;

	return running->poke != NULL && syncgate_poke_take(running->poke);
}

static const syncgate_host_t host = {
	.log = host_log, .progress = host_progress, .healthy = host_healthy,
	.was_healthy = host_was_healthy, .poked = host_poked,
	.items_use = syncgate_items_use, .items_save = syncgate_items_save,
	.items_forget = syncgate_items_forget,
	.items_list = syncgate_items_list, .items_find = syncgate_items_find,
};

static syncgate_job_t
make_job(const syncgate_job_config_t *config, struct running *running,
    apr_pool_t *pool)
{
	syncgate_job_t job = {
		.host = &host, .baton = running, .name = config->name,
		.values = config->values, .stop_fd = -1, .poke_fd = -1,
		.heard_stop = &running->heard_stop,
		.items = &running->items,
	};

	running->items.url = config->config->store;
	running->items.pool = pool;
	return job;
}

xn_error_t *
syncgate_job_check(const syncgate_job_config_t *config, apr_pool_t *pool)
{
	struct running running = { .output = NULL };
	syncgate_job_t job = make_job(config, &running, pool);

	if (config->plugin->check == NULL)
		return NULL;
	XN_TRY_W(config->plugin->check(&job, pool), "%s: job %s",
	    config->where, config->name);
	return NULL;
}

const char *
syncgate_job_describe(const syncgate_job_config_t *config, apr_pool_t *pool)
{
	struct running running = { .output = NULL };
	syncgate_job_t job = make_job(config, &running, pool);

	if (config->plugin->describe == NULL)
		return config->plugin->description;
	return config->plugin->describe(&job, pool);
}

xn_error_t *
syncgate_job_queue(const char **queue, const syncgate_job_config_t *config,
    apr_pool_t *pool)
{
	struct running running = { .output = NULL };
	syncgate_job_t job = make_job(config, &running, pool);

	if (config->plugin->queue == NULL)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "has no items", config->name, config->plugin->name);
	XN_TRY_W(config->plugin->queue(queue, &job, pool), "job %s",
	    config->name);
	return NULL;
}

xn_error_t *
syncgate_job_in_hand(const syncgate_job_config_t *config,
    syncgate_item_fn *each, void *baton, apr_pool_t *pool)
{
	struct running running = { .output = NULL };
	syncgate_job_t job = make_job(config, &running, pool);

	if (config->plugin->in_hand == NULL)
		return NULL;
	XN_TRY_W(config->plugin->in_hand(&job, each, baton, pool), "job %s",
	    config->name);
	return NULL;
}

xn_error_t *
syncgate_job_act(const syncgate_job_config_t *config,
    const struct syncgate_items *items, int action,
    const syncgate_item_t *item, syncgate_output_t *output, apr_pool_t *pool)
{
	struct running running = { .output = output };
	syncgate_job_t job = make_job(config, &running, pool);

	if (config->plugin->act == NULL)
		return xn_error_create(XN_E_USAGE, "its plugin, %s, cannot do "
		    "that", config->plugin->name);
	running.items = *items;
	return config->plugin->act(&job, action, item, pool);
}

/* ---- Attempts ---------------------------------------------------------- */

/* A line that a remote program wrote; in an I/O thread. */
static void
on_remote_line(void *baton, const char *gateway, const char *line)
{
	syncgate_job_t *job = baton;

	syncgate_job_log(job, SYNCGATE_INFO, "%s: %s",
	    gateway != NULL ? gateway : "gateway", line);
}

/* What the plugin is to do, if not to run. */
struct act {
	xn_error_t *(*function)(syncgate_job_t *job, int how, apr_pool_t *pool);
	int how;
	syncgate_status_fn *each;	/* instead: tell what is known */
	void *baton;
};

static xn_error_t *
do_act(syncgate_job_t *job, const syncgate_job_config_t *config,
    const struct act *act, apr_pool_t *pool)
{
	if (act == NULL)
		return config->plugin->run(job, pool);
	if (act->each != NULL)
		return config->plugin->status(job, act->each, act->baton,
		    pool);
	return act->function(job, act->how, pool);
}

/* Have the plugin run, or, if ACT is not NULL, do that. */
static xn_error_t *
attempt(syncgate_job_t *job, const syncgate_job_config_t *config,
    const struct act *act, apr_pool_t *parent)
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

static int
can_be_retried(int code)
{
	return code == XN_E_CONNECTION || code == XN_E_CONNECT ||
	    code == XN_E_TIMEOUT || code == XN_E_BOOTSTRAP;
}

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
wait_to_retry(syncgate_job_t *job, struct running *running,
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
stopped(syncgate_job_t *job, struct running *running, xn_error_t *error)
{
	if (error != NULL && error->code == XN_E_CANCELLED &&
	    syncgate_stop_count() > 1)
		return xn_error_wrap(error, "cut off by a second signal");
	if (error != NULL && error->code != XN_E_CANCELLED) {
		if (job->once || !can_be_retried(error->code))
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
run_attempts(syncgate_job_t *job, struct running *running,
    const syncgate_job_config_t *config, apr_pool_t *pool)
{
	apr_pool_t *turn;

	apr_pool_create(&turn, pool);
	for (;;) {
		xn_error_t *error;
		int stop;

		apr_pool_clear(turn);
		error = attempt(job, config, NULL, turn);
		/* A signal that came when all was done stopped nothing. */
		if (error == NULL && !__atomic_load_n(&running->heard_stop,
		    __ATOMIC_RELAXED))
			return NULL;
		if (syncgate_job_stopping(job))
			return stopped(job, running, error);
		if (error == NULL || job->once || !can_be_retried(error->code))
			return error;
		stop = wait_to_retry(job, running, error, turn);
		xn_error_clear(error);
		if (stop)
			return stopped(job, running, NULL);
	}
}

/* It runs as well where that cannot be, which is said. */
static void
listen_for_pokes(syncgate_job_t *job, struct running *running,
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

/* ONLY is the target of JOB that is meant, if its plugin knows such. */
static xn_error_t *
set_only(syncgate_job_t *job, const syncgate_job_config_t *config,
    const char *only)
{
	if (only != NULL && !config->plugin->can_only)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "has no targets of which one could be named", config->name,
		    config->plugin->name);
	job->only = only;
	return NULL;
}

xn_error_t *
syncgate_job_run(const syncgate_job_config_t *config,
    const syncgate_run_options_t *options, syncgate_output_t *output,
    apr_pool_t *pool)
{
	struct running running = { .output = output, .wait = WAIT_FIRST };
	syncgate_job_t job = make_job(config, &running, pool);
	xn_error_t *error;

	if (options->resync && !config->plugin->can_resync)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "makes no target anew", config->name,
		    config->plugin->name);
	XN_TRY(set_only(&job, config, options->only));
	job.once = options->once;
	job.dry_run = options->dry_run;
	job.resync = options->resync;
	job.stop_fd = syncgate_stop_fd();
	if (!job.once && !job.dry_run)
		listen_for_pokes(&job, &running, config, pool);
	error = run_attempts(&job, &running, config, pool);
	if (error != NULL)
		return xn_error_wrap(error, "job %s", config->name);
	return NULL;
}

/* Once, and not to be tried again. */
static xn_error_t *
act_once(const syncgate_job_config_t *config, const struct act *act,
    const char *only, syncgate_output_t *output, apr_pool_t *pool)
{
	struct running running = { .output = output };
	syncgate_job_t job = make_job(config, &running, pool);
	xn_error_t *error;

	XN_TRY(set_only(&job, config, only));
	job.once = 1;
	job.stop_fd = syncgate_stop_fd();
	error = attempt(&job, config, act, pool);
	if (error != NULL)
		return xn_error_wrap(error, "job %s", config->name);
	return NULL;
}

xn_error_t *
syncgate_job_promote(const syncgate_job_config_t *config, int how,
    const char *only, syncgate_output_t *output, apr_pool_t *pool)
{
	const struct act act = { .function = config->plugin->promote,
	    .how = how };

	if (act.function == NULL)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "keeps nothing that could be promoted", config->name,
		    config->plugin->name);
	return act_once(config, &act, only, output, pool);
}

xn_error_t *
syncgate_job_verify(const syncgate_job_config_t *config, int how,
    const char *only, syncgate_output_t *output, apr_pool_t *pool)
{
	const struct act act = { .function = config->plugin->verify,
	    .how = how };

	if (act.function == NULL)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "keeps nothing that could be verified", config->name,
		    config->plugin->name);
	return act_once(config, &act, only, output, pool);
}

xn_error_t *
syncgate_job_status(const syncgate_job_config_t *config,
    syncgate_status_fn *each, void *baton, syncgate_output_t *output,
    apr_pool_t *pool)
{
	const struct act act = { .each = each, .baton = baton };

	if (config->plugin->status == NULL)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "has no status", config->name, config->plugin->name);
	return act_once(config, &act, NULL, output, pool);
}
