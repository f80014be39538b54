/*
 * What is saved in the store is there again, as it was, and nothing of it is
 * half.
 */
#include "tests/unit/test_store.h"

static void
an_item_is_saved_replaced_and_forgotten(int kind)
{
	struct place p = place_open(kind);
	syncgate_item_t item = { .id = ID(1), .name = "a/b c\n'\"%s $1 ?",
	    .state = SYNCGATE_ITEM_WAITING, .tries = 3, .size = 1LL << 40,
	    .arrived = 1, .due = 1LL << 60, .remote = "r", .detail = "d",
	    .note = "" };
	const char *id = ID(1);
	syncgate_item_t *found;

	place_save(&p, &item);
	found = place_find(&p, ID(1));
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
	item.size = -1;
	item.remote = item.detail = item.note = NULL;
	place_save(&p, &item);
	found = place_find(&p, ID(1));
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	CU_ASSERT_EQUAL(found->state, SYNCGATE_ITEM_FAILED);
	CU_ASSERT_EQUAL(found->size, -1);
	CU_ASSERT_PTR_NULL(found->remote);
	CU_ASSERT_PTR_NULL(found->detail);
	CU_ASSERT_PTR_NULL(found->note);
	for (int i = 0; i < 2; i++)
		CU_ASSERT(expect_error(syncgate_store_forget(p.store, QUEUE,
		    &id, 1), 0, ""));
	CU_ASSERT_PTR_NULL(place_find(&p, ID(1)));
	place_end(&p);
}
IN_BOTH(an_item_is_saved_replaced_and_forgotten)

/* Text of no language, and what looks like our own escapes. */
static void
any_bytes_come_back(int kind)
{
	static const char *const names[] = {
		"", " ", "a\tb\r\n", "\x01\x1f\x7f", "gr\xc3\xbc\xc3\x9f",
		"\xff", "\xc3", "a\xc3\x28", "\xed\xa0\x80", "\xc0\xaf",
		"\xf4\x90\x80\x80", "\\", "\\\\", "\\x41", "\\xff\xff",
		"%41", "'; DROP TABLE items; --", "\xf0\x9f\x98\x80",
	};
	struct place p = place_open(kind);
	char *longest = apr_palloc(p.pool, 65537);
	syncgate_item_t *found;

	memset(longest, 0xfe, 65536);
	longest[65536] = '\0';
	for (size_t i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
		const char *name = i < sizeof(names) / sizeof(names[0]) ?
		    names[i] : longest;
		const syncgate_item_t item = { .id = ID(2), .name = name,
		    .state = SYNCGATE_ITEM_WAITING, .detail = name,
		    .note = name, .remote = name };

		place_save(&p, &item);
		found = place_find(&p, ID(2));
		CU_ASSERT_PTR_NOT_NULL_FATAL(found);
		CU_ASSERT_STRING_EQUAL(found->name, name);
		CU_ASSERT_STRING_EQUAL(found->detail, name);
		CU_ASSERT_STRING_EQUAL(found->note, name);
		CU_ASSERT_STRING_EQUAL(found->remote, name);
	}
	place_end(&p);
}
IN_BOTH(any_bytes_come_back)

/* COUNT items, the state of each by its number. */
static void
save_many(const struct place *p, const char *queue, int count)
{
	syncgate_item_t *items = apr_pcalloc(p->pool, sizeof(*items) *
	    (size_t)count);

	for (int i = 0; i < count; i++) {
		items[i].id = apr_psprintf(p->pool, "%032x", i);
		items[i].name = apr_psprintf(p->pool, "item %d", i / 2);
		items[i].state = i % 4 == 0 ? SYNCGATE_ITEM_FAILED :
		    SYNCGATE_ITEM_WAITING;
	}
	CU_ASSERT(expect_error(syncgate_store_save(p->store, queue, "job",
	    items, count), 0, ""));
}

