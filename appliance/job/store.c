/*
 * The store: its connection, and who has it.
 *
 * A connection to a server may be lost at any time, and nothing tells that
 * apart from a refusal for sure.  So after an error it is given up, and what
 * failed is tried once more with a new one: all that is done here may be done
 * twice.  The same when another program has changed the tables of a file.
 */
#include "appliance/job/store.h"

#include <apr_strings.h>

#include "appliance/job/store_internal.h"

xn_error_t *
store_prepare(struct syncgate_store *store, const struct store_sql *table,
    int from, int end)
{
	for (int i = from; i < end; i++)
		XN_TRY(store_db_prepare(&store->statements[i], store->db,
		    table[i].label, table[i].sql));
	return NULL;
}

static xn_error_t *
connect_now(struct syncgate_store *store)
{
	apr_pool_t *pool;
	xn_error_t *error;

	/* Of its own: the store's pool belongs to another thread. */
	apr_pool_create(&pool, NULL);
	error = store_db_open(&store->db, &store->url, pool);
	if (error == NULL)
		error = store_schema_prepare(store->db);
	if (error == NULL)
		error = store_items_prepare(store);
	if (error == NULL)
		error = store_runs_prepare(store);
	if (error == NULL)
		error = store_leases_prepare(store);
	if (error != NULL) {
		store->db = NULL;
		apr_pool_destroy(pool);
	}
	return error;
}

static void
disconnect(struct syncgate_store *store)
{
	if (store->db != NULL)
		apr_pool_destroy(store->db->pool);
	store->db = NULL;
}

static xn_error_t *
try_work(struct syncgate_store *store, store_work_fn *work, void *baton)
{
	apr_pool_t *scratch;
	xn_error_t *error;

	if (store->db == NULL)
		XN_TRY(connect_now(store));
	apr_pool_create(&scratch, NULL);
	error = work(store, baton, scratch);
	apr_pool_destroy(scratch);
	if (error != NULL && (store->url.kind == STORE_PGSQL ||
	    error->code == XN_E_CONNECTION))
		disconnect(store);
	return error;
}

xn_error_t *
store_work(struct syncgate_store *store, store_work_fn *work, void *baton)
{
	xn_error_t *error;
	int was_connected;

	apr_thread_mutex_lock(store->db_lock);
	was_connected = store->db != NULL;
	error = try_work(store, work, baton);
	if (error != NULL && store->db == NULL && (was_connected ||
	    error->code == XN_E_CONNECTION)) {
		xn_error_clear(error);
		error = try_work(store, work, baton);
	}
	apr_thread_mutex_unlock(store->db_lock);
	return xn_error_wrap(error, "store %s", store->url.shown);
}

/* ---- Opening ------------------------------------------------------------ */

static apr_status_t
close_store(void *data)
{
	disconnect(data);
	return APR_SUCCESS;
}

static xn_error_t *
nothing(struct syncgate_store *store, void *baton, apr_pool_t *scratch)
{
	(void)store;
	(void)baton;
	(void)scratch;
	return NULL;
}

xn_error_t *
syncgate_store_open(syncgate_store_t **store, const char *url,
    apr_pool_t *pool)
{
	syncgate_store_t *made = apr_pcalloc(pool, sizeof(*made));

	XN_TRY(store_url_parse(&made->url, apr_pstrdup(pool, url), pool));
	if (apr_thread_mutex_create(&made->db_lock, APR_THREAD_MUTEX_DEFAULT,
	    pool) != APR_SUCCESS ||
	    apr_thread_mutex_create(&made->group_lock,
	    APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS ||
	    apr_thread_cond_create(&made->group_done, pool) != APR_SUCCESS)
		return xn_error_create(XN_E_NOMEM, "no lock for the store");
	apr_pool_cleanup_register(pool, made, close_store,
	    apr_pool_cleanup_null);
	XN_TRY(store_work(made, nothing, NULL));
	*store = made;
	return NULL;
}
