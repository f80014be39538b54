/*
 * jobs.h: what the commands for jobs have in common: which ones are meant.
 */
#ifndef SYNCGATE_CMD_JOBS_H
#define SYNCGATE_CMD_JOBS_H

#include "appliance/cmd/cmd.h"
#include "appliance/job/config.h"
#include "appliance/job/output.h"

/* Letters of the options that they have (long ones without a letter > 127). */
enum {
	OPT_CONFIG = 'c', OPT_PLUGIN_DIR = 'P', OPT_STORE = 200, OPT_ONLY
};

/* The configuration that LINE names, or the usual one. */
const char *cmd_config_file(const cmd_line_t *line);

/*
 * Load the configuration that LINE names and find the jobs of its words (all
 * of them if there are none), each checked by its plugin, into JOBS (const
 * syncgate_job_config_t *).  A configuration without jobs is an error, but as
 * far as NONE has it.
 */
enum { CMD_SOME_JOBS, CMD_NO_JOBS_BUT_GATEWAYS, CMD_NO_JOBS };
xn_error_t *cmd_jobs_load(syncgate_config_t **config,
    apr_array_header_t **jobs, int none, const cmd_line_t *line);

/* The same for the one job that LINE's first word names. */
xn_error_t *cmd_jobs_load_one(const syncgate_job_config_t **job,
    const cmd_line_t *line);

/* Have CONFIG's jobs use the store that LINE names, if it names one. */
xn_error_t *cmd_jobs_store(syncgate_config_t *config, const cmd_line_t *line);

/*
 * Do ACT, syncgate_job_promote() or the like, with HOW to the one job that LINE
 * names, or to that of its targets that --only does, so that a signal stops it;
 * the command's exit code.
 */
typedef xn_error_t *cmd_jobs_act(const syncgate_job_config_t *job, int how,
    const char *only, syncgate_output_t *output, apr_pool_t *pool);
int cmd_jobs_do_one(cmd_jobs_act *act, int how, const cmd_line_t *line);

#endif
