/*
 * promote: what a job keeps becomes the original.
 */
#include "appliance/cmd/jobs.h"
#include "appliance/job/job.h"

enum { OPT_FORCE = 128, OPT_HOOKS, OPT_QUICK };

static int
run(const cmd_line_t *line)
{
	int how = 0;

	if (line->option[OPT_FORCE] != NULL)
		how |= SYNCGATE_PROMOTE_FORCE;
	if (line->option[OPT_HOOKS] != NULL)
		how |= SYNCGATE_PROMOTE_HOOKS;
	if (line->option[OPT_QUICK] != NULL)
		how |= SYNCGATE_PROMOTE_QUICK;
	return cmd_jobs_do_one(syncgate_job_promote, how, line);
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "force", OPT_FORCE, 0, "without asking the source, which is dead" },
	{ "run-hooks", OPT_HOOKS, 0,
	    "hooks that came with the target may run" },
	{ "quick", OPT_QUICK, 0,
	    "verify only what was not verified before" },
	{ "only", OPT_ONLY, 1, "TARGET|that one of several" },
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,
	    "FOLDER|look for plugins in FOLDER first" },
	{ "store", OPT_STORE, 1, "URL|the store, not the configured one" },
	{ "verbose", 'v', 0, "say more" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_promote = {
	.name = "promote",
	.words = "JOB",
	.summary = "Make what a job keeps the original",
	.details =
	    "\nAfter a last run, so that it has all that the source has.  The "
	    "job does not write\nto it any more, and says what is to become "
	    "of itself.\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
