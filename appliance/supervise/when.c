/*
 * mktime() does not say what it makes of a time that the clock leaves out or
 * shows twice.  So only the other way is asked, from an instant to what the
 * clock shows: that is what decides.
 */
#include "appliance/supervise/when.h"

#include <string.h>

#include "appliance/job/at.h"

#define DAY	86400
#define YEARS	8		/* between two 29ths of February, at most */

/* What the clock shows at T, as if it were UTC: to be compared. */
static long long
shown(time_t t)
{
	struct tm tm;

	localtime_r(&t, &tm);
	return t + (long long)tm.tm_gmtoff;
}

/*
 * The first instant at which the clock shows WANTED.  It is put forward or back
 * at most once within a day before and behind; so the instant is WANTED less
 * what the clock is ahead of UTC before that, or behind.
 */
static time_t
first_at(long long wanted)
{
	time_t about = (time_t)wanted;
	long long before = shown(about - DAY) - (about - DAY);
	long long behind = shown(about + DAY) - (about + DAY);
	time_t low = (time_t)(wanted - (before > behind ? before : behind));
	time_t high = (time_t)(wanted - (before > behind ? behind : before));

	if (shown(low) == wanted)
		return low;
	if (shown(high) == wanted)
		return high;
	/* It is left out: there is one jump between the two, to behind it. */
	while (high - low > 1) {
		time_t middle = low + (high - low) / 2;

		if (shown(middle) < wanted)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* Is the day that begins at MIDNIGHT, as the clock shows it, one of ON? */
static int
is_on(const int *on, long long midnight)
{
	int week = on[SYNCGATE_AT_WEEK] & ~SYNCGATE_AT_EITHER;
	int month_day = on[SYNCGATE_AT_MONTH_DAY];
	time_t t = (time_t)midnight;
	int is_week, is_month_day;
	struct tm tm;

	gmtime_r(&t, &tm);
	if (on[SYNCGATE_AT_MONTH] != 0 &&
	    (on[SYNCGATE_AT_MONTH] & 1 << tm.tm_mon) == 0)
		return 0;
	is_week = week == 0 || (week & 1 << tm.tm_wday) != 0;
	is_month_day = month_day == 0 ||
	    (month_day & 1 << (tm.tm_mday - 1)) != 0;
	return (on[SYNCGATE_AT_WEEK] & SYNCGATE_AT_EITHER) != 0 ?
	    is_week || is_month_day : is_week && is_month_day;
}

/* The first of them behind AFTER that begins on the day of MIDNIGHT; 0. */
static time_t
first_on(const int *at, const int *on, int n, long long midnight, time_t after)
{
	time_t best = 0;
	int is = 1;

	for (int i = 0; i < n; i++) {
		const int *days = on == NULL ? NULL :
		    on + i * SYNCGATE_AT_DAYS;
		time_t t;

		/* (Many times have the days of the one before.) */
		if (on != NULL && (i == 0 || memcmp(days, days -
		    SYNCGATE_AT_DAYS, SYNCGATE_AT_DAYS * sizeof(int)) != 0))
			is = is_on(days, midnight);
		if (!is)
			continue;
		t = first_at(midnight + at[i]);
		if (t > after && (best == 0 || t < best))
			best = t;
	}
	return best;
}

time_t
when_next_on(const int *at, const int *on, int n, time_t after)
{
	long long today = shown(after) / DAY * DAY;
	time_t best = 0;
	int last = YEARS * 366;

	/* The day before, too: the clock may have been put back to it. */
	for (int day = -1; day <= last; day++) {
		time_t t = first_on(at, on, n, today + day * (long long)DAY,
		    after);

		if (t == 0 || (best != 0 && t >= best))
			continue;
		best = t;
		/* (Put forward or back, the next day's may be before it.) */
		if (last > day + 1)
			last = day + 1;
	}
	return best;
}

time_t
when_next(const int *at, int n, time_t after)
{
	return when_next_on(at, NULL, n, after);
}

int
when_within(const int *within, int n, time_t t)
{
	long long now = shown(t) % DAY;

	for (int i = 0; i < n; i++) {
		int from = within[2 * i], to = within[2 * i + 1];

		if (from < to ? now >= from && now < to :
		    now >= from || now < to)
			return 1;
	}
	return 0;
}
