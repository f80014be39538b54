#include <syncgate/plugin.h>

#include "appliance/supervise/backoff.h"
#include "appliance/supervise/internal.h"
#include "appliance/supervise/when.h"

/* A clock that was put back by more than that may pass a time again. */
#define PUT_BACK	apr_time_from_sec(60)

/* So many log in to one host in that time. */
#define LOGINS		4
#define LOGIN_TIME	1000000LL

/* Its next time of the day. */
static void
set_at(const supervisor_t *s, job_t *job)
{
	const syncgate_schedule_t *schedule = &job->config->schedule;

	job->at = 0;
	job->at_since = s->wall;
	if (schedule->at->nelts == 0)
		return;
	job->at = apr_time_from_sec(when_next_on(
	    (const int *)schedule->at->elts, schedule->on->nelts == 0 ? NULL :
	    (const int *)schedule->on->elts, schedule->at->nelts,
	    (time_t)apr_time_sec(s->wall)));
	if (job->at != 0)
		job->at += backoff_part(schedule->jitter, supervise_chance());
}

void
job_when_first(const supervisor_t *s, job_t *job)
{
	const syncgate_schedule_t *schedule = &job->config->schedule;

	job->due = NEVER;
	if (!syncgate_schedule_is_timed(schedule))
		job->now = 1;
	else if (schedule->every > 0)
		job->due = s->now + backoff_part(schedule->jitter,
		    supervise_chance());
	set_at(s, job);
}

void
job_when_next(const supervisor_t *s, job_t *job)
{
	const syncgate_schedule_t *schedule = &job->config->schedule;

	job->due = NEVER;
	if (schedule->every > 0)
		job->due = job->began + schedule->every +
		    backoff_part(schedule->jitter, supervise_chance());
	/* A time that came while it ran is not made up for. */
	set_at(s, job);
}

void
job_when_failed(const supervisor_t *s, job_t *job)
{
	const syncgate_schedule_t *schedule = &job->config->schedule;

	set_at(s, job);
	job->due = s->now + backoff_wait(schedule->retry_after,
	    job->failures, supervise_chance());
}

/* ---- Its hours ---------------------------------------------------------- */

int
job_when_open(const supervisor_t *s, const job_t *job)
{
	const apr_array_header_t *within = job->config->schedule.within;

	return within->nelts == 0 || when_within((const int *)within->elts,
	    within->nelts / 2, (time_t)apr_time_sec(s->wall));
}

/* When they begin or end next; NEVER. */
static moment_t
next_change(const supervisor_t *s, const job_t *job)
{
	const apr_array_header_t *within = job->config->schedule.within;
	apr_time_t at;

	if (within->nelts == 0)
		return NEVER;
	at = apr_time_from_sec(when_next((const int *)within->elts,
	    within->nelts, (time_t)apr_time_sec(s->wall)));
	return s->now + (at - s->wall);
}

/* A run with an end goes on to it; one without ends with its hours. */
static void
close_hours(supervisor_t *s)
{
	for (job_t *job = s->jobs; job != NULL; job = job->next) {
		if (job->pid == 0 || job->once || job->asked > 0 ||
		    job->wish != WISH_RUN || job_when_open(s, job))
			continue;
		log_line(s->log, job->name, SYNCGATE_INFO, "closed",
		    "its hours are over");
		job_end(s, job);
	}
}

/* ---- What is due -------------------------------------------------------- */

static int
is_due(const supervisor_t *s, job_t *job)
{
	if (job->pid != 0 || job->wish != WISH_RUN || !job_when_open(s, job))
		return 0;
	if (job->at != 0 && s->wall < job->at_since - PUT_BACK)
		set_at(s, job);
	return job->now || s->now >= job->due ||
	    (job->at != 0 && s->wall >= job->at);
}

/*
 * A server that many log in to at once turns some of them away (MaxStartups of
 * sshd).  So after each few that begin with the same host there is a pause.
 */
static int
is_crowded(const supervisor_t *s, job_t *job)
{
	int count = 0;

	for (const job_t *other = s->jobs; other != NULL; other = other->next)
		count += other != job && other->pid != 0 &&
		    other->config != NULL && s->now - other->began <
		    LOGIN_TIME && plan_share_host(job->config, other->config);
	job->crowded = count >= LOGINS;
	return job->crowded;
}

int
job_when_host_is_full(const supervisor_t *s, const job_t *job)
{
	int most = s->plan->daemon.host_at_once, count = 0;

	for (const job_t *other = s->jobs; other != NULL; other = other->next)
		count += other != job && other->pid != 0 && other->once &&
		    other->config != NULL &&
		    plan_share_host(job->config, other->config);
	return most > 0 && count >= most;
}

int
job_when_count(const supervisor_t *s)
{
	int count = 0;

	for (const job_t *job = s->jobs; job != NULL; job = job->next)
		count += job->pid != 0 && job->once;
	return count;
}

/* Of those that are due and have a schedule the one that has waited longest. */
static job_t *
first_in_line(supervisor_t *s)
{
	job_t *first = NULL;

	for (job_t *job = s->jobs; job != NULL; job = job->next) {
		if (!is_due(s, job)) {
			job->queued = 0;
			job->crowded = 0;
			continue;
		}
		if (is_crowded(s, job))
			continue;
		if (job->queued == 0)
			job->queued = s->now;
		if (!job_when_host_is_full(s, job) && (first == NULL ||
		    job->queued < first->queued))
			first = job;
	}
	return first;
}

void
job_when_begin(supervisor_t *s)
{
	int most = s->plan->daemon.at_once;
	job_t *job;

	if (s->stopping > 0)
		return;
	close_hours(s);
	/* Those that stay have a place of their own. */
	for (job = s->jobs; job != NULL; job = job->next)
		if (is_due(s, job) && !syncgate_schedule_is_timed(
		    &job->config->schedule) && !is_crowded(s, job))
			job_begin(s, job);
	while ((job = first_in_line(s)) != NULL && (most == 0 ||
	    job_when_count(s) < most))
		job_begin(s, job);
}

/* ---- When to look again ------------------------------------------------- */

static moment_t
earlier(moment_t a, moment_t b)
{
	return a < b ? a : b;
}

moment_t
job_when_wake(const supervisor_t *s)
{
	moment_t wake = NEVER;

	for (const job_t *job = s->jobs; job != NULL; job = job->next) {
		wake = earlier(wake, hooks_wake(job));
		if (job->config != NULL)
			wake = earlier(wake, next_change(s, job));
		if (job->pid != 0) {
			wake = earlier(wake, job->patience);
			continue;
		}
		if (job->config == NULL || !job_when_open(s, job))
			continue;
		if (job->wish == WISH_RUN && job->crowded && s->stopping == 0) {
			wake = earlier(wake, s->now + LOGIN_TIME / 10);
			continue;
		}
		/* Who waits for a place is served when a run ends. */
		if (job->wish != WISH_RUN || s->stopping > 0 ||
		    job->queued != 0)
			continue;
		wake = earlier(wake, job->now ? s->now : job->due);
		if (job->at != 0)
			wake = earlier(wake, s->now + (job->at > s->wall ?
			    job->at - s->wall : 0));
	}
	return wake;
}
