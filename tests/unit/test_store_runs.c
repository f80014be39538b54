/*
 * Runs in the store: what is recorded is listed, page by page, and old ones are
 * forgotten.
 */
#include "tests/unit/test_store.h"

#define PLACE "/etc/syncgate.conf"

static syncgate_run_t
make_run(const char *job, apr_time_t began)
{
	return (syncgate_run_t){ .place = PLACE, .job = job,
	    .plugin = "rsync", .began = began };
}

static void
save(const struct place *p, const syncgate_run_t *runs, int n)
{
	CU_ASSERT(expect_error(syncgate_store_runs_save(p->store, runs, n), 0,
	    ""));
}

static syncgate_run_t *
list(int *n, const struct place *p, const char *job, apr_time_t since,
    const syncgate_run_t *before, int limit)
{
	syncgate_run_t *runs = NULL;

	*n = -1;
	CU_ASSERT(expect_error(syncgate_store_runs_list(&runs, n, p->store,
	    PLACE, job, since, before, limit, p->pool), 0, ""));
	return runs;
}

static void
a_run_begins_and_ends(int kind)
{
	struct place p = place_open(kind);
	syncgate_run_t run = make_run("a\\b\xff", 5000000000000LL), *found;
	int n;

	save(&p, &run, 1);
	found = list(&n, &p, NULL, 0, NULL, 10);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_EQUAL(found->outcome, SYNCGATE_RUN_RUNNING);
	CU_ASSERT_EQUAL(found->ended, 0);
	CU_ASSERT_PTR_NULL(found->error);
	CU_ASSERT_PTR_NULL(found->figures);
	run.ended = run.began + 7;
	run.outcome = SYNCGATE_RUN_FAILED;
	run.by_hand = 1;
	run.error = "a: b: \xfe\n'c' \\x";
	run.figures = "{\"files\": 3}";
	run.number = 99;
	save(&p, &run, 1);
	/* Twice, as after a crash, is once. */
	save(&p, &run, 1);
	found = list(&n, &p, run.job, 0, NULL, 10);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_STRING_EQUAL(found->place, PLACE);
	CU_ASSERT_STRING_EQUAL(found->job, run.job);
	CU_ASSERT_STRING_EQUAL(found->plugin, "rsync");
	CU_ASSERT_EQUAL(found->began, run.began);
	CU_ASSERT_EQUAL(found->ended, run.ended);
	CU_ASSERT_EQUAL(found->number, 1);
	CU_ASSERT_EQUAL(found->outcome, SYNCGATE_RUN_FAILED);
	CU_ASSERT_EQUAL(found->by_hand, 1);
	CU_ASSERT_STRING_EQUAL(found->error, run.error);
	CU_ASSERT_STRING_EQUAL(found->figures, run.figures);
	place_end(&p);
}
IN_BOTH(a_run_begins_and_ends)

/* Jobs that begin at the same instant are on either side of a page's end. */
static void
they_are_listed_by_page_the_newest_first(int kind)
{
	struct place p = place_open(kind);
	syncgate_run_t runs[60], other = make_run("a", 1000), *found, last;
	int n, count = 0;

	for (int i = 0; i < 60; i++)
		runs[i] = make_run(i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c",
		    1000 + i / 3);
	save(&p, runs, 60);
	other.place = "/elsewhere";
	save(&p, &other, 1);
	found = list(&n, &p, NULL, 0, NULL, 7);
	CU_ASSERT_EQUAL_FATAL(n, 7);
	CU_ASSERT_STRING_EQUAL(found[0].job, "c");
	CU_ASSERT_EQUAL(found[0].began, 1019);
	CU_ASSERT_EQUAL(found[0].number, 20);
	for (count = n; n > 0; count += n) {
		last = found[n - 1];
		found = list(&n, &p, NULL, 0, &last, 7);
		for (int i = 0; i < n; i++) {
			const syncgate_run_t *before = i > 0 ? &found[i - 1] :
			    &last;

			CU_ASSERT(found[i].began < before->began ||
			    (found[i].began == before->began &&
			    strcmp(found[i].job, before->job) < 0));
		}
	}
	CU_ASSERT_EQUAL(count, 60);
	found = list(&n, &p, "b", 1010, NULL, 500);
	CU_ASSERT_EQUAL_FATAL(n, 10);
	CU_ASSERT_EQUAL(found[9].began, 1010);
	list(&n, &p, "b", 1010, &found[8], 500);
	CU_ASSERT_EQUAL(n, 1);
	list(&n, &p, "none", 0, NULL, 500);
	CU_ASSERT_EQUAL(n, 0);
	place_end(&p);
}
IN_BOTH(they_are_listed_by_page_the_newest_first)

