/*
 * options_inside.h: what the files that read options share.
 */
#ifndef RSYNC_OPTIONS_INSIDE_H
#define RSYNC_OPTIONS_INSIDE_H

#include "plugins/rsync/options.h"

/* FLAG if the option NAME of JOB is yes, else 0. */
int rsync_if_yes(const syncgate_job_t *job, const char *name, int flag);

/*
 * options_size.c: the size that the option NAME of JOB says, as rsync reads it,
 * in bytes; *OUT is NONE if it was not given.  UNIT ('b', 'k') is that of a
 * bare number.
 */
xn_error_t *rsync_options_size(long long *out, const syncgate_job_t *job,
    const char *name, int unit, long long none);

/* options_mode.c: chmod's TEXT as RS_MODE_RULE numbers a rule, into POOL. */
xn_error_t *rsync_options_mode(const char **out, const char *text,
    apr_pool_t *pool);

/*
 * options_owner.c: chown, usermap and groupmap: lists of bytes, FROM and TO in
 * turn, into POOL.
 */
xn_error_t *rsync_options_owners(struct rsync_options *o,
    const syncgate_job_t *job, apr_pool_t *pool);

/* options_files.c: which files are looked at, how they are compared, written
 * and kept. */
xn_error_t *rsync_options_files(struct rsync_options *o,
    const syncgate_job_t *job, apr_pool_t *pool);

#endif
