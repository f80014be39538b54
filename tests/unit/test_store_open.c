/*
 * Opening a store: its URL, its file, its version, and what is said when it
 * cannot be had.
 */
#include "tests/unit/test_store.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "appliance/job/store_text.h"

static void
a_url_is_checked_and_shown_without_secrets(void)
{
	static const struct {
		const char *url, *part;	/* of the error; NULL: shown as */
		const char *shown;
	} rows[] = {
		{ "sqlite:/a/b.db", NULL, "sqlite:/a/b.db" },
		{ "sqlite:a", "from the root", NULL },
		{ "sqlite:", "from the root", NULL },
		{ "sqlite:/a/", "from the root", NULL },
		{ "", "a store is written", NULL },
		{ "mysql:x", "a store is written", NULL },
		{ "postgresql://u:geheim@h/db", "a store is written", NULL },
		{ "pgsql:", NULL, "pgsql:" },
		{ "pgsql: host = h  dbname='a b' password=geheim", NULL,
		    "pgsql:host = h dbname='a b'" },
		{ "pgsql:password='ge\\'heim' port=5 sslpassword=geheim",
		    NULL, "pgsql:port=5" },
		{ "pgsql:user=a\\ b passfile=geheim", NULL,
		    "pgsql:user=a\\ b" },
		{ "pgsql:host", "connection strings", NULL },
		{ "pgsql:password='geheim", "connection strings", NULL },
		{ "pgsql:ge heim password", "connection strings", NULL },
		{ "pgsql:='geheim'", "connection strings", NULL },
	};
	apr_pool_t *pool = expect_pool();
	struct store_url url;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xn_error_t *error = store_url_parse(&url, rows[i].url, pool);

		if (error != NULL)
			CU_ASSERT_PTR_NULL(strstr(xn_error_text(error,
			    error->pool), "heim"));
		CU_ASSERT(expect_error(error, rows[i].part != NULL ?
		    XN_E_CONFIG : 0, rows[i].part != NULL ? rows[i].part :
		    ""));
		if (rows[i].shown != NULL)
			CU_ASSERT_STRING_EQUAL(url.shown, rows[i].shown);
	}
	apr_pool_destroy(pool);
}

static void
the_default_is_the_users_own(void)
{
	apr_pool_t *pool = expect_pool();
	const char *url;
	uid_t me = geteuid();

	setenv("HOME", "/home/me", 1);
	unsetenv("XDG_STATE_HOME");
	if (me == 0) {
		CU_ASSERT(expect_error(syncgate_store_default(&url, pool), 0,
		    ""));
		CU_ASSERT_STRING_EQUAL(url,
		    "sqlite:/var/lib/syncgate/store.db");
		CU_ASSERT_EQUAL_FATAL(seteuid(65534), 0);
	}
	CU_ASSERT(expect_error(syncgate_store_default(&url, pool), 0, ""));
	CU_ASSERT_STRING_EQUAL(url,
	    "sqlite:/home/me/.local/state/syncgate/store.db");
	setenv("XDG_STATE_HOME", "/state", 1);
	CU_ASSERT(expect_error(syncgate_store_default(&url, pool), 0, ""));
	CU_ASSERT_STRING_EQUAL(url, "sqlite:/state/syncgate/store.db");
	/* As its specification says: what is relative is ignored. */
	setenv("XDG_STATE_HOME", "state", 1);
	unsetenv("HOME");
	CU_ASSERT(expect_error(syncgate_store_default(&url, pool),
	    XN_E_CONFIG, "neither XDG_STATE_HOME nor HOME"));
	unsetenv("XDG_STATE_HOME");
	CU_ASSERT_EQUAL(seteuid(me), 0);
	apr_pool_destroy(pool);
}

static int
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static void
a_file_is_its_owners_alone(void)
{
	struct place p = place_make(STORE_SQLITE);
	mode_t old = umask(0);

	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, p.pool),
	    0, ""));
	CU_ASSERT_EQUAL(mode_of(p.url + 7), 0600);
	CU_ASSERT_EQUAL(mode_of(apr_pstrcat(p.pool, p.url + 7, "-wal", NULL)),
	    0600);
	CU_ASSERT_EQUAL(mode_of(apr_pstrcat(p.pool, p.folder, "/a", NULL)),
	    0700);
	CU_ASSERT_EQUAL(mode_of(apr_pstrcat(p.pool, p.folder, "/a/b", NULL)),
	    0700);
	umask(old);
	place_end(&p);
}

