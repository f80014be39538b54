/*
 * many_open.c: one attempt at one mirror.
 *
 * Its gateway is shared with other mirrors over there; a mirror here is a
 * program of this process.
 */
#include "plugins/svnhotsync/many.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define LOST_WAIT	xn_seconds(0.5)

struct hot_gate {
	struct hot_gate *next;
	const char *xspec;
	apr_pool_t *pool;
	apr_thread_mutex_t *mutex;	/* while it is opened */
	xn_gateway_t *gateway;
	int users;			/* under the mutex of all */
	int lost;
};

/* ---- Gateways ----------------------------------------------------------- */

/* The gate for XSPEC, which is not known to be lost. */
static struct hot_gate *
find_gate(struct many *many, const char *xspec)
{
	struct hot_gate *gate;
	apr_pool_t *pool;

	apr_thread_mutex_lock(many->gates_mutex);
	for (gate = many->gates; gate != NULL; gate = gate->next)
		if (!gate->lost && strcmp(gate->xspec, xspec) == 0)
			break;
	if (gate == NULL) {
		apr_pool_create(&pool, NULL);
		gate = apr_pcalloc(pool, sizeof(*gate));
		gate->pool = pool;
		gate->xspec = xspec;
		apr_thread_mutex_create(&gate->mutex,
		    APR_THREAD_MUTEX_DEFAULT, pool);
		gate->next = many->gates;
		many->gates = gate;
	}
	gate->users++;
	apr_thread_mutex_unlock(many->gates_mutex);
	return gate;
}

/* No longer used by M; the last one closes what was lost. */
static void
leave_gate(struct many *many, struct hot_gate *gate)
{
	int last;

	if (gate == NULL)
		return;
	apr_thread_mutex_lock(many->gates_mutex);
	last = --gate->users == 0 && gate->lost;
	for (struct hot_gate **at = &many->gates; last && *at != NULL;
	    at = &(*at)->next)
		if (*at == gate) {
			*at = gate->next;
			break;
		}
	apr_thread_mutex_unlock(many->gates_mutex);
	if (last)
		apr_pool_destroy(gate->pool);
}

static void
lose_gate(struct many *many, struct hot_gate *gate)
{
	apr_thread_mutex_lock(many->gates_mutex);
	gate->lost = 1;
	apr_thread_mutex_unlock(many->gates_mutex);
}

void
hot_close_gates(struct many *many)
{
	while (many->gates != NULL) {
		struct hot_gate *gate = many->gates;

		many->gates = gate->next;
		apr_pool_destroy(gate->pool);
	}
}

/* M's gateway, opened by whoever comes first. */
static xn_error_t *
open_gate(struct hot_mirror *m)
{
	struct hotsync *h = m->many->h;
	xn_error_t *error = NULL;

	m->gate = find_gate(m->many, m->location.xspec);
	apr_thread_mutex_lock(m->gate->mutex);
	if (m->gate->gateway == NULL)
		error = xn_gateway_open(&m->gate->gateway, h->group,
		    m->gate->xspec, m->gate->pool);
	else
		error = hotsync_lost(m->gate->gateway, 0);
	apr_thread_mutex_unlock(m->gate->mutex);
	if (error != NULL)
		lose_gate(m->many, m->gate);
	return error;
}

/* ---- The mirror's side -------------------------------------------------- */

