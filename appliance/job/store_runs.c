/*
 * Runs in the store: what the history is made of.
 */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "appliance/job/store_internal.h"
#include "appliance/job/store_text.h"

#define TEXT_MAX 65536		/* bytes of an error, and of figures */

#define COLUMNS "place, job, began, plugin, number, ended, outcome, by_hand, " \
    "error, figures"
#define PAGE " LIMIT " APR_STRINGIFY(SYNCGATE_STORE_PAGE)

/* The number of a run is one more than that of the one before. */
#define NEXT_NUMBER "coalesce((SELECT number + 1 FROM runs WHERE " \
    "place = %s AND job = %s ORDER BY began DESC LIMIT 1), 1)"

static const struct store_sql statements[STORE_OF_LEASES] = {
	[STORE_RUN_SAVE] = { "runs_save", "INSERT INTO runs (" COLUMNS ") "
	    "VALUES (%s, %s, %lld, %s, " NEXT_NUMBER ", %lld, %d, %d, %s, %s) "
	    "ON CONFLICT (place, job, began) DO UPDATE SET "
	    "plugin = excluded.plugin, ended = excluded.ended, "
	    "outcome = excluded.outcome, by_hand = excluded.by_hand, "
	    "error = excluded.error, figures = excluded.figures" },
	[STORE_RUN_LOST] = { "runs_lost", "UPDATE runs SET outcome = %d "
	    "WHERE place = %s AND outcome = %d AND began < %lld" },
	[STORE_RUN_LIST] = { "runs_list", "SELECT " COLUMNS " FROM runs WHERE "
	    "place = %s AND began >= %lld AND (began, job) < (%lld, %s) "
	    "ORDER BY began DESC, job DESC" PAGE },
	[STORE_RUN_LIST_JOB] = { "runs_list_job", "SELECT " COLUMNS " FROM "
	    "runs WHERE place = %s AND job = %s AND began >= %lld AND "
	    "began < %lld ORDER BY began DESC" PAGE },
	[STORE_RUN_OLD] = { "runs_old", "DELETE FROM runs WHERE place = %s AND "
	    "began < %lld AND EXISTS (SELECT 1 FROM runs AS later WHERE "
	    "later.place = runs.place AND later.job = runs.job AND "
	    "later.began > runs.began)" },
	[STORE_RUN_MANY] = { "runs_many", "DELETE FROM runs WHERE place = %s "
	    "AND job = %s AND began < (SELECT began FROM runs WHERE "
	    "place = %s AND job = %s ORDER BY began DESC LIMIT 1 OFFSET %d)" },
};

xn_error_t *
store_runs_prepare(struct syncgate_store *store)
{
	return store_prepare(store, statements, STORE_OF_RUNS, STORE_OF_LEASES);
}

const char *
syncgate_run_outcome(int outcome)
{
	static const char *const names[SYNCGATE_OUTCOMES] = {
		[SYNCGATE_RUN_RUNNING] = "running",
		[SYNCGATE_RUN_WELL] = "well",
		[SYNCGATE_RUN_FAILED] = "failed",
		[SYNCGATE_RUN_HELD] = "held",
		[SYNCGATE_RUN_STOPPED] = "stopped",
		[SYNCGATE_RUN_LOST] = "lost",
		[SYNCGATE_RUN_SKIPPED] = "skipped",
	};

	return outcome >= 0 && outcome < SYNCGATE_OUTCOMES ? names[outcome] :
	    "?";
}

const char *
syncgate_store_place(const char *url, const char *file, apr_pool_t *pool)
{
	char *whole = realpath(file, NULL), host[256] = "";
	const char *place = apr_pstrdup(pool, whole != NULL ? whole : file);

	free(whole);
	if (!syncgate_store_is_shared(url))
		return place;
	if (gethostname(host, sizeof(host) - 1) != 0)
		*host = '\0';
	return apr_pstrcat(pool, host, ":", place, NULL);
}

/* ---- Changes ------------------------------------------------------------- */

struct save {
	const syncgate_run_t *runs;
	int n;
};

static xn_error_t *
save_one(struct syncgate_store *store, const void *baton, int i,
    apr_pool_t *pool)
{
	const struct save *save = baton;
	const syncgate_run_t *run = &save->runs[i];
	const char *place = syncgate_store_escape(run->place, pool);
	const char *job = syncgate_store_escape(run->job, pool);
	const char *values[] = {
		place, job, store_number(run->began, pool),
		syncgate_store_escape(run->plugin, pool), place, job,
		store_number(run->ended, pool),
		store_number(run->outcome, pool),
		store_number(run->by_hand, pool),
		syncgate_store_escape(run->error, pool),
		syncgate_store_escape(run->figures, pool),
	};

	return store_db_run(store->db, store->statements[STORE_RUN_SAVE],
	    values, sizeof(values) / sizeof(values[0]), NULL, pool);
}

static xn_error_t *
apply_save(struct syncgate_store *store, void *baton, apr_pool_t *scratch)
{
	const struct save *save = baton;

	return store_each(store, save->n, save_one, save, scratch);
}

