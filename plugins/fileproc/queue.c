/*
 * queue.c: see queue.h.
 */
#include "plugins/fileproc/queue.h"

#include <stdlib.h>

#include <apr_skiplist.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

struct fp_queue {
	apr_thread_mutex_t *mutex;	/* guards all below */
	apr_thread_cond_t *changed;
	apr_pool_t *pool;		/* of the two lists */
	apr_skiplist *ready;		/* by turn */
	apr_skiplist *delayed;		/* by due */
	apr_skiplist *ages;		/* struct age: of all, also those that
					 * are lent */
	struct fp_queue_counts counts;
	long long bytes, bytes_max;	/* lent now, and at most */
	long long waiting;		/* bytes of the others */
	unsigned long long turns;	/* given so far */
	int closed;
};

/* How many items came at a time; malloc'ed. */
struct age {
	apr_time_t came;
	int n;
};

static int
by_age(void *a, void *b)
{
	const struct age *one = a, *other = b;

	return one->came < other->came ? -1 : one->came > other->came;
}

static int
by_turn(void *a, void *b)
{
	const fp_item_t *one = a, *other = b;

	return one->turn < other->turn ? -1 : one->turn > other->turn;
}

static int
by_due(void *a, void *b)
{
	const fp_item_t *one = a, *other = b;

	if (one->due != other->due)
		return one->due < other->due ? -1 : 1;
	return by_turn(a, b);
}

static apr_status_t
queue_cleanup(void *baton)
{
	fp_queue_t *q = baton;
	fp_item_t *item;

	while ((item = apr_skiplist_pop(q->ready, NULL)) != NULL)
		fp_item_free(item);
	while ((item = apr_skiplist_pop(q->delayed, NULL)) != NULL)
		fp_item_free(item);
	while (apr_skiplist_pop(q->ages, free) != NULL)
		continue;
	apr_pool_destroy(q->pool);
	return APR_SUCCESS;
}

xn_error_t *
fp_queue_create(fp_queue_t **queue, long long bytes, apr_pool_t *pool)
{
	fp_queue_t *q = apr_pcalloc(pool, sizeof(*q));
	apr_status_t status;

	q->bytes_max = bytes;
	status = apr_thread_mutex_create(&q->mutex, APR_THREAD_MUTEX_DEFAULT,
	    pool);
	if (status == APR_SUCCESS)
		status = apr_thread_cond_create(&q->changed, pool);
	/* A pool that is used under the lock alone; without one, APR 1.7's
	 * lists leak.  They use again what was freed. */
	if (status == APR_SUCCESS)
		status = apr_pool_create(&q->pool, NULL);
	if (status == APR_SUCCESS)
		status = apr_skiplist_init(&q->ready, q->pool);
	if (status == APR_SUCCESS)
		status = apr_skiplist_init(&q->delayed, q->pool);
	if (status == APR_SUCCESS)
		status = apr_skiplist_init(&q->ages, q->pool);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot make a queue");
	apr_skiplist_set_compare(q->ready, by_turn, by_turn);
	apr_skiplist_set_compare(q->delayed, by_due, by_due);
	apr_skiplist_set_compare(q->ages, by_age, by_age);
	apr_pool_cleanup_register(pool, q, queue_cleanup,
	    apr_pool_cleanup_null);
	*queue = q;
	return NULL;
}

/* ITEM is in the queue, or is lent; the lock is held.  Without memory its age
 * is not known. */
static void
note_age(fp_queue_t *q, fp_item_t *item)
{
	struct age *age, key;

	if (item->came == 0)
		item->came = apr_time_now();
	key.came = item->came;
	age = apr_skiplist_find(q->ages, &key, NULL);
	if (age == NULL && (age = calloc(1, sizeof(*age))) != NULL) {
		age->came = item->came;
		apr_skiplist_insert(q->ages, age);
	}
	if (age != NULL)
		age->n++;
}

