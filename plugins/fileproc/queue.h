/*
 * queue.h: the items that wait for a slot, in their order.
 *
 * Those to be tried again wait aside until they are due.  Every function may be
 * called from any thread.
 */
#ifndef FILEPROC_QUEUE_H
#define FILEPROC_QUEUE_H

#include "plugins/fileproc/item.h"

typedef struct fp_queue fp_queue_t;

/* An empty queue that lends at most BYTES of items at once. */
xn_error_t *fp_queue_create(fp_queue_t **queue, long long bytes,
    apr_pool_t *pool);

/*
 * Put ITEM, which is the queue's from now on; one that comes for the first time
 * gets its turn behind all others, one that comes back keeps its own.
 */
void fp_queue_put(fp_queue_t *queue, fp_item_t *item);

/*
 * The next item that is due, which is lent until fp_queue_released(); waits
 * TIMEOUT for one.  NULL: none came, or the queue is closed.  The bytes that
 * are lent at once are bounded, but one item can always be had.
 */
fp_item_t *fp_queue_take(fp_queue_t *queue, apr_interval_time_t timeout);

/* ITEM is lent without having been in the queue. */
void fp_queue_lend(fp_queue_t *queue, fp_item_t *item);

/*
 * An item whose `lent` is SIZE, and which CAME then, that was taken, is done
 * with, or has been put again.
 */
void fp_queue_released(fp_queue_t *queue, long long size, apr_time_t came);

/* Nothing is given out any more; whoever waits returns. */
void fp_queue_close(fp_queue_t *queue);

/* How many there are: that could be taken, that are not due, that are lent. */
struct fp_queue_counts {
	int ready, delayed, lent;
	long long bytes;	/* of all of them */
	apr_time_t oldest;	/* of all of them: when it came; 0: none */
};
void fp_queue_count(struct fp_queue_counts *counts, fp_queue_t *queue);

#endif
