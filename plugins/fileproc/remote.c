/*
 * remote.c: see remote.h.
 */
#include "plugins/fileproc/remote.h"

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/keeper.h"

#define WAIT_FIRST	xn_seconds(1)
#define WAIT_LAST	xn_seconds(60)
#define STOP_CHECK	xn_seconds(0.2)
#define BAD_ITEMS	8	/* in a row: it is left alone */
#define UNABLE_ITEMS	2	/* in a row: it is opened anew */

enum state { CLOSED, OPENING, OPEN, BROKEN, HOPELESS };

struct fp_connection {
	apr_pool_t *pool;
	int users;	/* that hold it; guarded by the remote's mutex */
};

struct fp_remote {
	fp_job_t *job;
	const char *xspec;
	const char *label;	/* what logs call it */

	apr_thread_mutex_t *mutex;	/* guards all below */
	apr_thread_cond_t *changed;
	int state;
	unsigned number;		/* of the connection */
	fp_link_t link;			/* its connection is NULL: none is open */
	apr_interval_time_t wait;	/* before the next attempt */
	apr_time_t next;		/* not before */
	int bad_items;			/* in a row */
	int unable;			/* could not be done, in a row */
	int counted;			/* in job->remotes_up */
};

xn_error_t *
fp_remote_create(fp_remote_t **remote, fp_job_t *job, const char *xspec,
    const char *name)
{
	fp_remote_t *r = apr_pcalloc(job->pool, sizeof(*r));
	apr_status_t status;

	r->job = job;
	r->xspec = xspec;
	r->label = strcmp(xspec, name) == 0 ? xspec :
	    apr_psprintf(job->pool, "%s (%s)", name, xspec);
	r->wait = WAIT_FIRST;
	status = apr_thread_mutex_create(&r->mutex, APR_THREAD_MUTEX_DEFAULT,
	    job->pool);
	if (status == APR_SUCCESS)
		status = apr_thread_cond_create(&r->changed, job->pool);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot make a lock");
	*remote = r;
	return NULL;
}

const char *
fp_remote_label(const fp_remote_t *r)
{
	return r->label;
}

/* ---- Opening --------------------------------------------------------------- */

static xn_error_t *
open_connection(fp_link_t *link, fp_remote_t *r, apr_pool_t *pool)
{
	XN_TRY(xn_gateway_open(&link->gateway, r->job->group, r->xspec, pool));
	return r->job->o->way == FP_WAY_SYSTEM ?
	    fp_keeper_system(link, r->job, pool) :
	    fp_keeper_room(link, r->job, pool);
}

/* Errors that no waiting mends. */
static int
is_hopeless(const xn_error_t *error)
{
	return error->code == XN_E_XSPEC || error->code == XN_E_HOSTKEY ||
	    error->code == XN_E_AUTH || error->code == XN_E_UNSUPPORTED ||
	    error->code == XN_E_CONFIG;
}

static void
count(fp_remote_t *r, int up)
{
	apr_thread_mutex_lock(r->job->mutex);
	r->job->remotes_up += up - r->counted;
	apr_thread_mutex_unlock(r->job->mutex);
	r->counted = up;
}

/* Leave it alone for a while.  Locked. */
static void
rest(fp_remote_t *r)
{
	r->next = fp_now() + r->wait;
	r->wait = r->wait * 2 > WAIT_LAST ? WAIT_LAST : r->wait * 2;
}

/* It failed with ERROR, which is consumed.  Locked. */
static void
failed(fp_remote_t *r, xn_error_t *error)
{
	apr_pool_t *pool;

	count(r, 0);
	apr_pool_create(&pool, NULL);
	if (fp_job_stopping(r->job)) {
		xn_error_clear(error);
	} else if (is_hopeless(error)) {
		r->state = HOPELESS;
		syncgate_job_log(r->job->job, SYNCGATE_WARNING, "%s cannot be "
		    "used: %s", r->label, xn_error_text(error, pool));
		fp_job_remote_lost(r->job, error);
	} else {
		syncgate_job_log(r->job->job, SYNCGATE_WARNING, "%s: %s; "
		    "trying again in %.0f s", r->label,
		    xn_error_text(error, pool), (double)r->wait / 1e6);
		fp_job_remote_away(r->job, error);
		rest(r);
	}
	apr_pool_destroy(pool);
}

/* Open the connection; locked, but not meanwhile. */
static void
open_now(fp_remote_t *r)
{
	fp_link_t link = { .number = ++r->number };
	xn_error_t *error;
	apr_pool_t *pool;

	r->state = OPENING;
	apr_thread_mutex_unlock(r->mutex);
	apr_pool_create(&pool, NULL);
	error = open_connection(&link, r, pool);
	if (error != NULL)
		apr_pool_destroy(pool);
	apr_thread_mutex_lock(r->mutex);
	if (error != NULL) {
		r->state = CLOSED;
		failed(r, error);
	} else {
		r->state = OPEN;
		link.connection = apr_pcalloc(pool, sizeof(*link.connection));
		link.connection->pool = pool;
		r->link = link;
		r->bad_items = 0;
		count(r, 1);
		syncgate_job_healthy(r->job->job);
	}
	apr_thread_cond_broadcast(r->changed);
}

/* ---- Holding --------------------------------------------------------------- */

