/*
 * The store: what is saved is there, in whatever state the program ends, and
 * many threads may save at once.  All of it with SQLite, and with PostgreSQL
 * where tests/lib/postgres.h can have a server.
 */
#include "appliance/job/store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

#define QUEUE "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"
#define ID(n) "0000000000000000000000000000000" #n

/* One case: a pool, a folder of its own, a store in it. */
struct place {
	apr_pool_t *pool;
	const char *folder;
	const char *url;
	syncgate_store_t *store;
};

static struct place
begin(void)
{
	struct place p = { .pool = expect_pool() };
	char *folder = apr_pstrdup(p.pool, "/tmp/syncgate-store.XXXXXX");

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	p.folder = folder;
	p.url = apr_pstrcat(p.pool, "sqlite:", folder, "/a/b/store.db", NULL);
	CU_ASSERT(expect_error(syncgate_store_open(&p.store, p.url, p.pool),
	    0, ""));
	CU_ASSERT_PTR_NOT_NULL_FATAL(p.store);
	return p;
}

static void
end(const struct place *p)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", p->folder);
	apr_pool_destroy(p->pool);
	CU_ASSERT_EQUAL(system(command), 0);
}

static void
save(const struct place *p, const syncgate_item_t *item)
{
	CU_ASSERT(expect_error(syncgate_store_save(p->store, QUEUE, "job",
	    item, 1), 0, ""));
}

static syncgate_item_t *
find(const struct place *p, const char *id)
{
	syncgate_item_t *item = NULL;

	CU_ASSERT(expect_error(syncgate_store_find(&item, p->store, QUEUE, id,
	    p->pool), 0, ""));
	return item;
}

static void
an_item_is_saved_replaced_and_forgotten(void)
{
	struct place p = begin();
	syncgate_item_t item = { .id = ID(1), .name = "a/b c\n'\"%s",
	    .state = SYNCGATE_ITEM_WAITING, .tries = 3, .size = 1LL << 40,
	    .arrived = 1, .due = 1LL << 60, .remote = "r", .detail = "d",
	    .note = "" };
	const char *id = ID(1);
	syncgate_item_t *found;

	save(&p, &item);
	found = find(&p, ID(1));
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	CU_ASSERT_STRING_EQUAL(found->id, item.id);
	CU_ASSERT_STRING_EQUAL(found->name, item.name);
	CU_ASSERT_EQUAL(found->state, item.state);
	CU_ASSERT_EQUAL(found->tries, 3);
	CU_ASSERT_EQUAL(found->size, 1LL << 40);
	CU_ASSERT_EQUAL(found->arrived, 1);
	CU_ASSERT_EQUAL(found->due, 1LL << 60);
	CU_ASSERT(found->changed > 0 && found->changed <= apr_time_now());
	CU_ASSERT_STRING_EQUAL(found->remote, "r");
	CU_ASSERT_STRING_EQUAL(found->detail, "d");
	CU_ASSERT_STRING_EQUAL(found->note, "");
	item.state = SYNCGATE_ITEM_FAILED;
	item.remote = item.detail = item.note = NULL;
	save(&p, &item);
	found = find(&p, ID(1));
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	CU_ASSERT_EQUAL(found->state, SYNCGATE_ITEM_FAILED);
	CU_ASSERT_PTR_NULL(found->remote);
	CU_ASSERT_PTR_NULL(found->detail);
	CU_ASSERT_PTR_NULL(found->note);
	for (int i = 0; i < 2; i++)
		CU_ASSERT(expect_error(syncgate_store_forget(p.store, QUEUE,
		    &id, 1), 0, ""));
	CU_ASSERT_PTR_NULL(find(&p, ID(1)));
	end(&p);
}

static const struct xn_test_case cases[] = {
	{ "an item is saved, replaced and forgotten",
	    an_item_is_saved_replaced_and_forgotten },
};

XN_TEST_MAIN("store", cases)
