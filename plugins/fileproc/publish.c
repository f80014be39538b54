/*
 * publish.c: see publish.h.
 */
#include "plugins/fileproc/publish.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/end.h"
#include "plugins/fileproc/files.h"
#include "plugins/fileproc/place.h"
#include "plugins/fileproc/stage.h"

#define BATCH		64	/* items in one commit */
#define WAITING_MAX	256	/* beyond, who publishes waits */

struct fp_publisher {
	apr_thread_t *thread;
	apr_thread_mutex_t *mutex;	/* guards all below */
	apr_thread_cond_t *changed;
	fp_item_t *first, **last;	/* that wait */
	int waiting;			/* with those of the batch */
	int stop;
};

/* Items that are being published together. */
struct batch {
	fp_job_t *job;
	fp_item_t *items[BATCH];	/* NULL: it is finished */
	int n;
	apr_pool_t *pool;
};

/* ---- The queue in front ------------------------------------------------- */

void
fp_publish(fp_job_t *job, fp_item_t *item)
{
	struct fp_publisher *p = job->publisher;

	item->next = NULL;
	apr_thread_mutex_lock(p->mutex);
	while (p->waiting >= WAITING_MAX && !p->stop)
		apr_thread_cond_wait(p->changed, p->mutex);
	*p->last = item;
	p->last = &item->next;
	p->waiting++;
	apr_thread_cond_broadcast(p->changed);
	apr_thread_mutex_unlock(p->mutex);
}

int
fp_publish_and_wait(fp_job_t *job, fp_item_t *item)
{
	struct fp_publisher *p = job->publisher;
	int verdict;

	item->waits = 1;
	item->verdict = FP_UNDECIDED;
	fp_publish(job, item);
	apr_thread_mutex_lock(p->mutex);
	while ((verdict = item->verdict) == FP_UNDECIDED)
		apr_thread_cond_wait(p->changed, p->mutex);
	apr_thread_mutex_unlock(p->mutex);
	item->waits = 0;
	return verdict;
}

int
fp_publisher_waiting(fp_job_t *job)
{
	int waiting;

	apr_thread_mutex_lock(job->publisher->mutex);
	waiting = job->publisher->waiting;
	apr_thread_mutex_unlock(job->publisher->mutex);
	return waiting;
}

/* Wait for items: 0 when there are none and there will be none. */
static int
take_batch(struct batch *b)
{
	struct fp_publisher *p = b->job->publisher;

	b->n = 0;
	apr_thread_mutex_lock(p->mutex);
	while (p->first == NULL && !p->stop)
		apr_thread_cond_wait(p->changed, p->mutex);
	while (p->first != NULL && b->n < BATCH) {
		b->items[b->n++] = p->first;
		p->first = p->first->next;
	}
	if (p->first == NULL)
		p->last = &p->first;
	apr_thread_mutex_unlock(p->mutex);
	return b->n > 0;
}

static void
batch_is_over(struct batch *b)
{
	struct fp_publisher *p = b->job->publisher;

	apr_thread_mutex_lock(p->mutex);
	p->waiting -= b->n;
	apr_thread_cond_broadcast(p->changed);
	apr_thread_mutex_unlock(p->mutex);
}

/* ---- Steps ---------------------------------------------------------------- */

/* Item I of the batch leaves our hands, with VERDICT for who waits for it. */
static void
let_go(struct batch *b, int i, int verdict)
{
	fp_item_t *item = b->items[i];
	struct fp_publisher *p = b->job->publisher;
	long long size = item->lent;
	apr_time_t came = item->came;

	b->items[i] = NULL;
	if (item->waits) {
		apr_thread_mutex_lock(p->mutex);
		item->verdict = verdict;
		apr_thread_cond_broadcast(p->changed);
		apr_thread_mutex_unlock(p->mutex);
		return;
	}
	if (verdict == FP_PUBLISHED && b->job->o->way == FP_WAY_SYSTEM) {
		/* The system is still to be told. */
		item->recovered = 0;
		item->placed = SYNCGATE_ITEM_PUBLISHING;
		fp_queue_put(b->job->queue, item);
	} else {
		fp_item_free(item);
	}
	fp_queue_released(b->job->queue, size, came);
}

/* Its results can not be published, ever. */
static xn_error_t *
refuse(struct batch *b, int i, const char *why)
{
	fp_item_note(b->items[i], why, strlen(why));
	fp_item_note(b->items[i], "\n", 1);
	XN_TRY(fp_give_up(b->job, b->items[i]));
	XN_TRY(fp_stage_remove(b->job, b->items[i]->id));
	let_go(b, i, FP_GIVEN_UP);
	return NULL;
}

static xn_error_t *
choose(struct batch *b, int i)
{
	const char *why;

	XN_TRY(fp_place_choose(&why, b->job, b->items[i], b->pool));
	return why == NULL ? NULL : refuse(b, i, why);
}

