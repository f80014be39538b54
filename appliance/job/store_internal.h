/*
 * store_internal.h: what a store is.
 *
 * For store*.c alone.
 */
#ifndef SYNCGATE_JOB_STORE_INTERNAL_H
#define SYNCGATE_JOB_STORE_INTERNAL_H

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#include "appliance/job/store.h"
#include "appliance/job/store_db.h"

/* Prepared, one of each for a connection. */
enum store_statement {
	STORE_SAVE, STORE_FORGET, STORE_LIST, STORE_LIST_STATE, STORE_FIND,
	STORE_BY_NAME, STORE_BY_ID, STORE_RETRY, STORE_DISCARD,
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

/* In store_items.c. */
xn_error_t *store_items_prepare(struct syncgate_store *store);

/* Something to be changed, by its maker's function, in a transaction. */
struct store_change {
	store_work_fn *apply;
	void *baton;
	xn_error_t *error;		/* what came of it */
	int done;
	struct store_change *next;
};

/* In store_group.c: apply and commit CHANGE, with those of other threads. */
xn_error_t *store_commit(struct syncgate_store *store,
    struct store_change *change);

#endif