/* SQL in the store of P itself. */
static void
meddle(const struct place *p, const char *sql)
{
	struct store_url url;
	struct store_db *db;
	apr_pool_t *pool;

	apr_pool_create(&pool, p->pool);
	CU_ASSERT(expect_error(store_url_parse(&url, p->url, pool), 0, ""));
	CU_ASSERT(expect_error(store_db_open(&db, &url, pool), 0, ""));
	CU_ASSERT(expect_error(store_db_do(db, sql, NULL), 0, ""));
	apr_pool_destroy(pool);
}

static void
what_was_closed_is_opened_again(int kind)
{
	struct place p = place_open(kind);
	syncgate_item_t item = { .id = ID(1), .name = "x",
	    .state = SYNCGATE_ITEM_WAITING };
	apr_pool_t *pool;

	place_save(&p, &item);
	apr_pool_create(&pool, p.pool);
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, pool), 0,
	    ""));
	CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(1)));
	apr_pool_destroy(pool);
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, p.pool),
	    0, ""));
	CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(1)));
	place_end(&p);
}
IN_BOTH(what_was_closed_is_opened_again)

static void
a_newer_store_is_refused(int kind)
{
	struct place p = place_open(kind);

	meddle(&p, "UPDATE schema_version SET version = 99");
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, p.pool),
	    XN_E_CONFIG, "it has version 99, and this program knows 3 at "
	    "most: a newer syncgate used it"));
	place_end(&p);
}
IN_BOTH(a_newer_store_is_refused)

/* Another program may add to the tables while we are at it. */
static void
tables_may_change_under_an_open_store(int kind)
{
	struct place p = place_open(kind);
	syncgate_item_t item = { .id = ID(1), .name = "x",
	    .state = SYNCGATE_ITEM_WAITING };

	place_save(&p, &item);
	meddle(&p, "CREATE TABLE more (a INTEGER)");
	CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(1)));
	meddle(&p, "ALTER TABLE items ADD COLUMN more INTEGER");
	item.id = ID(2);
	place_save(&p, &item);
	CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(2)));
	place_end(&p);
}
IN_BOTH(tables_may_change_under_an_open_store)

/* A step that fails leaves nothing: the next start begins anew. */
static void
a_step_is_whole_or_not_at_all(int kind)
{
	struct place p = place_make(kind);

	meddle(&p, "CREATE TABLE items (a INTEGER)");
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, p.pool),
	    XN_E_JOB, "making version 1 of its tables: "));
	meddle(&p, "DROP TABLE items");
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, p.pool),
	    0, ""));
	place_end(&p);
}
IN_BOTH(a_step_is_whole_or_not_at_all)

/* ---- What cannot be had ------------------------------------------------- */

static void
what_is_no_store_says_so(void)
{
	struct place p = place_make(STORE_SQLITE);
	const char *file = apr_pstrcat(p.pool, p.folder, "/text", NULL);
	const char *url = apr_pstrcat(p.pool, "sqlite:", file, NULL);
	FILE *stream = fopen(file, "w");

	for (int i = 0; i < 1000; i++)
		fputs("this is not a database\n", stream);
	fclose(stream);
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, url, p.pool),
	    XN_E_JOB, apr_pstrcat(p.pool, "store ", url, ": ", NULL)));
	url = apr_pstrcat(p.pool, url, "/below", NULL);
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, url, p.pool),
	    XN_E_SYSTEM, "Not a directory"));
	place_end(&p);
}

/* What another program holds for longer than we wait is said to be busy. */
static void
a_busy_file_is_a_timeout(void)
{
	struct place p = place_open(STORE_SQLITE);
	syncgate_item_t item = { .id = ID(1), .name = "x",
	    .state = SYNCGATE_ITEM_WAITING };
	apr_time_t began = apr_time_now();
	struct store_url url;
	struct store_db *db;

	CU_ASSERT(expect_error(store_url_parse(&url, p.url, p.pool), 0, ""));
	CU_ASSERT(expect_error(store_db_open(&db, &url, p.pool), 0, ""));
	CU_ASSERT(expect_error(store_db_begin(db), 0, ""));
	CU_ASSERT(expect_error(syncgate_store_save(p.store, QUEUE, "job",
	    &item, 1), XN_E_TIMEOUT, "cannot save 1 item: store sqlite:"));
	CU_ASSERT(apr_time_now() - began > apr_time_from_sec(4));
	/* Who reads is not held up. */
	CU_ASSERT_PTR_NULL(place_find(&p, ID(1)));
	CU_ASSERT(expect_error(store_db_commit(db), 0, ""));
	place_save(&p, &item);
	CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(1)));
	place_end(&p);
}

