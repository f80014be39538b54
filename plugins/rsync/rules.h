/*
 * rules.h: what takes part, as the user says it, made ready for the sides.
 */
#ifndef RSYNC_RULES_H
#define RSYNC_RULES_H

#include <syncgate/plugin.h>

/*
 * Read exclude, include, filter, exclude-from, include-from and files-from of
 * JOB, whose source is at ROOT, and the files that they name: *RULES is a list
 * of bytes, *FROM is bytes or none, as side_select.h takes them.  XN_E_CONFIG.
 */
xn_error_t *rsync_rules_read(const xn_value_t **rules,
    const xn_value_t **from, const syncgate_job_t *job, const char *root,
    apr_pool_t *pool);

#endif
