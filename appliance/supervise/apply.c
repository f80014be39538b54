/*
 * A new configuration: only what changed is started, stopped or restarted.
 */
#include <stddef.h>
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

/* ---- The daemon itself -------------------------------------------------- */

#define OF_DAEMON(member)	offsetof(syncgate_daemon_config_t, member)

static const struct {
	const char *name;
	enum { TEXT, NUMBER, TIME } kind;
	size_t at;
	int later;			/* it counts when the daemon begins */
} settings[] = {
	{ "socket", TEXT, OF_DAEMON(socket), 1 },
	{ "control-group", TEXT, OF_DAEMON(group), 1 },
	{ "memory", TEXT, OF_DAEMON(memory), 1 },
	{ "at-once", NUMBER, OF_DAEMON(at_once), 0 },
	{ "host-at-once", NUMBER, OF_DAEMON(host_at_once), 0 },
	{ "stop-within", TIME, OF_DAEMON(stop_within), 0 },
	{ "http", TEXT, OF_DAEMON(http), 0 },
	{ "http-cert", TEXT, OF_DAEMON(http_cert), 0 },
	{ "http-key", TEXT, OF_DAEMON(http_key), 0 },
	{ "history-keep", TIME, OF_DAEMON(history_keep), 0 },
	{ "history-runs", NUMBER, OF_DAEMON(history_runs), 0 },
	{ "lease", TIME, OF_DAEMON(lease), 0 },
	{ "log", NUMBER, OF_DAEMON(log), 0 },
	{ "log-format", NUMBER, OF_DAEMON(log_json), 0 },
	{ "log-socket", TEXT, OF_DAEMON(log_socket), 0 },
};

static int
is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int
is_same_setting(size_t which, const syncgate_daemon_config_t *a,
    const syncgate_daemon_config_t *b)
{
	const char *one = (const char *)a + settings[which].at;
	const char *other = (const char *)b + settings[which].at;

	switch (settings[which].kind) {
	case TEXT:
		return is_same_text(*(const char *const *)one,
		    *(const char *const *)other);
	case NUMBER:
		return *(const int *)one == *(const int *)other;
	default:
		return *(const apr_interval_time_t *)one ==
		    *(const apr_interval_time_t *)other;
	}
}

/* The names of those that are others now, LATER or at once; "": none. */
static const char *
list_changed(const supervisor_t *s, const plan_t *old, int later)
{
	const char *names = !later && !is_same_text(old->store,
	    s->plan->store) ? "store" : "";

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (settings[i].later == later && !is_same_setting(i,
		    &old->daemon, &s->plan->daemon))
			names = apr_pstrcat(s->scratch, names, *names != '\0' ?
			    ", " : "", settings[i].name, NULL);
	return names;
}

/* "; of the daemon: at-once"; "": nothing changed. */
static const char *
daemon_changes(const supervisor_t *s, const plan_t *old)
{
	const char *now = list_changed(s, old, 0);
	const char *later = list_changed(s, old, 1);
	const char *text = "";

	if (*now != '\0')
		text = apr_pstrcat(s->scratch, "; of the daemon another ", now,
		    NULL);
	if (*later != '\0')
		text = apr_pstrcat(s->scratch, text, "; another ", later,
		    " when the daemon is started again", NULL);
	return text;
}

void
apply_plan(supervisor_t *s, plan_t *plan, const char **changed)
{
	struct changes changes = { 0 };
	const char *others = "";
	plan_t *old = s->plan;

	s->plan = plan;
	if (old != NULL)
		others = daemon_changes(s, old);
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
	    "with other options, %d with other times, %d as they were%s",
	    changes.begun, changes.ended, changes.restarted, changes.others,
	    changes.same, others);
}
