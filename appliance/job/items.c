#include "appliance/job/items.h"

#include <string.h>

#include <apr_strings.h>

xn_error_t *
syncgate_items_open(struct syncgate_items *items)
{
	if (items->store != NULL)
		return NULL;
	if (items->url == NULL)
		XN_TRY(syncgate_store_default(&items->url, items->pool));
	return syncgate_store_open(&items->store, items->url, items->pool);
}

xn_error_t *
syncgate_items_use(syncgate_job_t *job, const char *queue)
{
	struct syncgate_items *items = job->items;

	if (strlen(queue) != 32 ||
	    queue[strspn(queue, "0123456789abcdef")] != '\0')
		return xn_error_create(XN_E_USAGE, "the queue \"%.64s\" is "
		    "not 32 lower-case hex digits", queue);
	XN_TRY(syncgate_items_open(items));
	/* Each attempt says it again. */
	if (items->queue == NULL || strcmp(items->queue, queue) != 0)
		items->queue = apr_pstrdup(items->pool, queue);
	return NULL;
}

static xn_error_t *
check_used(const syncgate_job_t *job)
{
	if (job->items != NULL && job->items->queue != NULL)
		return NULL;
	return xn_error_create(XN_E_USAGE, "the plugin asks for items before "
	    "it says of which queue");
}

xn_error_t *
syncgate_items_save(syncgate_job_t *job, const syncgate_item_t *items, int n)
{
	XN_TRY(check_used(job));
	return syncgate_store_save(job->items->store, job->items->queue,
	    job->name, items, n);
}

xn_error_t *
syncgate_items_forget(syncgate_job_t *job, const char *const *ids, int n)
{
	XN_TRY(check_used(job));
	return syncgate_store_forget(job->items->store, job->items->queue,
	    ids, n);
}

xn_error_t *
syncgate_items_list(syncgate_item_t **items, int *n, syncgate_job_t *job,
    int state, const char *after, int limit, apr_pool_t *pool)
{
	XN_TRY(check_used(job));
	return syncgate_store_list(items, n, job->items->store,
	    job->items->queue, state, after, limit, pool);
}

xn_error_t *
syncgate_items_find(syncgate_item_t **item, syncgate_job_t *job,
    const char *id, apr_pool_t *pool)
{
	XN_TRY(check_used(job));
	return syncgate_store_find(item, job->items->store,
	    job->items->queue, id, pool);
}
