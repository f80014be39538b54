/*
 * Group commit.  Who comes while nobody commits leads: it takes all changes
 * that wait, its own among them, and commits them in one transaction.  Who
 * comes meanwhile waits, and then one of these leads.  So a thread alone waits
 * for nobody, and many share the price of a commit; no thread of ours is
 * needed.
 */
#include "appliance/job/store_internal.h"

static xn_error_t *
apply_all(struct syncgate_store *store, const struct store_change *first,
    apr_pool_t *scratch)
{
	for (; first != NULL; first = first->next)
		XN_TRY(first->apply(store, first->baton, scratch));
	return NULL;
}

/* A store_work_fn: the transaction; BATON is the first of the changes. */
static xn_error_t *
transact(struct syncgate_store *store, void *baton, apr_pool_t *scratch)
{
	xn_error_t *error;

	XN_TRY(store_db_begin(store->db));
	error = apply_all(store, baton, scratch);
	if (error == NULL)
		error = store_db_commit(store->db);
	if (error != NULL)
		store_db_rollback(store->db);
	else
		store->commits++;
	return error;
}

/* Each in a transaction of its own: only who is refused shall hear of it. */
static void
one_by_one(struct syncgate_store *store, struct store_change *first)
{
	while (first != NULL) {
		struct store_change *next = first->next;

		first->next = NULL;
		first->error = store_work(store, transact, first);
		first->next = next;
		first = next;
	}
}

static void
commit_batch(struct syncgate_store *store, struct store_change *first)
{
	xn_error_t *error = store_work(store, transact, first);

	if (error != NULL && first->next != NULL && error->code == XN_E_JOB) {
		xn_error_clear(error);
		one_by_one(store, first);
		return;
	}
	/* The same has befallen all of them. */
	for (struct store_change *next = first->next; error != NULL &&
	    next != NULL; next = next->next)
		next->error = xn_error_create(error->code, "%s",
		    xn_error_text(error, error->pool));
	first->error = error;
}

/* With the lock, which is given up while it commits. */
static void
lead(struct syncgate_store *store)
{
	struct store_change *first = store->first, *next;

	store->first = store->last = NULL;
	store->leading = 1;
	apr_thread_mutex_unlock(store->group_lock);
	commit_batch(store, first);
	apr_thread_mutex_lock(store->group_lock);
	store->leading = 0;
	/* It may be gone once it is done and we let go of the lock. */
	for (; first != NULL; first = next) {
		next = first->next;
		first->done = 1;
	}
	apr_thread_cond_broadcast(store->group_done);
}

xn_error_t *
store_commit(struct syncgate_store *store, struct store_change *change)
{
	apr_thread_mutex_lock(store->group_lock);
	if (store->last != NULL)
		store->last->next = change;
	else
		store->first = change;
	store->last = change;
	while (!change->done) {
		if (!store->leading)
			lead(store);
		else
			apr_thread_cond_wait(store->group_done,
			    store->group_lock);
	}
	apr_thread_mutex_unlock(store->group_lock);
	return change->error;
}

xn_error_t *
store_each(struct syncgate_store *store, int n, store_one_fn *one,
    const void *baton, apr_pool_t *scratch)
{
	xn_error_t *error = NULL;
	apr_pool_t *turn;

	apr_pool_create(&turn, scratch);
	for (int i = 0; error == NULL && i < n; i++) {
		apr_pool_clear(turn);
		error = one(store, baton, i, turn);
	}
	apr_pool_destroy(turn);
	return error;
}
