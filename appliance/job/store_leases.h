/*
 * store_leases.h: who may run a job, where several daemons share a store.
 *
 * A lease is a row: a job, who holds it, a number that grows with each holder,
 * and until when.  All times are the server's: clocks of the hosts may differ.
 * Only a server has leases; XN_E_UNSUPPORTED for a file.
 */
#ifndef SYNCGATE_JOB_STORE_LEASES_H
#define SYNCGATE_JOB_STORE_LEASES_H

#include "appliance/job/store.h"

/*
 * Take the lease of JOB for HOLDER, for MICROSECONDS from now, if nobody has it
 * or its time is over.  *NUMBER is then its number, 1 or more; else 0, and
 * *OTHER is who has it, in POOL, and *LEFT how long it is theirs if they do not
 * renew it.
 */
xn_error_t *syncgate_store_lease_take(long long *number, const char **other,
    apr_interval_time_t *left, syncgate_store_t *store, const char *job,
    const char *holder, apr_interval_time_t microseconds, apr_pool_t *pool);

/*
 * Have it for MICROSECONDS from now, also if its time is over and nobody else
 * took it; *OURS is 0 if somebody did.
 */
xn_error_t *syncgate_store_lease_renew(int *ours, syncgate_store_t *store,
    const char *job, const char *holder, long long number,
    apr_interval_time_t microseconds);

/* Give it back.  That it was not ours any more is no error. */
xn_error_t *syncgate_store_lease_release(syncgate_store_t *store,
    const char *job, const char *holder, long long number);

#endif
