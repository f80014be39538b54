/*
 * verify: is what a job keeps the same as its source?
 */
#include <apr_strings.h>

#include "appliance/cmd/jobs.h"
#include "appliance/job/job.h"
#include "appliance/supervise/call.h"

enum { OPT_REPAIR = 128 };

/* The daemon, if one runs, shows it from now on. */
static void
tell_daemon(const syncgate_job_config_t *job, const syncgate_proof_t *proof,
    syncgate_output_t *output, apr_pool_t *pool)
{
	const xn_value_t *answer;
	xn_error_t *error = call_daemon_with(&answer, job->config->file,
	    "proven", &job->name, 1, 0, syncgate_proof_members(proof, pool),
	    pool);

	if (error != NULL && error->code != XN_E_CONNECT)
		syncgate_output_log(output, job->name, SYNCGATE_WARNING, "log",
		    apr_psprintf(pool, "the daemon's status will not say that "
		    "it is proven: %s", xn_error_text(error, pool)));
	xn_error_clear(error);
}

static xn_error_t *
verify(const syncgate_job_config_t *job, int how, const char *only,
    syncgate_output_t *output, apr_pool_t *pool)
{
	syncgate_proof_t proof = { .at = 0 };

	XN_TRY(syncgate_job_verify(&proof, job, how, only, output, pool));
	if (proof.at != 0)
		tell_daemon(job, &proof, output, pool);
	return NULL;
}

static int
run(const cmd_line_t *line)
{
	return cmd_jobs_do_one(verify,
	    line->option[OPT_REPAIR] != NULL ? SYNCGATE_VERIFY_REPAIR : 0,
	    line);
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "repair", OPT_REPAIR, 0, "fetch what differs again" },
	{ "only", OPT_ONLY, 1, "TARGET|that one of several" },
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,
	    "FOLDER|look for plugins in FOLDER first" },
	{ "store", OPT_STORE, 1, "URL|the store, not the configured one" },
	{ "verbose", 'v', 0, "say more" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_verify = {
	.name = "verify",
	.words = "JOB",
	.summary = "Prove that what a job keeps equals its source",
	.details =
	    "\nBoth ends make digests of what they have; nothing is moved but "
	    "those.  Ends with\na line of proof for each target, or with what "
	    "differs and exit code 1.\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
