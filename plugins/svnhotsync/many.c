/*
 * many.c: which mirror is tried when, and how the job ends.
 *
 * All are opened at once, some at a time, and wait shortly for each other, so
 * that the source is read once for those that are at the same place.  One that
 * fails is tried again alone; with --once it has failed, and the job with it,
 * when the others are done.  So it is with one that is held, and the job is,
 * too, when nothing else is left of it.
 */
#include "plugins/svnhotsync/many.h"

#include <stdlib.h>
#include <string.h>

#define OPENING_MAX	8
#define MAKING_MAX	4	/* that are made anew at a time */
#define CHECKING_MAX	2	/* mirrors here that are verified at a time:
				 * more threads of libsvn are in each other's
				 * way */
#define TURN		xn_seconds(0.2)
#define GATHER		xn_seconds(2)
#define SAY_AGAIN	xn_seconds(3600)
#define STOP_MOST	xn_seconds(30)	/* for mirrors to come to an end */

/* ---- Attempts ----------------------------------------------------------- */

static int
is_final(enum hot_state state)
{
	return state == HOT_DONE || state == HOT_FAILED || state == HOT_GONE;
}

/* Why, and when it is tried again; what was said lately is not said again. */
static void
say_failed(struct hot_mirror *m, int again)
{
	syncgate_job_t *job = m->many->h->job;
	apr_time_t now = apr_time_now();

	if (m->said != NULL && strcmp(m->said, m->error) == 0 &&
	    now - m->said_at < SAY_AGAIN)
		return;
	free(m->said);
	m->said = strdup(m->error);
	m->said_at = now;
	if (again)
		syncgate_job_log(job, SYNCGATE_WARNING, "%s: %s; trying again "
		    "in %g s, alone", m->name, m->error,
		    (double)m->pause / APR_USEC_PER_SEC);
	else
		syncgate_job_log(job, SYNCGATE_WARNING, "%s: %s", m->name,
		    m->error);
}

/* M was made anew, or that has failed: 1 if it is to be opened now.  What was
 * approved once is not done a second time, unless it was cut off. */
static int
after_making(struct hot_mirror *m)
{
	int made = m->anew && m->error == NULL;

	if (m->error == NULL || m->code == XN_E_JOB || m->code == XN_E_HELD)
		m->anew = 0;
	if (!made)
		return 0;
	m->state = HOT_WAITING;
	m->due = 0;
	return 1;
}

/* M's attempt has ended: what now? */
static void
after_end(struct hot_mirror *m)
{
	struct many *many = m->many;
	int again = many->h->follow && !many->stopping;

	m->is_held = 0;
	if (after_making(m))
		return;
	if (m->error == NULL) {
		m->state = HOT_DONE;
		return;
	}
	if (many->stopping && m->code == XN_E_CANCELLED) {
		m->state = HOT_DONE;
		return;
	}
	if (m->gone) {
		m->state = HOT_GONE;
		return;
	}
	if (m->code == XN_E_HELD) {
		hot_hold(m);
		return;
	}
	if (m->followed) {
		m->pause = HOT_PAUSE_FIRST;
		free(m->said);
		m->said = NULL;
	}
	say_failed(m, again);
	/* (What would have been tried again is no failure when stopped.) */
	m->state = again ? HOT_WAITING : many->h->follow ? HOT_DONE :
	    HOT_FAILED;
	m->due = apr_time_now() + m->pause;
	m->pause = m->pause * 2 > HOT_PAUSE_LAST ? HOT_PAUSE_LAST :
	    m->pause * 2;
}

/* Are all that are being opened ready, or have they had time enough? */
static int
is_gathered(struct many *many)
{
	int ready = 0, coming = 0;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next) {
		ready += m->state == HOT_READY;
		coming += !m->anew && (m->state == HOT_OPENING ||
		    (m->state == HOT_WAITING && m->due == 0));
	}
	if (ready > 0 && many->gather_until == 0)
		many->gather_until = apr_time_now() + GATHER;
	if (ready > 0 && (coming == 0 || apr_time_now() >=
	    many->gather_until))
		many->gathered = 1;
	return many->gathered;
}

/* Which mirror here is to be verified next: the one that waits longest. */
static struct hot_mirror *
next_to_check(const struct many *many)
{
	struct hot_mirror *next = NULL;
	int checking = 0;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next) {
		if (m->state != HOT_SERVED || m->check.channel == NULL ||
		    m->location.xspec != NULL)
			continue;
		checking += m->check.looking;
		if (!m->check.looking && m->check.verified < m->shown.done &&
		    (next == NULL || m->checked < next->checked))
			next = m;
	}
	return checking < CHECKING_MAX ? next : NULL;
}

/* It hears of that when it goes on, and is tried again then. */
static void
tell_dropped(struct hot_mirror *m)
{
	if (m->lane == NULL || !m->lane->dropped || m->drop_told)
		return;
	m->drop_told = 1;
	syncgate_job_log(m->many->h->job, SYNCGATE_WARNING, "%s: it has taken "
	    "nothing for long, and there is no room for what waits for it; it "
	    "begins again from where it is when it goes on", m->name);
}

