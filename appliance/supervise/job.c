/*
 * The life of a job: one run after the other, each a process.
 *
 *	due --> begin --> running --> ended well --> due at its next time
 *	                     |    \-> failed -----> due after a wait, or held
 *	                     \-> end: asked, asked again, killed --> ended
 *
 * `run` itself tries again when a connection was lost, if the run has no end;
 * what arrives here is a run that gave up, or crashed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>
#include <syncgate/plugin.h>

#include "appliance/job/breaker.h"
#include "appliance/job/job.h"
#include "appliance/job/store.h"
#include "appliance/supervise/internal.h"
#include "appliance/supervise/spawn.h"

/* A run that worked for so long before it failed was not stuck. */
#define LONG_RUN	(10 * 60 * 1000000LL)

/* Who has not got through for so long has begun to fail. */
#define LONG_LOST	(10 * 1000000LL)

job_t *
job_create(supervisor_t *s, const plan_job_t *config)
{
	apr_pool_t *pool;
	job_t *job;

	apr_pool_create(&pool, s->pool);
	job = apr_pcalloc(pool, sizeof(*job));
	job->pool = pool;
	job->name = apr_pstrdup(pool, config->name);
	job->config = config;
	job->fd = -1;
	job->level = -1;
	job->due = NEVER;
	lag_forget(&job->lag);
	for (int i = 0; i < SYNCGATE_HOOKS; i++)
		job->hooks[i].fd = -1;
	return job;
}

/* ---- It begins ---------------------------------------------------------- */

static void
push(apr_array_header_t *argv, const char *word)
{
	APR_ARRAY_PUSH(argv, const char *) = word;
}

static const char *const *
worker_argv(const supervisor_t *s, const job_t *job)
{
	const supervise_options_t *o = s->options;
	apr_array_header_t *argv = apr_array_make(s->scratch, 16,
	    sizeof(const char *));

	push(argv, o->program);
	push(argv, "run");
	push(argv, "--worker");
	push(argv, "--given");
	push(argv, APR_STRINGIFY(SPAWN_GIVEN));
	push(argv, "--json");
	push(argv, "--config");
	push(argv, o->file);
	if (job->once)
		push(argv, "--once");
	/* What of it is logged is decided here, and may change. */
	push(argv, "--verbose");
	if (o->plugin_dir != NULL) {
		push(argv, "--plugin-dir");
		push(argv, o->plugin_dir);
	}
	if (o->store != NULL) {
		push(argv, "--store");
		push(argv, o->store);
	}
	for (int kind = 0; kind < SYNCGATE_HOLD_KINDS; kind++) {
		if ((job->always >> kind & 1) == 0)
			continue;
		push(argv, "--approve");
		push(argv, syncgate_hold_names[kind]);
	}
	if (job->approved[0] != '\0') {
		push(argv, "--approve");
		push(argv, apr_pstrdup(s->scratch, job->approved));
	}
	push(argv, "--");
	push(argv, job->name);
	push(argv, NULL);
	return (const char *const *)argv->elts;
}

static void
has_failed(supervisor_t *s, job_t *job, const char *text, int passing)
{
	int after = job->config->schedule.hold_after;
	int was_unwell = job->unwell;

	job->unwell = 1;
	job->failed++;
	if (text != job->error)
		apr_cpystrn(job->error, text, sizeof(job->error));
	if (s->now - job->began >= LONG_RUN) {
		hold_forget(&job->hold);
		job->failures = 0;
		was_unwell = job->lost != 0 && was_unwell;
	}
	job->failures++;
	if (passing) {
		hold_forget(&job->hold);
	} else if (hold_failed(&job->hold, text, after) &&
	    job->wish == WISH_RUN) {
		job->wish = WISH_HELD;
		log_line(s->log, job->name, SYNCGATE_WARNING, "held",
		    "held, since it failed %d times in the same way: %s",
		    job->hold.same, text);
		hooks_begin(s, job, SYNCGATE_ON_HOLD, text);
		return;
	}
	job_when_failed(s, job);
	log_line(s->log, job->name, SYNCGATE_WARNING, "failed",
	    "failed: %s; trying again in %.1f s", text,
	    (double)(job->due - s->now) / 1e6);
	if (!was_unwell)
		hooks_begin(s, job, SYNCGATE_ON_FAILURE, text);
}

const said_hold_t *
job_asks(const job_t *job)
{
	if (job->pid != 0)
		return job->once || job->asked > 0 ? NULL : job->said.hold;
	return job->wish == WISH_HELD ? job->held : NULL;
}

static void
forget_held(job_t *job)
{
	free(job->held);
	job->held = NULL;
}

void
job_unhold(job_t *job)
{
	forget_held(job);
	job->told[0] = '\0';
}

/* Who wants to know hears of HOLD, which is JOB's: once. */
static void
tell_of_hold(supervisor_t *s, job_t *job, const said_hold_t *hold)
{
	if (strcmp(job->told, hold->approve) == 0)
		return;
	memcpy(job->told, hold->approve, sizeof(job->told));
	hooks_begin(s, job, SYNCGATE_ON_HOLD, hold->reason);
}