static void
what_has_no_end_is_lost(int kind)
{
	struct place p = place_open(kind);
	syncgate_run_t runs[] = { make_run("a", 1), make_run("b", 2),
	    make_run("c", 30), make_run("d", 3) }, *found;
	int n;

	runs[1].outcome = SYNCGATE_RUN_WELL;
	runs[3].place = "/elsewhere";
	save(&p, runs, 4);
	CU_ASSERT(expect_error(syncgate_store_runs_lost(p.store, PLACE, 30),
	    0, ""));
	found = list(&n, &p, NULL, 0, NULL, 10);
	CU_ASSERT_EQUAL_FATAL(n, 3);
	CU_ASSERT_EQUAL(found[0].outcome, SYNCGATE_RUN_RUNNING);
	CU_ASSERT_EQUAL(found[1].outcome, SYNCGATE_RUN_WELL);
	CU_ASSERT_EQUAL(found[2].outcome, SYNCGATE_RUN_LOST);
	CU_ASSERT(expect_error(syncgate_store_runs_list(&found, &n, p.store,
	    "/elsewhere", NULL, 0, NULL, 10, p.pool), 0, ""));
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_EQUAL(found[0].outcome, SYNCGATE_RUN_RUNNING);
	place_end(&p);
}
IN_BOTH(what_has_no_end_is_lost)

static void
old_ones_are_forgotten(int kind)
{
	struct place p = place_open(kind);
	syncgate_run_t runs[30], *found;
	int n;

	for (int i = 0; i < 30; i++)
		runs[i] = make_run(i % 2 ? "a" : "b", 100 + i);
	runs[29] = make_run("gone", 5);
	save(&p, runs, 30);
	/* a: 101, 103 ... 127; b: 100, 102 ... 128. */
	CU_ASSERT(expect_error(syncgate_store_runs_prune(p.store, PLACE, 110,
	    NULL, 3), 0, ""));
	list(&n, &p, "a", 0, NULL, 50);
	CU_ASSERT_EQUAL(n, 9);
	list(&n, &p, "gone", 0, NULL, 50);
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT(expect_error(syncgate_store_runs_prune(p.store, PLACE, 0,
	    "a", 0), 0, ""));
	CU_ASSERT(expect_error(syncgate_store_runs_prune(p.store, PLACE, 0,
	    "a", 3), 0, ""));
	found = list(&n, &p, "a", 0, NULL, 50);
	CU_ASSERT_EQUAL_FATAL(n, 3);
	CU_ASSERT_EQUAL(found[2].began, 123);
	list(&n, &p, "b", 0, NULL, 50);
	CU_ASSERT_EQUAL(n, 10);
	CU_ASSERT(expect_error(syncgate_store_runs_prune(p.store, PLACE, 1000,
	    "b", 3), 0, ""));
	list(&n, &p, NULL, 0, NULL, 50);
	CU_ASSERT_EQUAL(n, 3);
	/* Numbers go on behind what is left. */
	runs[0] = make_run("b", 2000);
	save(&p, runs, 1);
	found = list(&n, &p, "b", 0, NULL, 1);
	CU_ASSERT_EQUAL(found[0].number, 16);
	place_end(&p);
}
IN_BOTH(old_ones_are_forgotten)

