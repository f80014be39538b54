#include "appliance/job/store_leases.h"

#include <string.h>

#include <apr_strings.h>

#include "appliance/job/store_internal.h"
#include "appliance/job/store_text.h"

/* Microseconds of this moment, and not of the transaction's beginning. */
#define NOW "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

static const struct store_sql statements[STORE_STATEMENTS] = {
	[STORE_LEASE_TAKE] = { "leases_take", "INSERT INTO leases "
	    "(job, holder, number, until) VALUES (%s, %s, 1, " NOW " + %lld) "
	    "ON CONFLICT (job) DO UPDATE SET holder = excluded.holder, "
	    "number = leases.number + 1, until = excluded.until "
	    "WHERE leases.until <= " NOW " OR leases.holder = excluded.holder "
	    "RETURNING number" },
	[STORE_LEASE_LOOK] = { "leases_look", "SELECT holder, "
	    "until - " NOW " FROM leases WHERE job = %s" },
	[STORE_LEASE_RENEW] = { "leases_renew", "UPDATE leases SET "
	    "until = " NOW " + %lld WHERE job = %s AND holder = %s AND "
	    "number = %lld" },
	[STORE_LEASE_RELEASE] = { "leases_release", "UPDATE leases SET "
	    "until = 0 WHERE job = %s AND holder = %s AND number = %lld" },
};

xn_error_t *
store_leases_prepare(struct syncgate_store *store)
{
	if (store->url.kind != STORE_PGSQL)
		return NULL;
	return store_prepare(store, statements, STORE_OF_LEASES,
	    STORE_STATEMENTS);
}

struct lease {
	const char *job, *holder;
	long long number;
	apr_interval_time_t microseconds;
	int ours;
	const char *other;
	apr_interval_time_t left;
	apr_pool_t *pool;		/* for other */
};

/* Do WORK with LEASE, where there are such. */
static xn_error_t *
with_lease(syncgate_store_t *store, store_work_fn *work, struct lease *lease)
{
	if (store->url.kind != STORE_PGSQL)
		return xn_error_create(XN_E_UNSUPPORTED, "a file has no "
		    "leases: those who share a job share a server, pgsql:...");
	return store_work(store, work, lease);
}

/* ---- Taking -------------------------------------------------------------- */

static xn_error_t *
look(struct syncgate_store *store, struct lease *lease, apr_pool_t *pool)
{
	const char *values[] = { syncgate_store_escape(lease->job, pool) };
	struct store_rows rows;

	XN_TRY(store_db_select(&rows, store->db,
	    store->statements[STORE_LEASE_LOOK], values, 1, pool));
	if (!store_rows_next(&rows))
		return NULL;
	lease->other = apr_pstrdup(lease->pool, store_rows_text(&rows, 0));
	lease->left = store_rows_number(&rows, 1);
	return NULL;
}

static xn_error_t *
take(struct syncgate_store *store, void *baton, apr_pool_t *pool)
{
	struct lease *lease = baton;
	const char *values[] = {
		syncgate_store_escape(lease->job, pool),
		syncgate_store_escape(lease->holder, pool),
		store_number(lease->microseconds, pool),
	};
	struct store_rows rows;

	XN_TRY(store_db_select(&rows, store->db,
	    store->statements[STORE_LEASE_TAKE], values, 3, pool));
	lease->number = store_rows_next(&rows) ? store_rows_number(&rows, 0) :
	    0;
	return lease->number == 0 ? look(store, lease, pool) : NULL;
}

xn_error_t *
syncgate_store_lease_take(long long *number_out, const char **other,
    apr_interval_time_t *left, syncgate_store_t *store, const char *job,
    const char *holder, apr_interval_time_t microseconds, apr_pool_t *pool)
{
	struct lease lease = { .job = job, .holder = holder,
	    .microseconds = microseconds, .other = "nobody", .pool = pool };

	XN_TRY_W(with_lease(store, take, &lease), "cannot take the lease of "
	    "job %s", job);
	*number_out = lease.number;
	*other = lease.other;
	*left = lease.left > 0 ? lease.left : 0;
	return NULL;
}

/* ---- Holding ------------------------------------------------------------- */

static xn_error_t *
renew(struct syncgate_store *store, void *baton, apr_pool_t *pool)
{
	struct lease *lease = baton;
	const char *values[] = {
		store_number(lease->microseconds, pool),
		syncgate_store_escape(lease->job, pool),
		syncgate_store_escape(lease->holder, pool),
		store_number(lease->number, pool),
	};

	return store_db_run(store->db, store->statements[STORE_LEASE_RENEW],
	    values, 4, &lease->ours, pool);
}

xn_error_t *
syncgate_store_lease_renew(int *ours, syncgate_store_t *store, const char *job,
    const char *holder, long long number_of, apr_interval_time_t microseconds)
{
	struct lease lease = { .job = job, .holder = holder,
	    .number = number_of, .microseconds = microseconds };

	XN_TRY_W(with_lease(store, renew, &lease), "cannot renew the lease of "
	    "job %s", job);
	*ours = lease.ours;
	return NULL;
}

static xn_error_t *
release(struct syncgate_store *store, void *baton, apr_pool_t *pool)
{
	const struct lease *lease = baton;
	const char *values[] = {
		syncgate_store_escape(lease->job, pool),
		syncgate_store_escape(lease->holder, pool),
		store_number(lease->number, pool),
	};

	return store_db_run(store->db, store->statements[STORE_LEASE_RELEASE],
	    values, 3, NULL, pool);
}

xn_error_t *
syncgate_store_lease_release(syncgate_store_t *store, const char *job,
    const char *holder, long long number_of)
{
	struct lease lease = { .job = job, .holder = holder,
	    .number = number_of };

	XN_TRY_W(with_lease(store, release, &lease), "cannot give back the "
	    "lease of job %s", job);
	return NULL;
}
