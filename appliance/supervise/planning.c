/*
 * The configuration is read by `check --plan`, in a process of its own: plugins
 * are loaded there, and whatever they do, the daemon goes on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <syncgate/plugin.h>

#include "appliance/supervise/internal.h"
#include "appliance/supervise/notify.h"
#include "appliance/supervise/spawn.h"

#define WITHIN		(120 * 1000000LL)
#define PIECE		65536
#define TRIES		3

xn_error_t *
planning_begin(supervisor_t *s)
{
	const supervise_options_t *o = s->options;
	const char *argv[12];
	int n = 0;

	if (s->planning.pid != 0) {
		s->planning.again = 1;
		return NULL;
	}
	argv[n++] = o->program;
	argv[n++] = "check";
	argv[n++] = "--plan";
	argv[n++] = "--config";
	argv[n++] = o->file;
	if (o->plugin_dir != NULL) {
		argv[n++] = "--plugin-dir";
		argv[n++] = o->plugin_dir;
	}
	if (o->store != NULL) {
		argv[n++] = "--store";
		argv[n++] = o->store;
	}
	argv[n] = NULL;
	s->planning.used = 0;
	s->planning.too_much = 0;
	s->planning.deadline = s->now + WITHIN;
	XN_TRY_W(spawn_start(&s->planning.pid, &s->planning.fd, argv, -1,
	    &s->before), "cannot read the configuration");
	if (s->plan != NULL)
		notify_reloading();
	return NULL;
}

/* Room for another piece. */
static int
grow(planning_t *p)
{
	size_t size = p->size * 2 + PIECE;
	char *text;

	if (p->size - p->used >= PIECE)
		return 1;
	if (size > PLAN_MAX + PIECE) {
		p->too_much = 1;
		return 0;
	}
	text = realloc(p->text, size);
	if (text == NULL)
		return 0;
	p->text = text;
	p->size = size;
	return 1;
}

void
planning_hear(supervisor_t *s)
{
	planning_t *p = &s->planning;
	ssize_t n = 1;

	while (n > 0 && grow(p)) {
		n = read(p->fd, p->text + p->used, p->size - p->used);
		if (n > 0)
			p->used += (size_t)n;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* It has ended, or says too much: then it ends by SIGPIPE. */
	close(p->fd);
	p->fd = -1;
}

/* It has ended with STATUS: a plan, or why there is none. */
static xn_error_t *
take(supervisor_t *s, int status, plan_t **plan)
{
	planning_t *p = &s->planning;
	xn_error_t *error;

	p->pid = 0;
	if (p->fd >= 0)
		planning_hear(s);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	if (p->too_much)
		error = xn_error_create(XN_E_CONFIG,
		    "the configuration is too large");
	else if (s->now >= p->deadline)
		error = xn_error_create(XN_E_TIMEOUT, "checking the "
		    "configuration took too long");
	else if (WIFSIGNALED(status))
		error = xn_error_create(XN_E_TIMEOUT, "the process that "
		    "checked the configuration was ended by signal %d",
		    WTERMSIG(status));
	else
		error = plan_read(plan, p->text, p->used, s->pool);
	free(p->text);
	p->text = NULL;
	p->size = p->used = 0;
	return error;
}

/* It counts from now on, if the log can go where it says. */
static xn_error_t *
adopt(supervisor_t *s, plan_t *plan, const char **changed)
{
	const char *warning;
	xn_error_t *error = log_configure(s->log, &warning, &plan->daemon);

	if (error != NULL) {
		apr_pool_destroy(plan->pool);
		return error;
	}
	/* (While we begin, this is seen where we were called.) */
	if (warning != NULL)
		fprintf(stderr, "syncgate: daemon: %s\n", warning);
	apply_plan(s, plan, changed);
	if (plan->jobs->nelts == 0)
		log_line(s->log, NULL, SYNCGATE_WARNING, "idle", "%s has no "
		    "jobs, so there is nothing to do: `syncgate init` writes "
		    "one, and `syncgate reload` begins it", s->options->file);
	return NULL;
}

/* One that was asked for while this one was read may have other texts. */
static void
begin_again(supervisor_t *s)
{
	xn_error_t *error;

	if (!s->planning.again || s->stopping > 0)
		return;
	s->planning.again = 0;
	error = planning_begin(s);
	if (error != NULL)
		control_reloaded(s, NULL, xn_error_text(error, s->scratch));
	xn_error_clear(error);
}

void
planning_watch(supervisor_t *s)
{
	const char *changed = NULL, *text;
	plan_t *plan = NULL;
	xn_error_t *error;
	int status;

	if (s->planning.pid == 0)
		return;
	if (!spawn_ended(s->planning.pid, &status)) {
		if (s->now >= s->planning.deadline)
			spawn_kill(s->planning.pid);
		return;
	}
	error = take(s, status, &plan);
	if (error == NULL)
		error = adopt(s, plan, &changed);
	if (error == NULL) {
		log_line(s->log, NULL, SYNCGATE_INFO, "reloaded", "the "
		    "configuration was read again; %s", changed);
	} else {
		log_line(s->log, NULL, SYNCGATE_WARNING, "refused", "the "
		    "configuration stays as it was: %s",
		    xn_error_text(error, s->scratch));
	}
	text = error != NULL ? xn_error_text(error, s->scratch) : NULL;
	notify_send("READY=1");
	control_reloaded(s, changed, text);
	xn_error_clear(error);
	begin_again(s);
}

/* Wait for one; *KILLED: by somebody who may not do that again. */
static xn_error_t *
wait_once(supervisor_t *s, int *killed, plan_t **plan)
{
	int status;

	*killed = 0;
	XN_TRY(planning_begin(s));
	/* (A signal for us is heard when the loop begins.) */
	for (int turns = 0; !spawn_ended(s->planning.pid, &status); turns++) {
		if (s->planning.fd >= 0)
			planning_hear(s);
		if (turns * 10000LL > WITHIN) {
			spawn_kill(s->planning.pid);
			s->planning.deadline = s->now;
		}
		poll(NULL, 0, 10);
	}
	*killed = WIFSIGNALED(status) && !s->planning.too_much &&
	    s->now < s->planning.deadline;
	return take(s, status, plan);
}

xn_error_t *
planning_wait(supervisor_t *s)
{
	xn_error_t *error = NULL;
	const char *changed;
	plan_t *plan = NULL;
	int killed = 1;

	for (int tries = 0; killed && tries < TRIES; tries++) {
		xn_error_clear(error);
		error = wait_once(s, &killed, &plan);
	}
	return error != NULL ? error : adopt(s, plan, &changed);
}