/* How many are listed, LIMIT at a time; each id is greater than the last. */
static int
count_listed(const struct place *p, const char *queue, int state, int limit)
{
	syncgate_item_t *items;
	const char *after = NULL;
	int count = 0, n;

	for (;;) {
		CU_ASSERT(expect_error(syncgate_store_list(&items, &n,
		    p->store, queue, state, after, limit, p->pool), 0, ""));
		if (n == 0)
			return count;
		CU_ASSERT(n <= limit && n <= SYNCGATE_STORE_PAGE);
		for (int i = 0; i < n; i++) {
			CU_ASSERT(after == NULL ||
			    strcmp(items[i].id, after) > 0);
			CU_ASSERT(state == 0 || items[i].state == state);
			after = items[i].id;
		}
		count += n;
	}
}

static void
lists_are_pages_of_one_queue(int kind)
{
	struct place p = place_open(kind);

	CU_ASSERT_EQUAL(count_listed(&p, QUEUE, 0, 500), 0);
	save_many(&p, QUEUE, 1234);
	save_many(&p, OTHER, 3);
	CU_ASSERT_EQUAL(count_listed(&p, QUEUE, 0, 100000), 1234);
	CU_ASSERT_EQUAL(count_listed(&p, QUEUE, 0, 7), 1234);
	CU_ASSERT_EQUAL(count_listed(&p, OTHER, 0, 500), 3);
	CU_ASSERT_EQUAL(count_listed(&p, QUEUE, SYNCGATE_ITEM_FAILED, 500),
	    309);
	CU_ASSERT_EQUAL(count_listed(&p, QUEUE, SYNCGATE_ITEM_PLACED, 500),
	    0);
	place_end(&p);
}
IN_BOTH(lists_are_pages_of_one_queue)

static void
what_is_wrong_is_refused_whole(int kind)
{
	static const struct {
		syncgate_item_t item;
		const char *part;
	} rows[] = {
		{ { .id = NULL, .name = "x", .state = 1 }, "its id \"\"" },
		{ { .id = "0", .name = "x", .state = 1 }, "32 lower-case" },
		{ { .id = "0000000000000000000000000000000G", .name = "x",
		    .state = 1 }, "item 2 of 2 to be saved: its id" },
		{ { .id = ID(2), .name = NULL, .state = 1 }, "no name" },
		{ { .id = ID(2), .name = "x", .state = 0 }, "no state 0" },
		{ { .id = ID(2), .name = "x", .state = 7 }, "no state 7" },
	};
	struct place p = place_open(kind);
	syncgate_item_t items[2] = { { .id = ID(1), .name = "good",
	    .state = SYNCGATE_ITEM_WAITING } };
	const char *wrong = "ABC";
	char *text = apr_palloc(p.pool, 65538);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		items[1] = rows[i].item;
		CU_ASSERT(expect_error(syncgate_store_save(p.store, QUEUE,
		    "job", items, 2), XN_E_USAGE, rows[i].part));
	}
	memset(text, 'x', 65537);
	text[65537] = '\0';
	items[1] = items[0];
	items[1].note = text;
	CU_ASSERT(expect_error(syncgate_store_save(p.store, QUEUE, "job",
	    items, 2), XN_E_USAGE, "its note is longer than 65536"));
	CU_ASSERT(expect_error(syncgate_store_save(p.store, "x", "job", items,
	    1), XN_E_USAGE, "the queue \"x\""));
	CU_ASSERT(expect_error(syncgate_store_forget(p.store, QUEUE, &wrong,
	    1), XN_E_USAGE, "the id \"ABC\""));
	CU_ASSERT_EQUAL(count_listed(&p, QUEUE, 0, 500), 0);
	place_end(&p);
}
IN_BOTH(what_is_wrong_is_refused_whole)

static int
matches(const struct place *p, const char *word)
{
	syncgate_item_t *items;
	int n = -1;

	CU_ASSERT(expect_error(syncgate_store_match(&items, &n, p->store,
	    QUEUE, word, p->pool), 0, ""));
	return n;
}

