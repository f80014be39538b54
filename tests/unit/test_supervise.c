/*
 * What the daemon decides by a clock and by what it remembers: when a job is
 * tried again, when it is held, and when its next time is.
 */
#include <stdlib.h>

#include "appliance/supervise/backoff.h"
#include "appliance/supervise/hold.h"
#include "appliance/supervise/when.h"
#include "tests/lib/cunit_main.h"

#define SECOND	apr_time_from_sec(1)

/* ---- Waits -------------------------------------------------------------- */

static void
waits_double_up_to_the_longest(void)
{
	CU_ASSERT_EQUAL(backoff_wait(SECOND, 1, 0), SECOND);
	CU_ASSERT_EQUAL(backoff_wait(SECOND, 2, 0), 2 * SECOND);
	CU_ASSERT_EQUAL(backoff_wait(SECOND, 5, 0), 16 * SECOND);
	CU_ASSERT_EQUAL(backoff_wait(SECOND, 10, 0), 512 * SECOND);
	CU_ASSERT_EQUAL(backoff_wait(SECOND, 11, 0), BACKOFF_LAST);
	CU_ASSERT_EQUAL(backoff_wait(SECOND, 2000000000, 0), BACKOFF_LAST);
	/* Who wants to wait longer from the beginning does. */
	CU_ASSERT_EQUAL(backoff_wait(3600 * SECOND, 1, 0), 3600 * SECOND);
	CU_ASSERT_EQUAL(backoff_wait(3600 * SECOND, 9, 0), 3600 * SECOND);
	CU_ASSERT_EQUAL(backoff_wait(0, 9, 7), 0);
}

