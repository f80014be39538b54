/*
 * store_internal.h: what a store is.
 *
 * For store*.c alone.
 */
#ifndef SYNCGATE_JOB_STORE_INTERNAL_H
#define SYNCGATE_JOB_STORE_INTERNAL_H

#include <apr_tables.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#include "appliance/job/store.h"
#include "appliance/job/store_db.h"

/* Prepared, one of each for a connection. */
enum store_statement {
	STORE_SAVE, STORE_FORGET, STORE_LIST, STORE_LIST_STATE, STORE_FIND,
	STORE_BY_NAME, STORE_BY_ID, STORE_RETRY, STORE_DISCARD,
	STORE_OF_RUNS,			/* from here on: store_runs.c */
	STORE_RUN_SAVE = STORE_OF_RUNS, STORE_RUN_LOST, STORE_RUN_LIST,
	STORE_RUN_LIST_JOB, STORE_RUN_OLD, STORE_RUN_MANY,
	STORE_OF_LEASES,		/* from here on: store_leases.c */
	STORE_LEASE_TAKE = STORE_OF_LEASES, STORE_LEASE_LOOK,
	STORE_LEASE_RENEW, STORE_LEASE_RELEASE,
	STORE_STATEMENTS
};

struct syncgate_store {
	struct store_url url;

	/* The connection and its statements: whoever holds db_lock. */
	apr_thread_mutex_t *db_lock;
	struct store_db *db;		/* NULL: not connected */
	apr_dbd_prepared_t *statements[STORE_STATEMENTS];
	unsigned long commits;		/* that there were; tests count them */

	/* Changes that wait for a commit: whoever holds group_lock. */
	apr_thread_mutex_t *group_lock;
	apr_thread_cond_t *group_done;	/* a batch was */
	struct store_change *first, *last;
	int leading;			/* a thread commits a batch */
};

/* Work on the connection; called again with a new one if that was lost. */
typedef xn_error_t *store_work_fn(struct syncgate_store *store, void *baton,
    apr_pool_t *scratch);

/* In store.c: do it, holding the connection, which is made if need be. */
xn_error_t *store_work(struct syncgate_store *store, store_work_fn *work,
    void *baton);

/* A statement, for store_db_prepare(). */
struct store_sql {
	const char *label, *sql;
};

/* In store.c: prepare those of TABLE (by enum store_statement) from FROM up to
 * END, which is none of them. */
xn_error_t *store_prepare(struct syncgate_store *store,
    const struct store_sql *table, int from, int end);

/* In store_items.c, store_runs.c and store_leases.c. */
xn_error_t *store_items_prepare(struct syncgate_store *store);
xn_error_t *store_runs_prepare(struct syncgate_store *store);
xn_error_t *store_leases_prepare(struct syncgate_store *store);

/* ---- store_query.c ------------------------------------------------------- */

/* What to read, and where the rows go. */
struct store_query {
	int statement, count, limit;	/* so many values, and rows at most */
	const char *values[4];
	/* Take the row that ROWS is at, into FOUND and its pool. */
	void (*take)(apr_array_header_t *found, const struct store_rows *rows);
	apr_array_header_t *found;	/* in the caller's pool */
};

/* Read it; called again, it begins anew. */
xn_error_t *store_query(struct syncgate_store *store,
    struct store_query *query);

/* N as a value of a statement; and text in COLUMN as it was before it was
 * escaped (store_text.h); in POOL. */
const char *store_number(long long n, apr_pool_t *pool);
const char *store_text(const struct store_rows *rows, int column,
    apr_pool_t *pool);

/* ---- Changes ------------------------------------------------------------- */

/* Something to be changed, by its maker's function, in a transaction. */
struct store_change {
	store_work_fn *apply;
	void *baton;
	xn_error_t *error;		/* what came of it */
	int done;
	struct store_change *next;
};

/*
 * In store_group.c: work on the Ith of N things, each with a scratch pool that
 * is cleared before the next one.
 */
typedef xn_error_t *store_one_fn(struct syncgate_store *store,
    const void *baton, int i, apr_pool_t *pool);
xn_error_t *store_each(struct syncgate_store *store, int n, store_one_fn *one,
    const void *baton, apr_pool_t *scratch);

/* In store_group.c: apply and commit CHANGE, with those of other threads. */
xn_error_t *store_commit(struct syncgate_store *store,
    struct store_change *change);

#endif
