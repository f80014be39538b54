/*
 * jobs.h: what the commands for jobs have in common: which ones are meant.
 */
#ifndef SYNCGATE_CMD_JOBS_H
#define SYNCGATE_CMD_JOBS_H

#include "appliance/cmd/cmd.h"
#include "appliance/job/config.h"

/* Letters of the options that they have (long ones without a letter > 127). */
enum { OPT_CONFIG = 'c', OPT_PLUGIN_DIR = 'P', OPT_STORE = 200 };

/*
 * Load the configuration that LINE names and find the jobs of its words (all
 * of them if there are none), each checked by its plugin, into JOBS (const
 * syncgate_job_config_t *).  A configuration without jobs is an error, unless
 * MAY_BE_NONE and it has gateways.
 */
xn_error_t *cmd_jobs_load(syncgate_config_t **config,
    apr_array_header_t **jobs, int may_be_none, const cmd_line_t *line);

/* The same for the one job that LINE's first word names. */
xn_error_t *cmd_jobs_load_one(const syncgate_job_config_t **job,
    const cmd_line_t *line);

/* Have CONFIG's jobs use the store that LINE names, if it names one. */
xn_error_t *cmd_jobs_store(syncgate_config_t *config, const cmd_line_t *line);

#endif
