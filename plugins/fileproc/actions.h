/*
 * actions.h: what is done to a job's items while it need not run.
 */
#ifndef FILEPROC_ACTIONS_H
#define FILEPROC_ACTIONS_H

#include "plugins/fileproc/options.h"

/* syncgate_plugin_t.queue, .in_hand and .act. */
xn_error_t *fp_queue_of(const char **queue, syncgate_job_t *job,
    apr_pool_t *pool);
xn_error_t *fp_in_hand(syncgate_job_t *job, syncgate_item_fn *each,
    void *baton, apr_pool_t *pool);
xn_error_t *fp_act(syncgate_job_t *job, int action,
    const syncgate_item_t *item, apr_pool_t *pool);

/* Say what a run would do now, and touch nothing. */
xn_error_t *fp_dry_run(syncgate_job_t *job, const fp_options_t *options,
    apr_pool_t *pool);

#endif
