/*
 * at.h: times at which a job runs, as the configuration has them.
 */
#ifndef SYNCGATE_JOB_AT_H
#define SYNCGATE_JOB_AT_H

#include <apr_tables.h>

#define SYNCGATE_AT_DAYS	3	/* numbers that say on which days */

/* They are, 0 being all: */
enum syncgate_at_day {
	SYNCGATE_AT_WEEK,	/* bit 0 Sunday to 6 Saturday; bit 7: or, not
				 * and, the days of the month */
	SYNCGATE_AT_MONTH_DAY,	/* bit 0 the first to 30 */
	SYNCGATE_AT_MONTH	/* bit 0 January to 11 */
};
#define SYNCGATE_AT_EITHER	0x80

/*
 * Read TEXT, one of
 *
 *	02:30  02:30:15			each day
 *	Mon 02:30  Mon-Fri,Sun 02:30	on these days of the week
 *	30 2 * * 1-5			as crontab(5) has it: minute, hour, day
 *					of the month, month, day of the week,
 *					each *, N, N-M, with /STEP, and lists
 *					of these with commas; names of months
 *					and of days of the week
 *
 * and add its times to AT (int: seconds of the day), for each of them
 * SYNCGATE_AT_DAYS numbers to ON (int).  NULL, or what is wrong with it.
 */
const char *syncgate_at_read(apr_array_header_t *at, apr_array_header_t *on,
    const char *text);

/* "02:30" or "02:30:15", with LAST behind it: seconds of the day; or -1. */
int syncgate_at_time(const char *text, char last);

#endif
