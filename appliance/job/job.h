/*
 * job.h: running one job in this process.
 */
#ifndef SYNCGATE_JOB_JOB_H
#define SYNCGATE_JOB_JOB_H

#include "appliance/job/config.h"
#include "appliance/job/items.h"
#include "appliance/job/output.h"
#include "appliance/job/told.h"

/* What a worker of the daemon exits with after an error that may pass. */
#define SYNCGATE_EXIT_PASSING	75
/* And after XN_E_HELD. */
#define SYNCGATE_EXIT_HELD	76
/* And when the run was passed by, since somebody else runs the job. */
#define SYNCGATE_EXIT_SKIPPED	77

/* What the command line said about all jobs. */
typedef struct syncgate_run_options {
	int once;
	int dry_run;
	int resync;
	const char *only;		/* one target; NULL: all */
	int supervised;			/* the daemon runs it, and ends our
					 * process group behind us */
	int *skipped;			/* set to 1 if it was passed by, since
					 * another one has its lease, which the
					 * error says; may be NULL */
	const char **figures;		/* what it did is put there, an object
					 * in JSON or NULL; may be NULL */
	const char *const *approved;	/* tokens and kinds: breaker.h, */
	int approved_n;			/* how many */
} syncgate_run_options_t;

/* 1 if another attempt may help: the other end was lost, or not there. */
int syncgate_job_may_pass(const xn_error_t *error);

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
 * Have it compared with its source (ONLY NULL: all targets; PROOF, into POOL,
 * is what was proven), and say what is known of it: see plugin.h.  XN_E_USAGE
 * if its plugin cannot do that.
 */
xn_error_t *syncgate_job_verify(syncgate_proof_t *proof,
    const syncgate_job_config_t *config, int how, const char *only,
    syncgate_output_t *output, apr_pool_t *pool);
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
