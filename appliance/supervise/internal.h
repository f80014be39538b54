/*
 * internal.h: what the files of this room share.  The history and the status
 * page's process have headers of their own.
 *
 * There is one thread and one loop (supervise.c).  Nothing in it waits but its
 * poll().
 */
#ifndef SYNCGATE_SUPERVISE_INTERNAL_H
#define SYNCGATE_SUPERVISE_INTERNAL_H

#include <poll.h>
#include <signal.h>

#include "appliance/supervise/history.h"
#include "appliance/supervise/hold.h"
#include "appliance/supervise/http.h"
#include "appliance/supervise/lag.h"
#include "appliance/supervise/lines.h"
#include "appliance/supervise/moment.h"
#include "appliance/supervise/plan.h"
#include "appliance/supervise/said.h"
#include "appliance/supervise/supervise.h"

/* What people and the configuration want of a job. */
enum wish {
	WISH_RUN,
	WISH_PAUSED,		/* no new run; one with an end goes on */
	WISH_STOPPED,
	WISH_HELD,		/* until `resume`, or another configuration */
	WISH_GONE		/* it is not configured any more */
};

/* A program of the user's that is told something; see hooks.c. */
typedef struct hook {
	pid_t pid;			/* 0: it does not run */
	int fd;
	lines_t *lines;			/* malloc'ed */
	moment_t begun;			/* the last time; 0 */
} hook_t;

typedef struct job {
	struct job *next;
	apr_pool_t *pool;		/* its own */
	const char *name;
	char plugin[64];		/* of the last run */
	const plan_job_t *config;	/* in the plan; NULL: WISH_GONE */
	int wish;			/* enum wish */

	/* Its worker. */
	pid_t pid;			/* 0: there is none, and: */
	int fd;				/* what it writes; -1 */
	int once;			/* its run has an end */
	int asked;			/* how often it was asked to end */
	moment_t patience;		/* when that is said more clearly */
	int again;			/* the configuration changed: anew */
	lines_t lines;
	said_t said;
	lag_t lag;

	/* The next run: whatever comes first. */
	int now;			/* at once */
	moment_t due;			/* NEVER; and */
	apr_time_t at;			/* by the wall clock; 0 */
	apr_time_t at_since;		/* when that was found */
	moment_t queued;		/* it waits for a place since; 0 */
	int crowded;			/* it is due, and others log in there */

	/* What was. */
	long long runs;			/* that began; their numbers from 1 */
	moment_t began;			/* the last of them, and */
	apr_time_t began_at, ended_at;	/* by the wall clock; 0 */
	int done;			/* one without a schedule ended well */
	long long failed;		/* of them; and */
	apr_time_t succeeded_at;	/* when one last ended well; 0 */
	int failures;			/* in a row */
	int unwell;			/* failed, and was not well since */
	moment_t lost;			/* a run that tries again does so since;
					 * 0: it does not */
	int level;			/* what of it is logged, as somebody
					 * said; -1: as configured */
	hold_t hold;
	said_hold_t *held;		/* what it asks for while it is held for
					 * that; malloc'ed, or NULL */
	char told[SYNCGATE_HOLD_TOKEN + 1];	/* on-hold has heard of that */
	char approved[SYNCGATE_HOLD_TOKEN + 1];	/* for the next run, or "" */
	unsigned int always;		/* kinds that are approved, as bits */
	char error[SAID_TEXT_MAX];	/* of the last run; "": it was well */
	hook_t hooks[SYNCGATE_HOOKS];
} job_t;

/* The process that checks the configuration; see planning.c. */
typedef struct planning {
	pid_t pid;			/* 0: there is none */
	int fd;
	char *text;			/* malloc'ed */
	size_t used, size;
	int too_much;
	moment_t deadline;
	int again;			/* asked for meanwhile */
} planning_t;

/* The file of memory.c. */
typedef struct memory {
	const char *path, *folder;
	char *saved;			/* malloc'ed: what it has; NULL: "" */
} memory_t;

typedef struct supervisor {
	const supervise_options_t *options;
	apr_pool_t *pool;
	apr_pool_t *scratch;		/* cleared with each turn of the loop */
	log_t *log;
	sigset_t before;		/* the signal mask of workers */
	int signals;			/* a signalfd */
	plan_t *plan;			/* NULL: not yet */
	planning_t planning;
	http_t http;
	memory_t memory;
	history_t history;
	job_t *jobs;			/* in the order of the configuration */
	struct control *control;
	int stopping;			/* how often we were asked to */
	moment_t now;			/* of this turn, and */
	apr_time_t wall;
	moment_t watchdog;		/* the next sign of life; NEVER */
} supervisor_t;

/* ---- supervise.c -------------------------------------------------------- */

job_t *supervise_find(const supervisor_t *s, const char *name);
unsigned int supervise_chance(void);

/* ---- job.c: the life of one --------------------------------------------- */

job_t *job_create(supervisor_t *s, const plan_job_t *config);

