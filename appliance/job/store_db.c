/*
 * Traps of apr_dbd 1.6 that end here:
 *
 * - its transactions forget errors (their end is well when they were rolled
 *   back), so BEGIN and COMMIT are statements like others;
 * - a PRAGMA by apr_dbd_query() is error 100, "not an error": it is selected;
 * - another program that changes SQLite's tables makes the next statement fail,
 *   since they are prepared by SQLite's old function: it is said again, and who
 *   has older ones opens another connection;
 * - SQLite being busy is slept over sixteen times, on top of SQLite's own
 *   timeout, so that one is a sixteenth of what we want;
 * - rows of PostgreSQL that are not fetched to their end block the connection,
 *   and errors while fetching are no rows: all are fetched by the select;
 * - apr_dbd_get_entry() of a NULL is "" there: a datum is asked for;
 * - apr_dbd_check_conn() reconnects, without the prepared statements: who
 *   suspects a lost connection opens another one.
 */
#include "appliance/job/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define STALE "database schema has changed"	/* SQLITE_SCHEMA */
#define BUSY "PRAGMA busy_timeout = 250"	/* ms; in all 16 * (250 + 100) */

static const struct {
	const char *driver, *package;
} drivers[] = {
	[STORE_SQLITE] = { "sqlite3", "libaprutil1-dbd-sqlite3" },
	[STORE_PGSQL] = { "pgsql", "libaprutil1-dbd-pgsql" },
};

/* ---- Errors ------------------------------------------------------------- */

/* What a driver says, as one line. */
static const char *
tidy(const char *text, apr_pool_t *pool)
{
	char *copy = apr_pstrdup(pool, text != NULL ? text : "unknown error");
	size_t n = strlen(copy);

	while (n > 0 && strchr("\n\r ", copy[n - 1]) != NULL)
		copy[--n] = '\0';
	for (char *p = copy; *p != '\0'; p++) {
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	}
	return copy;
}

static int
code_of(const struct store_db *db, const char *text)
{
	if (db->url.kind == STORE_SQLITE && strcmp(text, STALE) == 0)
		return XN_E_CONNECTION;
	if (db->url.kind == STORE_SQLITE)
		return strstr(text, "locked") != NULL ? XN_E_TIMEOUT :
		    XN_E_JOB;
	/* What libpq says itself is in English; the server need not be. */
	return strstr(text, "connection") != NULL ||
	    strstr(text, "could not receive") != NULL ||
	    strstr(text, "could not send") != NULL ||
	    strstr(text, "SSL SYSCALL") != NULL ? XN_E_CONNECTION : XN_E_JOB;
}

static xn_error_t *
refused(const struct store_db *db, int rv)
{
	const char *text;
	xn_error_t *error;
	apr_pool_t *pool;

	apr_pool_create(&pool, NULL);
	text = tidy(apr_dbd_error(db->driver, db->handle, rv), pool);
	error = xn_error_create(code_of(db, text), "%s", text);
	apr_pool_destroy(pool);
	return error;
}

/* Is RV that the tables were changed, which the next try knows? */
static int
is_stale(const struct store_db *db, int rv)
{
	return rv != 0 && db->url.kind == STORE_SQLITE &&
	    strcmp(apr_dbd_error(db->driver, db->handle, rv), STALE) == 0;
}

/* ---- Opening ------------------------------------------------------------ */

/* What was made in FOLDER stays there, whatever happens. */
static void
sync_folder(const char *folder)
{
	int fd = open(*folder != '\0' ? folder : "/", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

/* The folder of PATH and those above it, for their owner alone. */
static xn_error_t *
make_folders(const char *path, apr_pool_t *pool)
{
	char *folder = apr_pstrdup(pool, path), *above = folder;

	for (char *slash = strchr(folder + 1, '/'); slash != NULL;
	    above = slash, slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) == 0) {
			*above = '\0';
			sync_folder(folder);
			*above = '/';
		} else if (errno != EEXIST) {
			return xn_error_system(errno,
			    "cannot make the folder %s", folder);
		}
		*slash = '/';
	}
	return NULL;
}

/*
 * SQLite would make it readable for all.  Not by open(): the close() behind it
 * would take away the locks that another connection of ours has on it.
 */
static xn_error_t *
make_file(const char *path, apr_pool_t *pool)
{
	int rc = mknod(path, S_IFREG | 0600, 0);

	if (rc != 0 && errno == ENOENT) {
		XN_TRY(make_folders(path, pool));
		rc = mknod(path, S_IFREG | 0600, 0);
	}
	if (rc == 0)
		sync_folder(apr_pstrmemdup(pool, path,
		    (apr_size_t)(strrchr(path, '/') - path)));
	else if (errno != EEXIST)
		return xn_error_system(errno, "cannot make %s", path);
	return NULL;
}

static apr_pool_t *drivers_pool;	/* ends with APR */

static void
init_drivers(void)
{
	apr_pool_create(&drivers_pool, NULL);
	apr_dbd_init(drivers_pool);
}

static xn_error_t *
find_driver(struct store_db *db)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const char *name = drivers[db->url.kind].driver;

	pthread_once(&once, init_drivers);
	if (apr_dbd_get_driver(drivers_pool, name, &db->driver) ==
	    APR_SUCCESS)
		return NULL;
	return xn_error_create(XN_E_UNSUPPORTED, "APR has no driver %s here: "
	    "apt-get install %s", name, drivers[db->url.kind].package);
}