/* It asks for something that somebody is to approve. */
static void
is_held(supervisor_t *s, job_t *job)
{
	const char *line, *end;

	job->held = job->said.hold;
	job->said.hold = NULL;
	job->unwell = 1;
	job->failures++;
	hold_forget(&job->hold);
	apr_cpystrn(job->error, job->held->reason, sizeof(job->error));
	/* (Who has stopped or paused it meanwhile has done so.) */
	if (job->wish == WISH_RUN)
		job->wish = WISH_HELD;
	log_line(s->log, job->name, SYNCGATE_WARNING, "held",
	    "held: %s; `syncgate approve %s` lets it go on", job->error,
	    job->name);
	for (line = job->held->sample; (end = strchr(line, '\n')) != NULL;
	    line = end + 1)
		log_line(s->log, job->name, SYNCGATE_INFO, "sample",
		    "would: %.*s", (int)(end - line), line);
	tell_of_hold(s, job, job->held);
}

void
job_begin(supervisor_t *s, job_t *job)
{
	xn_error_t *error;

	job->once = syncgate_schedule_is_timed(&job->config->schedule);
	job->now = job->done = job->asked = job->again = job->crowded = 0;
	job->due = NEVER;
	job->queued = job->lost = 0;
	job->patience = NEVER;
	memset(&job->lines, 0, sizeof(job->lines));
	said_forget(&job->said);
	job->said.lag = &job->lag;
	lag_begin(&job->lag);
	forget_held(job);
	job->runs++;
	job->began = s->now;
	job->began_at = s->wall;
	apr_cpystrn(job->plugin, job->config->plugin, sizeof(job->plugin));
	error = spawn_start(&job->pid, &job->fd, worker_argv(s, job),
	    s->plan->texts, &s->before);
	job->approved[0] = '\0';
	if (error == NULL) {
		log_line(s->log, job->name, SYNCGATE_DEBUG, "begun",
		    "process %d", (int)job->pid);
		recorder_run(s, job, SYNCGATE_RUN_RUNNING);
		return;
	}
	job->ended_at = s->wall;
	has_failed(s, job, xn_error_text(error, s->scratch), 1);
	xn_error_clear(error);
	recorder_run(s, job, SYNCGATE_RUN_FAILED);
	control_run_ended(s, job);
}

/* ---- It is to end ------------------------------------------------------- */

/*
 * The first SIGTERM has it come to a whole state, the second cuts it off, and
 * what does not end then is killed.
 */
static void
ask(const supervisor_t *s, job_t *job)
{
	moment_t within = s->plan->daemon.stop_within;

	job->asked++;
	if (job->asked > 2) {
		spawn_kill(job->pid);
		job->patience = NEVER;
		log_line(s->log, job->name, SYNCGATE_WARNING, "log",
		    "its process %d does not end, and was killed",
		    (int)job->pid);
		return;
	}
	kill(job->pid, SIGTERM);
	job->patience = s->now + (job->asked == 1 ? within / 3 * 2 :
	    within / 3);
}

void
job_end(supervisor_t *s, job_t *job)
{
	if (job->pid != 0 && job->asked < 2)
		ask(s, job);
}

/* ---- What it says ------------------------------------------------------- */

struct hearing {
	supervisor_t *s;
	job_t *job;
};

/* A run without an end fails and recovers while it goes on. */
static void
note_health(supervisor_t *s, job_t *job)
{
	if (job->said.lost) {
		if (job->lost == 0)
			job->lost = s->now;
		if (!job->unwell && s->now - job->lost >= LONG_LOST) {
			job->unwell = 1;
			hooks_begin(s, job, SYNCGATE_ON_FAILURE,
			    job->said.trouble);
		}
		return;
	}
	job->lost = 0;
	if (job->unwell && !job->once && job->lag.in_step) {
		job->unwell = 0;
		hooks_begin(s, job, SYNCGATE_ON_RECOVERY, "");
	}
}

static int
weight(int level)
{
	return level == SYNCGATE_WARNING ? 2 : level == SYNCGATE_INFO;
}

/* Is a line of LEVEL about JOB wanted? */
static int
is_wanted(const supervisor_t *s, const job_t *job, int level)
{
	int least = s->options->verbose ? SYNCGATE_DEBUG : SYNCGATE_INFO;

	if (job->level >= 0)
		least = job->level;
	else if (job->config != NULL && job->config->schedule.log_level >= 0)
		least = job->config->schedule.log_level;
	return weight(level) >= weight(least);
}

static void
on_line(void *baton, char *line)
{
	const struct hearing *hearing = baton;
	supervisor_t *s = hearing->s;
	const said_hold_t *asks;
	said_line_t log;
	apr_pool_t *pool;

	apr_pool_create(&pool, s->scratch);
	said_take(&hearing->job->said, &log, hearing->job->name, line, pool);
	if (log.text != NULL && is_wanted(s, hearing->job, log.level))
		log_said(s->log, hearing->job->name, log.level, log.event,
		    log.text);
	note_health(s, hearing->job);
	/* One that goes on without what it asks for. */
	asks = job_asks(hearing->job);
	if (asks != NULL)
		tell_of_hold(s, hearing->job, asks);
	apr_pool_destroy(pool);
}

