/*
 * alone.c: one of several targets that is by itself, in a thread of its own.
 *
 * All are connected to at once.  Those that answer soon are served together; one
 * that does not, or is lost later while the job follows, holds up nobody: it has
 * a source's side of its own, and is tried again by itself.
 */
#include "plugins/rsync/sync.h"

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#define GATHER		xn_seconds(2)	/* the others wait for one so long */
#define PAUSE_FIRST	xn_seconds(1)
#define PAUSE_LAST	xn_seconds(60)

enum state { CONNECTING, READY, TOGETHER, ALONE, ENDED };

struct rsync_alone {
	struct rsync_run *main;
	struct rsync_run like;		/* that, as it was when the thread
					 * began: it changes meanwhile */
	struct rsync_target *target;
	apr_pool_t *pool;		/* of its thread */
	apr_thread_t *thread;
	enum state state;		/* under the mutex */
};

/* All of a job's; the mutex is for their states. */
struct rsync_several {
	struct rsync_alone *list;
	int n;
	apr_thread_mutex_t *mutex;
	apr_thread_cond_t *changed;
};

static void
set_state(struct rsync_alone *a, enum state state)
{
	struct rsync_several *s = a->main->several;

	apr_thread_mutex_lock(s->mutex);
	a->state = state;
	apr_thread_cond_broadcast(s->changed);
	apr_thread_mutex_unlock(s->mutex);
}

/* A source's side of its own has found N names of files-from missing. */
static void
note_missing(struct rsync_alone *a, long long n)
{
	struct rsync_several *s = a->main->several;

	apr_thread_mutex_lock(s->mutex);
	a->main->missing = n;
	apr_thread_mutex_unlock(s->mutex);
}

/* Serve the target of A alone until it ends; its error is in the target. */
static void
serve_alone(struct rsync_alone *a, apr_pool_t *pool)
{
	struct rsync_run r = a->like;
	xn_error_t *error = NULL;

	r.pool = pool;
	r.targets = a->target;
	r.n = 1;
	r.gateway = NULL;
	r.control = NULL;
	r.multi = NULL;
	r.several = NULL;
	r.error = NULL;
	r.batch = 0;
	r.changed = 0;
	a->target->follows = a->target->done = a->target->told = 0;
	apr_pool_create(&r.scratch, pool);
	rsync_lag_lost(&r, a->target);
	/* Whoever tells what is in the target names it. */
	if (a->target->gateway == NULL)
		error = rsync_open_target(&r, a->target, pool);
	if (error == NULL)
		error = rsync_start(&r);
	if (error == NULL)
		error = rsync_follow_reports(&r);
	if (r.missing > 0)
		note_missing(a, r.missing);
	if (error == NULL && a->target->error != NULL && r.error != NULL &&
	    a->target->error->code != XN_E_HELD) {
		error = r.error;	/* it says more */
		r.error = NULL;
	}
	xn_error_clear(r.error);
	if (error == NULL)
		return;
	/* As for all (rsync.c): what is not there may come. */
	if (r.options->follow && error->code == XN_E_REMOTE)
		error->code = XN_E_CONNECTION;
	xn_error_clear(a->target->error);
	a->target->error = error;
}

static void
try_again_and_again(struct rsync_alone *a)
{
	syncgate_job_t *job = a->main->job;
	struct rsync_target *t = a->target;
	apr_interval_time_t pause = PAUSE_FIRST;
	apr_pool_t *turn;

	apr_pool_create(&turn, a->pool);
	while (!syncgate_job_stopping(job)) {
		if (t->error == NULL)
			serve_alone(a, turn);
		if (t->follows)
			pause = PAUSE_FIRST;
		/* What was cut off because all ends is no news. */
		if (syncgate_job_stopping(job) && a->main->options->follow) {
			xn_error_clear(t->error);
			t->error = NULL;
			break;
		}
		if (t->error == NULL || !rsync_is_lost(t->error) ||
		    !a->main->options->follow)
			break;
		syncgate_job_log(job, SYNCGATE_WARNING, "%s: %s; trying again "
		    "in %g seconds, alone", t->location->text,
		    xn_error_text(t->error, turn),
		    (double)pause / APR_USEC_PER_SEC);
		xn_error_clear(t->error);
		t->error = NULL;
		t->gateway = NULL;
		apr_pool_clear(turn);
		if (syncgate_job_wait(job, pause))
			break;
		pause = pause * 2 > PAUSE_LAST ? PAUSE_LAST : pause * 2;
	}
	apr_pool_destroy(turn);
}