static apr_status_t
close_handle(void *data)
{
	struct store_db *db = data;

	apr_dbd_close(db->driver, db->handle);
	return APR_SUCCESS;
}

static xn_error_t *
set_up(struct store_db *db, apr_pool_t *pool)
{
	static const char *const pragmas[] = {
		BUSY, "PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
	};
	struct store_rows rows;

	/*
	 * A page is read along the key.  Before a new table was analyzed, the
	 * planner takes it for small, and would sort all of it for each page.
	 */
	if (db->url.kind == STORE_PGSQL)
		return store_db_do(db, "SET client_min_messages = warning; "
		    "SET client_encoding = 'UTF8'; SET enable_sort = off; "
		    "SET enable_bitmapscan = off", NULL);
	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++)
		XN_TRY(store_db_select_text(&rows, db, pragmas[i], pool));
	return NULL;
}

xn_error_t *
store_db_open(struct store_db **out, const struct store_url *url,
    apr_pool_t *pool)
{
	struct store_db *db = apr_pcalloc(pool, sizeof(*db));
	const char *reason = NULL;
	apr_pool_t *scratch;
	xn_error_t *error;

	db->url = *url;
	db->pool = pool;
	XN_TRY(find_driver(db));
	if (url->kind == STORE_SQLITE)
		XN_TRY(make_file(url->params, pool));
	if (apr_dbd_open_ex(db->driver, pool, url->params, &db->handle,
	    &reason) != APR_SUCCESS)
		return xn_error_create(XN_E_CONNECT, "%s", tidy(reason, pool));
	apr_pool_cleanup_register(pool, db, close_handle,
	    apr_pool_cleanup_null);
	apr_pool_create(&scratch, pool);
	error = set_up(db, scratch);
	apr_pool_destroy(scratch);
	*out = db;
	return error;
}

/* ---- Statements --------------------------------------------------------- */

xn_error_t *
store_db_do(struct store_db *db, const char *sql, int *rows)
{
	int hit = 0;
	int rv = apr_dbd_query(db->driver, db->handle, &hit, sql);

	if (is_stale(db, rv))
		rv = apr_dbd_query(db->driver, db->handle, &hit, sql);
	if (rv != 0)
		return refused(db, rv);
	if (rows != NULL)
		*rows = hit;
	return NULL;
}

xn_error_t *
store_db_begin(struct store_db *db)
{
	/* A lock that is upgraded later may have to be given up instead. */
	return store_db_do(db, db->url.kind == STORE_SQLITE ?
	    "BEGIN IMMEDIATE" : "BEGIN", NULL);
}

xn_error_t *
store_db_commit(struct store_db *db)
{
	return store_db_do(db, "COMMIT", NULL);
}

void
store_db_rollback(struct store_db *db)
{
	xn_error_clear(store_db_do(db, "ROLLBACK", NULL));
}

xn_error_t *
store_db_prepare(apr_dbd_prepared_t **statement, struct store_db *db,
    const char *label, const char *sql)
{
	int rv;

	*statement = NULL;
	rv = apr_dbd_prepare(db->driver, db->pool, db->handle, sql, label,
	    statement);
	return rv == 0 ? NULL : refused(db, rv);
}

xn_error_t *
store_db_run(struct store_db *db, apr_dbd_prepared_t *statement,
    const char **values, int count, int *rows, apr_pool_t *pool)
{
	int hit = 0;
	int rv = apr_dbd_pquery(db->driver, pool, db->handle, &hit, statement,
	    count, values);

	if (rv != 0)
		return refused(db, rv);
	if (rows != NULL)
		*rows = hit;
	return NULL;
}

/* ---- Rows --------------------------------------------------------------- */

static void
begin_rows(struct store_rows *rows, struct store_db *db, apr_pool_t *pool)
{
	memset(rows, 0, sizeof(*rows));
	rows->db = db;
	rows->pool = pool;
}

xn_error_t *
store_db_select(struct store_rows *rows, struct store_db *db,
    apr_dbd_prepared_t *statement, const char **values, int count,
    apr_pool_t *pool)
{
	int rv;

	begin_rows(rows, db, pool);
	rv = apr_dbd_pselect(db->driver, pool, db->handle, &rows->results,
	    statement, 1, count, values);
	return rv == 0 ? NULL : refused(db, rv);
}

xn_error_t *
store_db_select_text(struct store_rows *rows, struct store_db *db,
    const char *sql, apr_pool_t *pool)
{
	int rv;

	begin_rows(rows, db, pool);
	rv = apr_dbd_select(db->driver, pool, db->handle, &rows->results, sql,
	    1);
	if (is_stale(db, rv)) {
		begin_rows(rows, db, pool);
		rv = apr_dbd_select(db->driver, pool, db->handle,
		    &rows->results, sql, 1);
	}
	return rv == 0 ? NULL : refused(db, rv);
}

int
store_rows_next(struct store_rows *rows)
{
	return apr_dbd_get_row(rows->db->driver, rows->pool, rows->results,
	    &rows->row, -1) == 0;
}

const char *
store_rows_text(const struct store_rows *rows, int column)
{
	const char *text = NULL;

	if (apr_dbd_datum_get(rows->db->driver, rows->row, column,
	    APR_DBD_TYPE_STRING, &text) != APR_SUCCESS)
		return NULL;
	return text;
}

long long
store_rows_number(const struct store_rows *rows, int column)
{
	const char *text = store_rows_text(rows, column);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}