/* In a thread of its gateway, one call after the other. */
static void
on_report(void *baton, xn_channel_t *control, const xn_value_t *message,
    const xn_error_t *ended)
{
	struct hot_mirror *m = baton;
	xn_error_t *error = NULL;
	apr_pool_t *scratch;

	(void)control;
	/* (A part of m->pool would go before the channel does.) */
	apr_pool_create(&scratch, NULL);
	if (message != NULL) {
		syncgate_job_healthy(m->many->h->job);
		m->report.scratch = scratch;
		error = hotsync_report(&m->report, message);
		apr_thread_mutex_lock(m->many->hub->mutex);
		m->shown = m->report.progress;
		m->in_step = hotsync_lag_of(&m->left, &m->report);
		m->got = m->report.begun && m->shown.done > m->report.first ?
		    m->shown.done - m->report.first : 0;
		m->followed = m->report.followed;
		m->begun = m->report.begun;
		m->finished = m->report.finished && error == NULL;
		apr_thread_cond_broadcast(m->many->hub->changed);
		apr_thread_mutex_unlock(m->many->hub->mutex);
	} else if (m->report.finished) {
		error = NULL;		/* that was its end */
	} else if (ended != NULL) {
		error = xn_error_create(ended->code, "%s",
		    xn_error_text(ended, scratch));
	} else {
		error = xn_error_create(XN_E_EOF, "the mirror's side ended "
		    "without a word");
	}
	apr_pool_destroy(scratch);
	if (error != NULL)
		hot_end(m, error);
}

/*
 * The lane's own program, and *PEER for the mirror's side to talk with it: for
 * one here the other end of a pair, for one elsewhere a channel over there.
 */
static xn_error_t *
start_lane(xn_channel_t **peer, struct hot_mirror *m)
{
	struct hotsync *h = m->many->h;
	const xn_value_t *kwargs;

	XN_TRY(hub_lane(&m->lane, m->many->hub, m->pool));
	XN_TRY(xn_make_value(&kwargs, m->pool, "{sl}", "lane",
	    (long long)(intptr_t)m->lane));
	if (m->gate == NULL)
		return xn_native_exec(peer, h->group, svnhotsync_side_lane,
		    kwargs, m->pool);
	XN_TRY(xn_gateway_newchannel(peer, m->gate->gateway, m->pool));
	return xn_native_start(NULL, h->group, svnhotsync_side_lane, *peer,
	    kwargs, m->pool);
}

/* A mirror by copy: from the source's side of all. */
static xn_error_t *
start_copy(struct hot_mirror *m)
{
	xn_program_t program = { .name = "svnhotsync/side_mirror.c",
	    .source = svnhotsync_text_mirror };
	struct hotsync *h = m->many->h;
	xn_channel_t *peer;

	XN_TRY(start_lane(&peer, m));
	XN_TRY(hotsync_mirror_kwargs(&program.kwargs, h, &m->location, peer,
	    m->pool));
	if (m->gate == NULL)
		return xn_native_exec(&m->control, h->group,
		    svnhotsync_side_mirror, program.kwargs, m->pool);
	return xn_remote_exec(&m->control, m->gate->gateway, &program,
	    m->pool);
}

/* The job of M alone, which uses the gateways of all. */
static struct hotsync *
job_of(struct hot_mirror *m)
{
	struct hotsync *h = apr_pmemdup(m->pool, m->many->h, sizeof(*h));
	xn_location_t *source = apr_pmemdup(m->pool, h->source,
	    sizeof(*source));

	source->path = m->source;
	h->pool = m->pool;
	h->source = source;
	h->mirror = &m->location;
	h->gateways[1] = m->gate == NULL ? NULL : m->gate->gateway;
	h->method_told = m->method_told;
	return h;
}

/*
 * As `run --once --resync --only` does it, beside all else: the source is read
 * for it alone, and when it is in its place it is opened as the others are.
 */
static xn_error_t *
make_anew(struct hot_mirror *m, struct hotsync *h)
{
	xn_error_t *error;

	apr_pool_create(&h->scratch, m->pool);
	h->follow = 0;
	h->name = m->name;
	h->approved = m->held;
	error = hotsync_run_one(h);
	m->report.held = h->report.held;
	return error;
}

static xn_error_t *
start_mirror(struct hot_mirror *m)
{
	struct hotsync *h;

	if (m->location.xspec != NULL)
		XN_TRY(open_gate(m));
	h = job_of(m);
	if (m->anew)
		return make_anew(m, h);
	XN_TRY(hotsync_choose(h));
	m->method_told = h->method_told;
	if (hotsync_copies(h)) {
		XN_TRY(start_copy(m));
	} else {
		/* svnadmin dumps for one mirror: it has its own source's
		 * side. */
		XN_TRY(hotsync_start(h));
		m->control = h->control;
	}
	return hotsync_check_start(&m->check, h, &m->location,
	    m->gate == NULL ? NULL : m->gate->gateway, m->pool);
}

