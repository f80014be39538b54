/*
 * Programs of the user's that are told when a job fails, is held, or is well
 * again: by their environment, without a shell.  What they write is logged, and
 * they have a minute.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>
#include <syncgate/plugin.h>

#include "appliance/supervise/internal.h"
#include "appliance/supervise/spawn.h"

#define WITHIN		(60 * 1000000LL)
#define AT_MOST_EVERY	(300 * 1000000LL)

/* For who listens to a job that fails and recovers all the time. */
static int
is_too_soon(const supervisor_t *s, const hook_t *hook, int kind)
{
	return kind != SYNCGATE_ON_HOLD && hook->begun != 0 &&
	    s->now - hook->begun < AT_MOST_EVERY;
}

static const char *const *
environment(const supervisor_t *s, const job_t *job, int kind,
    const char *reason)
{
	const said_hold_t *hold = job->held != NULL ? job->held :
	    job->said.hold;
	apr_array_header_t *env = apr_array_make(s->scratch, 64,
	    sizeof(const char *));

	for (char **one = environ; *one != NULL; one++)
		if (strncmp(*one, "SYNCGATE_JOB", 12) != 0)
			APR_ARRAY_PUSH(env, const char *) = *one;
	APR_ARRAY_PUSH(env, const char *) = apr_pstrcat(s->scratch,
	    "SYNCGATE_JOB=", job->name, NULL);
	APR_ARRAY_PUSH(env, const char *) = apr_pstrcat(s->scratch,
	    "SYNCGATE_JOB_EVENT=", syncgate_hook_names[kind] + 3, NULL);
	APR_ARRAY_PUSH(env, const char *) = apr_pstrcat(s->scratch,
	    "SYNCGATE_JOB_REASON=", reason, NULL);
	APR_ARRAY_PUSH(env, const char *) = apr_psprintf(s->scratch,
	    "SYNCGATE_JOB_FAILURES=%d", job->failures);
	if (kind == SYNCGATE_ON_HOLD && hold != NULL) {
		APR_ARRAY_PUSH(env, const char *) = apr_pstrcat(s->scratch,
		    "SYNCGATE_JOB_SAMPLE=", hold->sample, NULL);
		APR_ARRAY_PUSH(env, const char *) = apr_pstrcat(s->scratch,
		    "SYNCGATE_JOB_APPROVE=", hold->approve, NULL);
	}
	APR_ARRAY_PUSH(env, const char *) = NULL;
	return (const char *const *)env->elts;
}

void
hooks_begin(supervisor_t *s, job_t *job, int kind, const char *reason)
{
	/* One that was taken out has none, whatever it says at its end. */
	const apr_array_header_t *words = job->config == NULL ? NULL :
	    job->config->schedule.hooks[kind];
	hook_t *hook = &job->hooks[kind];
	const char **argv;
	xn_error_t *error;

	if (words == NULL || words->nelts == 0 || hook->pid != 0 ||
	    is_too_soon(s, hook, kind))
		return;
	hook->lines = calloc(1, sizeof(*hook->lines));
	if (hook->lines == NULL)
		return;
	argv = apr_pcalloc(s->scratch, sizeof(*argv) *
	    ((size_t)words->nelts + 1));
	for (int i = 0; i < words->nelts; i++)
		argv[i] = APR_ARRAY_IDX(words, i, const char *);
	hook->begun = s->now;
	error = spawn_program(&hook->pid, &hook->fd, argv, environment(s, job,
	    kind, reason), &s->before);
	if (error == NULL)
		return;
	free(hook->lines);
	hook->lines = NULL;
	log_line(s->log, job->name, SYNCGATE_WARNING, "hook", "%s: %s",
	    syncgate_hook_names[kind], xn_error_text(error, s->scratch));
	xn_error_clear(error);
}

/* ---- While it runs ------------------------------------------------------ */

struct hearing {
	const supervisor_t *s;
	const job_t *job;
	int kind;
};

static void
on_line(void *baton, char *line)
{
	const struct hearing *hearing = baton;

	log_line(hearing->s->log, hearing->job->name, SYNCGATE_INFO, "hook",
	    "%s: %s", syncgate_hook_names[hearing->kind], line);
}

void
hooks_hear(supervisor_t *s, job_t *job, int kind)
{
	struct hearing hearing = { s, job, kind };
	hook_t *hook = &job->hooks[kind];
	char bytes[4096];
	ssize_t n = read(hook->fd, bytes, sizeof(bytes));

	if (n > 0)
		lines_take(hook->lines, bytes, (size_t)n, on_line, &hearing);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	close(hook->fd);
	hook->fd = -1;
}

static void
finish(supervisor_t *s, job_t *job, int kind)
{
	struct hearing hearing = { s, job, kind };
	hook_t *hook = &job->hooks[kind];

	/* What a pipe holds; somebody else may keep it open. */
	for (int i = 0; i < 16 && hook->fd >= 0; i++)
		hooks_hear(s, job, kind);
	if (hook->fd >= 0)
		close(hook->fd);
	lines_end(hook->lines, on_line, &hearing);
	free(hook->lines);
	hook->lines = NULL;
	hook->fd = -1;
	hook->pid = 0;
}

void
hooks_watch(supervisor_t *s, job_t *job)
{
	int status;

	for (int kind = 0; kind < SYNCGATE_HOOKS; kind++) {
		hook_t *hook = &job->hooks[kind];

		if (hook->pid == 0)
			continue;
		if (!spawn_ended(hook->pid, &status)) {
			if (s->now - hook->begun > WITHIN)
				spawn_kill(hook->pid);
			continue;
		}
		finish(s, job, kind);
		if (status != 0)
			log_line(s->log, job->name, SYNCGATE_WARNING, "hook",
			    WIFSIGNALED(status) ? "%s: killed by signal %d" :
			    "%s: ended with status %d",
			    syncgate_hook_names[kind], WIFSIGNALED(status) ?
			    WTERMSIG(status) : WEXITSTATUS(status));
	}
}

void
hooks_end(supervisor_t *s, job_t *job)
{
	int status;

	for (int kind = 0; kind < SYNCGATE_HOOKS; kind++) {
		hook_t *hook = &job->hooks[kind];

		if (hook->pid == 0)
			continue;
		spawn_kill(hook->pid);
		while (!spawn_ended(hook->pid, &status))
			poll(NULL, 0, 1);
		finish(s, job, kind);
	}
}

moment_t
hooks_wake(const job_t *job)
{
	moment_t wake = NEVER;

	for (int kind = 0; kind < SYNCGATE_HOOKS; kind++) {
		const hook_t *hook = &job->hooks[kind];

		if (hook->pid != 0 && hook->begun + WITHIN < wake)
			wake = hook->begun + WITHIN + 1;
	}
	return wake;
}
