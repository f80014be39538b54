/*
 * promote: what a job keeps becomes the original.
 */
#include <unistd.h>

#include "appliance/cmd/jobs.h"
#include "appliance/job/job.h"
#include "appliance/job/stop.h"

enum { OPT_FORCE = 128, OPT_HOOKS };

static int
run(const cmd_line_t *line)
{
	const syncgate_job_config_t *job;
	syncgate_output_t *output;
	xn_error_t *error;
	int how = 0;

	error = cmd_jobs_load_one(&job, line);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	if (line->option[OPT_FORCE] != NULL)
		how |= SYNCGATE_PROMOTE_FORCE;
	if (line->option[OPT_HOOKS] != NULL)
		how |= SYNCGATE_PROMOTE_HOOKS;
	output = syncgate_output_create(STDOUT_FILENO,
	    SYNCGATE_OUTPUT_PLAIN, line->option['v'] != NULL, line->pool);
	error = syncgate_stop_listen();
	if (error == NULL)
		error = syncgate_job_promote(job, how, output, line->pool);
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	return CMD_OK;
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "force", OPT_FORCE, 0, "without asking the source, which is dead" },
	{ "run-hooks", OPT_HOOKS, 0,
	    "hooks that came with the target may run" },
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
