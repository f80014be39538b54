/*
 * store_db.h: a connection to a database by apr_dbd, without its traps.
 *
 * For store*.c alone.  A connection is used by one thread at a time.
 */
#ifndef SYNCGATE_JOB_STORE_DB_H
#define SYNCGATE_JOB_STORE_DB_H

#include <apr_dbd.h>

#include <execnet.h>

enum store_kind { STORE_SQLITE, STORE_PGSQL };

/* A URL, taken apart. */
struct store_url {
	int kind;		/* enum store_kind */
	const char *params;	/* as the driver has it: path, or conninfo */
	const char *shown;	/* for people: without a password */
};

struct store_db {
	struct store_url url;
	const apr_dbd_driver_t *driver;
	apr_dbd_t *handle;
	apr_pool_t *pool;	/* of the connection: its statements */
};

/* The rows that a select found. */
struct store_rows {
	struct store_db *db;
	apr_dbd_results_t *results;
	apr_dbd_row_t *row;	/* the present one */
	apr_pool_t *pool;
};

/* In store_url.c.  XN_E_CONFIG says how to write it, and not what was. */
xn_error_t *store_url_parse(struct store_url *url, const char *text,
    apr_pool_t *pool);

/*
 * Connect; closed with POOL.  A SQLite file is made, for its owner alone, with
 * its folder.
 */
xn_error_t *store_db_open(struct store_db **db, const struct store_url *url,
    apr_pool_t *pool);

/* SQL of no parameters and no rows; *ROWS (may be NULL) is how many it hit. */
xn_error_t *store_db_do(struct store_db *db, const char *sql, int *rows);

/*
 * BEGIN (to write), COMMIT; and ROLLBACK, which is for after an error and has
 * none of its own.
 */
xn_error_t *store_db_begin(struct store_db *db);
xn_error_t *store_db_commit(struct store_db *db);
void store_db_rollback(struct store_db *db);

/*
 * Prepare SQL, whose parameters are %s (text) and %lld; into DB's pool.  LABEL
 * is unique.
 */
xn_error_t *store_db_prepare(apr_dbd_prepared_t **statement,
    struct store_db *db, const char *label, const char *sql);

/* Run it with COUNT values; a NULL is one.  ROWS as above. */
xn_error_t *store_db_run(struct store_db *db, apr_dbd_prepared_t *statement,
    const char **values, int count, int *rows, apr_pool_t *pool);

/* Its rows, all of them in POOL; store_rows_next() is 0 behind the last. */
xn_error_t *store_db_select(struct store_rows *rows, struct store_db *db,
    apr_dbd_prepared_t *statement, const char **values, int count,
    apr_pool_t *pool);
xn_error_t *store_db_select_text(struct store_rows *rows,
    struct store_db *db, const char *sql, apr_pool_t *pool);
int store_rows_next(struct store_rows *rows);
const char *store_rows_text(const struct store_rows *rows, int column);
long long store_rows_number(const struct store_rows *rows, int column);

/* Bring the database to this program's version; in store_schema.c. */
xn_error_t *store_schema_prepare(struct store_db *db);

#endif