static xn_error_t *
check_run(const syncgate_run_t *run)
{
	if (run->place == NULL || run->job == NULL || run->plugin == NULL)
		return xn_error_create(XN_E_USAGE, "it does not say whose it "
		    "is");
	if (run->outcome < 0 || run->outcome >= SYNCGATE_OUTCOMES)
		return xn_error_create(XN_E_USAGE, "there is no outcome %d",
		    run->outcome);
	if ((run->error != NULL && strlen(run->error) > TEXT_MAX) ||
	    (run->figures != NULL && strlen(run->figures) > TEXT_MAX))
		return xn_error_create(XN_E_USAGE, "its error or its figures "
		    "are longer than %d bytes", TEXT_MAX);
	return NULL;
}

xn_error_t *
syncgate_store_runs_save(syncgate_store_t *store, const syncgate_run_t *runs,
    int n)
{
	struct save save = { runs, n };
	struct store_change change = { .apply = apply_save, .baton = &save };

	for (int i = 0; i < n; i++)
		XN_TRY_W(check_run(&runs[i]), "run %d of %d to be saved",
		    i + 1, n);
	if (n <= 0)
		return NULL;
	XN_TRY_W(store_commit(store, &change), "cannot record %d run%s", n,
	    n == 1 ? "" : "s");
	return NULL;
}

/* Of PLACE what is to be changed. */
struct change {
	const char *place, *job;
	apr_time_t before;
	int most;
};

static xn_error_t *
apply_lost(struct syncgate_store *store, void *baton, apr_pool_t *scratch)
{
	const struct change *c = baton;
	const char *values[] = {
		store_number(SYNCGATE_RUN_LOST, scratch),
		syncgate_store_escape(c->place, scratch),
		store_number(SYNCGATE_RUN_RUNNING, scratch),
		store_number(c->before, scratch),
	};

	return store_db_run(store->db, store->statements[STORE_RUN_LOST],
	    values, 4, NULL, scratch);
}

xn_error_t *
syncgate_store_runs_lost(syncgate_store_t *store, const char *place,
    apr_time_t before)
{
	struct change c = { .place = place, .before = before };
	struct store_change change = { .apply = apply_lost, .baton = &c };

	XN_TRY_W(store_commit(store, &change), "cannot record what the last "
	    "daemon did not end");
	return NULL;
}

static xn_error_t *
apply_prune(struct syncgate_store *store, void *baton, apr_pool_t *scratch)
{
	const struct change *c = baton;
	const char *place = syncgate_store_escape(c->place, scratch);
	const char *job = syncgate_store_escape(c->job, scratch);
	const char *old[] = { place, store_number(c->before, scratch) };
	const char *many[] = { place, job, place, job,
	    store_number(c->most - 1, scratch) };

	if (c->before > 0)
		XN_TRY(store_db_run(store->db,
		    store->statements[STORE_RUN_OLD], old, 2, NULL, scratch));
	if (job == NULL || c->most <= 0)
		return NULL;
	return store_db_run(store->db, store->statements[STORE_RUN_MANY],
	    many, 5, NULL, scratch);
}

xn_error_t *
syncgate_store_runs_prune(syncgate_store_t *store, const char *place,
    apr_time_t before, const char *job, int most)
{
	struct change c = { place, job, before, most };
	struct store_change change = { .apply = apply_prune, .baton = &c };

	XN_TRY_W(store_commit(store, &change), "cannot forget old runs");
	return NULL;
}

/* ---- Reading ------------------------------------------------------------- */

static void
take_row(apr_array_header_t *runs, const struct store_rows *rows)
{
	syncgate_run_t *run = apr_array_push(runs);

	run->place = store_text(rows, 0, runs->pool);
	run->job = store_text(rows, 1, runs->pool);
	run->began = store_rows_number(rows, 2);
	run->plugin = store_text(rows, 3, runs->pool);
	run->number = store_rows_number(rows, 4);
	run->ended = store_rows_number(rows, 5);
	run->outcome = (int)store_rows_number(rows, 6);
	run->by_hand = (int)store_rows_number(rows, 7);
	run->error = store_text(rows, 8, runs->pool);
	run->figures = store_text(rows, 9, runs->pool);
}

xn_error_t *
syncgate_store_runs_list(syncgate_run_t **runs, int *n,
    syncgate_store_t *store, const char *place, const char *job,
    apr_time_t since, const syncgate_run_t *before, int limit,
    apr_pool_t *pool)
{
	const char *from = store_number(since, pool);
	const char *to = store_number(before != NULL ? before->began :
	    INT64_MAX, pool);
	const char *last = before == NULL ? "" :
	    syncgate_store_escape(before->job, pool);
	struct store_query query = {
		.statement = STORE_RUN_LIST, .count = 4,
		.limit = limit < SYNCGATE_STORE_PAGE ? limit :
		    SYNCGATE_STORE_PAGE,
		.values = { syncgate_store_escape(place, pool), from, to,
		    last },
		.take = take_row,
		.found = apr_array_make(pool, 16, sizeof(syncgate_run_t)),
	};

	if (job != NULL) {
		query.statement = STORE_RUN_LIST_JOB;
		query.values[1] = syncgate_store_escape(job, pool);
		query.values[2] = from;
		query.values[3] = to;
	}
	XN_TRY_W(store_query(store, &query), "cannot read the history");
	*runs = (syncgate_run_t *)query.found->elts;
	*n = query.found->nelts;
	return NULL;
}
