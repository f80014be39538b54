/*
 * run.h: running a fileproc job.
 */
#ifndef FILEPROC_RUN_H
#define FILEPROC_RUN_H

#include "plugins/fileproc/options.h"

/* Until it is done, is asked to stop, or fails: see syncgate_plugin_t.run. */
xn_error_t *fp_run(syncgate_job_t *job, const fp_options_t *options,
    apr_pool_t *pool);

#endif
