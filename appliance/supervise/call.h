/*
 * call.h: asking the daemon, from another process.
 */
#ifndef SYNCGATE_SUPERVISE_CALL_H
#define SYNCGATE_SUPERVISE_CALL_H

#include <execnet.h>

/*
 * Send VERB (requests.c) for COUNT JOBS, or for ALL, to the daemon of the
 * configuration FILE, and wait for its answer, an object, into POOL.  What it
 * refuses is XN_E_JOB with its reason; XN_E_CONNECT: none runs.
 */
xn_error_t *call_daemon(const xn_value_t **answer, const char *file,
    const char *verb, const char *const *jobs, int count, int all,
    apr_pool_t *pool);

/* The same with MORE members of the request, as ",\"always\":true". */
xn_error_t *call_daemon_with(const xn_value_t **answer, const char *file,
    const char *verb, const char *const *jobs, int count, int all,
    const char *more, apr_pool_t *pool);

#endif
