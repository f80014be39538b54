/*
 * times.h: a clock that nobody sets, and times as our JSON has them.
 */
#ifndef SYNCGATE_JOB_TIMES_H
#define SYNCGATE_JOB_TIMES_H

#include <apr_time.h>

/* Microseconds of a clock that goes on while the machine sleeps. */
long long syncgate_clock(void);

/* "2026-11-30T01:02:03.456Z" and a NUL. */
#define SYNCGATE_TIME_SIZE	25

/* WHEN as such a text; 0 if it has none: it is unknown (0 or less), or after
 * the year 9999. */
int syncgate_time_write(char text[SYNCGATE_TIME_SIZE], apr_time_t when);

/* The time that TEXT is, with milliseconds or without; 0: it is none. */
apr_time_t syncgate_time_read(const char *text);

#endif
