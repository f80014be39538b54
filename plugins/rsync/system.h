/*
 * system.h: which file system a job's source was on the last time: on another
 * one the job is held, before anything is done.
 *
 * What cannot be read or written is as if it were the first time.
 */
#ifndef RSYNC_SYSTEM_H
#define RSYNC_SYSTEM_H

#include <syncgate/plugin.h>

struct rsync_system;

/* What is known of the source of JOB, at LOCATION; NULL: nothing can be. */
struct rsync_system *rsync_system_open(syncgate_job_t *job,
    const xn_location_t *location, apr_pool_t *pool);

/* For its side: a name, "" the first time; NULL: it need not look. */
const char *rsync_system_name(const struct rsync_system *system);

/*
 * It is on the one called NAME, which is another one.  NULL: go on, and that is
 * remembered; else the job is held, or NAME is none: XN_E_PROTOCOL.
 */
xn_error_t *rsync_system_is(struct rsync_system *system, syncgate_job_t *job,
    const char *name, apr_pool_t *scratch);

#endif