/* Commit what is about to be done; those recovered are recorded already. */
static xn_error_t *
record(struct batch *b, int from, int to)
{
	syncgate_item_t records[BATCH];
	int n = 0;

	for (int i = from; i < to; i++)
		if (b->items[i] != NULL && !b->items[i]->recovered)
			records[n++] = fp_item_record(b->items[i],
			    SYNCGATE_ITEM_PUBLISHING, b->items[i]->target);
	return n == 0 ? NULL : syncgate_job_items_save(b->job->job, records, n);
}

static xn_error_t *
place(struct batch *b, int i)
{
	enum fp_placed placed;
	const char *why;

	for (;;) {
		XN_TRY(fp_place(&placed, &why, b->job, b->items[i], b->pool));
		if (placed == FP_PLACED)
			return NULL;
		if (placed == FP_PLACE_REFUSED)
			return refuse(b, i, why);
		/* Somebody was quicker. */
		b->items[i]->recovered = 0;
		XN_TRY(choose(b, i));
		if (b->items[i] == NULL)
			return NULL;
		XN_TRY(record(b, i, i + 1));
	}
}

/* Make what was placed durable: once for each folder in a row. */
static xn_error_t *
sync_placed(struct batch *b)
{
	const char *before = NULL;
	size_t n = 0;

	for (int i = 0; i < b->n; i++) {
		const char *target;

		if (b->items[i] == NULL)
			continue;
		target = b->items[i]->target;
		if (before != NULL && n == (size_t)(fp_base(target) -
		    target) && strncmp(before, target, n) == 0)
			continue;
		XN_TRY(fp_place_sync(b->job, b->items[i]));
		before = target;
		n = (size_t)(fp_base(target) - target);
	}
	return NULL;
}

static xn_error_t *
finish(struct batch *b)
{
	/* Of a system over there the items end when it has been told. */
	if (b->job->o->way != FP_WAY_SYSTEM)
		XN_TRY(fp_end_items(b->job, b->items, b->n, b->pool));
	for (int i = 0; i < b->n; i++)
		if (b->items[i] != NULL)
			let_go(b, i, FP_PUBLISHED);
	return NULL;
}

static xn_error_t *
publish_batch(struct batch *b)
{
	for (int i = 0; i < b->n; i++)
		if (!b->items[i]->recovered)
			XN_TRY(choose(b, i));
	XN_TRY(fp_claims_sync(b->job->intake));
	if (fsync(b->job->stage) != 0)
		return fp_job_errno("sync", b->job->o->data_out, ".syncgate");
	XN_TRY(record(b, 0, b->n));
	for (int i = 0; i < b->n; i++)
		if (b->items[i] != NULL)
			XN_TRY(place(b, i));
	XN_TRY(sync_placed(b));
	return finish(b);
}

static void *APR_THREAD_FUNC
publisher(apr_thread_t *thread, void *baton)
{
	struct batch b = { .job = baton };

	(void)thread;
	/* A pool of this thread's own. */
	apr_pool_create(&b.pool, NULL);
	while (take_batch(&b)) {
		apr_pool_clear(b.pool);
		/* After a failure the rest is for the next start. */
		if (!fp_job_failed(b.job)) {
			xn_error_t *error = publish_batch(&b);

			if (error != NULL)
				fp_job_fail(b.job, error);
		}
		for (int i = 0; i < b.n; i++)
			if (b.items[i] != NULL)
				let_go(&b, i, FP_UNFINISHED);
		batch_is_over(&b);
		fp_job_wake(b.job);
	}
	apr_pool_destroy(b.pool);
	return NULL;
}

xn_error_t *
fp_publisher_start(fp_job_t *job)
{
	struct fp_publisher *p = apr_pcalloc(job->pool, sizeof(*p));
	apr_status_t status;

	p->last = &p->first;
	status = apr_thread_mutex_create(&p->mutex, APR_THREAD_MUTEX_DEFAULT,
	    job->pool);
	if (status == APR_SUCCESS)
		status = apr_thread_cond_create(&p->changed, job->pool);
	job->publisher = p;
	if (status == APR_SUCCESS)
		status = apr_thread_create(&p->thread, NULL, publisher, job,
		    job->pool);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot start a thread");
	return NULL;
}

void
fp_publisher_stop(fp_job_t *job)
{
	struct fp_publisher *p = job->publisher;
	apr_status_t ignored;

	if (p == NULL || p->thread == NULL)
		return;
	apr_thread_mutex_lock(p->mutex);
	p->stop = 1;
	apr_thread_cond_broadcast(p->changed);
	apr_thread_mutex_unlock(p->mutex);
	apr_thread_join(&ignored, p->thread);
	p->thread = NULL;
}
