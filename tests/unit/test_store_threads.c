/*
 * Many threads, and programs, that change the store at once; and a program that
 * is killed in the middle of it.
 */
#include "tests/unit/test_store.h"

#include <signal.h>
#include <sys/wait.h>

#include <apr_thread_proc.h>

#define THREADS 8
#define ROUNDS 100

/* ---- Many threads ------------------------------------------------------- */

/* What one thread does, and how it went. */
struct worker {
	syncgate_store_t *store;
	int number, rounds;
	int failures;
	apr_thread_t *thread;
};

/* Each of its items is there in the end but those of odd rounds. */
static void *APR_THREAD_FUNC
save_and_forget(apr_thread_t *self, void *data)
{
	struct worker *w = data;
	char id[33];
	const char *ids = id;
	syncgate_item_t item = { .id = id, .name = "x",
	    .state = SYNCGATE_ITEM_WAITING };

	(void)self;
	for (int i = 0; i < w->rounds; i++) {
		snprintf(id, sizeof(id), "%016x%016x", w->number, i);
		w->failures += !expect_error(syncgate_store_save(w->store,
		    QUEUE, "job", &item, 1), 0, "");
		if (i % 2 == 1)
			w->failures += !expect_error(syncgate_store_forget(
			    w->store, QUEUE, &ids, 1), 0, "");
	}
	return NULL;
}

static void
start(struct worker *w, const struct place *p, int number, int rounds)
{
	w->store = p->store;
	w->number = number;
	w->rounds = rounds;
	w->failures = 0;
	CU_ASSERT_EQUAL_FATAL(apr_thread_create(&w->thread, NULL,
	    save_and_forget, w, p->pool), APR_SUCCESS);
}

static void
join(struct worker *w)
{
	apr_status_t status;

	apr_thread_join(&status, w->thread);
	CU_ASSERT_EQUAL(w->failures, 0);
}

static int
count(const struct place *p)
{
	syncgate_item_t *items;
	const char *after = NULL;
	int all = 0, n = 0;

	do {
		CU_ASSERT(expect_error(syncgate_store_list(&items, &n,
		    p->store, QUEUE, 0, after, 500, p->pool), 0, ""));
		all += n;
		if (n > 0)
			after = items[n - 1].id;
	} while (n > 0);
	return all;
}

static void
threads_save_and_read_at_once(int kind)
{
	struct place p = place_open(kind);
	struct worker workers[THREADS];

	for (int i = 0; i < THREADS; i++)
		start(&workers[i], &p, i, ROUNDS);
	for (int i = 0; i < 20; i++)
		count(&p);
	for (int i = 0; i < THREADS; i++)
		join(&workers[i]);
	CU_ASSERT_EQUAL(count(&p), THREADS * ROUNDS / 2);
	place_end(&p);
}
IN_BOTH(threads_save_and_read_at_once)

/* How many changes wait behind the batch that is being committed. */
static int
waiting(syncgate_store_t *store)
{
	int n = 0;

	apr_thread_mutex_lock(store->group_lock);
	for (struct store_change *c = store->first; c != NULL; c = c->next)
		n++;
	if (!store->leading)
		n = -1;
	apr_thread_mutex_unlock(store->group_lock);
	return n;
}

/*
 * With the connection taken, the first thread leads and waits for it, and the
 * others wait for the first: they make one commit.
 */
static void
who_waits_shares_a_commit(int kind)
{
	struct place p = place_open(kind);
	struct worker workers[THREADS];
	unsigned long before = p.store->commits;

	apr_thread_mutex_lock(p.store->db_lock);
	for (int i = 0; i < THREADS; i++) {
		start(&workers[i], &p, i, 1);
		while (waiting(p.store) != i)
			apr_sleep(1000);
	}
	apr_thread_mutex_unlock(p.store->db_lock);
	for (int i = 0; i < THREADS; i++)
		join(&workers[i]);
	CU_ASSERT_EQUAL(p.store->commits - before, 2);
	CU_ASSERT_EQUAL(count(&p), THREADS);
	place_end(&p);
}
IN_BOTH(who_waits_shares_a_commit)

/* ---- One that is refused ------------------------------------------------ */

static xn_error_t *
refuse(struct syncgate_store *store, void *baton, apr_pool_t *scratch)
{
	int *times = baton;

	(void)store;
	(void)scratch;
	++*times;
	return xn_error_create(XN_E_JOB, "that will not do");
}

