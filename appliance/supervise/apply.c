/*
 * A new configuration: only what changed is started, stopped or restarted.
 */
#include <string.h>

#include <apr_strings.h>
#include <syncgate/plugin.h>

#include "appliance/supervise/internal.h"

struct changes {
	int begun, ended, restarted, others, same;
};

/* Its worker is to end, gently: if it is ending already it has its time. */
static void
end(supervisor_t *s, job_t *job)
{
	if (job->asked == 0)
		job_end(s, job);
}

/* What its worker goes by is another: run it anew, and forget its failures. */
static void
restart(supervisor_t *s, job_t *job)
{
	int failed = job->failures > 0;

	/* It may lead elsewhere now, where nobody has approved anything. */
	if (job->always != 0)
		log_line(s->log, job->name, SYNCGATE_INFO, "asked", "what was "
		    "approved always is not any more: its options are others");
	job->always = 0;
	job->approved[0] = '\0';
	job->failures = 0;
	hold_forget(&job->hold);
	lag_forget(&job->lag);
	job_unhold(job);
	if (job->wish == WISH_HELD) {
		job->wish = WISH_RUN;
		failed = 1;
	}
	if (job->pid != 0) {
		job->again = 1;
		end(s, job);
	} else if (failed || !syncgate_schedule_is_timed(
	    &job->config->schedule)) {
		job->now = 1;
	}
}

/* When it runs is another: so is what held it. */
static void
reschedule(supervisor_t *s, job_t *job, int was_timed)
{
	int timed = syncgate_schedule_is_timed(&job->config->schedule);

	hold_forget(&job->hold);
	if (job->wish == WISH_HELD) {
		job->wish = WISH_RUN;
		job->now = 1;
	}
	if (job->pid != 0 && timed != was_timed) {
		job->again = !timed;
		end(s, job);
	} else if (job->pid == 0 && timed && job->runs > 0) {
		job_when_next(s, job);
	} else if (job->pid == 0) {
		job_when_first(s, job);
	}
}

static void
change(supervisor_t *s, job_t *job, const plan_job_t *config,
    struct changes *changes)
{
	const plan_job_t *old = job->config;

	job->config = config;
	if (config == NULL) {
		changes->ended += old != NULL;
		job->wish = WISH_GONE;
		end(s, job);
	} else if (old == NULL) {
		/* It was taken out, and ends still. */
		job->wish = WISH_RUN;
		job_when_first(s, job);
		changes->begun++;
	} else if (strcmp(old->digest, config->digest) != 0) {
		if (!plan_same_schedule(old, config))
			reschedule(s, job, syncgate_schedule_is_timed(
			    &old->schedule));
		restart(s, job);
		changes->restarted++;
	} else if (!plan_same_schedule(old, config)) {
		reschedule(s, job, syncgate_schedule_is_timed(
		    &old->schedule));
		changes->others++;
	} else {
		changes->same++;
	}
}

/* Take JOB out of the list at *FROM, and put it at *TO. */
static void
move(job_t **from, job_t **to, job_t *job)
{
	while (*from != NULL && *from != job)
		from = &(*from)->next;
	if (*from == job)
		*from = job->next;
	job->next = *to;
	*to = job;
}

/* In the order of the configuration; those that are gone at the end. */
static void
sort(supervisor_t *s)
{
	for (int i = s->plan->jobs->nelts - 1; i >= 0; i--)
		move(&s->jobs, &s->jobs, supervise_find(s, APR_ARRAY_IDX(
		    s->plan->jobs, i, plan_job_t).name));
}

static void
check_socket(const supervisor_t *s, const plan_t *plan)
{
	const char *old = s->plan->daemon.socket, *new = plan->daemon.socket;

	if ((old == NULL) != (new == NULL) || (old != NULL &&
	    strcmp(old, new) != 0))
		log_line(s->log, NULL, SYNCGATE_WARNING, "log", "another "
		    "socket counts when the daemon is started again");
}

void
apply_plan(supervisor_t *s, plan_t *plan, const char **changed)
{
	struct changes changes = { 0 };
	plan_t *old = s->plan;

	if (old != NULL)
		check_socket(s, plan);
	s->plan = plan;
	for (job_t *job = s->jobs; job != NULL; job = job->next)
		change(s, job, plan_find(plan, job->name), &changes);
	for (int i = 0; i < plan->jobs->nelts; i++) {
		const plan_job_t *config = &APR_ARRAY_IDX(plan->jobs, i,
		    plan_job_t);
		job_t *job;

		if (supervise_find(s, config->name) != NULL)
			continue;
		job = job_create(s, config);
		job->next = s->jobs;
		s->jobs = job;
		job_when_first(s, job);
		changes.begun++;
	}
	sort(s);
	recorder_reload(s);
	if (old != NULL) {
		http_apply(s, old);
		apr_pool_destroy(old->pool);
	}
	*changed = apr_psprintf(s->scratch, "jobs: %d new, %d taken out, %d "
	    "with other options, %d with other times, %d as they were",
	    changes.begun, changes.ended, changes.restarted, changes.others,
	    changes.same);
}
