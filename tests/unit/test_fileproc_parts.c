/*
 * fileproc's small parts: names by rule, a command's words, the queue's order and its bounds, what
 * is told of an item, and what is staged when a remote lies.
 */
#include "plugins/fileproc/item.h"
#include "plugins/fileproc/naming.h"
#include "plugins/fileproc/queue.h"
#include "plugins/fileproc/words.h"

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

static apr_pool_t *
a_pool(void)
{
	apr_pool_t *pool;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	return pool;
}

/* ---- Names -------------------------------------------------------------- */

static void
a_rule_makes_names(void)
{
	static const struct {
		const char *rule, *item, *output, *name;
	} cases[] = {
		{ "%n", "scan.png", NULL, "scan.png" },
		{ "%n", "a/b/scan.png", NULL, "a/b/scan.png" },
		{ "%s.txt", "a/scan.png", NULL, "a/scan.txt" },
		{ "%s%e", "x.tar.gz", NULL, "x.tar.gz" },
		{ "%s", "plain", NULL, "plain" },
		{ "%n.%i", "x", NULL, "x.0123" },
		{ "100%%-%n", "x", NULL, "100%-x" },
		{ "%o", "dir/x", "page-1", "dir/page-1" },
		{ "%o", "x", NULL, "x" },
		{ "%s-%o", "x.pdf", "sub/1", "x-sub/1" },
		{ "%n", "new\nline \xff", NULL, "new\nline \xff" },
	};
	apr_pool_t *pool = a_pool();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fp_names names = { cases[i].item, cases[i].output,
		    "0123" };
		const char *name = NULL;

		CU_ASSERT_PTR_NULL(fp_name_rule_check(cases[i].rule));
		CU_ASSERT(expect_error(fp_name_by_rule(&name, cases[i].rule,
		    &names, pool), 0, ""));
		CU_ASSERT_PTR_NOT_NULL_FATAL(name);
		CU_ASSERT_STRING_EQUAL(name, cases[i].name);
	}
	apr_pool_destroy(pool);
}

static void
a_bad_name_is_refused(void)
{
	static const char *const outputs[] = { "../x", "a/../../x", "/etc/x",
	    "a//b", ".", "..", ".hidden", "a/./b", "a/" };
	static const char *const rules[] = { "", "%", "%q", "a/%n", "../%n" };
	apr_pool_t *pool = a_pool();
	char longest[300];

	memset(longest, 'x', sizeof(longest));
	longest[299] = '\0';
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		struct fp_names names = { "item", outputs[i], "0" };
		const char *name;

		CU_ASSERT(expect_error(fp_name_by_rule(&name, "%o", &names,
		    pool), XN_E_JOB, "is no name for a result"));
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		CU_ASSERT(expect_error(fp_name_rule_check(rules[i]),
		    XN_E_CONFIG, ""));
	CU_ASSERT_FALSE(fp_name_is_good(longest));
	CU_ASSERT_FALSE(fp_name_is_good(""));
	CU_ASSERT_TRUE(fp_name_is_good(longest + 299 - 255));
	apr_pool_destroy(pool);
}

static void
names_are_numbered_before_the_suffix(void)
{
	apr_pool_t *pool = a_pool();

	CU_ASSERT_STRING_EQUAL(fp_name_numbered("a.txt", 1, pool), "a.txt");
	CU_ASSERT_STRING_EQUAL(fp_name_numbered("a.txt", 2, pool), "a~2.txt");
	CU_ASSERT_STRING_EQUAL(fp_name_numbered("d.d/a", 12, pool), "d.d/a~12");
	CU_ASSERT_STRING_EQUAL(fp_name_numbered(".x", 3, pool), ".x~3");
	apr_pool_destroy(pool);
}

/* ---- The queue ----------------------------------------------------------- */

static fp_item_t *
an_item(const char *name, long long size)
{
	fp_item_t *item = fp_item_new("0123456789abcdef0123456789abcdef", name);

	CU_ASSERT_PTR_NOT_NULL_FATAL(item);
	item->size = size;
	return item;
}

