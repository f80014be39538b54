/*
 * when.h: the next time of the day, by the local clock.
 */
#ifndef SYNCGATE_SUPERVISE_WHEN_H
#define SYNCGATE_SUPERVISE_WHEN_H

#include <time.h>

/*
 * The first instant behind AFTER at which the local clock (TZ) shows one of the
 * N times of AT, seconds of the day; N is at least 1.
 *
 * On the day that begins summer time, a time that the clock leaves out is when
 * it has been put forward.  On the day that ends it, a time that comes twice is
 * the first of the two: nothing is left out or done twice.
 */
time_t when_next(const int *at, int n, time_t after);

/*
 * The same, where each time is on some days alone, SYNCGATE_AT_DAYS numbers of
 * ON (at.h); NULL: on all.  0: there is none in eight years.
 */
time_t when_next_on(const int *at, const int *on, int n, time_t after);

/*
 * 1 if the local clock shows at T one of the hours of WITHIN: N pairs of
 * seconds of the day, from the first and before the second, over midnight if
 * that is less.
 */
int when_within(const int *within, int n, time_t t);

#endif
