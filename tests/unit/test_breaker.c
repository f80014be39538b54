/*
 * What is approved, and what that is good for.
 */
#include "appliance/job/breaker.h"

#include <apr_strings.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

static const syncgate_hold_t loss = {
	.kind = SYNCGATE_HOLD_LOSS, .subject = "/b 12", .reason = "too much"
};

static void
a_token_is_of_one_thing(void)
{
	static const struct {
		const char *job;
		syncgate_hold_t hold;
	} others[] = {
		{ "a", { SYNCGATE_HOLD_LOSS, "/b 13", "too much", NULL } },
		{ "a", { SYNCGATE_HOLD_EMPTY, "/b 12", "too much", NULL } },
		{ "a2", { SYNCGATE_HOLD_LOSS, "/b 12", "too much", NULL } },
		{ "al", { SYNCGATE_HOLD_LOSS, "oss/b 12", "x", NULL } },
	};
	char token[SYNCGATE_HOLD_TOKEN + 1], other[sizeof(token)];
	syncgate_hold_t same = loss;

	syncgate_breaker_token(token, "a", &loss);
	CU_ASSERT_EQUAL(strspn(token, "0123456789abcdef"),
	    SYNCGATE_HOLD_TOKEN);
	CU_ASSERT_EQUAL(strlen(token), SYNCGATE_HOLD_TOKEN);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		syncgate_breaker_token(other, others[i].job, &others[i].hold);
		CU_ASSERT_STRING_NOT_EQUAL(token, other);
	}
	/* How it is said does not matter. */
	same.reason = "that is too much";
	syncgate_breaker_token(other, "a", &same);
	CU_ASSERT_STRING_EQUAL(token, other);
}

static void
a_token_counts_once_and_a_kind_always(void)
{
	apr_pool_t *pool = expect_pool();
	char token[SYNCGATE_HOLD_TOKEN + 1];
	const char *words[] = { token, "empty" };
	syncgate_breaker_t breaker = { .job = NULL };
	syncgate_hold_t empty = loss;

	syncgate_breaker_token(token, "a", &loss);
	empty.kind = SYNCGATE_HOLD_EMPTY;
	CU_ASSERT(expect_error(syncgate_breaker_begin(&breaker, "a", words, 2,
	    NULL, pool), 0, ""));
	CU_ASSERT(expect_error(syncgate_breaker_ask(&breaker, &loss), 0, ""));
	CU_ASSERT(expect_error(syncgate_breaker_ask(&breaker, &loss),
	    XN_E_HELD, token));
	for (int i = 0; i < 3; i++)
		CU_ASSERT(expect_error(syncgate_breaker_ask(&breaker, &empty),
		    0, ""));
	apr_pool_destroy(pool);
}

static void
what_is_not_approved_is_held(void)
{
	static const char *const wrong[] = {
		"", "0123456789abcdef012", "0123456789abcdef01234",
		"0123456789ABCDEF0123", "losses", "0123456789abcdef012\n"
	};
	apr_pool_t *pool = expect_pool();
	syncgate_breaker_t breaker = { .job = "a" };

	/* Where no run could go on, nothing is promised. */
	CU_ASSERT(expect_error(syncgate_breaker_ask(&breaker, &loss),
	    XN_E_JOB, "too much"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT(expect_error(syncgate_breaker_begin(&breaker, "a",
		    &wrong[i], 1, NULL, pool), XN_E_USAGE, "--approve"));
	CU_ASSERT(expect_error(syncgate_breaker_begin(&breaker, "a", NULL, 0,
	    NULL, pool), 0, ""));
	CU_ASSERT(expect_error(syncgate_breaker_ask(&breaker, &loss),
	    XN_E_HELD, "too much; if that is meant: `syncgate approve a`"));
	apr_pool_destroy(pool);
}

static const struct xn_test_case cases[] = {
	{ "a token is of one thing", a_token_is_of_one_thing },
	{ "a token counts once, and a kind always",
	    a_token_counts_once_and_a_kind_always },
	{ "what is not approved is held", what_is_not_approved_is_held },
};

XN_TEST_MAIN("breaker", cases)
