/*
 * backoff.h: how long to wait before a job that failed is tried again.
 */
#ifndef SYNCGATE_SUPERVISE_BACKOFF_H
#define SYNCGATE_SUPERVISE_BACKOFF_H

#include <apr_time.h>

#define BACKOFF_LAST	apr_time_from_sec(600)

/*
 * The wait behind the FAILURESth failure in a row (from 1): FIRST, doubled for
 * each before it, up to BACKOFF_LAST or FIRST if that is longer.  It is
 * shortened, by half at most, by CHANCE, any number: jobs that lost the same
 * host do not come back in step.
 */
apr_interval_time_t backoff_wait(apr_interval_time_t first, int failures,
    unsigned int chance);

/* A part of MOST, none or all of it, by CHANCE. */
apr_interval_time_t backoff_part(apr_interval_time_t most,
    unsigned int chance);

#endif