static fp_item_t *
taken(fp_queue_t *q, const char *name)
{
	fp_item_t *item = fp_queue_take(q, 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(item);
	CU_ASSERT_STRING_EQUAL(item->name, name);
	return item;
}

static void
items_come_in_their_turn(void)
{
	apr_pool_t *pool = a_pool();
	fp_item_t *a, *b;
	fp_queue_t *q;

	CU_ASSERT_PTR_NULL_FATAL(fp_queue_create(&q, 1000, pool));
	CU_ASSERT_PTR_NULL(fp_queue_take(q, 0));
	fp_queue_put(q, an_item("a", 1));
	fp_queue_put(q, an_item("b", 1));
	fp_queue_put(q, an_item("c", 1));
	a = taken(q, "a");
	b = taken(q, "b");
	/* One that comes back keeps its turn; one that waits goes aside. */
	fp_queue_put(q, a);
	fp_queue_released(q, 1, a->came);
	b->due = apr_time_now() + xn_seconds(6);
	fp_queue_put(q, b);
	fp_queue_released(q, 1, b->came);
	fp_item_free(taken(q, "a"));
	fp_item_free(taken(q, "c"));
	CU_ASSERT_PTR_NULL(fp_queue_take(q, 0));
	b = fp_queue_take(q, xn_seconds(60));
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_TRUE(apr_time_now() >= b->due);
	fp_item_free(b);
	fp_queue_put(q, an_item("never", 1));
	fp_queue_close(q);
	CU_ASSERT_PTR_NULL(fp_queue_take(q, xn_seconds(60)));
	apr_pool_destroy(pool);
}

/* One that came at CAME. */
static fp_item_t *
item_of(apr_time_t came, const char *name, long long size)
{
	fp_item_t *item = an_item(name, size);

	item->came = came;
	return item;
}

static void
the_bytes_lent_are_bounded(void)
{
	struct fp_queue_counts counts;
	apr_pool_t *pool = a_pool();
	fp_queue_t *q;

	CU_ASSERT_PTR_NULL_FATAL(fp_queue_create(&q, 100, pool));
	fp_queue_put(q, item_of(3000, "large", 1000));
	fp_queue_put(q, item_of(1000, "a", 60));
	fp_queue_put(q, item_of(2000, "b", 60));
	fp_item_free(taken(q, "large"));
	CU_ASSERT_PTR_NULL(fp_queue_take(q, 0));
	fp_queue_released(q, 1000, 3000);
	fp_item_free(taken(q, "a"));
	CU_ASSERT_PTR_NULL(fp_queue_take(q, 0));
	fp_queue_count(&counts, q);
	CU_ASSERT_EQUAL(counts.ready, 1);
	CU_ASSERT_EQUAL(counts.lent, 1);
	/* The oldest counts until it is done with. */
	CU_ASSERT_EQUAL(counts.oldest, 1000);
	fp_queue_released(q, 60, 1000);
	fp_queue_count(&counts, q);
	CU_ASSERT_EQUAL(counts.oldest, 2000);
	fp_item_free(taken(q, "b"));
	fp_queue_released(q, 60, 2000);
	fp_queue_count(&counts, q);
	CU_ASSERT_EQUAL(counts.oldest, 0);
	apr_pool_destroy(pool);
}

/* ---- What is told -------------------------------------------------------- */

static void
notes_are_bounded_and_keep_the_newest(void)
{
	apr_pool_t *pool = a_pool();
	fp_item_t *item = an_item("x", 0);
	char line[200];

	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "line %d is one of many\n", i);
		fp_item_note(item, line, strlen(line));
	}
	CU_ASSERT_TRUE(strlen(item->notes) < FP_NOTES_MAX + 100);
	CU_ASSERT_PTR_NULL(strstr(item->notes, "line 1 is"));
	CU_ASSERT_PTR_NOT_NULL(strstr(item->notes, "line 999 is"));
	fp_item_free(item);
	apr_pool_destroy(pool);
}

/* ---- Words -------------------------------------------------------------- */

/* What sh makes of them, each word between brackets. */
static void
words_are_those_of_a_shell(void)
{
	static const char *const texts[][2] = {
		{ "tr a-z A-Z", "[tr][a-z][A-Z]" },
		{ "  a\t\tb\n", "[a][b]" }, { "", "" }, { " \t ", "" },
		{ "a 'b c' \"d e\"", "[a][b c][d e]" },
		{ "a '' \"\" b", "[a][][][b]" },
		{ "--x='a b'c s/\"x y\"/z/", "[--x=a bc][s/x y/z/]" },
		{ "a\\ b \\'c \\\"d \\\\", "[a b]['c][\"d][\\]" },
		{ "'a\\n' \"a\\n\" a\\n", "[a\\n][a\\n][an]" },
		{ "\"\\\" \\\\ \\$ \\`\"", "[\" \\ $ `]" },
		{ "\"it's\" 'say \"x\"'", "[it's][say \"x\"]" },
	};
	apr_pool_t *pool = a_pool();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char **words = NULL, *all = "";

		CU_ASSERT(expect_error(fp_words(&words, texts[i][0], pool), 0,
		    ""));
		for (; words != NULL && *words != NULL; words++)
			all = apr_pstrcat(pool, all, "[", *words, "]", NULL);
		CU_ASSERT_STRING_EQUAL(all, texts[i][1]);
	}
	apr_pool_destroy(pool);
}

static void
an_open_quote_is_refused(void)
{
	static const char *const texts[][2] = {
		{ "a 'b c", "quote '" }, { "a \"b c", "quote \"" },
		{ "a b'", "quote '" }, { "'a' \"b\\\"", "quote \"" },
		{ "\"'", "quote \"" }, { "a \\", "backslash" },
	};
	apr_pool_t *pool = a_pool();
	const char **words;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CU_ASSERT(expect_error(fp_words(&words, texts[i][0], pool),
		    XN_E_CONFIG, texts[i][1]));
	apr_pool_destroy(pool);
}

static void
those_that_failed_together_come_again_apart(void)
{
	const apr_interval_time_t first = xn_seconds(1);
	apr_interval_time_t least = xn_seconds(100), most = 0;

	for (int i = 0; i < 200; i++) {
		apr_interval_time_t wait = fp_item_wait(first, 3,
		    xn_seconds(60));

		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
		wait = fp_item_wait(first, 40, xn_seconds(60));
		CU_ASSERT(wait >= xn_seconds(30) && wait <= xn_seconds(60));
		CU_ASSERT(fp_item_wait(first, 0, xn_seconds(60)) <= first);
	}
	CU_ASSERT(least >= xn_seconds(4) && most <= xn_seconds(8));
	CU_ASSERT(most - least > xn_seconds(2));
}

static const struct xn_test_case cases[] = {
	{ "words are those of a shell", words_are_those_of_a_shell },
	{ "an open quote is refused", an_open_quote_is_refused },
	{ "a rule makes names", a_rule_makes_names },
	{ "a bad name is refused", a_bad_name_is_refused },
	{ "names are numbered before the suffix",
	    names_are_numbered_before_the_suffix },
	{ "items come in their turn", items_come_in_their_turn },
	{ "the bytes lent are bounded", the_bytes_lent_are_bounded },
	{ "notes are bounded and keep the newest",
	    notes_are_bounded_and_keep_the_newest },
	{ "those that failed together come again apart",
	    those_that_failed_together_come_again_apart },
};

XN_TEST_MAIN("fileproc_parts", cases)
