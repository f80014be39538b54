/*
 * The loop of the daemon. (internal.h says what it works on.)
 *
 *	signals --\                     /-- jobs: begin, hear, watch, end
 *	clients ---+--> one poll() ----+--- control: requests, answers
 *	workers --/                     \-- planning: a new configuration
 */
#include "appliance/supervise/supervise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_tables.h>
#include <syncgate/plugin.h>

#include "appliance/job/times.h"
#include "appliance/supervise/internal.h"
#include "appliance/supervise/notify.h"
#include "appliance/supervise/spawn.h"

/* So that a wall clock that is set is seen in time. */
#define SLEEP_MOST	(30 * 1000000LL)

job_t *
supervise_find(const supervisor_t *s, const char *name)
{
	job_t *job = s->jobs;

	while (job != NULL && strcmp(job->name, name) != 0)
		job = job->next;
	return job;
}

unsigned int
supervise_chance(void)
{
	unsigned int chance = 0;

	if (apr_generate_random_bytes((unsigned char *)&chance,
	    sizeof(chance)) != APR_SUCCESS)
		chance = (unsigned int)getpid();
	return chance;
}

static void
take_time(supervisor_t *s)
{
	s->now = syncgate_clock();
	s->wall = apr_time_now();
}

/* ---- Signals ------------------------------------------------------------ */

static const int wanted[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP };

static apr_status_t
close_signals(void *data)
{
	supervisor_t *s = data;

	close(s->signals);
	sigprocmask(SIG_SETMASK, &s->before, NULL);
	return APR_SUCCESS;
}

static xn_error_t *
open_signals(supervisor_t *s)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		sigaddset(&set, wanted[i]);
		/* Whoever started us may have left it ignored. */
		signal(wanted[i], SIG_DFL);
	}
	if (sigprocmask(SIG_BLOCK, &set, &s->before) != 0)
		return xn_error_system(errno, "cannot block signals");
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return xn_error_system(errno, "cannot hear signals");
	apr_pool_cleanup_register(s->pool, s, close_signals,
	    apr_pool_cleanup_null);
	return NULL;
}

/* Have all jobs end; a second time at once. */
static void
stop(supervisor_t *s)
{
	if (s->stopping++ == 0) {
		notify_send("STOPPING=1");
		log_line(s->log, NULL, SYNCGATE_INFO, "stopping", "stopping");
	}
	for (job_t *job = s->jobs; job != NULL; job = job->next) {
		job_end(s, job);
		control_run_ended(s, job);
	}
}

static void
reload(supervisor_t *s)
{
	xn_error_t *error = planning_begin(s);

	if (error == NULL)
		return;
	log_line(s->log, NULL, SYNCGATE_WARNING, "refused", "the "
	    "configuration stays as it was: %s", xn_error_text(error,
	    s->scratch));
	xn_error_clear(error);
}

static void
hear_signals(supervisor_t *s)
{
	struct signalfd_siginfo info;

	/* Who has ended is looked for anyway: signals may fall together. */
	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP && s->stopping == 0)
			reload(s);
		else if (info.ssi_signo == SIGTERM ||
		    info.ssi_signo == SIGINT)
			stop(s);
	}
}

/* ---- One turn ----------------------------------------------------------- */

/* Those that are gone, and have ended. */
static void
sweep(supervisor_t *s)
{
	job_t **at = &s->jobs;

	while (*at != NULL) {
		job_t *job = *at;

		if (job->wish != WISH_GONE || job->pid != 0) {
			at = &job->next;
			continue;
		}
		control_run_ended(s, job);
		hooks_end(s, job);
		*at = job->next;
		job_unhold(job);
		said_forget(&job->said);
		apr_pool_destroy(job->pool);
	}
}

static void
keep(supervisor_t *s)
{
	xn_error_t *error = memory_save(s);

	if (error == NULL)
		return;
	log_line(s->log, NULL, SYNCGATE_WARNING, "log", "what is stopped, "
	    "paused and held will be forgotten: %s", xn_error_text(error,
	    s->scratch));
	xn_error_clear(error);
}

static void
watch(supervisor_t *s)
{
	for (job_t *job = s->jobs; job != NULL; job = job->next) {
		job_watch(s, job);
		hooks_watch(s, job);
	}
	planning_watch(s);
	http_watch(s);
	recorder_watch(s);
	sweep(s);
	keep(s);
	job_when_begin(s);
}

static int
timeout(const supervisor_t *s)
{
	moment_t wake = s->now + SLEEP_MOST, other[6];

	other[0] = job_when_wake(s);
	other[1] = control_wake(s);
	other[2] = s->planning.pid != 0 ? s->planning.deadline : NEVER;
	other[3] = s->watchdog;
	other[4] = recorder_wake(s);
	other[5] = http_wake(s);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (other[i] < wake)
			wake = other[i];
	return wake <= s->now ? 0 : (int)((wake - s->now) / 1000) + 1;
}

