/*
 * verify: is what a job keeps the same as its source?
 */
#include "appliance/cmd/jobs.h"
#include "appliance/job/job.h"

enum { OPT_REPAIR = 128 };

static int
run(const cmd_line_t *line)
{
	return cmd_jobs_do_one(syncgate_job_verify,
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