static void
forget_age(fp_queue_t *q, apr_time_t came)
{
	struct age key = { came, 0 };
	struct age *age = apr_skiplist_find(q->ages, &key, NULL);

	if (age != NULL && --age->n == 0)
		apr_skiplist_remove(q->ages, &key, free);
}

void
fp_queue_put(fp_queue_t *q, fp_item_t *item)
{
	apr_thread_mutex_lock(q->mutex);
	note_age(q, item);
	if (item->turn == 0)
		item->turn = ++q->turns;
	q->waiting += item->size;
	if (item->due > apr_time_now()) {
		apr_skiplist_insert(q->delayed, item);
		q->counts.delayed++;
	} else {
		apr_skiplist_insert(q->ready, item);
		q->counts.ready++;
	}
	/* One slot for one item; whoever takes it wakes the next one. */
	apr_thread_cond_signal(q->changed);
	apr_thread_mutex_unlock(q->mutex);
}

/* Move what has become due; when the next one will be, or 0. */
static apr_time_t
let_in_due(fp_queue_t *q)
{
	apr_time_t now = apr_time_now();
	fp_item_t *item;

	while ((item = apr_skiplist_peek(q->delayed)) != NULL &&
	    item->due <= now) {
		apr_skiplist_pop(q->delayed, NULL);
		q->counts.delayed--;
		apr_skiplist_insert(q->ready, item);
		q->counts.ready++;
	}
	return item == NULL ? 0 : item->due;
}

static fp_item_t *
lend(fp_queue_t *q)
{
	fp_item_t *item = apr_skiplist_peek(q->ready);

	if (item == NULL || (q->counts.lent > 0 &&
	    q->bytes + item->size > q->bytes_max))
		return NULL;
	apr_skiplist_pop(q->ready, NULL);
	q->counts.ready--;
	q->counts.lent++;
	q->waiting -= item->size;
	item->lent = item->size;
	q->bytes += item->lent;
	return item;
}

fp_item_t *
fp_queue_take(fp_queue_t *q, apr_interval_time_t timeout)
{
	apr_time_t now, next, end = apr_time_now() + timeout;
	fp_item_t *item = NULL;

	apr_thread_mutex_lock(q->mutex);
	while (!q->closed) {
		next = let_in_due(q);
		if ((item = lend(q)) != NULL || (now = apr_time_now()) >= end)
			break;
		if (next == 0 || next > end)
			next = end;
		apr_thread_cond_timedwait(q->changed, q->mutex,
		    next - now < 1000 ? 1000 : next - now);
	}
	if (item != NULL && q->counts.ready > 0)
		apr_thread_cond_signal(q->changed);
	apr_thread_mutex_unlock(q->mutex);
	return item;
}

void
fp_queue_lend(fp_queue_t *q, fp_item_t *item)
{
	apr_thread_mutex_lock(q->mutex);
	note_age(q, item);
	q->counts.lent++;
	item->lent = item->size;
	q->bytes += item->lent;
	apr_thread_mutex_unlock(q->mutex);
}

void
fp_queue_released(fp_queue_t *q, long long size, apr_time_t came)
{
	apr_thread_mutex_lock(q->mutex);
	forget_age(q, came);
	q->counts.lent--;
	q->bytes -= size;
	/* Nobody waits for an item that is there, but for its bytes. */
	if (q->counts.ready > 0)
		apr_thread_cond_signal(q->changed);
	apr_thread_mutex_unlock(q->mutex);
}

void
fp_queue_close(fp_queue_t *q)
{
	apr_thread_mutex_lock(q->mutex);
	q->closed = 1;
	apr_thread_cond_broadcast(q->changed);
	apr_thread_mutex_unlock(q->mutex);
}

void
fp_queue_count(struct fp_queue_counts *counts, fp_queue_t *q)
{
	const struct age *oldest;

	apr_thread_mutex_lock(q->mutex);
	let_in_due(q);
	*counts = q->counts;
	oldest = apr_skiplist_peek(q->ages);
	counts->bytes = q->waiting + q->bytes;
	counts->oldest = oldest == NULL ? 0 : oldest->came;
	apr_thread_mutex_unlock(q->mutex);
}
