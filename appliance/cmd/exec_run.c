/*
 * A thread for each gateway opens it, runs the program and prints what comes;
 * one more reads standard input; this one waits for them.  So a slow gateway
 * holds up nobody else, and one whose reader is slow sends no more than its
 * window.
 */
#include "appliance/cmd/exec.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "appliance/cmd/interrupt.h"
#include "appliance/job/text.h"

struct session {
	const exec_plan_t *plan;
	exec_input_t *input;		/* NULL: there is none */
	pthread_mutex_t lock;		/* over what follows, and output */
	pthread_cond_t changed;
	int running;			/* threads that have not ended */
	int failed;			/* gateways whose program did */
	int output_errno;		/* nobody takes our output any more */
	int timed_out;
};

struct runner {
	struct session *session;
	cmd_target_t *target;
	pthread_t thread;
};

/* ---- A gateway's thread ------------------------------------------------- */

static xn_error_t *
start(xn_channel_t **channel, const struct runner *runner)
{
	const exec_plan_t *plan = runner->session->plan;
	xn_gateway_t *gateway = runner->target->gateway;
	int python = strcmp(xn_gateway_language(gateway), "python") == 0;
	xn_program_t program = {
		.name = plan->name, .source = plan->source,
		.entry = plan->entry, .limits = plan->limits,
		.kwargs = python ? plan->kwargs_python : plan->kwargs_c,
	};

	if (python && program.kwargs != NULL && program.entry == NULL)
		return xn_error_create(XN_E_USAGE, "a Python program gets its "
		    "arguments in a function: name it by --entry");
	XN_TRY(xn_remote_exec(channel, gateway, &program,
	    runner->target->pool));
	return plan->input ? NULL : xn_channel_close_write(*channel);
}

/* 0, or -1 when nobody can take it. */
static int
print(const struct runner *runner, const xn_value_t *value, apr_pool_t *pool)
{
	struct session *session = runner->session;
	const exec_plan_t *plan = session->plan;
	int result;

	pthread_mutex_lock(&session->lock);
	result = session->output_errno == 0 ? exec_print(value,
	    plan->several ? runner->target->name : NULL, plan->repr, pool) : -1;
	if (result != 0 && session->output_errno == 0)
		session->output_errno = errno;
	pthread_mutex_unlock(&session->lock);
	return result;
}

static xn_error_t *
print_all(const struct runner *runner, xn_channel_t *channel)
{
	const xn_value_t *value;
	xn_error_t *error;
	apr_pool_t *turn;

	apr_pool_create(&turn, runner->target->pool);
	for (;;) {
		apr_pool_clear(turn);
		error = xn_channel_receive(&value, channel, XN_FOREVER, turn);
		if (error != NULL)
			break;
		if (print(runner, value, turn) != 0) {
			xn_group_cancel(runner->session->plan->targets->group);
			return NULL;
		}
	}
	if (error->code != XN_E_EOF)
		return error;
	xn_error_clear(error);
	return NULL;
}

static xn_error_t *
run_target(const struct runner *runner)
{
	const struct session *session = runner->session;
	cmd_target_t *target = runner->target;
	xn_channel_t *channel = NULL;
	xn_error_t *error;

	error = cmd_target_open(session->plan->targets, target);
	if (error == NULL)
		error = start(&channel, runner);
	if (session->input != NULL)
		exec_input_add(session->input, error == NULL ? channel : NULL);
	XN_TRY(error);
	return print_all(runner, channel);
}

/* Say what became of it, unless it only was cut off with all others. */
static void
tell(const struct runner *runner, xn_error_t *error)
{
	struct session *session = runner->session;
	const exec_plan_t *plan = session->plan;

	if (error->code == XN_E_CANCELLED) {
		xn_error_clear(error);
		if (!session->timed_out)
			return;
		error = xn_error_create(XN_E_TIMEOUT,
		    "it had not ended after %.6g second%s",
		    (double)plan->timeout / 1e6,
		    plan->timeout == xn_seconds(1) ? "" : "s");
	}
	session->failed++;
	cmd_error(plan->several ? xn_error_wrap(error, "%s",
	    runner->target->name) : error, CMD_FAILED);
}

static void *
runner_main(void *baton)
{
	struct runner *runner = baton;
	struct session *session = runner->session;
	xn_error_t *error = run_target(runner);

	pthread_mutex_lock(&session->lock);
	if (error != NULL)
		tell(runner, error);
	session->running--;
	pthread_cond_signal(&session->changed);
	pthread_mutex_unlock(&session->lock);
	return NULL;
}