static void
a_word_is_a_name_or_the_begin_of_an_id(int kind)
{
	struct place p = place_open(kind);
	syncgate_item_t item = { .id = "abcd0000000000000000000000000000",
	    .name = "\xff\\", .state = SYNCGATE_ITEM_WAITING };

	place_save(&p, &item);
	item.id = "abcf0000000000000000000000000000";
	item.name = "twice";
	place_save(&p, &item);
	item.id = "abcfffffffffffffffffffffffffffff";
	place_save(&p, &item);
	item.id = "00000000000000000000000000000000";
	item.name = "abcf";
	place_save(&p, &item);
	CU_ASSERT_EQUAL(matches(&p, "\xff\\"), 1);
	CU_ASSERT_EQUAL(matches(&p, "twice"), 2);
	CU_ASSERT_EQUAL(matches(&p, "nobody"), 0);
	CU_ASSERT_EQUAL(matches(&p, ""), 0);
	CU_ASSERT_EQUAL(matches(&p, "abc"), 0);
	CU_ASSERT_EQUAL(matches(&p, "abcd"), 1);
	CU_ASSERT_EQUAL(matches(&p, "ABCD"), 0);
	CU_ASSERT_EQUAL(matches(&p, "abcf"), 1);
	CU_ASSERT_EQUAL(matches(&p, "abcff"), 1);
	CU_ASSERT_EQUAL(matches(&p, "abcfffffffffffffffffffffffffffff"), 1);
	CU_ASSERT_EQUAL(matches(&p, "abcffffffffffffffffffffffffffffff"), 0);
	place_end(&p);
}
IN_BOTH(a_word_is_a_name_or_the_begin_of_an_id)

static void
acting_spares_what_was_changed_meanwhile(int kind)
{
	struct place p = place_open(kind);
	syncgate_item_t item = { .id = ID(1), .name = "x", .tries = 3,
	    .state = SYNCGATE_ITEM_FAILED, .due = 7, .detail = "d",
	    .note = "n", .remote = "r", .size = 5, .arrived = 9 };
	syncgate_item_t *old, *found;

	place_save(&p, &item);
	old = place_find(&p, ID(1));
	CU_ASSERT_PTR_NOT_NULL_FATAL(old);
	CU_ASSERT(expect_error(syncgate_store_act(p.store, QUEUE,
	    SYNCGATE_RETRY, old, 1), 0, ""));
	found = place_find(&p, ID(1));
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	CU_ASSERT_EQUAL(found->state, SYNCGATE_ITEM_WAITING);
	CU_ASSERT_EQUAL(found->tries, 0);
	CU_ASSERT_EQUAL(found->due, 0);
	CU_ASSERT_EQUAL(found->size, 5);
	CU_ASSERT_EQUAL(found->arrived, 9);
	CU_ASSERT(found->changed > old->changed);
	CU_ASSERT_PTR_NULL(found->remote);
	CU_ASSERT_PTR_NULL(found->detail);
	CU_ASSERT_PTR_NULL(found->note);
	/* OLD is no more what the record says. */
	CU_ASSERT(expect_error(syncgate_store_act(p.store, QUEUE,
	    SYNCGATE_DISCARD, old, 1), 0, ""));
	CU_ASSERT_PTR_NOT_NULL(place_find(&p, ID(1)));
	CU_ASSERT(expect_error(syncgate_store_act(p.store, QUEUE,
	    SYNCGATE_DISCARD, found, 1), 0, ""));
	CU_ASSERT_PTR_NULL(place_find(&p, ID(1)));
	CU_ASSERT(expect_error(syncgate_store_act(p.store, QUEUE,
	    SYNCGATE_RETRY, found, 1), 0, ""));
	CU_ASSERT_PTR_NULL(place_find(&p, ID(1)));
	place_end(&p);
}
IN_BOTH(acting_spares_what_was_changed_meanwhile)

static const struct xn_test_case cases[] = {
	BOTH("an item is saved, replaced and forgotten",
	    an_item_is_saved_replaced_and_forgotten),
	BOTH("any bytes come back", any_bytes_come_back),
	BOTH("lists are pages of one queue", lists_are_pages_of_one_queue),
	BOTH("what is wrong is refused whole",
	    what_is_wrong_is_refused_whole),
	BOTH("a word is a name, or the begin of an id",
	    a_word_is_a_name_or_the_begin_of_an_id),
	BOTH("retry and discard spare what was changed meanwhile",
	    acting_spares_what_was_changed_meanwhile),
};

XN_TEST_MAIN("store", cases)
