#include "appliance/cmd/jobs.h"

#include <string.h>
#include <unistd.h>

#include "appliance/job/job.h"
#include "appliance/job/stop.h"
#include "appliance/job/store.h"
#include "core/plugin/loader.h"

/* The value that JOB has alone; NULL: none. */
static const syncgate_value_t *
alone_of(const syncgate_job_config_t *job)
{
	const char *option = job->plugin->alone;

	for (int i = 0; option != NULL && i < job->values->count; i++)
		if (strcmp(job->values->items[i].option->name, option) == 0)
			return &job->values->items[i];
	return NULL;
}

/* Without '/' at its end: N bytes. */
static size_t
path_length(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

/* What both paths, or lists of locations, have, as it was written; or NULL. */
static const char *
in_both(const syncgate_value_t *a, const syncgate_value_t *b)
{
	size_t n;

	if (a->list == NULL) {
		if (a->text == NULL || b->text == NULL)
			return NULL;
		n = path_length(a->text);
		return n == path_length(b->text) &&
		    memcmp(a->text, b->text, n) == 0 ? a->text : NULL;
	}
	for (int i = 0; i < a->list->nelts; i++)
		for (int j = 0; j < b->list->nelts; j++) {
			const xn_location_t *one = APR_ARRAY_IDX(a->list, i,
			    const xn_location_t *);
			const xn_location_t *two = APR_ARRAY_IDX(b->list, j,
			    const xn_location_t *);

			if (syncgate_location_holds(one, two) &&
			    syncgate_location_holds(two, one))
				return one->text;
		}
	return NULL;
}

static xn_error_t *
check_alone(const syncgate_job_config_t *job,
    const syncgate_job_config_t *other)
{
	const syncgate_value_t *one = alone_of(job), *two = alone_of(other);
	const char *both;

	if (one == NULL || two == NULL || job->plugin != other->plugin)
		return NULL;
	both = in_both(one, two);
	if (both == NULL)
		return NULL;
	return xn_error_create(XN_E_CONFIG, "%s: job %s: %s = \"%s\" is that "
	    "of job %s, too: only one job at a time can have it", job->where,
	    job->name, job->plugin->alone, both, other->name);
}

static xn_error_t *
add_job(apr_array_header_t *jobs, const syncgate_job_config_t *job,
    apr_pool_t *pool)
{
	for (int i = 0; i < jobs->nelts; i++) {
		const syncgate_job_config_t *other = APR_ARRAY_IDX(jobs, i,
		    const syncgate_job_config_t *);

		if (other == job)
			return xn_error_create(XN_E_USAGE,
			    "the job \"%s\" is named twice", job->name);
		XN_TRY(check_alone(job, other));
	}
	XN_TRY(syncgate_job_check(job, pool));
	APR_ARRAY_PUSH(jobs, const syncgate_job_config_t *) = job;
	return NULL;
}

xn_error_t *
cmd_jobs_store(syncgate_config_t *config, const cmd_line_t *line)
{
	const char *url = line->option[OPT_STORE];

	if (url == NULL)
		return NULL;
	XN_TRY_W(syncgate_store_check(url, line->pool), "--store");
	config->store = url;
	return NULL;
}

static xn_error_t *
load(syncgate_config_t **config, const char *file, const cmd_line_t *line)
{
	XN_TRY(syncgate_config_load(config, file, syncgate_plugin_folders(
	    line->option[OPT_PLUGIN_DIR], line->pool), line->pool));
	return cmd_jobs_store(*config, line);
}

const char *
cmd_config_file(const cmd_line_t *line)
{
	const char *file = line->option[OPT_CONFIG];

	return file != NULL ? file : SYNCGATE_CONFIG_FILE;
}

xn_error_t *
cmd_jobs_load_one(const syncgate_job_config_t **job, const cmd_line_t *line)
{
	syncgate_config_t *config;

	XN_TRY(load(&config, cmd_config_file(line), line));
	XN_TRY(syncgate_config_job(job, config, line->words[0], line->pool));
	return syncgate_job_check(*job, line->pool);
}

xn_error_t *
cmd_jobs_load(syncgate_config_t **config, apr_array_header_t **jobs,
    int none, const cmd_line_t *line)
{
	const char *file = cmd_config_file(line);
	const syncgate_job_config_t *job;
	apr_pool_t *pool = line->pool;

	*jobs = apr_array_make(pool, 8, sizeof(job));
	XN_TRY(load(config, file, line));
	for (int i = 0; i < line->count; i++) {
		XN_TRY(syncgate_config_job(&job, *config, line->words[i],
		    pool));
		XN_TRY(add_job(*jobs, job, pool));
	}
	for (int i = 0; line->count == 0 && i < (*config)->jobs->nelts; i++)
		XN_TRY(add_job(*jobs, &APR_ARRAY_IDX((*config)->jobs, i,
		    syncgate_job_config_t), pool));
	if ((*jobs)->nelts == 0 && none != CMD_NO_JOBS &&
	    !(none == CMD_NO_JOBS_BUT_GATEWAYS &&
	    ((*config)->gateways->nelts > 0 || (*config)->groups->nelts > 0)))
		return xn_error_create(XN_E_CONFIG, "%s has no jobs: write "
		    "job NAME { plugin = ... }, or have `syncgate init` do "
		    "it", file);
	return NULL;
}

int
cmd_jobs_do_one(cmd_jobs_act *act, int how, const cmd_line_t *line)
{
	const syncgate_job_config_t *job;
	syncgate_output_t *output;
	xn_error_t *error = cmd_jobs_load_one(&job, line);

	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	output = syncgate_output_create(STDOUT_FILENO,
	    syncgate_output_mode_for(STDOUT_FILENO),
	    line->option['v'] != NULL, line->pool);
	error = syncgate_stop_listen();
	if (error == NULL)
		error = act(job, how, line->option[OPT_ONLY], output,
		    line->pool);
	syncgate_output_clear(output);
	return error == NULL ? CMD_OK : cmd_error(error, CMD_FAILED);
}
