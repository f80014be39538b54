/*
 * job_host.h: a job as its plugin gets it, and an attempt of one; for job*.c
 * alone.
 */
#ifndef SYNCGATE_JOB_JOB_HOST_H
#define SYNCGATE_JOB_JOB_HOST_H

#include "appliance/job/around.h"
#include "appliance/job/breaker.h"
#include "appliance/job/job.h"
#include "appliance/job/poke.h"

/* The host's side of a job; its baton. */
struct job_running {
	syncgate_output_t *output;	/* NULL: only check and describe */
	syncgate_told_t *told;
	apr_interval_time_t wait;	/* before the next attempt */
	int healthy;			/* set by the plugin, in any thread */
	int was_healthy;		/* an earlier attempt was */
	int heard_stop;			/* the plugin knows that it is to end */
	struct syncgate_items items;	/* outlive the attempts */
	syncgate_poke_t *poke;		/* NULL: nobody can poke */
	syncgate_breaker_t breaker;
	syncgate_around_t around;
};

/*
 * The job of CONFIG, whose baton is RUNNING; nothing of it runs.  All of it
 * lives in POOL.
 */
syncgate_job_t job_host_make(const syncgate_job_config_t *config,
    struct job_running *running, apr_pool_t *pool);

/*
 * ONLY (NULL: all) is the target of JOB that is meant; XN_E_USAGE if its plugin
 * knows no such.
 */
xn_error_t *job_host_set_only(syncgate_job_t *job,
    const syncgate_job_config_t *config, const char *only);

/* What the plugin is to do, if not to run. */
struct job_act {
	xn_error_t *(*function)(syncgate_job_t *job, int how, apr_pool_t *pool);
	int how;
	syncgate_status_fn *each;	/* instead: tell what is known */
	void *baton;
};

/*
 * Have the plugin run once, or, if ACT is not NULL, do that, with a group of
 * JOB's own; in job.c.
 */
xn_error_t *job_host_attempt(syncgate_job_t *job,
    const syncgate_job_config_t *config, const struct job_act *act,
    apr_pool_t *parent);

#endif
