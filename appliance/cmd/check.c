#include <stdio.h>
#include <string.h>

#include "appliance/cmd/jobs.h"
#include "appliance/job/job.h"

static void
describe(const syncgate_job_config_t *job, apr_pool_t *pool)
{
	printf("job %s (%s): ", job->name, job->plugin->name);
	cmd_print_clean(syncgate_job_describe(job, pool));
}

/* ---- --connect --------------------------------------------------------- */

static void
add_xspec(apr_array_header_t *xspecs, const char *xspec)
{
	for (int i = 0; i < xspecs->nelts; i++) {
		if (strcmp(APR_ARRAY_IDX(xspecs, i, const char *), xspec) == 0)
			return;
	}
	APR_ARRAY_PUSH(xspecs, const char *) = xspec;
}

/* Each gateway that a location of one of the jobs leads through, once. */
static apr_array_header_t *
used_xspecs(const apr_array_header_t *jobs, apr_pool_t *pool)
{
	apr_array_header_t *xspecs = apr_array_make(pool, 4,
	    sizeof(const char *));

	for (int i = 0; i < jobs->nelts; i++) {
		const syncgate_values_t *values = APR_ARRAY_IDX(jobs, i,
		    const syncgate_job_config_t *)->values;

		for (int j = 0; j < values->count; j++) {
			const xn_location_t *location =
			    values->items[j].location;

			if (location != NULL && location->xspec != NULL)
				add_xspec(xspecs, location->xspec);
		}
	}
	return xspecs;
}

static xn_error_t *
open_one(const char *xspec, apr_pool_t *pool)
{
	xn_group_t *group;
	xn_gateway_t *gateway;

	XN_TRY(xn_group_create(&group, pool));
	XN_TRY(xn_gateway_open(&gateway, group, xspec, pool));
	printf("gateway %s: open, %s\n", xspec, xn_gateway_features(gateway));
	fflush(stdout);
	xn_group_terminate(group, xn_seconds(1));
	return NULL;
}

static int
connect_all(const apr_array_header_t *xspecs, apr_pool_t *pool)
{
	int code = CMD_OK;

	for (int i = 0; i < xspecs->nelts; i++) {
		apr_pool_t *turn;
		xn_error_t *error;

		apr_pool_create(&turn, pool);
		error = open_one(APR_ARRAY_IDX(xspecs, i, const char *), turn);
		apr_pool_destroy(turn);
		if (error != NULL)
			code = cmd_error(error, CMD_FAILED);
	}
	return code;
}

/* What JOBS use, and what is configured beside if all jobs are meant. */
static int
check_gateways(const syncgate_config_t *config, const cmd_line_t *line,
    const apr_array_header_t *jobs)
{
	apr_array_header_t *xspecs = used_xspecs(jobs, line->pool);

	for (int i = 0; line->count == 0 && i < config->gateways->nelts; i++)
		add_xspec(xspecs, APR_ARRAY_IDX(config->gateways, i,
		    syncgate_gateway_config_t).xspec);
	return connect_all(xspecs, line->pool);
}

enum { OPT_CONNECT = 128 };

static int
run(const cmd_line_t *line)
{
	syncgate_config_t *config;
	apr_array_header_t *jobs;
	xn_error_t *error = cmd_jobs_load(&config, &jobs, line);

	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	for (int i = 0; i < jobs->nelts; i++)
		describe(APR_ARRAY_IDX(jobs, i,
		    const syncgate_job_config_t *), line->pool);
	fflush(stdout);
	if (line->option[OPT_CONNECT] != NULL)
		return check_gateways(config, line, jobs);
	return CMD_OK;
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1, "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "connect", OPT_CONNECT, 0, "open every gateway that is used, too" },
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,
	    "FOLDER|look for plugins in FOLDER first" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_check = {
	.name = "check",
	.words = "[JOB...]",
	.summary = "Say whether the configuration is right, and what it does",
	.options = options,
	.max_words = -1,
	.run = run,
};
