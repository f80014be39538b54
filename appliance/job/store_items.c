/*
 * Items in the store.  Numbers go to the database as text, as apr_dbd wants
 * them, and names as store_text.h says.
 */
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "appliance/job/store_internal.h"
#include "appliance/job/store_text.h"

#define TEXT_MAX 65536		/* bytes of a name, detail or note */

#define COLUMNS "id, name, state, tries, size, arrived, due, changed, " \
    "remote, detail, note"
#define LIST "SELECT " COLUMNS " FROM items WHERE queue = %s AND "
#define PAGE " ORDER BY id LIMIT " APR_STRINGIFY(SYNCGATE_STORE_PAGE)

static const struct store_sql statements[STORE_OF_RUNS] = {
	[STORE_SAVE] = { "items_save", "INSERT INTO items "
	    "(queue, job, " COLUMNS ") VALUES (%s, %s, %s, %s, %d, %d, %lld, "
	    "%lld, %lld, %lld, %s, %s, %s) "
	    "ON CONFLICT (queue, id) DO UPDATE SET job = excluded.job, "
	    "name = excluded.name, state = excluded.state, "
	    "tries = excluded.tries, size = excluded.size, "
	    "arrived = excluded.arrived, due = excluded.due, "
	    "changed = excluded.changed, remote = excluded.remote, "
	    "detail = excluded.detail, note = excluded.note" },
	[STORE_FORGET] = { "items_forget",
	    "DELETE FROM items WHERE queue = %s AND id = %s" },
	[STORE_LIST] = { "items_list", LIST "id > %s" PAGE },
	[STORE_LIST_STATE] = { "items_list_state",
	    LIST "id > %s AND state = %d" PAGE },
	[STORE_FIND] = { "items_find", LIST "id = %s" },
	[STORE_BY_NAME] = { "items_by_name",
	    LIST "name = %s ORDER BY id LIMIT 2" },
	[STORE_BY_ID] = { "items_by_id",
	    LIST "id >= %s AND id < %s ORDER BY id LIMIT 2" },
	[STORE_RETRY] = { "items_retry", "UPDATE items SET state = 1, "
	    "tries = 0, due = 0, changed = %lld, remote = NULL, "
	    "detail = NULL, note = NULL WHERE queue = %s AND id = %s AND "
	    "state = %d AND changed = %lld" },
	[STORE_DISCARD] = { "items_discard", "DELETE FROM items WHERE "
	    "queue = %s AND id = %s AND state = %d AND changed = %lld" },
};

xn_error_t *
store_items_prepare(struct syncgate_store *store)
{
	return store_prepare(store, statements, 0, STORE_OF_RUNS);
}

/* ---- What may be stored ------------------------------------------------- */

static xn_error_t *
check_id(const char *id, const char *what)
{
	if (id != NULL && strlen(id) == 32 &&
	    id[strspn(id, "0123456789abcdef")] == '\0')
		return NULL;
	return xn_error_create(XN_E_USAGE, "%s \"%.64s\" is not 32 lower-case "
	    "hex digits", what, id != NULL ? id : "");
}

static xn_error_t *
check_text(const char *text, const char *what)
{
	if (text == NULL || strlen(text) <= TEXT_MAX)
		return NULL;
	return xn_error_create(XN_E_USAGE, "its %s is longer than %d bytes",
	    what, TEXT_MAX);
}

static xn_error_t *
check_item(const syncgate_item_t *item)
{
	XN_TRY(check_id(item->id, "its id"));
	if (item->name == NULL)
		return xn_error_create(XN_E_USAGE, "it has no name");
	if (item->state < SYNCGATE_ITEM_WAITING ||
	    item->state > SYNCGATE_ITEM_FAILED)
		return xn_error_create(XN_E_USAGE, "there is no state %d",
		    item->state);
	XN_TRY(check_text(item->name, "name"));
	XN_TRY(check_text(item->remote, "remote"));
	XN_TRY(check_text(item->detail, "detail"));
	return check_text(item->note, "note");
}

/* ---- Changes ------------------------------------------------------------ */

struct save {
	const char *queue, *job;
	const syncgate_item_t *items;
	int n;
};

static xn_error_t *
save_one(struct syncgate_store *store, const void *baton, int i,
    apr_pool_t *pool)
{
	const struct save *save = baton;
	const syncgate_item_t *item = &save->items[i];
	const char *values[] = {
		save->queue, save->job, item->id,
		syncgate_store_escape(item->name, pool),
		store_number(item->state, pool),
		store_number(item->tries, pool),
		store_number(item->size, pool),
		store_number(item->arrived, pool),
		store_number(item->due, pool),
		store_number(apr_time_now(), pool),
		syncgate_store_escape(item->remote, pool),
		syncgate_store_escape(item->detail, pool),
		syncgate_store_escape(item->note, pool),
	};

	return store_db_run(store->db, store->statements[STORE_SAVE], values,
	    sizeof(values) / sizeof(values[0]), NULL, pool);
}

static xn_error_t *
apply_save(struct syncgate_store *store, void *baton, apr_pool_t *scratch)
{
	const struct save *save = baton;

	return store_each(store, save->n, save_one, save, scratch);
}

xn_error_t *
syncgate_store_save(syncgate_store_t *store, const char *queue,
    const char *job, const syncgate_item_t *items, int n)
{
	struct save save = { queue, job, items, n };
	struct store_change change = { .apply = apply_save, .baton = &save };

	XN_TRY(check_id(queue, "the queue"));
	for (int i = 0; i < n; i++)
		XN_TRY_W(check_item(&items[i]), "item %d of %d to be saved",
		    i + 1, n);
	if (n <= 0)
		return NULL;
	XN_TRY_W(store_commit(store, &change), "cannot save %d item%s", n,
	    n == 1 ? "" : "s");
	return NULL;
}

