/*
 * group.c: gateways that are cancelled and terminated together.
 */
#include "core/gateway/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/gateway/hop.h"
#include "core/gateway/trace.h"

apr_time_t
xn__clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (apr_time_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

apr_time_t
xn__deadline(apr_interval_time_t timeout)
{
	return timeout < 0 ? -1 : xn__clock() + timeout;
}

xn_error_t *
xn__timed_out(const char *what, apr_interval_time_t timeout)
{
	return xn_error_create(XN_E_TIMEOUT, "%s within %g second%s", what,
	    (double)timeout / 1e6, timeout == xn_seconds(1) ? "" : "s");
}

void
xn__cond_wait(apr_thread_cond_t *cond, apr_thread_mutex_t *lock,
    apr_time_t deadline)
{
	apr_time_t left;

	if (deadline < 0) {
		apr_thread_cond_wait(cond, lock);
		return;
	}
	left = deadline - xn__clock();
	if (left > 0)
		apr_thread_cond_timedwait(cond, lock, left);
}

void
xn_group__lock(xn_group_t *group)
{
	apr_thread_mutex_lock(group->lock);
}

void
xn_group__unlock(xn_group_t *group)
{
	xn_channel_t *dead = group->dead;

	group->dead = NULL;
	apr_thread_mutex_unlock(group->lock);
	if (dead != NULL)
		xn_group__bury(group, dead);
}

void
xn_group__ref(xn_group_t *group)
{
	group->refs++;
}

static void
close_pipe(int ends[2])
{
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
}

void
xn_group__unref(xn_group_t *group)
{
	int left;

	xn_group__lock(group);
	left = --group->refs;
	xn_group__unlock(group);
	if (left > 0)
		return;
	close_pipe(group->cancel_pipe);
	apr_pool_destroy(group->pool);
}

void
xn_group__log(xn_group_t *group, const char *id, const char *line)
{
	xn_log_fn *function;
	void *baton;

	xn_group__lock(group);
	function = group->log;
	baton = group->log_baton;
	xn_group__unlock(group);
	if (function != NULL)
		function(baton, id, line);
}

void
xn_group_set_log(xn_group_t *group, xn_log_fn *function, void *baton)
{
	xn_group__lock(group);
	group->log = function;
	group->log_baton = baton;
	xn_group__unlock(group);
}

/* Stop the thread of xn_group_cancel_fd(), if it was ever started. */
static void
stop_signal_thread(xn_group_t *group)
{
	apr_status_t ignored;

	if (group->signal_thread == NULL)
		return;
	/* "q" is our own word for quit; a signal handler writes any other. */
	while (write(group->signal_pipe[1], "q", 1) < 0 && errno == EINTR)
		continue;
	apr_thread_join(&ignored, group->signal_thread);
	group->signal_thread = NULL;
	close_pipe(group->signal_pipe);
}

static apr_status_t
group_cleanup(void *baton)
{
	xn_group_t *group = baton;

	xn_group_terminate(group, xn_seconds(1));
	xn_hop__close_named(group);
	stop_signal_thread(group);
	xn_relay__reap(group);
	xn_caller__stop(group);
	xn_group_set_log(group, NULL, NULL);
	xn_group__unref(group);
	return APR_SUCCESS;
}

xn_error_t *
xn_group_create(xn_group_t **out, apr_pool_t *pool)
{
	apr_pool_t *own;
	xn_group_t *group;
	apr_status_t status;

	xn_trace__start();
	apr_pool_create(&own, NULL);
	group = apr_pcalloc(own, sizeof(*group));
	group->pool = own;
	group->refs = 1;
	group->next_gateway = 1;
	group->signal_pipe[0] = group->signal_pipe[1] = -1;
	status = apr_thread_mutex_create(&group->lock,
	    APR_THREAD_MUTEX_UNNESTED, own);
	if (status == APR_SUCCESS &&
	    pipe2(group->cancel_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		status = errno;
	if (status != APR_SUCCESS) {
		apr_pool_destroy(own);
		return xn_error_system(status, "cannot make a group");
	}
	apr_pool_cleanup_register(pool, group, group_cleanup,
	    apr_pool_cleanup_null);
	*out = group;
	return NULL;
}

void
xn_group_cancel(xn_group_t *group)
{
	ssize_t ignored;

	xn_group__lock(group);
	if (!group->cancelled) {
		group->cancelled = 1;
		ignored = write(group->cancel_pipe[1], "c", 1);
		(void)ignored;
		for (xn_channel_t *ch = group->channels; ch; ch = ch->next)
			xn_channel__wake(ch);
		for (xn_gateway_t *gw = group->gateways; gw; gw = gw->next)
			apr_thread_cond_broadcast(gw->changed);
	}
	xn_group__unlock(group);
}

/*
 * Threads return instead of calling apr_thread_exit(): leaving by pthread_exit
 * confuses the address sanitizer, and nothing is gained.
 */
static void *APR_THREAD_FUNC
watch_signal_pipe(apr_thread_t *thread, void *baton)
{
	xn_group_t *group = baton;
	char word = 'q';
	ssize_t got;

	(void)thread;
	do {
		got = read(group->signal_pipe[0], &word, 1);
	} while (got < 0 && errno == EINTR);
	if (got == 1 && word != 'q')
		xn_group_cancel(group);
	return NULL;
}

int
xn_group_cancel_fd(xn_group_t *group)
{
	if (group->signal_thread != NULL)
		return group->signal_pipe[1];
	if (pipe2(group->signal_pipe, O_CLOEXEC) != 0)
		return -1;
	fcntl(group->signal_pipe[1], F_SETFL, O_NONBLOCK);
	if (apr_thread_create(&group->signal_thread, NULL, watch_signal_pipe,
	    group, group->pool) == APR_SUCCESS)
		return group->signal_pipe[1];
	close_pipe(group->signal_pipe);
	group->signal_pipe[0] = group->signal_pipe[1] = -1;
	return -1;
}

xn_gateway_t *
xn_group_gateway(xn_group_t *group, const char *id)
{
	xn_gateway_t *gw;

	xn_group__lock(group);
	for (gw = group->gateways; gw != NULL; gw = gw->next)
		if (strcmp(gw->id, id) == 0)
			break;
	xn_group__unlock(group);
	return gw;
}

int
xn_group_count(xn_group_t *group)
{
	int n = 0;

	xn_group__lock(group);
	for (xn_gateway_t *gw = group->gateways; gw != NULL; gw = gw->next)
		n++;
	xn_group__unlock(group);
	return n;
}

int
xn_group_gateways(xn_gateway_t ***gateways, xn_group_t *group,
    apr_pool_t *pool)
{
	int n = 0, i;

	xn_group__lock(group);
	for (xn_gateway_t *gw = group->gateways; gw != NULL; gw = gw->next)
		n++;
	*gateways = apr_palloc(pool, (size_t)n * sizeof(xn_gateway_t *) + 1);
	i = n;			/* the list begins with the newest */
	for (xn_gateway_t *gw = group->gateways; gw != NULL; gw = gw->next)
		(*gateways)[--i] = gw;
	xn_group__unlock(group);
	return n;
}

/*
 * Wait for a gateway that is ending (KILLED ones alone, if set) to have ended:
 * 1, or 0 if there is none, or DEADLINE passed.  It is counted meanwhile: its
 * own pool may go while we wait.  From a callback nobody waits for itself.
 */
static int
wait_for_one(xn_group_t *group, int killed, apr_time_t deadline)
{
	const int cancelled = group->cancelled;
	xn_gateway_t *gw;
	int ended;

	for (gw = group->gateways; gw != NULL; gw = gw->next)
		if (!gw->ended && (killed ? gw->kill : gw->terminating) &&
		    !xn_gateway__in_io_thread(gw))
			break;
	if (gw == NULL)
		return 0;
	xn_gateway__ref(gw);
	while (!gw->ended && (deadline < 0 || xn__clock() < deadline) &&
	    (killed || group->cancelled == cancelled))
		xn__cond_wait(gw->changed, group->lock, deadline);
	ended = gw->ended;
	xn_group__unlock(group);
	xn_gateway__unref(gw);
	xn_group__lock(group);
	return ended;
}

/* Ask those to end that nobody goes through any more: how many; locked. */
static int
ask_to_end(xn_group_t *group)
{
	int asked = 0;

	for (xn_gateway_t *gw = group->gateways; gw; gw = gw->next)
		if (!gw->terminating && !gw->ended && !xn_hop__in_use(gw)) {
			xn_gateway__terminate(gw);
			asked++;
		}
	return asked;
}

void
xn_group_terminate(xn_group_t *group, apr_interval_time_t timeout)
{
	apr_time_t deadline = xn__deadline(timeout);

	xn_group__lock(group);
	if (xn__in_callback_thread()) {
		ask_to_end(group);
		xn_group__unlock(group);
		return;
	}
	do {
		while (wait_for_one(group, 0, deadline))
			continue;
	} while (ask_to_end(group) > 0);
	for (xn_gateway_t *gw = group->gateways; gw; gw = gw->next)
		if (!gw->ended) {
			gw->terminating = gw->kill = 1;
			xn_gateway__wake(gw);
		}
	while (wait_for_one(group, 1, -1))
		continue;
	xn_group__unlock(group);
}
