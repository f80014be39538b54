/*
 * The tables, and how they became what they are: one step a version, each in a
 * transaction of its own.  A step that was released is never changed; the next
 * change is another one at the end.
 */
#include <apr_strings.h>

#include "appliance/job/store_db.h"

/* The sort order of ids must not be that of a language. */
#define ITEMS_COLUMNS(ID)						\
	"queue " ID " NOT NULL, "					\
	"id " ID " NOT NULL, "						\
	"job TEXT NOT NULL, "						\
	"name TEXT NOT NULL, "						\
	"state INTEGER NOT NULL, "					\
	"tries INTEGER NOT NULL, "					\
	"size BIGINT NOT NULL, "					\
	"arrived BIGINT NOT NULL, "					\
	"due BIGINT NOT NULL, "						\
	"changed BIGINT NOT NULL, "					\
	"remote TEXT, "							\
	"detail TEXT, "							\
	"note TEXT, "							\
	"PRIMARY KEY (queue, id)"

/* They are read from the newest on, of one job or of all of a place. */
#define RUNS_TABLE(TEXT_KEY)						\
	"CREATE TABLE runs ("						\
	"place " TEXT_KEY " NOT NULL, "					\
	"job " TEXT_KEY " NOT NULL, "					\
	"began BIGINT NOT NULL, "					\
	"plugin TEXT NOT NULL, "					\
	"number BIGINT NOT NULL, "					\
	"ended BIGINT NOT NULL, "					\
	"outcome INTEGER NOT NULL, "					\
	"by_hand INTEGER NOT NULL, "					\
	"error TEXT, "							\
	"figures TEXT, "						\
	"PRIMARY KEY (place, job, began))"
#define RUNS_INDEX							\
	"; CREATE INDEX runs_by_time ON runs (place, began, job)"

#define LEASES_TABLE							\
	"CREATE TABLE leases ("						\
	"job TEXT NOT NULL PRIMARY KEY, "				\
	"holder TEXT NOT NULL, "					\
	"number BIGINT NOT NULL, "					\
	"until BIGINT NOT NULL)"

static const struct {
	const char *sqlite, *pgsql;
} steps[] = {
	/* 1, 2026-11: items */
	{ "CREATE TABLE items (" ITEMS_COLUMNS("TEXT") ") WITHOUT ROWID",
	  "CREATE TABLE items (" ITEMS_COLUMNS("TEXT COLLATE \"C\"") ")" },
	/* 2, 2026-11: runs */
	{ RUNS_TABLE("TEXT") " WITHOUT ROWID" RUNS_INDEX,
	  RUNS_TABLE("TEXT COLLATE \"C\"") RUNS_INDEX },
	/* 3, 2026-11: leases; in a file nobody has any */
	{ LEASES_TABLE, LEASES_TABLE },
};
#define NEWEST ((int)(sizeof(steps) / sizeof(steps[0])))

static xn_error_t *
number(int *n, struct store_db *db, const char *sql, apr_pool_t *pool)
{
	struct store_rows rows;

	XN_TRY(store_db_select_text(&rows, db, sql, pool));
	*n = store_rows_next(&rows) ? (int)store_rows_number(&rows, 0) : 0;
	return NULL;
}

/* 0 for a database without our tables. */
static xn_error_t *
read_version(int *version, struct store_db *db, apr_pool_t *pool)
{
	int there;

	XN_TRY(number(&there, db, db->url.kind == STORE_SQLITE ?
	    "SELECT count(*) FROM sqlite_master "
	    "WHERE name = 'schema_version'" :
	    "SELECT count(*) FROM pg_tables "
	    "WHERE tablename = 'schema_version' "
	    "AND schemaname = ANY (current_schemas(false))", pool));
	*version = 0;
	if (!there)
		return NULL;
	XN_TRY(number(version, db, "SELECT version FROM schema_version",
	    pool));
	if (*version > NEWEST)
		return xn_error_create(XN_E_CONFIG, "it has version %d, and "
		    "this program knows %d at most: a newer syncgate used it; "
		    "use that one, or another store", *version, NEWEST);
	return NULL;
}

/* In a transaction: the step after NEWEST. */
static xn_error_t *
take_step(struct store_db *db, int version, apr_pool_t *pool)
{
	XN_TRY(store_db_do(db, db->url.kind == STORE_SQLITE ?
	    steps[version].sqlite : steps[version].pgsql, NULL));
	if (version == 0) {
		XN_TRY(store_db_do(db, "CREATE TABLE schema_version "
		    "(version INTEGER NOT NULL)", NULL));
		return store_db_do(db,
		    "INSERT INTO schema_version (version) VALUES (1)", NULL);
	}
	return store_db_do(db, apr_psprintf(pool,
	    "UPDATE schema_version SET version = %d", version + 1), NULL);
}

/* Others may be at it: look again when the lock is ours. */
static xn_error_t *
locked_step(int *version, struct store_db *db, apr_pool_t *pool)
{
	struct store_rows rows;

	if (db->url.kind == STORE_PGSQL)
		XN_TRY(store_db_select_text(&rows, db,
		    "SELECT pg_advisory_xact_lock(7382937113)", pool));
	XN_TRY(read_version(version, db, pool));
	if (*version == NEWEST)
		return NULL;
	XN_TRY_W(take_step(db, *version, pool), "making version %d of its "
	    "tables", *version + 1);
	*version += 1;
	return NULL;
}

static xn_error_t *
step(int *version, struct store_db *db, apr_pool_t *pool)
{
	xn_error_t *error;

	XN_TRY(store_db_begin(db));
	error = locked_step(version, db, pool);
	if (error == NULL)
		error = store_db_commit(db);
	if (error != NULL)
		store_db_rollback(db);
	return error;
}

/* Other characters could not be stored. */
static xn_error_t *
check_encoding(struct store_db *db, apr_pool_t *pool)
{
	struct store_rows rows;
	const char *name;

	XN_TRY(store_db_select_text(&rows, db, "SHOW server_encoding", pool));
	name = store_rows_next(&rows) ? store_rows_text(&rows, 0) : "";
	if (apr_strnatcmp(name, "UTF8") == 0 ||
	    apr_strnatcmp(name, "SQL_ASCII") == 0)
		return NULL;
	return xn_error_create(XN_E_CONFIG, "the database has the encoding "
	    "%s: make one by createdb --encoding=UTF8 --template=template0",
	    name);
}

xn_error_t *
store_schema_prepare(struct store_db *db)
{
	apr_pool_t *pool;
	xn_error_t *error = NULL;
	int version = 0;

	apr_pool_create(&pool, db->pool);
	if (db->url.kind == STORE_PGSQL)
		error = check_encoding(db, pool);
	if (error == NULL)
		error = read_version(&version, db, pool);
	while (error == NULL && version < NEWEST)
		error = step(&version, db, pool);
	apr_pool_destroy(pool);
	return error;
}