/* All that is there now; 0 when nothing more will come. */
static int
hear(supervisor_t *s, job_t *job, int most)
{
	struct hearing hearing = { s, job };
	char bytes[16384];
	ssize_t n = 1;

	while (most-- > 0 && n > 0) {
		n = read(job->fd, bytes, sizeof(bytes));
		if (n > 0)
			lines_take(&job->lines, bytes, (size_t)n, on_line,
			    &hearing);
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	return n != 0;
}

void
job_hear(supervisor_t *s, job_t *job)
{
	/* A little at a time: the others have their turn. */
	if (hear(s, job, 4))
		return;
	close(job->fd);
	job->fd = -1;
}

/* ---- It has ended ------------------------------------------------------- */

static const char *
how_it_died(const supervisor_t *s, const job_t *job, int status)
{
	const char *said = job->said.error[0] != '\0' ? job->said.error :
	    job->said.other;

	if (WIFSIGNALED(status))
		return apr_psprintf(s->scratch, "its process was killed by "
		    "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	if (*said != '\0')
		return said;
	return apr_psprintf(s->scratch, "its process ended with status %d",
	    WEXITSTATUS(status));
}

/* Each job that comes after JOB, which has ended well. */
static void
trigger(supervisor_t *s, const job_t *job)
{
	for (job_t *other = s->jobs; other != NULL; other = other->next) {
		const apr_array_header_t *after = other->config == NULL ? NULL :
		    other->config->schedule.after;

		for (int i = 0; after != NULL && i < after->nelts; i++)
			if (strcmp(APR_ARRAY_IDX(after, i, const char *),
			    job->name) == 0)
				other->now = 1;
	}
}

static void
ended_well(supervisor_t *s, job_t *job)
{
	if (job->unwell)
		hooks_begin(s, job, SYNCGATE_ON_RECOVERY, job->error);
	job->unwell = 0;
	job->succeeded_at = s->wall;
	job->error[0] = '\0';
	job->failures = 0;
	hold_forget(&job->hold);
	if (!job->once)
		job->done = 1;
	log_line(s->log, job->name, SYNCGATE_INFO, "done", "done after %.1f s",
	    (double)(s->now - job->began) / 1e6);
	job_when_next(s, job);
	trigger(s, job);
}

/* Another daemon ran the job just then: nothing was done, nothing failed.  What
 * comes after it comes there. */
static void
passed_by(supervisor_t *s, job_t *job)
{
	apr_cpystrn(job->error, job->said.error, sizeof(job->error));
	job->failures = 0;
	hold_forget(&job->hold);
	log_line(s->log, job->name, SYNCGATE_INFO, "skipped", "%s: not here "
	    "this time", job->error);
	job_when_next(s, job);
}

static void
ended(supervisor_t *s, job_t *job, int status)
{
	int outcome = SYNCGATE_RUN_STOPPED;

	lag_end(&job->lag);
	job->pid = 0;
	job->ended_at = s->wall;
	job->patience = NEVER;
	if (job->asked > 0) {
		/* That it did not do its work is no failure then. */
		apr_cpystrn(job->error, job->once || WIFSIGNALED(status) ?
		    "stopped before it was done" : "", sizeof(job->error));
		if (job->config != NULL && !job->again)
			job_when_next(s, job);
		job->now = job->now || job->again || (!job->once &&
		    job->wish == WISH_RUN);
		log_line(s->log, job->name, SYNCGATE_INFO, "stopped",
		    "stopped");
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		ended_well(s, job);
		outcome = SYNCGATE_RUN_WELL;
	} else if (WIFEXITED(status) && WEXITSTATUS(status) ==
	    SYNCGATE_EXIT_SKIPPED && job->said.error[0] != '\0') {
		passed_by(s, job);
		outcome = SYNCGATE_RUN_SKIPPED;
	} else if (WIFEXITED(status) && WEXITSTATUS(status) ==
	    SYNCGATE_EXIT_HELD && job->said.hold != NULL) {
		is_held(s, job);
		outcome = SYNCGATE_RUN_HELD;
	} else {
		has_failed(s, job, how_it_died(s, job, status),
		    WIFEXITED(status) && WEXITSTATUS(status) ==
		    SYNCGATE_EXIT_PASSING);
		outcome = job->wish == WISH_HELD ? SYNCGATE_RUN_HELD :
		    SYNCGATE_RUN_FAILED;
	}
	recorder_run(s, job, outcome);
	control_run_ended(s, job);
}

void
job_watch(supervisor_t *s, job_t *job)
{
	struct hearing hearing = { s, job };
	int status;

	if (job->pid == 0)
		return;
	lag_live(&job->lag, s->wall);
	if (!spawn_ended(job->pid, &status)) {
		if (s->now >= job->patience)
			ask(s, job);
		return;
	}
	/* Its last words; somebody else may hold the pipe open. */
	if (job->fd >= 0) {
		hear(s, job, 64);
		close(job->fd);
		job->fd = -1;
	}
	lines_end(&job->lines, on_line, &hearing);
	ended(s, job, status);
}
