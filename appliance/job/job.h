/*
 * job.h: running one job in this process.
 */
#ifndef SYNCGATE_JOB_JOB_H
#define SYNCGATE_JOB_JOB_H

#include "appliance/job/config.h"
#include "appliance/job/items.h"
#include "appliance/job/output.h"

/* What the command line said about all jobs. */
typedef struct syncgate_run_options {
	int once;
	int dry_run;
	int resync;
	const char *only;		/* one target; NULL: all */
} syncgate_run_options_t;

/* Ask the plugin whether the options go together; opens nothing. */
xn_error_t *syncgate_job_check(const syncgate_job_config_t *config,
    apr_pool_t *pool);

/* What it would do, in one line in POOL. */
const char *syncgate_job_describe(const syncgate_job_config_t *config,
    apr_pool_t *pool);

/*
 * For who does not run the job.  Its queue, into POOL; NULL if it has none yet.
 * XN_E_USAGE if its plugin has no items at all.
 */
xn_error_t *syncgate_job_queue(const char **queue,
    const syncgate_job_config_t *config, apr_pool_t *pool);

/* What its plugin has in hand, known to the store or not: see plugin.h. */
xn_error_t *syncgate_job_in_hand(const syncgate_job_config_t *config,
    syncgate_item_fn *each, void *baton, apr_pool_t *pool);

/*
 * Have the plugin do ACTION to ITEM; ITEMS is open, and has a queue.  What it
 * logs goes to OUTPUT.
 */
xn_error_t *syncgate_job_act(const syncgate_job_config_t *config,
    const struct syncgate_items *items, int action,
    const syncgate_item_t *item, syncgate_output_t *output, apr_pool_t *pool);

/*
 * Have its plugin promote what it keeps, of several targets ONLY: see plugin.h.
 * XN_E_USAGE if there is nothing to promote.
 */
xn_error_t *syncgate_job_promote(const syncgate_job_config_t *config, int how,
    const char *only, syncgate_output_t *output, apr_pool_t *pool);

/*
 * Have it compared with its source (ONLY NULL: all targets), and say what is
 * known of it: see plugin.h.  XN_E_USAGE if its plugin cannot do that.
 */
xn_error_t *syncgate_job_verify(const syncgate_job_config_t *config, int how,
    const char *only, syncgate_output_t *output, apr_pool_t *pool);
xn_error_t *syncgate_job_status(const syncgate_job_config_t *config,
    syncgate_status_fn *each, void *baton, syncgate_output_t *output,
    apr_pool_t *pool);

/*
 * Run it until it is done, was asked to stop (both NULL), or fails for good.
 * syncgate_stop_listen() was called before.
 */
xn_error_t *syncgate_job_run(const syncgate_job_config_t *config,
    const syncgate_run_options_t *options, syncgate_output_t *output,
    apr_pool_t *pool);

#endif