/* Files may not grow: as a full disk.  What was saved is not hurt. */
static void
a_full_disk_is_told_and_overcome(void)
{
	struct place p = place_open(STORE_SQLITE);
	char *note = apr_palloc(p.pool, 60001);
	syncgate_item_t item = { .id = ID(1), .name = "x", .note = note,
	    .state = SYNCGATE_ITEM_WAITING };
	struct rlimit old, small;

	memset(note, 'x', 60000);
	note[60000] = '\0';
	place_save(&p, &item);
	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 130000;
	signal(SIGXFSZ, SIG_IGN);
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 2; i <= 3; i++) {
		item.id = i == 2 ? ID(2) : ID(3);
		CU_ASSERT(expect_error(syncgate_store_save(p.store, QUEUE,
		    "job", &item, 1), XN_E_JOB, "cannot save 1 item: store "));
	}
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &old), 0);
	CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(1)));
	CU_ASSERT_PTR_NULL(place_find(&p, ID(2)));
	place_save(&p, &item);
	CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(3)));
	place_end(&p);
}

/* ---- A server ----------------------------------------------------------- */

static int
no_server(void)
{
	if (postgres_conninfo() != NULL)
		return 0;
	printf("\nskipped: no PostgreSQL here\n");
	return 1;
}

static void
a_lost_connection_is_made_again(void)
{
	syncgate_item_t item = { .id = ID(1), .name = "x",
	    .state = SYNCGATE_ITEM_WAITING };
	struct place p;

	if (no_server())
		return;
	p = place_open(STORE_PGSQL);
	place_save(&p, &item);
	place_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE application_name = 'syncgate'", p.pool);
	CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(1)));
	place_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE application_name = 'syncgate'", p.pool);
	item.id = ID(2);
	place_save(&p, &item);
	CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(2)));
	place_end(&p);
}

static void
a_server_that_is_gone_can_be_tried_again(void)
{
	struct place p;

	if (no_server())
		return;
	p = place_make(STORE_PGSQL);
	CU_ASSERT(expect_error(syncgate_store_open(&p.store,
	    "pgsql:host=/nowhere password=geheim", p.pool), XN_E_CONNECT,
	    "store pgsql:host=/nowhere: "));
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, apr_pstrcat(
	    p.pool, p.url, "x password=geheim", NULL), p.pool), XN_E_CONNECT,
	    "does not exist"));
	place_end(&p);
}

static void
another_encoding_is_refused(void)
{
	struct place p;

	if (no_server())
		return;
	p = place_make(STORE_PGSQL);
	place_sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' "
	    "TEMPLATE template0", p.pool);
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, apr_pstrcat(
	    p.pool, p.url, " dbname=latin", NULL), p.pool), XN_E_CONFIG,
	    "the database has the encoding LATIN1"));
	place_end(&p);
}

static const struct xn_test_case cases[] = {
	{ "a URL is checked, and shown without secrets",
	    a_url_is_checked_and_shown_without_secrets },
	{ "the default is the user's own", the_default_is_the_users_own },
	{ "a file is its owner's alone", a_file_is_its_owners_alone },
	BOTH("what was closed is opened again",
	    what_was_closed_is_opened_again),
	BOTH("a newer store is refused", a_newer_store_is_refused),
	BOTH("tables may change under an open store",
	    tables_may_change_under_an_open_store),
	BOTH("a step is whole or not at all", a_step_is_whole_or_not_at_all),
	{ "what is no store says so", what_is_no_store_says_so },
	{ "a busy file is a timeout", a_busy_file_is_a_timeout },
	{ "a full disk is told and overcome",
	    a_full_disk_is_told_and_overcome },
	{ "a lost connection is made again",
	    a_lost_connection_is_made_again },
	{ "a server that is gone can be tried again",
	    a_server_that_is_gone_can_be_tried_again },
	{ "another encoding is refused", another_encoding_is_refused },
};

XN_TEST_MAIN("store_open", cases)