int
fp_remote_hold(fp_link_t *link, fp_remote_t *r)
{
	int held = 0;

	apr_thread_mutex_lock(r->mutex);
	while (!held && r->state != HOPELESS && !fp_job_stopping(r->job)) {
		if (fp_now() < r->next)
			apr_thread_cond_timedwait(r->changed, r->mutex,
			    STOP_CHECK);
		else if (r->state == OPEN)
			held = 1;
		else if (r->state == CLOSED)
			open_now(r);
		else
			apr_thread_cond_timedwait(r->changed, r->mutex,
			    STOP_CHECK);
	}
	if (held) {
		r->link.connection->users++;
		*link = r->link;
	}
	apr_thread_mutex_unlock(r->mutex);
	return held;
}

/* Is LINK the connection that is used?  Locked. */
static int
is_current(const fp_remote_t *r, const fp_link_t *link)
{
	return r->state == OPEN && link->number == r->number;
}

int
fp_remote_is_open(fp_remote_t *r, const fp_link_t *link)
{
	int open;

	apr_thread_mutex_lock(r->mutex);
	open = is_current(r, link);
	apr_thread_mutex_unlock(r->mutex);
	return open;
}

/*
 * The connection is given up.  A system over there lets one in at a time: the
 * next is opened when the last slot has let this one go.  So it is when nobody
 * keeps the room any more: the next would take it for one of a dead run, and
 * what is processed in it.  Else that is not waited for.  Locked.
 */
static void
give_up(fp_remote_t *r, xn_error_t *error)
{
	r->state = r->job->o->way == FP_WAY_SYSTEM ||
	    (r->link.keeper != NULL && xn_channel_isclosed(r->link.keeper)) ?
	    BROKEN : CLOSED;
	failed(r, error);
}

void
fp_remote_let_go(fp_remote_t *r, const fp_link_t *link, xn_error_t *error)
{
	apr_pool_t *pool = NULL;

	apr_thread_mutex_lock(r->mutex);
	if (error != NULL && is_current(r, link))
		give_up(r, error);
	else
		xn_error_clear(error);	/* another slot was the first */
	if (--link->connection->users == 0 && !is_current(r, link)) {
		pool = link->connection->pool;
		if (r->link.connection == link->connection)
			r->link.connection = NULL;
		if (r->state == BROKEN)
			r->state = CLOSED;
	}
	apr_thread_cond_broadcast(r->changed);
	apr_thread_mutex_unlock(r->mutex);
	if (pool != NULL)
		apr_pool_destroy(pool);
}

xn_error_t *
fp_remote_check(const fp_link_t *link)
{
	xn_error_t *error;

	if (link->keeper == NULL || !xn_channel_isclosed(link->keeper))
		return NULL;
	error = xn_channel_waitclose(link->keeper, 0);
	if (error == NULL || error->code == XN_E_TIMEOUT) {
		xn_error_clear(error);
		error = xn_error_create(XN_E_CONNECTION, "its program ended");
	}
	return xn_error_wrap(error, "nobody keeps the folder to work in");
}

void
fp_remote_forget(const fp_link_t *link, const char *folder)
{
	/* If it cannot be told, the room goes with all that is in it. */
	if (link->keeper != NULL)
		xn_error_clear(xn_send(link->keeper, "(ss)", "forget", folder));
}

void
fp_remote_is_well(fp_remote_t *r)
{
	apr_thread_mutex_lock(r->mutex);
	r->wait = WAIT_FIRST;
	r->bad_items = r->unable = 0;
	apr_thread_mutex_unlock(r->mutex);
	apr_thread_mutex_lock(r->job->mutex);
	r->job->remotes_away = 0;
	apr_thread_mutex_unlock(r->job->mutex);
}

int
fp_remote_is_unable(fp_remote_t *r, const char *why)
{
	int again;

	apr_thread_mutex_lock(r->mutex);
	again = ++r->unable >= UNABLE_ITEMS;
	if (again)
		r->unable = 0;
	apr_thread_mutex_unlock(r->mutex);
	if (!again)
		syncgate_job_log(r->job->job, SYNCGATE_WARNING, "%s: %s",
		    r->label, why);
	return again;
}

void
fp_remote_failed_item(fp_remote_t *r)
{
	int others;

	apr_thread_mutex_lock(r->job->mutex);
	others = r->job->remotes_up > 1;
	apr_thread_mutex_unlock(r->job->mutex);
	apr_thread_mutex_lock(r->mutex);
	if (++r->bad_items >= BAD_ITEMS && others) {
		r->bad_items = 0;
		syncgate_job_log(r->job->job, SYNCGATE_WARNING, "%s: %d items "
		    "in a row failed there; left alone for %.0f s", r->label,
		    BAD_ITEMS, (double)r->wait / 1e6);
		rest(r);
	}
	apr_thread_mutex_unlock(r->mutex);
}

int
fp_remote_is_resting(fp_remote_t *r)
{
	int resting;

	apr_thread_mutex_lock(r->mutex);
	resting = fp_now() < r->next;
	apr_thread_mutex_unlock(r->mutex);
	return resting;
}

void
fp_remote_close(fp_remote_t *r)
{
	apr_thread_mutex_lock(r->mutex);
	if (r->link.connection != NULL)
		apr_pool_destroy(r->link.connection->pool);
	r->link.connection = NULL;
	r->state = CLOSED;
	apr_thread_mutex_unlock(r->mutex);
}