/* M is served: has what it got been verified, and was that all? */
static void
look_after(struct hot_mirror *m)
{
	struct many *many = m->many;
	apr_thread_mutex_t *mutex = many->hub->mutex;
	long long done = m->shown.done;
	int finished = m->finished;
	int ask = m->location.xspec != NULL || m == many->to_check;
	xn_error_t *error;

	if (m == many->to_check)
		m->checked = apr_time_now();
	tell_dropped(m);
	apr_thread_mutex_unlock(mutex);
	apr_pool_clear(many->h->scratch);
	/* (It has verified more than nothing, so it is not asked, but
	 * heard.) */
	error = hotsync_check(&m->check, ask ? done : -2, many->h->scratch);
	if (error != NULL || (finished && (m->check.channel == NULL ||
	    m->check.verified >= done || many->stopping)))
		hot_end(m, error != NULL || many->h->follow ? error :
		    hotsync_undone(&m->report));
	apr_thread_mutex_lock(mutex);
}

/* What M's state asks for.  The mutex is held, but for what takes long. */
static xn_error_t *
advance(struct hot_mirror *m)
{
	struct many *many = m->many;
	apr_thread_mutex_t *mutex = many->hub->mutex;
	xn_error_t *error = NULL;

	switch (m->state) {
	case HOT_WAITING:
		if (many->stopping)
			m->state = HOT_DONE;
		else if (m->due <= apr_time_now() && (m->anew ?
		    many->making < MAKING_MAX : many->opening < OPENING_MAX))
			error = hot_open(m);
		break;
	case HOT_READY:
		if (m->lane == NULL) {
			m->state = HOT_SERVED;	/* as it is already */
			break;
		}
		if (!many->stopping && !is_gathered(many))
			break;
		m->state = HOT_SERVED;
		apr_thread_mutex_unlock(mutex);
		error = hub_open(m->lane, m->source);
		apr_thread_mutex_lock(mutex);
		break;
	case HOT_SERVED:
		if (!many->stopping || m->stop_sent) {
			look_after(m);
			break;
		}
		m->stop_sent = 1;
		apr_thread_mutex_unlock(mutex);
		/* It may just have ended: that is told as ever. */
		xn_error_clear(xn_send(m->control, "(s)", "stop"));
		apr_thread_mutex_lock(mutex);
		break;
	case HOT_ENDED:
		apr_thread_mutex_unlock(mutex);
		hot_close(m, 1);
		apr_thread_mutex_lock(mutex);
		after_end(m);
		break;
	default:
		break;
	}
	return error;
}

/* ---- The whole ---------------------------------------------------------- */

/* With --once: is there nothing left to wait for? */
static int
is_over(const struct many *many)
{
	if (many->parent != NULL && !many->listed && !many->stopping)
		return 0;
	if (many->h->follow && hot_all_held(many))
		return 1;
	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next)
		if (!is_final(m->state))
			return 0;
	return !many->h->follow || many->stopping;
}

/* Asked to stop, and nothing is left but to wait for hosts that do not answer:
 * that is cut off.  Mirrors that are served have some time for what they have
 * in hand; what they lose then they get again. */
static void
cut_off(struct many *many)
{
	int served = 0;

	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next)
		served += (m->state != HOT_OPENING || m->anew) &&
		    !is_final(m->state);
	if (many->stop_since == 0)
		many->stop_since = apr_time_now();
	if (served > 0 && apr_time_now() - many->stop_since < STOP_MOST)
		return;
	if (served == 0 && many->opening == 0)
		return;
	apr_thread_mutex_unlock(many->hub->mutex);
	xn_group_cancel(many->h->group);
	apr_thread_mutex_lock(many->hub->mutex);
}

/* The source is looked at, and what waits is tried, now. */
static xn_error_t *
be_poked(struct many *many)
{
	xn_error_t *error;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next)
		if (m->state == HOT_WAITING && m->due > apr_time_now())
			m->due = apr_time_now();
	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next) {
		if (m->state != HOT_SERVED || m->lane != NULL)
			continue;
		apr_thread_mutex_unlock(many->hub->mutex);
		/* (It may end meanwhile, but only we close its channel.) */
		xn_error_clear(xn_send(m->control, "(s)", "look"));
		apr_thread_mutex_lock(many->hub->mutex);
	}
	apr_thread_mutex_unlock(many->hub->mutex);
	error = hub_look(many->hub);
	apr_thread_mutex_lock(many->hub->mutex);
	return error;
}

