/*
 * items.h: what a job's plugin may ask about its items: the functions of
 * syncgate_host_t, on the store.
 */
#ifndef SYNCGATE_JOB_ITEMS_H
#define SYNCGATE_JOB_ITEMS_H

#include "appliance/job/store.h"
#include "core/plugin/host.h"

/* A job's, as syncgate_job.items. */
struct syncgate_items {
	const char *url;		/* of the store; NULL: the default */
	syncgate_store_t *store;	/* opened by the first use(), or before */
	const char *queue;		/* NULL: use() was not called */
	apr_pool_t *pool;		/* of the store and the queue's name */
};

/* Open the store, if that was not done. */
xn_error_t *syncgate_items_open(struct syncgate_items *items);

xn_error_t *syncgate_items_use(syncgate_job_t *job, const char *queue);
xn_error_t *syncgate_items_save(syncgate_job_t *job,
    const syncgate_item_t *items, int n);
xn_error_t *syncgate_items_forget(syncgate_job_t *job,
    const char *const *ids, int n);
xn_error_t *syncgate_items_list(syncgate_item_t **items, int *n,
    syncgate_job_t *job, int state, const char *after, int limit,
    apr_pool_t *pool);
xn_error_t *syncgate_items_find(syncgate_item_t **item, syncgate_job_t *job,
    const char *id, apr_pool_t *pool);

#endif