/* Start its worker; that it cannot is a failure of the run. */
void job_begin(supervisor_t *s, job_t *job);

/* What somebody may approve: what it is held for, or what a run that goes on
 * has left, and told of; NULL: nothing. */
const said_hold_t *job_asks(const job_t *job);

/* What it is held for is not asked for any more. */
void job_unhold(job_t *job);

/* Have its worker end, if there is one; asked twice, at once. */
void job_end(supervisor_t *s, job_t *job);

/* Its worker wrote something. */
void job_hear(supervisor_t *s, job_t *job);

/* See whether its worker has ended, or does not end in time. */
void job_watch(supervisor_t *s, job_t *job);

/* ---- hooks.c: who is told ----------------------------------------------- */

/* Tell of what happened to JOB, KIND of enum syncgate_hook, if configured. */
void hooks_begin(supervisor_t *s, job_t *job, int kind, const char *reason);

/* It wrote something; has one ended; end them; when to look again. */
void hooks_hear(supervisor_t *s, job_t *job, int kind);
void hooks_watch(supervisor_t *s, job_t *job);
void hooks_end(supervisor_t *s, job_t *job);
moment_t hooks_wake(const job_t *job);

/* ---- job_when.c: when it runs ------------------------------------------- */

/* A job that is new, or whose schedule is: when it is due. */
void job_when_first(const supervisor_t *s, job_t *job);

/* A run has ended well; and one has failed, for the failures-th time. */
void job_when_next(const supervisor_t *s, job_t *job);
void job_when_failed(const supervisor_t *s, job_t *job);

/* May JOB run at this time of the day? */
int job_when_open(const supervisor_t *s, const job_t *job);

/* Begin what is due and has a place; end what may not run any more. */
void job_when_begin(supervisor_t *s);

/* The moment when something is to be done for one of them; NEVER. */
moment_t job_when_wake(const supervisor_t *s);

/* Is JOB, which is due, to wait until one with the same host has ended? */
int job_when_host_is_full(const supervisor_t *s, const job_t *job);

/* How many that have a schedule run; their limit is daemon.at_once. */
int job_when_count(const supervisor_t *s);

/* ---- apply.c ------------------------------------------------------------ */

/* Take PLAN, which becomes S's; *CHANGED, in the scratch pool, says what. */
void apply_plan(supervisor_t *s, plan_t *plan, const char **changed);

/* ---- planning.c --------------------------------------------------------- */

/* Have the configuration read; NULL: it will be told. */
xn_error_t *planning_begin(supervisor_t *s);

/* It wrote something, or ended, or takes too long. */
void planning_hear(supervisor_t *s);
void planning_watch(supervisor_t *s);

/* Wait for the first one. */
xn_error_t *planning_wait(supervisor_t *s);

/* ---- memory.c ----------------------------------------------------------- */

/*
 * What was stopped, paused and held when a daemon ran here last, is; and keep
 * what is so now, durably, if that changed.
 */
xn_error_t *memory_load(supervisor_t *s);
xn_error_t *memory_save(supervisor_t *s);

/* ---- words.c: how things are -------------------------------------------- */

/* "running" and the like. */
const char *words_state(const supervisor_t *s, const job_t *job);

/* Why it is so, or what it waits for, in the scratch pool. */
const char *words_why(const supervisor_t *s, const job_t *job);

/* All of it as a JSON object. */
void words_write(FILE *out, const supervisor_t *s, const job_t *job);

/* ---- control.c: commands ------------------------------------------------ */

/* Take the socket, for this process alone; XN_E_USAGE if it is taken. */
xn_error_t *control_open(supervisor_t *s);

/* Its path. */
const char *control_path(const supervisor_t *s);

/* For the loop: at most CONTROL_FDS, how many, and what poll() said. */
#define CONTROL_CLIENTS	48
#define CONTROL_FDS	(CONTROL_CLIENTS + 1)
int control_fds(const supervisor_t *s, struct pollfd *fds);
void control_serve(supervisor_t *s, const struct pollfd *fds, int n);
moment_t control_wake(const supervisor_t *s);

/* The run NUMBER of JOB has ended: who waits for it is told. */
void control_run_ended(supervisor_t *s, const job_t *job);

/* The configuration was taken (ERROR is NULL), or not; who waits is told. */
void control_reloaded(supervisor_t *s, const char *changed,
    const char *error);

/* ---- requests.c: what they do ------------------------------------------- */

/* What is to be answered, and when. */
typedef struct request {
	char *answer;			/* malloc'ed, with its line's end;
					 * NULL: not yet, and either */
	int reload;			/* when that has been done, or */
	const char *job;		/* when this one's run has ended, */
	long long run;			/* its number; malloc'ed */
} request_t;

/* Do what the N bytes at LINE ask for. */
void requests_take(supervisor_t *s, request_t *request, const char *line,
    size_t n);

/* {"ok":...} with TEXT, or that as the error. */
char *requests_answer(int ok, const char *text);

#endif
