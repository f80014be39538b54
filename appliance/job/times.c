#include "appliance/job/times.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

long long
syncgate_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int
syncgate_time_write(char text[SYNCGATE_TIME_SIZE], apr_time_t when)
{
	time_t seconds = (time_t)apr_time_sec(when);
	struct tm tm;
	size_t n;

	*text = '\0';
	if (when <= 0 || gmtime_r(&seconds, &tm) == NULL ||
	    tm.tm_year + 1900 > 9999)
		return 0;
	n = strftime(text, SYNCGATE_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, SYNCGATE_TIME_SIZE - n, ".%03uZ",
	    (unsigned int)apr_time_msec(when) % 1000);
	return 1;
}

/* The N digits at TEXT; -1: they are none. */
static int
digits(const char *text, int n)
{
	int number = 0;

	while (n-- > 0) {
		if (*text < '0' || *text > '9')
			return -1;
		number = number * 10 + (*text++ - '0');
	}
	return number;
}

apr_time_t
syncgate_time_read(const char *text)
{
	apr_time_exp_t t = { .tm_usec = 0 };
	size_t n = strlen(text);
	apr_time_t when;

	if ((n != 20 && n != 24) || text[4] != '-' || text[7] != '-' ||
	    text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
	    text[19] != (n == 24 ? '.' : 'Z') || text[n - 1] != 'Z')
		return 0;
	t.tm_year = digits(text, 4) - 1900;
	t.tm_mon = digits(text + 5, 2) - 1;
	t.tm_mday = digits(text + 8, 2);
	t.tm_hour = digits(text + 11, 2);
	t.tm_min = digits(text + 14, 2);
	t.tm_sec = digits(text + 17, 2);
	if (n == 24)
		t.tm_usec = digits(text + 20, 3) * 1000;
	if (t.tm_year < 70 || t.tm_mon < 0 || t.tm_mon > 11 ||
	    t.tm_mday < 1 || t.tm_hour < 0 || t.tm_min < 0 || t.tm_sec < 0 ||
	    t.tm_usec < 0 || apr_time_exp_gmt_get(&when, &t) != APR_SUCCESS)
		return 0;
	return when;
}