static void
what_is_no_run_is_refused(int kind)
{
	struct place p = place_open(kind);
	syncgate_run_t runs[2] = { make_run("a", 1), make_run("b", 2) };
	int n;

	runs[1].outcome = SYNCGATE_OUTCOMES;
	CU_ASSERT(expect_error(syncgate_store_runs_save(p.store, runs, 2),
	    XN_E_USAGE, "run 2 of 2 to be saved: there is no outcome"));
	runs[1] = make_run(NULL, 2);
	CU_ASSERT(expect_error(syncgate_store_runs_save(p.store, runs, 2),
	    XN_E_USAGE, "whose it is"));
	list(&n, &p, NULL, 0, NULL, 50);
	CU_ASSERT_EQUAL(n, 0);
	place_end(&p);
}
IN_BOTH(what_is_no_run_is_refused)

/* ---- What an earlier version left ---------------------------------------- */

/* The tables as version 1 made them, with an item. */
static const char *const first_version[] = {
	"CREATE TABLE items (queue TEXT %s NOT NULL, id TEXT %s NOT NULL, "
	"job TEXT NOT NULL, name TEXT NOT NULL, state INTEGER NOT NULL, "
	"tries INTEGER NOT NULL, size BIGINT NOT NULL, arrived BIGINT NOT "
	"NULL, due BIGINT NOT NULL, changed BIGINT NOT NULL, remote TEXT, "
	"detail TEXT, note TEXT, PRIMARY KEY (queue, id))%s",
	"CREATE TABLE schema_version (version INTEGER NOT NULL)",
	"INSERT INTO schema_version (version) VALUES (1)",
	"INSERT INTO items VALUES ('" QUEUE "', '" ID(1) "', 'job', 'x', 1, 0, "
	"5, 1, 0, 1, NULL, NULL, NULL)",
};

static void
the_first_version_is_brought_on(int kind)
{
	struct place p = place_make(kind);
	const char *collate = kind == STORE_SQLITE ? "" : "COLLATE \"C\"";
	syncgate_run_t run = make_run("a", 1);
	struct store_url url;
	struct store_db *db;
	apr_pool_t *pool;
	int n;

	apr_pool_create(&pool, p.pool);
	CU_ASSERT(expect_error(store_url_parse(&url, p.url, pool), 0, ""));
	CU_ASSERT(expect_error(store_db_open(&db, &url, pool), 0, ""));
	for (size_t i = 0; i < sizeof(first_version) / sizeof(*first_version);
	    i++)
		CU_ASSERT(expect_error(store_db_do(db, i > 0 ?
		    first_version[i] : apr_psprintf(pool, first_version[0],
		    collate, collate, kind == STORE_SQLITE ?
		    " WITHOUT ROWID" : ""), NULL), 0, ""));
	apr_pool_destroy(pool);
	/* Twice: the second time there is nothing to do. */
	for (int i = 0; i < 2; i++) {
		CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url,
		    p.pool), 0, ""));
		CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(1)));
		save(&p, &run, 1);
		list(&n, &p, NULL, 0, NULL, 10);
		CU_ASSERT_EQUAL(n, 1);
	}
	place_end(&p);
}
IN_BOTH(the_first_version_is_brought_on)

static const struct xn_test_case cases[] = {
	BOTH("a run begins and ends", a_run_begins_and_ends),
	BOTH("they are listed by page, the newest first",
	    they_are_listed_by_page_the_newest_first),
	BOTH("what has no end is lost", what_has_no_end_is_lost),
	BOTH("old ones are forgotten", old_ones_are_forgotten),
	BOTH("what is no run is refused", what_is_no_run_is_refused),
	BOTH("the first version is brought on",
	    the_first_version_is_brought_on),
};

XN_TEST_MAIN("store_runs", cases)