static void *APR_THREAD_FUNC
commit_refused(apr_thread_t *self, void *data)
{
	struct worker *w = data;
	int times = 0;
	struct store_change change = { .apply = refuse, .baton = &times };

	(void)self;
	w->failures += !expect_error(store_commit(w->store, &change),
	    XN_E_JOB, "that will not do");
	/* In the batch, and by itself. */
	w->failures += times < 2;
	return NULL;
}

static void
only_who_is_refused_hears_of_it(int kind)
{
	struct place p = place_open(kind);
	struct worker workers[4];

	apr_thread_mutex_lock(p.store->db_lock);
	for (int i = 0; i < 4; i++) {
		workers[i].store = p.store;
		workers[i].failures = 0;
		if (i != 2) {
			start(&workers[i], &p, i, 1);
		} else {
			CU_ASSERT_EQUAL_FATAL(apr_thread_create(
			    &workers[i].thread, NULL, commit_refused,
			    &workers[i], p.pool), APR_SUCCESS);
		}
		while (waiting(p.store) != i)
			apr_sleep(1000);
	}
	apr_thread_mutex_unlock(p.store->db_lock);
	for (int i = 0; i < 4; i++)
		join(&workers[i]);
	CU_ASSERT_EQUAL(count(&p), 3);
	place_end(&p);
}
IN_BOTH(only_who_is_refused_hears_of_it)

/* ---- Programs ----------------------------------------------------------- */

static void *APR_THREAD_FUNC
open_it(apr_thread_t *self, void *data)
{
	struct worker *w = data;
	const char *url = (const char *)w->store;
	apr_pool_t *pool;
	syncgate_store_t *store;

	(void)self;
	apr_pool_create(&pool, NULL);
	w->failures = !expect_error(syncgate_store_open(&store, url, pool), 0,
	    "");
	apr_pool_destroy(pool);
	return NULL;
}

/* Each has a connection of its own, as programs do. */
static void
many_may_open_a_new_store_at_once(int kind)
{
	struct place p = place_make(kind);
	struct worker workers[THREADS];

	for (int i = 0; i < THREADS; i++) {
		workers[i].store = (syncgate_store_t *)p.url;
		CU_ASSERT_EQUAL_FATAL(apr_thread_create(&workers[i].thread,
		    NULL, open_it, &workers[i], p.pool), APR_SUCCESS);
	}
	for (int i = 0; i < THREADS; i++)
		join(&workers[i]);
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, p.pool),
	    0, ""));
	CU_ASSERT_EQUAL(count(&p), 0);
	place_end(&p);
}
IN_BOTH(many_may_open_a_new_store_at_once)

/* Save items until killed, and say which of them are durable. */
static void
save_for_ever(const char *url, int out)
{
	apr_pool_t *pool = expect_pool();
	char id[33];
	syncgate_item_t item = { .id = id, .name = "x",
	    .state = SYNCGATE_ITEM_WAITING };
	syncgate_store_t *store;

	if (!expect_error(syncgate_store_open(&store, url, pool), 0, ""))
		_exit(1);
	for (int i = 0; i < 1000000; i++) {
		snprintf(id, sizeof(id), "%032x", i);
		if (!expect_error(syncgate_store_save(store, QUEUE, "job",
		    &item, 1), 0, "") || write(out, &i, sizeof(i)) < 0)
			_exit(1);
	}
	_exit(0);
}

static void
what_was_said_to_be_saved_outlives_a_kill(int kind)
{
	struct place p = place_make(kind);
	int ends[2], i = -1, said = 0, status;
	pid_t child;

	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	child = fork();
	CU_ASSERT_FATAL(child >= 0);
	if (child == 0)
		save_for_ever(p.url, ends[1]);
	close(ends[1]);
	while (read(ends[0], &i, sizeof(i)) == sizeof(i)) {
		said++;
		if (said == 50)
			kill(child, SIGKILL);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT(said >= 50);
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, p.pool),
	    0, ""));
	/* One more may have been written than could be said. */
	i = count(&p);
	CU_ASSERT(i == said || i == said + 1);
	close(ends[0]);
	place_end(&p);
}
IN_BOTH(what_was_said_to_be_saved_outlives_a_kill)

static const struct xn_test_case cases[] = {
	BOTH("what was said to be saved outlives a kill",
	    what_was_said_to_be_saved_outlives_a_kill),
	BOTH("threads save and read at once", threads_save_and_read_at_once),
	BOTH("who waits shares a commit", who_waits_shares_a_commit),
	BOTH("only who is refused hears of it",
	    only_who_is_refused_hears_of_it),
	BOTH("many may open a new store at once",
	    many_may_open_a_new_store_at_once),
};

XN_TEST_MAIN("store_threads", cases)