static void
chance_shortens_a_wait_by_half_at_most(void)
{
	apr_interval_time_t least = SECOND, most = 0;

	for (unsigned int chance = 0; chance < 200000; chance += 7) {
		apr_interval_time_t wait = backoff_wait(SECOND, 1, chance);

		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	CU_ASSERT(least >= SECOND / 2 && least < SECOND * 6 / 10);
	CU_ASSERT(most <= SECOND && most > SECOND * 9 / 10);
	CU_ASSERT_EQUAL(backoff_part(0, 12345), 0);
	CU_ASSERT(backoff_part(86400 * SECOND, 65536) <= 86400 * SECOND);
}

/* ---- Holding ------------------------------------------------------------ */

static void
equal_failures_hold(void)
{
	hold_t hold = { 0 };

	CU_ASSERT_EQUAL(hold_failed(&hold, "disk full", 3), 0);
	CU_ASSERT_EQUAL(hold_failed(&hold, "disk full", 3), 0);
	CU_ASSERT_EQUAL(hold_failed(&hold, "disk full", 3), 1);
	hold_forget(&hold);
	CU_ASSERT_EQUAL(hold_failed(&hold, "disk full", 3), 0);
	CU_ASSERT_EQUAL(hold_failed(&hold, "disk full", 3), 0);
}

static void
another_failure_begins_again(void)
{
	hold_t hold = { 0 };

	CU_ASSERT_EQUAL(hold_failed(&hold, "disk full", 2), 0);
	CU_ASSERT_EQUAL(hold_failed(&hold, "not there", 2), 0);
	CU_ASSERT_EQUAL(hold_failed(&hold, "disk full", 2), 0);
	CU_ASSERT_EQUAL(hold_failed(&hold, "disk full", 2), 1);
	hold_forget(&hold);
	CU_ASSERT_EQUAL(hold_failed(&hold, "one", 1), 1);
	for (int i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(hold_failed(&hold, "one", 0), 0);
}

static void
numbers_do_not_tell_failures_apart(void)
{
	hold_t hold = { 0 };
	char text[4 * HOLD_WAY_MAX];

	CU_ASSERT_EQUAL(hold_failed(&hold, "after r9: port 1", 2), 0);
	CU_ASSERT_EQUAL(hold_failed(&hold, "after r10: port 65535", 2), 1);
	hold_forget(&hold);
	CU_ASSERT_EQUAL(hold_failed(&hold, "", 2), 0);
	CU_ASSERT_EQUAL(hold_failed(&hold, "", 2), 1);
	/* However long, what is cut off is not compared. */
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	CU_ASSERT_EQUAL(hold_failed(&hold, text, 2), 0);
	text[sizeof(text) - 2] = 'y';
	CU_ASSERT_EQUAL(hold_failed(&hold, text, 2), 1);
}

/* ---- Times -------------------------------------------------------------- */

static void
zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

/* "2026-03-29 01:30:00 UTC" as an instant. */
static time_t
utc(const char *text)
{
	struct tm tm = { 0 };

	CU_ASSERT_PTR_NOT_NULL_FATAL(strptime(text, "%Y-%m-%d %T", &tm));
	return timegm(&tm);
}

static int
is_next(int hour, int minute, const char *after, const char *wanted)
{
	int at = hour * 3600 + minute * 60;
	time_t got = when_next(&at, 1, utc(after));
	struct tm tm;
	char text[32];

	if (got == utc(wanted))
		return 1;
	gmtime_r(&got, &tm);
	strftime(text, sizeof(text), "%F %T", &tm);
	printf("\n    wanted %s, got %s\n", wanted, text);
	return 0;
}

#define BERLIN	"CET-1CEST,M3.5.0,M10.5.0/3"

static void
a_time_is_every_day(void)
{
	zone("UTC0");
	CU_ASSERT(is_next(2, 30, "2026-06-01 00:00:00", "2026-06-01 02:30:00"));
	CU_ASSERT(is_next(2, 30, "2026-06-01 02:29:59", "2026-06-01 02:30:00"));
	CU_ASSERT(is_next(2, 30, "2026-06-01 02:30:00", "2026-06-02 02:30:00"));
	CU_ASSERT(is_next(0, 0, "2026-12-31 00:00:00", "2027-01-01 00:00:00"));
	CU_ASSERT(is_next(0, 0, "2028-02-28 12:00:00", "2028-02-29 00:00:00"));
	zone(BERLIN);
	CU_ASSERT(is_next(0, 30, "2026-06-01 21:00:00", "2026-06-01 22:30:00"));
	CU_ASSERT(is_next(0, 30, "2026-01-01 23:30:00", "2026-01-02 23:30:00"));
	zone("AAA+11");
	CU_ASSERT(is_next(23, 0, "2026-06-01 09:59:59", "2026-06-01 10:00:00"));
	zone("YYY-14");
	CU_ASSERT(is_next(0, 0, "2026-06-01 09:59:59", "2026-06-01 10:00:00"));
}

static void
the_next_of_several_is_taken(void)
{
	const int at[] = { 22 * 3600, 6 * 3600 + 15, 12 * 3600 };

	zone("UTC0");
	CU_ASSERT_EQUAL(when_next(at, 3, utc("2026-06-01 07:00:00")),
	    utc("2026-06-01 12:00:00"));
	CU_ASSERT_EQUAL(when_next(at, 3, utc("2026-06-01 12:00:00")),
	    utc("2026-06-01 22:00:00"));
	CU_ASSERT_EQUAL(when_next(at, 3, utc("2026-06-01 22:00:00")),
	    utc("2026-06-02 06:00:15"));
}

/* 29 March 2026, 2:00 is 3:00 (1:00 UTC). */
static void
a_time_that_is_left_out_is_when_the_clock_was_put_forward(void)
{
	zone(BERLIN);
	CU_ASSERT(is_next(2, 30, "2026-03-28 12:00:00", "2026-03-29 01:00:00"));
	CU_ASSERT(is_next(2, 0, "2026-03-28 12:00:00", "2026-03-29 01:00:00"));
	CU_ASSERT(is_next(1, 59, "2026-03-28 12:00:00", "2026-03-29 00:59:00"));
	CU_ASSERT(is_next(3, 0, "2026-03-28 12:00:00", "2026-03-29 01:00:00"));
	CU_ASSERT(is_next(2, 30, "2026-03-29 01:00:00", "2026-03-30 00:30:00"));
	CU_ASSERT(is_next(2, 30, "2026-03-28 01:29:59", "2026-03-28 01:30:00"));
	/* Half an hour, at 2:00, and where clocks are behind UTC. */
	zone("LHST-10:30LHDT-11,M10.1.0,M4.1.0");
	CU_ASSERT(is_next(2, 15, "2026-10-03 12:00:00", "2026-10-03 15:30:00"));
	zone("EST5EDT,M3.2.0,M11.1.0");
	CU_ASSERT(is_next(2, 30, "2026-03-08 06:00:00", "2026-03-08 07:00:00"));
	/* A midnight that is left out. */
	zone("AAA3BBB,M10.3.0/0,M2.3.0/0");
	CU_ASSERT(is_next(0, 10, "2026-10-17 12:00:00", "2026-10-18 03:00:00"));
}

/* 25 October 2026, 3:00 is 2:00 again (1:00 UTC). */
static void
a_time_that_comes_twice_is_the_first_of_the_two(void)
{
	zone(BERLIN);
	CU_ASSERT(is_next(2, 30, "2026-10-24 12:00:00", "2026-10-25 00:30:00"));
	CU_ASSERT(is_next(2, 30, "2026-10-25 00:30:00", "2026-10-26 01:30:00"));
	CU_ASSERT(is_next(2, 0, "2026-10-25 00:00:00", "2026-10-26 01:00:00"));
	CU_ASSERT(is_next(3, 0, "2026-10-25 00:30:00", "2026-10-25 02:00:00"));
	CU_ASSERT(is_next(1, 30, "2026-10-24 23:29:00", "2026-10-24 23:30:00"));
	zone("EST5EDT,M3.2.0,M11.1.0");
	CU_ASSERT(is_next(1, 30, "2026-11-01 00:00:00", "2026-11-01 05:30:00"));
	CU_ASSERT(is_next(1, 30, "2026-11-01 05:30:00", "2026-11-02 06:30:00"));
	/* Put back over midnight: the clock shows the day before again. */
	zone("AAA3BBB,M10.3.0/0,M2.3.0/0");
	CU_ASSERT(is_next(23, 30, "2026-02-14 12:00:00",
	    "2026-02-15 01:30:00"));
	CU_ASSERT(is_next(23, 30, "2026-02-15 01:30:00",
	    "2026-02-16 02:30:00"));
}

/* Each day of a year has each time once, in whatever zone. */
static void
no_day_has_a_time_twice_or_never(void)
{
	static const char *const zones[] = { "UTC0", BERLIN,
	    "EST5EDT,M3.2.0,M11.1.0", "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
	    "AAA3BBB,M10.3.0/0,M2.3.0/0" };

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		zone(zones[i]);
		for (int at = 0; at < 86400; at += 900) {
			time_t t = utc("2025-12-31 23:59:59"), next;
			int days = 0;

			while ((next = when_next(&at, 1, t)) <
			    utc("2027-01-01 00:00:00")) {
				if (days > 0 && (next - t < 22 * 3600 ||
				    next - t > 26 * 3600))
					CU_FAIL("a day that is none");
				days++;
				t = next;
			}
			CU_ASSERT_EQUAL(days, 365);
		}
	}
}

static void
hours_may_go_over_midnight(void)
{
	static const int night[] = { 22 * 3600, 6 * 3600 };
	static const int two[] = { 3600, 7200, 12 * 3600, 13 * 3600 };

	zone("UTC0");
	CU_ASSERT(when_within(night, 1, utc("2026-06-01 22:00:00")));
	CU_ASSERT(when_within(night, 1, utc("2026-06-01 00:00:00")));
	CU_ASSERT(when_within(night, 1, utc("2026-06-01 05:59:59")));
	CU_ASSERT(!when_within(night, 1, utc("2026-06-01 06:00:00")));
	CU_ASSERT(!when_within(night, 1, utc("2026-06-01 21:59:59")));
	CU_ASSERT(!when_within(two, 2, utc("2026-06-01 00:59:59")));
	CU_ASSERT(when_within(two, 2, utc("2026-06-01 01:00:00")));
	CU_ASSERT(!when_within(two, 2, utc("2026-06-01 02:00:00")));
	CU_ASSERT(when_within(two, 2, utc("2026-06-01 12:59:59")));
	CU_ASSERT(!when_within(two, 0, utc("2026-06-01 12:59:59")));
	zone(BERLIN);
	CU_ASSERT(when_within(night, 1, utc("2026-06-01 20:00:00")));
	CU_ASSERT(!when_within(night, 1, utc("2026-06-01 19:59:59")));
	CU_ASSERT(!when_within(night, 1, utc("2026-01-01 20:59:59")));
}

static const struct xn_test_case cases[] = {
	{ "waits double up to the longest", waits_double_up_to_the_longest },
	{ "chance shortens a wait by half at most",
	    chance_shortens_a_wait_by_half_at_most },
	{ "equal failures hold a job", equal_failures_hold },
	{ "another failure begins again", another_failure_begins_again },
	{ "numbers do not tell failures apart",
	    numbers_do_not_tell_failures_apart },
	{ "a time of the day is every day", a_time_is_every_day },
	{ "the next of several is taken", the_next_of_several_is_taken },
	{ "a time that is left out is when the clock was put forward",
	    a_time_that_is_left_out_is_when_the_clock_was_put_forward },
	{ "a time that comes twice is the first of the two",
	    a_time_that_comes_twice_is_the_first_of_the_two },
	{ "hours may go over midnight", hours_may_go_over_midnight },
	{ "no day has a time twice or never",
	    no_day_has_a_time_twice_or_never },
};

XN_TEST_MAIN("supervise", cases)