/* Among which its thread counts. */
static int *
threads_of(const struct hot_mirror *m)
{
	return m->anew ? &m->many->making : &m->many->opening;
}

static void *APR_THREAD_FUNC
open_thread(apr_thread_t *thread, void *baton)
{
	struct hot_mirror *m = baton;
	struct hub *hub = m->many->hub;
	int anew = m->anew;
	xn_error_t *error = start_mirror(m);

	(void)thread;
	apr_thread_mutex_lock(hub->mutex);
	(*threads_of(m))--;
	if (error == NULL && !anew)
		m->state = HOT_READY;
	apr_thread_cond_broadcast(hub->changed);
	apr_thread_mutex_unlock(hub->mutex);
	if (anew) {
		hot_end(m, error);
		return NULL;
	}
	if (error == NULL)
		error = xn_channel_setcallback(m->control, on_report, m, 1);
	if (error != NULL)
		hot_end(m, error);
	return NULL;
}

xn_error_t *
hot_open(struct hot_mirror *m)
{
	apr_status_t status;

	apr_pool_create(&m->pool, NULL);
	m->gate = NULL;
	m->control = NULL;
	m->lane = NULL;
	m->stop_sent = m->drop_told = m->followed = m->finished = 0;
	m->in_step = m->begun = 0;
	m->got_before += m->got;
	m->got = 0;
	hotsync_report_begin(&m->report, m->many->h->job, &m->location);
	m->report.name = m->name;
	m->state = HOT_OPENING;
	(*threads_of(m))++;
	status = apr_thread_create(&m->thread, NULL, open_thread, m, m->pool);
	if (status != APR_SUCCESS) {
		(*threads_of(m))--;
		m->thread = NULL;
		return xn_error_system(status, "cannot start a thread");
	}
	return NULL;
}

/* ---- Its end ------------------------------------------------------------ */

void
hot_end(struct hot_mirror *m, xn_error_t *error)
{
	struct hub *hub = m->many->hub;
	apr_pool_t *pool;

	apr_pool_create(&pool, NULL);
	apr_thread_mutex_lock(hub->mutex);
	if (m->state != HOT_ENDED) {
		m->state = HOT_ENDED;
		free(m->error);
		m->error = NULL;
		m->code = 0;
		if (error != NULL) {
			hotsync_judge(error, &m->report);
			m->code = error->code;
			m->error = strdup(xn_error_text(error, pool));
		}
	}
	apr_thread_cond_broadcast(hub->changed);
	apr_thread_mutex_unlock(hub->mutex);
	apr_pool_destroy(pool);
	xn_error_clear(error);
}

/* A side only sees its channel end, when it was the connection. */
static void
explain_end(struct hot_mirror *m)
{
	xn_error_t *lost;
	apr_pool_t *pool;

	if (m->gate == NULL || m->code == 0 || m->code == XN_E_JOB ||
	    m->code == XN_E_HELD || m->code == XN_E_CANCELLED)
		return;
	lost = hotsync_lost(m->gate->gateway, m->code == XN_E_REMOTE ? 0 :
	    LOST_WAIT);
	if (lost == NULL)
		return;
	lose_gate(m->many, m->gate);
	lost = xn_error_wrap(lost, "the connection was lost");
	apr_pool_create(&pool, NULL);
	free(m->error);
	m->error = strdup(xn_error_text(lost, pool));
	m->code = XN_E_CONNECTION;
	apr_pool_destroy(pool);
	xn_error_clear(lost);
}

void
hot_close(struct hot_mirror *m, int explain)
{
	apr_status_t ignored;

	if (m->thread != NULL)
		apr_thread_join(&ignored, m->thread);
	m->thread = NULL;
	if (explain)
		explain_end(m);
	apr_pool_destroy(m->pool);
	m->pool = NULL;
	leave_gate(m->many, m->gate);
	m->gate = NULL;
}