/* One look at everything; the mutex is held. */
static xn_error_t *
turn(struct many *many)
{
	int n = 0;

	if (many->hub->ended)
		return xn_error_create(XN_E_EOF, "the source's side ended");
	many->stopping = syncgate_job_stopping(many->h->job);
	if (many->h->follow && syncgate_job_poked(many->h->job))
		XN_TRY(be_poked(many));
	XN_TRY(hot_hear_told(many));
	many->to_check = next_to_check(many);
	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next)
		n += !is_final(m->state);
	many->hub->expected = n;
	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next)
		XN_TRY(advance(m));
	XN_TRY(hot_ask_held(many));
	if (many->stopping)
		cut_off(many);
	hot_show(many);
	if (!syncgate_job_dry_run(many->h->job))
		hot_tell_lag(many);
	return NULL;
}

/* Something to be done at once? */
static int
is_busy(const struct many *many)
{
	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next)
		if (m->state == HOT_ENDED)
			return 1;
	return many->told != NULL || many->hub->ended;
}

static xn_error_t *
turns(struct many *many)
{
	xn_error_t *error;

	apr_thread_mutex_lock(many->hub->mutex);
	while ((error = turn(many)) == NULL && !is_over(many))
		if (!is_busy(many))
			apr_thread_cond_timedwait(many->hub->changed,
			    many->hub->mutex, TURN);
	apr_thread_mutex_unlock(many->hub->mutex);
	return error;
}

/* Whatever is under way ends; at the end of the job. */
static apr_status_t
many_cleanup(void *baton)
{
	struct many *many = baton;
	int opening;

	apr_thread_mutex_lock(many->hub->mutex);
	opening = many->opening + many->making;
	apr_thread_mutex_unlock(many->hub->mutex);
	/* Whoever connects to a host that does not answer would hold us up. */
	if (opening > 0)
		xn_group_cancel(many->h->group);
	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next) {
		if (m->pool != NULL)
			hot_close(m, 0);
		free(m->error);
		free(m->said);
		free(m->asked);
		free(m->held);
	}
	hot_close_gates(many);
	hot_forget_told(many);
	return APR_SUCCESS;
}

/* The source's side has ended: was it the connection? */
static xn_error_t *
explain(struct many *many, xn_error_t *error)
{
	struct hotsync *h = many->h;
	xn_error_t *lost;

	if (error->code != XN_E_EOF && error->code != XN_E_CLOSED)
		return error;
	lost = hotsync_lost(h->gateways[0], xn_seconds(0.5));
	if (lost != NULL) {
		xn_error_clear(error);
		return xn_error_wrap(lost, "the connection to %s was lost",
		    h->source->text);
	}
	if (many->hub->error != NULL) {
		xn_error_clear(error);
		error = many->hub->error;
		many->hub->error = NULL;
	}
	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next)
		h->report.followed |= m->followed;
	hotsync_judge(error, &h->report);
	return error;
}

/* How many mirrors have failed, as an error; NULL: none. */
static xn_error_t *
verdict(const struct many *many)
{
	const struct hot_mirror *first = NULL;
	int failed = 0, held = 0, all = 0;

	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next) {
		all++;
		held += m->is_held;
		if (m->state != HOT_FAILED || m->is_held)
			continue;
		failed++;
		if (first == NULL)
			first = m;
	}
	/* (What is asked comes before what is tried again.) */
	if (held > 0 && !(many->h->follow && many->stopping))
		return xn_error_create(XN_E_HELD, "%d of %d mirrors %s held: "
		    "%s", held, all, held == 1 ? "is" : "are", many->held);
	if (failed == 0 && many->unread > 0 && !many->h->follow)
		return xn_error_create(XN_E_JOB, "%d of what is there could "
		    "not be looked at, the first of them %s", many->unread,
		    many->unread_first);
	if (failed == 0)
		return NULL;
	return xn_error_create(XN_E_JOB, "%d of %d mirrors failed, the first "
	    "of them %s: %s", failed, all, first->name, first->error);
}

xn_error_t *
hotsync_run_many(struct hotsync *h)
{
	struct many *many = apr_pcalloc(h->pool, sizeof(*many));
	xn_channel_t *source;
	xn_error_t *error;

	many->h = h;
	many->told_end = &many->told;
	many->locations = hotsync_mirrors(h);
	hotsync_report_begin(&h->report, h->job, NULL);
	if (hotsync_is_pattern(h->source))
		hot_split(&many->parent, &many->pattern, h->source->path,
		    h->pool);
	else
		for (int i = 0; many->locations[i] != NULL; i++)
			hot_add_mirror(many, many->locations[i], NULL);
	apr_thread_mutex_create(&many->gates_mutex, APR_THREAD_MUTEX_DEFAULT,
	    h->pool);
	XN_TRY_W(hotsync_start_source(&source, h, many->parent,
	    many->pattern), "mirroring %s", h->source->text);
	XN_TRY(hub_start(&many->hub, source, hot_told, many, h->pool));
	apr_pool_cleanup_register(h->pool, many, many_cleanup,
	    apr_pool_cleanup_null);
	error = turns(many);
	if (error == NULL)
		error = verdict(many);
	else
		error = explain(many, error);
	return error == NULL ? NULL : xn_error_wrap(error, "mirroring %s",
	    h->source->text);
}
