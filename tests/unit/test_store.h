/*
 * test_store.h: a store for a case, in SQLite or in PostgreSQL.
 */
#ifndef XN_TESTS_TEST_STORE_H
#define XN_TESTS_TEST_STORE_H

#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/store_internal.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"
#include "tests/lib/postgres.h"

#define QUEUE "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"
#define ID(n) "0000000000000000000000000000000" #n

/* One case: a pool, a folder of its own, a store in it or in a database. */
struct place {
	int kind;		/* enum store_kind */
	apr_pool_t *pool;
	const char *folder;
	const char *url;
	syncgate_store_t *store;
};

/* Do SQL in the server's first database. */
static inline void
place_sql(const char *sql, apr_pool_t *pool)
{
	struct store_url url = { .kind = STORE_PGSQL };
	struct store_db *db;

	url.params = url.shown = postgres_conninfo();
	CU_ASSERT(expect_error(store_db_open(&db, &url, pool), 0, ""));
	CU_ASSERT(expect_error(store_db_do(db, sql, NULL), 0, ""));
}

static inline const char *
place_database(apr_pool_t *pool)
{
	static int count;
	const char *name = apr_psprintf(pool, "case%d", ++count);

	place_sql(apr_psprintf(pool, "CREATE DATABASE %s", name), pool);
	return apr_psprintf(pool, "pgsql:%s dbname=%s", postgres_conninfo(),
	    name);
}

static inline struct place
place_make(int kind)
{
	struct place p = { .kind = kind, .pool = expect_pool() };
	char *folder = apr_pstrdup(p.pool, "/tmp/syncgate-store.XXXXXX");

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	p.folder = folder;
	if (kind == STORE_SQLITE)
		p.url = apr_pstrcat(p.pool, "sqlite:", folder,
		    "/a/b/store.db", NULL);
	else
		p.url = place_database(p.pool);
	return p;
}

static inline struct place
place_open(int kind)
{
	struct place p = place_make(kind);

	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, p.pool),
	    0, ""));
	CU_ASSERT_PTR_NOT_NULL_FATAL(p.store);
	return p;
}

static inline void
place_end(const struct place *p)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", p->folder);
	apr_pool_destroy(p->pool);
	CU_ASSERT_EQUAL(system(command), 0);
}

static inline void
place_save(const struct place *p, const syncgate_item_t *item)
{
	CU_ASSERT(expect_error(syncgate_store_save(p->store, QUEUE, "job",
	    item, 1), 0, ""));
}

static inline syncgate_item_t *
place_find(const struct place *p, const char *id)
{
	syncgate_item_t *item = NULL;

	CU_ASSERT(expect_error(syncgate_store_find(&item, p->store, QUEUE, id,
	    p->pool), 0, ""));
	return item;
}

/* A case for each kind; that in PostgreSQL is none where there is none. */
#define IN_BOTH(name)							\
static void								\
name##_in_sqlite(void)							\
{									\
	name(STORE_SQLITE);						\
}									\
static void								\
name##_in_postgres(void)						\
{									\
	if (postgres_conninfo() == NULL)				\
		printf("\nskipped: no PostgreSQL here\n");		\
	else								\
		name(STORE_PGSQL);					\
}

#define BOTH(sentence, name)						\
	{ sentence ", in SQLite", name##_in_sqlite },			\
	{ sentence ", in PostgreSQL", name##_in_postgres }

#endif
