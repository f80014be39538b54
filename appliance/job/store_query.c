#include <apr_strings.h>

#include "appliance/job/store_internal.h"
#include "appliance/job/store_text.h"

const char *
store_number(long long n, apr_pool_t *pool)
{
	/* (APR's printf has no %lld.) */
	return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)n);
}

const char *
store_text(const struct store_rows *rows, int column, apr_pool_t *pool)
{
	return apr_pstrdup(pool, syncgate_store_unescape(store_rows_text(rows,
	    column), rows->pool));
}

static xn_error_t *
read_rows(struct syncgate_store *store, void *baton, apr_pool_t *scratch)
{
	struct store_query *query = baton;
	struct store_rows rows;

	apr_array_clear(query->found);
	XN_TRY(store_db_select(&rows, store->db,
	    store->statements[query->statement], query->values, query->count,
	    scratch));
	while (query->found->nelts < query->limit && store_rows_next(&rows))
		query->take(query->found, &rows);
	return NULL;
}

xn_error_t *
store_query(struct syncgate_store *store, struct store_query *query)
{
	return store_work(store, read_rows, query);
}