struct forget {
	const char *queue;
	const char *const *ids;
	int n;
};

static xn_error_t *
apply_forget(struct syncgate_store *store, void *baton, apr_pool_t *scratch)
{
	const struct forget *forget = baton;

	for (int i = 0; i < forget->n; i++) {
		const char *values[] = { forget->queue, forget->ids[i] };

		XN_TRY(store_db_run(store->db,
		    store->statements[STORE_FORGET], values, 2, NULL,
		    scratch));
	}
	return NULL;
}

xn_error_t *
syncgate_store_forget(syncgate_store_t *store, const char *queue,
    const char *const *ids, int n)
{
	struct forget forget = { queue, ids, n };
	struct store_change change = { .apply = apply_forget,
	    .baton = &forget };

	XN_TRY(check_id(queue, "the queue"));
	for (int i = 0; i < n; i++)
		XN_TRY(check_id(ids[i], "the id"));
	if (n <= 0)
		return NULL;
	XN_TRY_W(store_commit(store, &change), "cannot forget %d item%s", n,
	    n == 1 ? "" : "s");
	return NULL;
}

struct act {
	const char *queue;
	int action;
	const syncgate_item_t *items;
	int n;
};

static xn_error_t *
apply_act(struct syncgate_store *store, void *baton, apr_pool_t *scratch)
{
	const struct act *act = baton;

	for (int i = 0; i < act->n; i++) {
		const syncgate_item_t *item = &act->items[i];
		const char *values[] = {
			store_number(apr_time_now(), scratch), act->queue,
			item->id,
			store_number(item->state, scratch),
			store_number(item->changed, scratch),
		};

		if (act->action == SYNCGATE_RETRY)
			XN_TRY(store_db_run(store->db,
			    store->statements[STORE_RETRY], values, 5, NULL,
			    scratch));
		else
			XN_TRY(store_db_run(store->db,
			    store->statements[STORE_DISCARD], values + 1, 4,
			    NULL, scratch));
	}
	return NULL;
}

xn_error_t *
syncgate_store_act(syncgate_store_t *store, const char *queue, int action,
    const syncgate_item_t *items, int n)
{
	struct act act = { queue, action, items, n };
	struct store_change change = { .apply = apply_act, .baton = &act };

	return n > 0 ? store_commit(store, &change) : NULL;
}

/* ---- Reading ------------------------------------------------------------ */

static void
take_row(apr_array_header_t *items, const struct store_rows *rows)
{
	syncgate_item_t *item = apr_array_push(items);

	item->id = store_text(rows, 0, items->pool);
	item->name = store_text(rows, 1, items->pool);
	item->state = (int)store_rows_number(rows, 2);
	item->tries = (int)store_rows_number(rows, 3);
	item->size = store_rows_number(rows, 4);
	item->arrived = store_rows_number(rows, 5);
	item->due = store_rows_number(rows, 6);
	item->changed = store_rows_number(rows, 7);
	item->remote = store_text(rows, 8, items->pool);
	item->detail = store_text(rows, 9, items->pool);
	item->note = store_text(rows, 10, items->pool);
}

static xn_error_t *
ask(syncgate_item_t **items, int *n, syncgate_store_t *store,
    struct store_query *query, apr_pool_t *pool)
{
	query->take = take_row;
	query->found = apr_array_make(pool, 4, sizeof(syncgate_item_t));
	XN_TRY_W(store_query(store, query), "cannot read items");
	*items = (syncgate_item_t *)query->found->elts;
	*n = query->found->nelts;
	return NULL;
}

xn_error_t *
syncgate_store_list(syncgate_item_t **items, int *n, syncgate_store_t *store,
    const char *queue, int state, const char *after, int limit,
    apr_pool_t *pool)
{
	struct store_query query = {
		.statement = state != 0 ? STORE_LIST_STATE : STORE_LIST,
		.values = { queue, after != NULL ? after : "",
		    store_number(state, pool) },
		.count = state != 0 ? 3 : 2,
		.limit = limit < SYNCGATE_STORE_PAGE ? limit :
		    SYNCGATE_STORE_PAGE,
	};

	return ask(items, n, store, &query, pool);
}

xn_error_t *
syncgate_store_find(syncgate_item_t **item, syncgate_store_t *store,
    const char *queue, const char *id, apr_pool_t *pool)
{
	struct store_query query = { .statement = STORE_FIND,
	    .values = { queue, id }, .count = 2, .limit = 1 };
	int n = 0;

	XN_TRY(ask(item, &n, store, &query, pool));
	if (n == 0)
		*item = NULL;
	return NULL;
}

xn_error_t *
syncgate_store_match(syncgate_item_t **items, int *n, syncgate_store_t *store,
    const char *queue, const char *word, apr_pool_t *pool)
{
	struct store_query query = { .statement = STORE_BY_NAME,
	    .values = { queue, syncgate_store_escape(word, pool) },
	    .count = 2, .limit = 2 };
	size_t length = strlen(word);

	XN_TRY(ask(items, n, store, &query, pool));
	if (*n > 0 || length < 4 || length > 32 ||
	    word[strspn(word, "0123456789abcdef")] != '\0')
		return NULL;
	query.statement = STORE_BY_ID;
	query.values[1] = word;
	query.values[2] = apr_pstrcat(pool, word, "g", NULL);
	query.count = 3;
	return ask(items, n, store, &query, pool);
}
