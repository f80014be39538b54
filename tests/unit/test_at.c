/*
 * Times as the configuration has them, and when they are next.
 */
#include <stdlib.h>
#include <time.h>

#include "appliance/job/at.h"
#include "appliance/supervise/when.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

/* The next time of TEXT behind AFTER, both as UTC, which the clock shows. */
static void
expect_next(const char *text, const char *after, const char *wanted)
{
	apr_pool_t *pool = expect_pool();
	apr_array_header_t *at = apr_array_make(pool, 4, sizeof(int));
	apr_array_header_t *on = apr_array_make(pool, 4, sizeof(int));
	char got[64] = "never";
	struct tm tm = { 0 };
	time_t t;

	setenv("TZ", "UTC", 1);
	tzset();
	CU_ASSERT_PTR_NULL_FATAL(syncgate_at_read(at, on, text));
	CU_ASSERT_EQUAL(on->nelts, at->nelts * SYNCGATE_AT_DAYS);
	CU_ASSERT_PTR_NOT_NULL_FATAL(strptime(after, "%Y-%m-%d %H:%M:%S",
	    &tm));
	t = when_next_on((const int *)at->elts, (const int *)on->elts,
	    at->nelts, timegm(&tm));
	if (t != 0)
		strftime(got, sizeof(got), "%Y-%m-%d %H:%M:%S", gmtime(&t));
	if (strcmp(got, wanted) != 0)
		printf("\n    %s after %s: wanted %s, got %s\n", text, after,
		    wanted, got);
	CU_ASSERT_STRING_EQUAL(got, wanted);
	apr_pool_destroy(pool);
}

/* 2026-11-30 is a Monday. */
static void
days_of_the_week(void)
{
	expect_next("02:30", "2026-11-30 02:29:59", "2026-11-30 02:30:00");
	expect_next("02:30", "2026-11-30 02:30:00", "2026-12-01 02:30:00");
	expect_next("mon 02:30:15", "2026-11-30 02:30:00",
	    "2026-11-30 02:30:15");
	expect_next("Mon 02:30", "2026-11-30 02:30:00",
	    "2026-12-07 02:30:00");
	expect_next("Sat,Sun 02:30", "2026-11-30 00:00:00",
	    "2026-12-05 02:30:00");
	expect_next("Tue-Thu,Sat 02:30", "2026-12-03 03:00:00",
	    "2026-12-05 02:30:00");
	expect_next("Sun-Sat 02:30", "2026-11-30 03:00:00",
	    "2026-12-01 02:30:00");
}

static void
as_crontab_has_it(void)
{
	expect_next("30 2 * * *", "2026-11-30 03:00:00",
	    "2026-12-01 02:30:00");
	expect_next("*/15 * * * *", "2026-11-30 03:00:00",
	    "2026-11-30 03:15:00");
	expect_next("* * * * *", "2026-11-30 23:59:00",
	    "2026-12-01 00:00:00");
	expect_next("5,50 8-18/2 * * 1-5", "2026-11-30 18:50:00",
	    "2026-12-01 08:05:00");
	expect_next("0 0 1 jan *", "2026-11-30 00:00:00",
	    "2027-01-01 00:00:00");
	expect_next("0 0 29 2 *", "2026-11-30 00:00:00",
	    "2028-02-29 00:00:00");
	expect_next("0 0 29 2 *", "2096-03-01 00:00:00",
	    "2104-02-29 00:00:00");
	expect_next("0 0 31 * *", "2026-11-30 00:00:00",
	    "2026-12-31 00:00:00");
	expect_next("0 12 * * 7", "2026-11-30 00:00:00",
	    "2026-12-06 12:00:00");
	expect_next("0 12 * * sun", "2026-11-30 00:00:00",
	    "2026-12-06 12:00:00");
	expect_next("0\t12  * * mon-fri", "2026-12-05 00:00:00",
	    "2026-12-07 12:00:00");
	/* Both are restricted: either. */
	expect_next("0 12 13 * fri", "2026-12-07 00:00:00",
	    "2026-12-11 12:00:00");
	expect_next("0 12 13 * fri", "2026-12-12 00:00:00",
	    "2026-12-13 12:00:00");
	expect_next("0 12 13 * fri", "2026-12-13 13:00:00",
	    "2026-12-18 12:00:00");
	expect_next("0 0 30 2 fri", "2026-11-30 00:00:00",
	    "2027-02-05 00:00:00");
}

static void
what_is_no_time_is_refused(void)
{
	static const char *const bad[] = {
		"", "2:30", "02:60", "24:00", "02:30 ", " 02:30", "Mon",
		"Mon  ", "Mon02:30", "Fri-Mon 02:30", "* 02:30", "1 02:30",
		"Mon-Fri/2", "02:30 Mon", "0", "0 0 * *", "0 0 * * * *",
		"60 0 * * *", "0 24 * * *", "0 0 0 * *", "0 0 32 * *",
		"0 0 * 13 *", "0 0 * 0 *", "0 0 * * 8", "-1 0 * * *",
		"0 0 * * 1-", "0 0 * * ,1", "0 0 */0 * *", "5/2 0 * * *",
		"0 0 5-3 * *", "0 0 * * mo", "0 0 30 2 *", "0 0 31 4,6 *",
		"1000 0 * * *", "@daily", "0 0 * * * ",
	};
	apr_pool_t *pool = expect_pool();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		apr_array_header_t *at = apr_array_make(pool, 1, sizeof(int));
		apr_array_header_t *on = apr_array_make(pool, 1, sizeof(int));

		if (syncgate_at_read(at, on, bad[i]) == NULL)
			printf("\n    \"%s\" is taken for a time\n", bad[i]);
		CU_ASSERT_PTR_NOT_NULL(syncgate_at_read(at, on, bad[i]));
		CU_ASSERT_EQUAL(at->nelts + on->nelts, 0);
	}
	apr_pool_destroy(pool);
}

static const struct xn_test_case cases[] = {
	{ "days of the week", days_of_the_week },
	{ "as crontab(5) has it", as_crontab_has_it },
	{ "what is no time is refused", what_is_no_time_is_refused },
};

XN_TEST_MAIN("at", cases)