static void *APR_THREAD_FUNC
alone_thread(apr_thread_t *thread, void *baton)
{
	struct rsync_alone *a = baton;
	struct rsync_several *s = a->main->several;
	xn_error_t *error = NULL;
	int together;

	(void)thread;
	if (a->state == CONNECTING)
		error = rsync_open_target(a->main, a->target, a->pool);
	apr_thread_mutex_lock(s->mutex);
	together = a->state == CONNECTING && error == NULL && !a->main->begun;
	if (together) {
		a->state = READY;
	} else if (a->state == CONNECTING) {
		a->state = ALONE;
		a->target->alone = 1;
	}
	apr_thread_cond_broadcast(s->changed);
	apr_thread_mutex_unlock(s->mutex);
	if (together)
		return NULL;
	if (error != NULL)
		a->target->error = error;
	try_again_and_again(a);
	set_state(a, ENDED);
	return NULL;
}

static xn_error_t *
start_thread(struct rsync_alone *a)
{
	struct rsync_several *s = a->main->several;
	apr_status_t status;

	/* (Another thread may note what is missing.) */
	apr_thread_mutex_lock(s->mutex);
	a->like = *a->main;
	apr_thread_mutex_unlock(s->mutex);
	status = apr_thread_create(&a->thread, NULL, alone_thread, a,
	    a->main->pool);
	return status == APR_SUCCESS ? NULL : xn_error_system(status,
	    "cannot start a thread");
}

static int
count(const struct rsync_several *s, enum state state)
{
	int n = 0;

	for (int i = 0; i < s->n; i++)
		n += s->list[i].state == state;
	return n;
}

/* Wait until all have answered, or some have and the rest takes too long. */
static void
gather(struct rsync_run *r)
{
	struct rsync_several *s = r->several;
	apr_time_t until = 0;

	apr_thread_mutex_lock(s->mutex);
	while (count(s, CONNECTING) > 0 && !syncgate_job_stopping(r->job)) {
		if (until == 0 && count(s, READY) > 0)
			until = apr_time_now() + GATHER;
		if (until != 0 && apr_time_now() >= until)
			break;
		apr_thread_cond_timedwait(s->changed, s->mutex,
		    xn_seconds(0.1));
	}
	r->begun = 1;
	apr_thread_mutex_unlock(s->mutex);
}

xn_error_t *
rsync_several_open(struct rsync_run *r)
{
	struct rsync_several *s = apr_pcalloc(r->pool, sizeof(*s));
	int kept = 0;

	s->n = r->n;
	s->list = apr_pcalloc(r->pool, (size_t)r->n * sizeof(*s->list));
	apr_thread_mutex_create(&s->mutex, APR_THREAD_MUTEX_DEFAULT, r->pool);
	apr_thread_cond_create(&s->changed, r->pool);
	r->several = s;
	for (int i = 0; i < s->n; i++) {
		s->list[i].main = r;
		s->list[i].target = r->all[i];
		apr_pool_create(&s->list[i].pool, NULL);
	}
	for (int i = 0; i < s->n; i++)
		XN_TRY(start_thread(&s->list[i]));
	gather(r);
	rsync_lag_lock();
	for (int i = 0; i < s->n; i++)
		if (s->list[i].state == READY) {
			s->list[i].state = TOGETHER;
			r->targets[kept++] = *r->all[i];
			r->all[i] = &r->targets[kept - 1];
			s->list[i].target = r->all[i];
		}
	r->n = kept;
	rsync_lag_unlock();
	return NULL;
}

int
rsync_several_lost(struct rsync_run *r, struct rsync_target *target)
{
	struct rsync_several *s = r->several;
	apr_status_t ignored;

	if (s == NULL || !r->options->follow || syncgate_job_stopping(r->job))
		return 0;
	for (int i = 0; i < s->n; i++) {
		struct rsync_alone *a = &s->list[i];

		if (a->target != target || a->state != TOGETHER)
			continue;
		apr_thread_join(&ignored, a->thread);
		a->thread = NULL;
		a->state = ALONE;
		target->alone = 1;
		if (start_thread(a) == NULL)
			return 1;
		a->state = ENDED;
	}
	return 0;
}

int
rsync_several_busy(struct rsync_run *r)
{
	struct rsync_several *s = r->several;
	int busy = 0;

	if (s == NULL)
		return 0;
	apr_thread_mutex_lock(s->mutex);
	busy = count(s, CONNECTING) + count(s, ALONE) > 0;
	apr_thread_mutex_unlock(s->mutex);
	return busy;
}

void
rsync_several_close(struct rsync_run *r)
{
	struct rsync_several *s = r->several;
	apr_status_t ignored;

	if (s == NULL)
		return;
	for (int i = 0; i < s->n; i++)
		if (s->list[i].thread != NULL)
			apr_thread_join(&ignored, s->list[i].thread);
	for (int i = 0; i < s->n; i++)
		apr_pool_destroy(s->list[i].pool);
	r->several = NULL;
}
