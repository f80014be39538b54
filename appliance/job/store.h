/*
 * store.h: the records that outlive a crash, in SQLite or PostgreSQL.
 *
 * A store is opened by its URL:
 *
 *	sqlite:/PATH
 *	pgsql:KEY=VALUE ...		as libpq has it: host, dbname, user
 *
 * All functions but open may be called from any thread.  What changes the
 * store is durable when it returns, and shares its commit with what other
 * threads want at the same time.  Errors name the store, without a password.
 *
 * XN_E_TIMEOUT: another process writes for too long; XN_E_CONNECT and
 * XN_E_CONNECTION: the server cannot be reached, or was lost.  Anything else
 * that the store refuses is XN_E_JOB.
 */
#ifndef SYNCGATE_JOB_STORE_H
#define SYNCGATE_JOB_STORE_H

#include <syncgate/plugin.h>

typedef struct syncgate_store syncgate_store_t;

/* Rows that are read at a time. */
#define SYNCGATE_STORE_PAGE 500

/* The URL of the store where none is configured. */
xn_error_t *syncgate_store_default(const char **url, apr_pool_t *pool);

/* Is URL one?  XN_E_CONFIG if not; opens nothing. */
xn_error_t *syncgate_store_check(const char *url, apr_pool_t *pool);

/*
 * Open the store of URL, made and brought to this program's version as need
 * be.  It is closed with POOL.
 */
xn_error_t *syncgate_store_open(syncgate_store_t **store, const char *url,
    apr_pool_t *pool);

/* As the functions of <syncgate/plugin.h>; JOB is who saves. */
xn_error_t *syncgate_store_save(syncgate_store_t *store, const char *queue,
    const char *job, const syncgate_item_t *items, int n);
xn_error_t *syncgate_store_forget(syncgate_store_t *store, const char *queue,
    const char *const *ids, int n);
xn_error_t *syncgate_store_list(syncgate_item_t **items, int *n,
    syncgate_store_t *store, const char *queue, int state, const char *after,
    int limit, apr_pool_t *pool);
xn_error_t *syncgate_store_find(syncgate_item_t **item,
    syncgate_store_t *store, const char *queue, const char *id,
    apr_pool_t *pool);

/*
 * The items of QUEUE that WORD means, at most two (more do not matter to who
 * wants one): those with that name, or else those whose id begins with it.
 */
xn_error_t *syncgate_store_match(syncgate_item_t **items, int *n,
    syncgate_store_t *store, const char *queue, const char *word,
    apr_pool_t *pool);

/*
 * Of N items those whose record still is what is said here: make it a WAITING
 * one (SYNCGATE_RETRY) or forget it (SYNCGATE_DISCARD).
 */
xn_error_t *syncgate_store_act(syncgate_store_t *store, const char *queue,
    int action, const syncgate_item_t *items, int n);

#endif