/* ---- All of them -------------------------------------------------------- */

/* A line that a program wrote to stderr; in an I/O thread. */
static void
print_log(void *baton, const char *id, const char *line)
{
	cmd_targets_t *targets = baton;
	const char *name = id != NULL ? id : "gateway";
	char clean[4096];

	pthread_mutex_lock(&targets->lock);
	for (int i = 0; id != NULL && i < targets->items->nelts; i++) {
		const cmd_target_t *target = APR_ARRAY_IDX(targets->items, i,
		    cmd_target_t *);

		if (target->gateway != NULL &&
		    strcmp(xn_gateway_id(target->gateway), id) == 0)
			name = target->name;
	}
	pthread_mutex_unlock(&targets->lock);
	syncgate_text_clean(clean, sizeof(clean), line);
	fprintf(stderr, "%s: %s\n", name, clean);
}

static void
wait_for_all(struct session *session)
{
	apr_interval_time_t limit = session->plan->timeout;
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	if (limit != XN_FOREVER) {
		until.tv_sec += limit / 1000000;
		until.tv_nsec += limit % 1000000 * 1000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
	}
	pthread_mutex_lock(&session->lock);
	while (session->running > 0) {
		if (rc == ETIMEDOUT && !session->timed_out) {
			session->timed_out = 1;
			xn_group_cancel(session->plan->targets->group);
		}
		if (limit == XN_FOREVER || session->timed_out)
			pthread_cond_wait(&session->changed, &session->lock);
		else
			rc = pthread_cond_timedwait(&session->changed,
			    &session->lock, &until);
	}
	pthread_mutex_unlock(&session->lock);
}

static void
run_threads(struct session *session, struct runner *runners)
{
	const apr_array_header_t *items = session->plan->targets->items;
	int n = items->nelts;

	session->running = n;
	for (int i = 0; i < n; i++) {
		int rc;

		runners[i].session = session;
		runners[i].target = APR_ARRAY_IDX(items, i, cmd_target_t *);
		rc = pthread_create(&runners[i].thread, NULL, runner_main,
		    &runners[i]);
		if (rc == 0)
			continue;
		cmd_error(xn_error_system(rc, "cannot start a thread"),
		    CMD_FAILED);
		xn_group_cancel(session->plan->targets->group);
		for (int j = i; j < n; j++)
			cmd_target_give_up(session->plan->targets,
			    APR_ARRAY_IDX(items, j, cmd_target_t *));
		pthread_mutex_lock(&session->lock);
		session->running -= n - i;
		session->failed += n - i;
		pthread_mutex_unlock(&session->lock);
		n = i;
	}
	wait_for_all(session);
	for (int i = 0; i < n; i++)
		pthread_join(runners[i].thread, NULL);
}

/* Nobody reading our output is quiet; a full disk is not. */
static int
output_failed(int code, int number)
{
	__fpurge(stdout);
	clearerr(stdout);
	if (number == EPIPE)
		return code;
	return cmd_error(xn_error_system(number, "cannot write the output"),
	    CMD_FAILED);
}

int
exec_run(const exec_plan_t *plan)
{
	struct session session = { .plan = plan };
	cmd_targets_t *targets = plan->targets;
	struct runner *runners = apr_pcalloc(plan->pool, sizeof(*runners) *
	    (size_t)targets->items->nelts);
	xn_error_t *error = NULL;
	int code;

	pthread_mutex_init(&session.lock, NULL);
	pthread_cond_init(&session.changed, NULL);
	xn_group_set_log(targets->group, print_log, targets);
	cmd_interrupt_cancels(targets->group);
	if (plan->input)
		error = exec_input_start(&session.input,
		    targets->items->nelts, plan->pool);
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	run_threads(&session, runners);
	cmd_targets_close(targets);
	if (session.input != NULL)
		error = exec_input_stop(session.input);
	code = session.failed > 0 ? CMD_FAILED : CMD_OK;
	if (error != NULL)
		code = cmd_error(error, error->code == XN_E_USAGE ? CMD_USAGE :
		    CMD_FAILED);
	if (session.output_errno != 0)
		code = output_failed(code, session.output_errno);
	cmd_interrupt_finish();
	return code;
}