static void
give_sign_of_life(supervisor_t *s)
{
	if (s->now < s->watchdog)
		return;
	notify_send("WATCHDOG=1");
	s->watchdog = s->now + notify_watchdog();
}

/* Wait for something, and take it. */
static void
turn(supervisor_t *s)
{
	struct pollfd *fds;
	int jobs = 0, n = 0, first;

	for (job_t *job = s->jobs; job != NULL; job = job->next)
		jobs++;
	fds = apr_pcalloc(s->scratch, sizeof(*fds) * (size_t)(jobs *
	    (1 + SYNCGATE_HOOKS) + 3 + HISTORY_FDS + CONTROL_FDS));
	fds[n++] = (struct pollfd){ s->signals, POLLIN, 0 };
	fds[n++] = (struct pollfd){ s->planning.pid != 0 ? s->planning.fd : -1,
	    POLLIN, 0 };
	fds[n++] = (struct pollfd){ s->http.pid != 0 ? s->http.fd : -1,
	    POLLIN, 0 };
	n += recorder_fds(s, fds + n);
	for (job_t *job = s->jobs; job != NULL; job = job->next) {
		fds[n++] = (struct pollfd){ job->fd, POLLIN, 0 };
		for (int i = 0; i < SYNCGATE_HOOKS; i++)
			fds[n++] = (struct pollfd){ job->hooks[i].fd, POLLIN,
			    0 };
	}
	first = n;
	n += control_fds(s, fds + n);
	if (poll(fds, (nfds_t)n, timeout(s)) < 0)
		return;
	take_time(s);
	recorder_serve(s, fds + 3);
	n = 3 + HISTORY_FDS;
	for (job_t *job = s->jobs; job != NULL; job = job->next) {
		if (fds[n++].revents != 0)
			job_hear(s, job);
		for (int i = 0; i < SYNCGATE_HOOKS; i++)
			if (fds[n++].revents != 0)
				hooks_hear(s, job, i);
	}
	if (fds[1].revents != 0)
		planning_hear(s);
	if (fds[2].revents != 0)
		http_hear(s);
	if (fds[0].revents != 0)
		hear_signals(s);
	control_serve(s, fds + first, CONTROL_FDS);
}

static int
is_over(supervisor_t *s)
{
	if (s->stopping == 0)
		return 0;
	for (const job_t *job = s->jobs; job != NULL; job = job->next)
		if (job->pid != 0)
			return 0;
	return history_is_over(s);
}

/* What a line of the log says of its job, beside the name. */
static void
tell_about(void *baton, const char *name, const char **plugin,
    const char **remote)
{
	const supervisor_t *s = baton;
	const job_t *job = supervise_find(s, name);

	if (job == NULL || job->config == NULL)
		return;
	*plugin = job->config->plugin;
	*remote = apr_array_pstrcat(s->scratch, job->config->hosts, ' ');
}

/* ---- From beginning to end ---------------------------------------------- */

/* The checker of a configuration that nobody needs any more. */
static void
end_planning(supervisor_t *s)
{
	int status;

	if (s->planning.pid == 0)
		return;
	spawn_kill(s->planning.pid);
	while (!spawn_ended(s->planning.pid, &status))
		poll(NULL, 0, 10);
}

static xn_error_t *
begin(supervisor_t *s)
{
	XN_TRY(open_signals(s));
	XN_TRY(planning_wait(s));
	XN_TRY(control_open(s));
	XN_TRY(memory_load(s));
	XN_TRY(recorder_open(s));
	s->watchdog = notify_watchdog() > 0 ? s->now : NEVER;
	return NULL;
}

xn_error_t *
supervise_run(const supervise_options_t *options, apr_pool_t *parent)
{
	supervisor_t *s;
	apr_pool_t *pool;
	xn_error_t *error;

	apr_pool_create(&pool, parent);
	s = apr_pcalloc(pool, sizeof(*s));
	s->options = options;
	s->pool = pool;
	recorder_init(s);
	s->planning.fd = s->http.fd = -1;
	s->log = log_create(options->log_start, options->verbose, pool);
	log_about(s->log, tell_about, s);
	apr_pool_create(&s->scratch, pool);
	notify_begin();
	take_time(s);
	error = begin(s);
	if (error == NULL) {
		/* (To read the configuration took a while.) */
		take_time(s);
		options->ready(options->baton);
		notify_send("READY=1");
		log_line(s->log, NULL, SYNCGATE_INFO, "begun", "%d jobs",
		    s->plan->jobs->nelts);
	}
	while (error == NULL && !is_over(s)) {
		apr_pool_clear(s->scratch);
		watch(s);
		give_sign_of_life(s);
		if (!is_over(s))
			turn(s);
	}
	end_planning(s);
	http_end(s);
	recorder_end(s);
	for (job_t *job = s->jobs; job != NULL; job = job->next)
		hooks_end(s, job);
	free(s->memory.saved);
	if (error == NULL)
		log_line(s->log, NULL, SYNCGATE_INFO, "stopped", "stopped");
	apr_pool_destroy(pool);
	return error;
}
