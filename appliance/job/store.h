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

/* Is URL that of a server, which several machines may share? */
int syncgate_store_is_shared(const char *url);

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

/* ---- Runs ---------------------------------------------------------------- */

/* What became of one; RUNNING: nothing yet. */
enum syncgate_outcome {
	SYNCGATE_RUN_RUNNING,
	SYNCGATE_RUN_WELL,
	SYNCGATE_RUN_FAILED,
	SYNCGATE_RUN_HELD,		/* it failed, or was refused, and its
					 * job is held since */
	SYNCGATE_RUN_STOPPED,		/* as was asked, before it was done */
	SYNCGATE_RUN_LOST,		/* whoever ran it died meanwhile */
	SYNCGATE_RUN_SKIPPED,		/* nothing was done: another daemon ran
					 * the job just then */
	SYNCGATE_OUTCOMES
};

/* "running" and so on; "?" for what is none. */
const char *syncgate_run_outcome(int outcome);

typedef struct syncgate_run {
	const char *place;		/* syncgate_store_place() */
	const char *job, *plugin;
	apr_time_t began;		/* with place and job its key */
	apr_time_t ended;		/* 0: not yet, or nobody knows */
	long long number;		/* of its job, from 1; the store's */
	int outcome;			/* enum syncgate_outcome */
	int by_hand;			/* by `syncgate run`, not the daemon */
	const char *error;		/* the chain's text; NULL: none */
	const char *figures;		/* what it told at its end: an object in
					 * JSON; NULL: nothing */
} syncgate_run_t;

/*
 * Where the jobs of the configuration FILE are, in the store of URL: several
 * configurations may share one, and several hosts a server.
 */
const char *syncgate_store_place(const char *url, const char *file,
    apr_pool_t *pool);

/*
 * Insert or replace N runs, all or none.  A number is given to those that are
 * new; what they say of it is passed over.
 */
xn_error_t *syncgate_store_runs_save(syncgate_store_t *store,
    const syncgate_run_t *runs, int n);

/*
 * Those of PLACE that began before BEFORE and are RUNNING are LOST: their
 * daemon died.
 */
xn_error_t *syncgate_store_runs_lost(syncgate_store_t *store,
    const char *place, apr_time_t before);

/*
 * Forget what began before BEFORE (0: nothing), and of JOB (NULL: of none) all
 * but the newest MOST (0: nothing).  The newest of each job always stays.
 */
xn_error_t *syncgate_store_runs_prune(syncgate_store_t *store,
    const char *place, apr_time_t before, const char *job, int most);

/*
 * At most LIMIT (and SYNCGATE_STORE_PAGE) runs of PLACE, the newest first, of
 * JOB (NULL: of all), that began at SINCE or later (0: ever), into POOL.
 * BEFORE is the last one of the page before (NULL: this is the first).  *N is 0
 * when there are no more.
 */
xn_error_t *syncgate_store_runs_list(syncgate_run_t **runs, int *n,
    syncgate_store_t *store, const char *place, const char *job,
    apr_time_t since, const syncgate_run_t *before, int limit,
    apr_pool_t *pool);

#endif
