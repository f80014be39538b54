#include <stdio.h>
#include <string.h>

#include "appliance/cmd/jobs.h"
#include "appliance/cmd/targets.h"
#include "appliance/job/job.h"
#include "appliance/supervise/plan.h"

static void
describe(const syncgate_job_config_t *job, apr_pool_t *pool)
{
	printf("job %s (%s): ", job->name, job->plugin->name);
	cmd_print_clean(syncgate_job_describe(job, pool));
}

/* ---- --connect --------------------------------------------------------- */

static void
add_word(apr_array_header_t *words, const char *word)
{
	for (int i = 0; i < words->nelts; i++) {
		if (strcmp(APR_ARRAY_IDX(words, i, const char *), word) == 0)
			return;
	}
	APR_ARRAY_PUSH(words, const char *) = word;
}

/* By its name, if the configuration has one for XSPEC. */
static void
add_xspec(apr_array_header_t *words, const char *xspec,
    const syncgate_config_t *config)
{
	for (int i = 0; i < config->gateways->nelts; i++) {
		const syncgate_gateway_config_t *gateway = &APR_ARRAY_IDX(
		    config->gateways, i, syncgate_gateway_config_t);

		if (strcmp(gateway->xspec, xspec) == 0) {
			add_word(words, gateway->name);
			return;
		}
	}
	add_word(words, xspec);
}

static void
add_listed(apr_array_header_t *words, const syncgate_value_t *value,
    const syncgate_config_t *config)
{
	int type = value->option->type;

	for (int i = 0; type == SYNCGATE_GATEWAYS && i < value->list->nelts;
	    i++)
		add_xspec(words, APR_ARRAY_IDX(value->list, i, const char *),
		    config);
	for (int i = 0; type == SYNCGATE_LOCATIONS && i < value->list->nelts;
	    i++) {
		const xn_location_t *location = APR_ARRAY_IDX(value->list, i,
		    const xn_location_t *);

		if (location->xspec != NULL)
			add_xspec(words, location->xspec, config);
	}
}

/* Each gateway that an option of one of the jobs leads through, once. */
static void
add_used(apr_array_header_t *words, const apr_array_header_t *jobs,
    const syncgate_config_t *config)
{
	for (int i = 0; i < jobs->nelts; i++) {
		const syncgate_values_t *values = APR_ARRAY_IDX(jobs, i,
		    const syncgate_job_config_t *)->values;

		for (int j = 0; j < values->count; j++) {
			const xn_location_t *location =
			    values->items[j].location;

			if (location != NULL && location->xspec != NULL)
				add_xspec(words, location->xspec, config);
			add_listed(words, &values->items[j], config);
		}
	}
}

enum { OPT_CONNECT = 128, OPT_PLAN };

/* TARGET, and before it the one that it goes through. */
static int
open_one(cmd_targets_t *targets, cmd_target_t *target,
    const syncgate_config_t *config)
{
	xn_error_t *error;
	int code = CMD_OK;

	if (target->state != TARGET_CLOSED)
		return CMD_OK;
	if (target->via != NULL)
		code = open_one(targets, target->via, config);
	error = syncgate_config_explain(cmd_target_open(targets, target),
	    config->hints);
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	printf("gateway %s: open, %s\n", target->xspec,
	    xn_gateway_features(target->gateway));
	fflush(stdout);
	return code;
}

/* TARGET's way, and with CONNECT the gateway itself. */
static int
check_one(cmd_targets_t *targets, cmd_target_t *target,
    const syncgate_config_t *config, int connect)
{
	if (target->nowhere != NULL)
		return cmd_error(xn_error_create(XN_E_CONFIG, "gateway %s: "
		    "via=%s: no gateway is configured with that name",
		    target->name, target->nowhere), CMD_USAGE);
	return connect ? open_one(targets, target, config) : CMD_OK;
}

/* What JOBS use, and what is configured beside if all jobs are meant. */
static int
check_gateways(const syncgate_config_t *config, const cmd_line_t *line,
    const apr_array_header_t *jobs)
{
	apr_array_header_t *words = apr_array_make(line->pool, 8,
	    sizeof(const char *));
	cmd_targets_t *targets;
	xn_error_t *error;
	int code = CMD_OK;

	add_used(words, jobs, config);
	for (int i = 0; line->count == 0 && i < config->gateways->nelts; i++)
		add_word(words, APR_ARRAY_IDX(config->gateways, i,
		    syncgate_gateway_config_t).name);
	for (int i = 0; line->count == 0 && i < config->groups->nelts; i++)
		add_word(words, APR_ARRAY_IDX(config->groups, i,
		    syncgate_group_config_t).name);
	error = cmd_targets_find(&targets, (const char *const *)words->elts,
	    words->nelts, config->file, line->pool);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	for (int i = 0; i < targets->items->nelts; i++) {
		int one = check_one(targets, APR_ARRAY_IDX(targets->items, i,
		    cmd_target_t *), config,
		    line->option[OPT_CONNECT] != NULL);

		if (one > code)
			code = one;
	}
	cmd_targets_close(targets);
	return code;
}

/* The groups have been looked at when they were read. */
static void
describe_group(const syncgate_group_config_t *group)
{
	printf("group %s:", group->name);
	for (int i = 0; i < group->members->nelts; i++)
		printf(" %s", APR_ARRAY_IDX(group->members, i, const char *));
	printf("\n");
}

/* For the daemon: what to do, or why not. */
static int
tell_plan(const syncgate_config_t *config, const apr_array_header_t *jobs,
    xn_error_t *error, const cmd_line_t *line)
{
	if (error == NULL) {
		plan_write(stdout, config, jobs, line->pool);
		return CMD_OK;
	}
	plan_write_error(stdout, error, line->pool);
	xn_error_clear(error);
	return CMD_USAGE;
}

static int
run(const cmd_line_t *line)
{
	syncgate_config_t *config;
	apr_array_header_t *jobs;
	xn_error_t *error = cmd_jobs_load(&config, &jobs,
	    line->option[OPT_PLAN] != NULL ? CMD_NO_JOBS :
	    CMD_NO_JOBS_BUT_GATEWAYS, line);

	if (line->option[OPT_PLAN] != NULL)
		return tell_plan(config, jobs, error, line);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	for (int i = 0; i < jobs->nelts; i++)
		describe(APR_ARRAY_IDX(jobs, i,
		    const syncgate_job_config_t *), line->pool);
	for (int i = 0; line->count == 0 && i < config->groups->nelts; i++)
		describe_group(&APR_ARRAY_IDX(config->groups, i,
		    syncgate_group_config_t));
	fflush(stdout);
	return check_gateways(config, line, jobs);
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "connect", OPT_CONNECT, 0,
	    "open every gateway, those of groups too" },
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,
	    "FOLDER|look for plugins in FOLDER first" },
	{ "plan", OPT_PLAN, 0, NULL },
	{ "store", OPT_STORE, 1, NULL },
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
