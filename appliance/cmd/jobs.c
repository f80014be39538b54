#include "appliance/cmd/jobs.h"

#include <string.h>

#include "appliance/job/job.h"
#include "appliance/job/store.h"
#include "core/plugin/loader.h"

static xn_error_t *
add_job(apr_array_header_t *jobs, const syncgate_job_config_t *job,
    apr_pool_t *pool)
{
	for (int i = 0; i < jobs->nelts; i++) {
		if (APR_ARRAY_IDX(jobs, i, const syncgate_job_config_t *) ==
		    job)
			return xn_error_create(XN_E_USAGE,
			    "the job \"%s\" is named twice", job->name);
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

static const char *
config_file(const cmd_line_t *line)
{
	const char *file = line->option[OPT_CONFIG];

	return file != NULL ? file : SYNCGATE_CONFIG_FILE;
}

xn_error_t *
cmd_jobs_load_one(const syncgate_job_config_t **job, const cmd_line_t *line)
{
	syncgate_config_t *config;

	XN_TRY(load(&config, config_file(line), line));
	XN_TRY(syncgate_config_job(job, config, line->words[0], line->pool));
	return syncgate_job_check(*job, line->pool);
}

xn_error_t *
cmd_jobs_load(syncgate_config_t **config, apr_array_header_t **jobs,
    int may_be_none, const cmd_line_t *line)
{
	const char *file = config_file(line);
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
	if ((*jobs)->nelts == 0 && !(may_be_none &&
	    ((*config)->gateways->nelts > 0 || (*config)->groups->nelts > 0)))
		return xn_error_create(XN_E_CONFIG, "%s has no jobs: write "
		    "job NAME { plugin = ... }", file);
	return NULL;
}
