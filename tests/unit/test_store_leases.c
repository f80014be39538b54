/*
 * Leases in the store: one holder at a time, until its time is over.
 */
#include "tests/unit/test_store.h"

#include "appliance/job/store_leases.h"

#define LONG	apr_time_from_sec(60)
#define SHORT	apr_time_from_msec(300)

static long long
take(const struct place *p, const char *holder, apr_interval_time_t time,
    const char **other)
{
	long long number = -1;
	apr_interval_time_t left = -1;

	*other = NULL;
	CU_ASSERT(expect_error(syncgate_store_lease_take(&number, other, &left,
	    p->store, "job 'a' \xff", holder, time, p->pool), 0, ""));
	CU_ASSERT(left >= 0 && left <= time);
	CU_ASSERT(number != 0 || left > 0);
	return number;
}

static int
renew(const struct place *p, const char *holder, long long number,
    apr_interval_time_t time)
{
	int ours = -1;

	CU_ASSERT(expect_error(syncgate_store_lease_renew(&ours, p->store,
	    "job 'a' \xff", holder, number, time), 0, ""));
	return ours;
}

static void
release(const struct place *p, const char *holder, long long number)
{
	CU_ASSERT(expect_error(syncgate_store_lease_release(p->store,
	    "job 'a' \xff", holder, number), 0, ""));
}

static void
one_has_it(void)
{
	struct place p = place_open(STORE_PGSQL);
	const char *other;

	CU_ASSERT_EQUAL(take(&p, "one", LONG, &other), 1);
	CU_ASSERT_EQUAL(take(&p, "two", LONG, &other), 0);
	CU_ASSERT_STRING_EQUAL(other, "one");
	CU_ASSERT_EQUAL(renew(&p, "two", 1, LONG), 0);
	CU_ASSERT_EQUAL(renew(&p, "one", 2, LONG), 0);
	CU_ASSERT_EQUAL(renew(&p, "one", 1, LONG), 1);
	/* Who did not hear that it has it asks once more. */
	CU_ASSERT_EQUAL(take(&p, "one", LONG, &other), 2);
	place_end(&p);
}

static void
given_back_another_has_it(void)
{
	struct place p = place_open(STORE_PGSQL);
	const char *other;

	CU_ASSERT_EQUAL(take(&p, "one", LONG, &other), 1);
	release(&p, "two", 1);
	release(&p, "one", 2);
	CU_ASSERT_EQUAL(take(&p, "two", LONG, &other), 0);
	release(&p, "one", 1);
	CU_ASSERT_EQUAL(take(&p, "two", LONG, &other), 2);
	/* What is not its own any more it cannot give back. */
	release(&p, "one", 1);
	CU_ASSERT_EQUAL(renew(&p, "two", 2, LONG), 1);
	place_end(&p);
}

static void
over_another_has_it(void)
{
	struct place p = place_open(STORE_PGSQL);
	const char *other;

	CU_ASSERT_EQUAL(take(&p, "one", SHORT, &other), 1);
	apr_sleep(SHORT + apr_time_from_msec(50));
	/* Nobody wanted it: */
	CU_ASSERT_EQUAL(renew(&p, "one", 1, SHORT), 1);
	apr_sleep(SHORT + apr_time_from_msec(50));
	CU_ASSERT_EQUAL(take(&p, "two", LONG, &other), 2);
	CU_ASSERT_EQUAL(renew(&p, "one", 1, LONG), 0);
	CU_ASSERT_EQUAL(take(&p, "one", LONG, &other), 0);
	CU_ASSERT_STRING_EQUAL(other, "two");
	place_end(&p);
}

static void
a_file_has_none(void)
{
	struct place p = place_open(STORE_SQLITE);
	long long number;
	const char *other;
	apr_interval_time_t left;
	int ours;

	CU_ASSERT(expect_error(syncgate_store_lease_take(&number, &other,
	    &left, p.store, "a", "one", LONG, p.pool), XN_E_UNSUPPORTED,
	    "cannot take the lease of job a: a file has no leases"));
	CU_ASSERT(expect_error(syncgate_store_lease_renew(&ours, p.store, "a",
	    "one", 1, LONG), XN_E_UNSUPPORTED, "cannot renew"));
	place_end(&p);
}

/* As version 2 left it. */
static void
the_second_version_is_brought_on(int kind)
{
	struct place p = place_open(kind);
	struct store_url url;
	struct store_db *db;
	struct store_rows rows;

	CU_ASSERT(expect_error(store_url_parse(&url, p.url, p.pool), 0, ""));
	CU_ASSERT(expect_error(store_db_open(&db, &url, p.pool), 0, ""));
	CU_ASSERT(expect_error(store_db_do(db, "DROP TABLE leases", NULL), 0,
	    ""));
	CU_ASSERT(expect_error(store_db_do(db,
	    "UPDATE schema_version SET version = 2", NULL), 0, ""));
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, p.pool), 0,
	    ""));
	CU_ASSERT(expect_error(store_db_select_text(&rows, db,
	    "SELECT count(*) FROM leases", p.pool), 0, ""));
	CU_ASSERT(store_rows_next(&rows));
	CU_ASSERT_EQUAL(store_rows_number(&rows, 0), 0);
	place_end(&p);
}
IN_BOTH(the_second_version_is_brought_on)

/* A case in PostgreSQL alone. */
#define IN_POSTGRES(name)						\
static void								\
name##_in_postgres(void)						\
{									\
	if (postgres_conninfo() == NULL)				\
		printf("\nskipped: no PostgreSQL here\n");		\
	else								\
		name();							\
}
IN_POSTGRES(one_has_it)
IN_POSTGRES(given_back_another_has_it)
IN_POSTGRES(over_another_has_it)

static const struct xn_test_case cases[] = {
	{ "one has it", one_has_it_in_postgres },
	{ "given back, another has it", given_back_another_has_it_in_postgres },
	{ "when it is over another has it", over_another_has_it_in_postgres },
	{ "a file has none", a_file_has_none },
	BOTH("the second version is brought on",
	    the_second_version_is_brought_on),
};

XN_TEST_MAIN("store_leases", cases)
