/*
 * poke: a running job is to look at its source now.
 */
#include "appliance/cmd/jobs.h"

#include "appliance/job/poke.h"

static int
run(const cmd_line_t *line)
{
	const syncgate_job_config_t *job;
	xn_error_t *error = cmd_jobs_load_one(&job, line);

	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	error = syncgate_poke_send(job->config->file, job->name, line->pool);
	return error != NULL ? cmd_error(error, CMD_FAILED) : CMD_OK;
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,
	    "FOLDER|look for plugins in FOLDER first" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_poke = {
	.name = "poke",
	.words = "JOB",
	.summary = "Have a running job look at its source now",
	.details =
	    "\nFor a hook or a timer, where the source cannot be watched or "
	    "`poll` is long.  A\njob that waits to try again does so at "
	    "once.\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
