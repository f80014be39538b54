#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/cmd/jobs.h"
#include "appliance/job/config_texts.h"
#include "appliance/job/job.h"
#include "appliance/job/stop.h"
#include "appliance/job/store.h"
#include "appliance/job/workers.h"
#include "core/plugin/loader.h"

#define ERROR_MAX	4096		/* bytes of an error in the history */

enum {
	OPT_ONCE = 128, OPT_DRY_RUN, OPT_JSON, OPT_PLUGIN, OPT_RESYNC,
	OPT_WORKER,	/* we are one of several: plain lines */
	OPT_GIVEN	/* we are the daemon's: the configuration is what this
			 * descriptor has, errors are in our lines */
};

static syncgate_output_t *
make_output(const cmd_line_t *line)
{
	int mode = SYNCGATE_OUTPUT_PLAIN;

	if (line->option[OPT_JSON] != NULL)
		mode = SYNCGATE_OUTPUT_JSON;
	else if (line->option[OPT_WORKER] == NULL)
		mode = syncgate_output_mode_for(STDOUT_FILENO);
	return syncgate_output_create(STDOUT_FILENO, mode,
	    line->option['v'] != NULL, line->pool);
}

/* What one left behind. */
struct end {
	apr_time_t began;
	xn_error_t *error;		/* NULL: it was done */
	int skipped;			/* it was passed by */
	const char *figures;		/* or NULL */
};

static int
outcome_of(const struct end *end)
{
	if (end->skipped)
		return SYNCGATE_RUN_SKIPPED;
	return syncgate_stop_count() > 0 ? SYNCGATE_RUN_STOPPED :
	    end->error != NULL ? SYNCGATE_RUN_FAILED : SYNCGATE_RUN_WELL;
}

/* What became of the run, for the history. */
static xn_error_t *
record(const syncgate_job_config_t *job, const struct end *end,
    apr_pool_t *pool)
{
	const char *url = job->config->store;
	const syncgate_run_t run = {
		.place = syncgate_store_place(url, job->config->file, pool),
		.job = job->name, .plugin = job->plugin->name,
		.began = end->began, .ended = apr_time_now(), .by_hand = 1,
		.outcome = outcome_of(end),
		.error = end->error == NULL ? NULL : apr_pstrndup(pool,
		    xn_error_text(end->error, pool), ERROR_MAX),
		.figures = end->figures,
	};
	syncgate_store_t *store;

	XN_TRY(syncgate_store_open(&store, url, pool));
	XN_TRY(syncgate_store_runs_save(store, &run, 1));
	return syncgate_store_runs_prune(store, run.place,
	    job->config->daemon.history_keep > 0 ? run.ended -
	    job->config->daemon.history_keep : 0, job->name,
	    job->config->daemon.history_runs);
}

/* By hand, of a configured job, where the store is named: a run makes none. */
static void
record_if_wanted(const syncgate_job_config_t *job, const struct end *end,
    syncgate_output_t *output, const cmd_line_t *line)
{
	xn_error_t *failed;

	if (line->option[OPT_GIVEN] != NULL || job->config->texts == NULL ||
	    job->config->store == NULL || line->option[OPT_DRY_RUN] != NULL)
		return;
	failed = record(job, end, line->pool);
	if (failed != NULL)
		syncgate_output_log(output, job->name, SYNCGATE_WARNING, "log",
		    apr_psprintf(line->pool, "the history will not have this "
		    "run: %s", xn_error_text(failed, line->pool)));
	xn_error_clear(failed);
}

/* What was approved, const char *. */
static apr_array_header_t *
approved_of(const cmd_line_t *line)
{
	apr_array_header_t *words = apr_array_make(line->pool, 4,
	    sizeof(const char *));

	for (int i = 0; i < line->given->nelts; i++) {
		const cmd_given_t *one = &APR_ARRAY_IDX(line->given, i,
		    cmd_given_t);

		if (one->letter == 'a')
			APR_ARRAY_PUSH(words, const char *) = one->value;
	}
	return words;
}

/* Say how it ended; the exit code. */
static int
say_end(const syncgate_job_config_t *job, const struct end *end,
    syncgate_output_t *output, const cmd_line_t *line)
{
	int given = line->option[OPT_GIVEN] != NULL;

	if (end->error == NULL) {
		syncgate_output_log(output, job->name, SYNCGATE_DEBUG, "done",
		    "done");
		return CMD_OK;
	}
	/* Of a time that comes and goes it is nothing but news. */
	syncgate_output_log(output, job->name, end->skipped && given ?
	    SYNCGATE_INFO : SYNCGATE_ERROR, end->skipped ? "skipped" :
	    "failed", xn_error_text(end->error, line->pool));
	if (!given)
		return cmd_error(end->error, CMD_FAILED);
	if (end->skipped)
		return SYNCGATE_EXIT_SKIPPED;
	if (end->error->code == XN_E_HELD)
		return SYNCGATE_EXIT_HELD;
	return syncgate_job_may_pass(end->error) ? SYNCGATE_EXIT_PASSING :
	    CMD_FAILED;
}

/* One job, in this process. */
static int
run_one(const syncgate_job_config_t *job, const cmd_line_t *line)
{
	const apr_array_header_t *approved = approved_of(line);
	struct end end = { .began = apr_time_now() };
	const syncgate_run_options_t options = {
		.figures = &end.figures,
		.skipped = &end.skipped,
		.approved = (const char *const *)approved->elts,
		.approved_n = approved->nelts,
		.once = line->option[OPT_ONCE] != NULL,
		.dry_run = line->option[OPT_DRY_RUN] != NULL,
		.resync = line->option[OPT_RESYNC] != NULL,
		.only = line->option[OPT_ONLY],
		.supervised = line->option[OPT_GIVEN] != NULL,
	};
	syncgate_output_t *output = make_output(line);

	end.error = syncgate_stop_listen();
	if (end.error == NULL)
		end.error = syncgate_job_run(job, &options, output,
		    line->pool);
	syncgate_output_clear(output);
	record_if_wanted(job, &end, output, line);
	return say_end(job, &end, output, line);
}

/* The daemon's: the one job of the texts that it read. */
static int
run_given(const cmd_line_t *line)
{
	const syncgate_job_config_t *job = NULL;
	syncgate_config_t *config;
	apr_array_header_t *texts;
	int given = atoi(line->option[OPT_GIVEN]);
	xn_error_t *error = syncgate_config_texts_of(&texts, given,
	    line->pool);

	/* Nothing that the job starts is to have it: it is not said what is
	 * in there. */
	close(given);
	if (error == NULL)
		error = syncgate_config_load_texts(&config,
		    line->option[OPT_CONFIG], texts, syncgate_plugin_folders(
		    line->option[OPT_PLUGIN_DIR], line->pool), line->pool);
	if (error == NULL)
		error = cmd_jobs_store(config, line);
	if (error == NULL)
		error = syncgate_config_job(&job, config, line->words[0],
		    line->pool);
	if (error == NULL)
		error = syncgate_job_check(job, line->pool);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	return run_one(job, line);
}

/* ---- Several ----------------------------------------------------------- */

static void
push(apr_array_header_t *argv, const char *word)
{
	APR_ARRAY_PUSH(argv, const char *) = word;
}

/* syncgate run --worker [as we were called] -- JOB */
static const char *const *
worker_argv(const cmd_line_t *line, const syncgate_config_t *config,
    const char *job)
{
	static const struct {
		int letter;
		const char *name;
	} flags[] = {
		{ OPT_ONCE, "--once" }, { OPT_DRY_RUN, "--dry-run" },
		{ OPT_JSON, "--json" }, { 'v', "--verbose" },
		{ OPT_RESYNC, "--resync" },
	};
	apr_array_header_t *argv = apr_array_make(line->pool, 16,
	    sizeof(const char *));

	push(argv, line->program);
	push(argv, "run");
	push(argv, "--worker");
	push(argv, "--config");
	push(argv, config->file);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (line->option[flags[i].letter] != NULL)
			push(argv, flags[i].name);
	}
	if (line->option[OPT_PLUGIN_DIR] != NULL) {
		push(argv, "--plugin-dir");
		push(argv, line->option[OPT_PLUGIN_DIR]);
	}
	if (line->option[OPT_STORE] != NULL) {
		push(argv, "--store");
		push(argv, line->option[OPT_STORE]);
	}
	push(argv, "--");
	push(argv, job);
	push(argv, NULL);
	return (const char *const *)argv->elts;
}

static int
run_several(const syncgate_config_t *config, const apr_array_header_t *jobs,
    const cmd_line_t *line)
{
	syncgate_worker_t *workers = apr_pcalloc(line->pool,
	    sizeof(*workers) * (size_t)jobs->nelts);
	xn_error_t *error;
	int failed;

	for (int i = 0; i < jobs->nelts; i++) {
		workers[i].job = APR_ARRAY_IDX(jobs, i,
		    const syncgate_job_config_t *)->name;
		workers[i].argv = worker_argv(line, config, workers[i].job);
	}
	error = syncgate_workers_run(&failed, workers, jobs->nelts);
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	return failed > 0 ? CMD_FAILED : CMD_OK;
}

/* ---- The command ------------------------------------------------------- */

/* --plugin NAME key=value...: a job that no file describes. */
static int
run_direct(const cmd_line_t *line)
{
	const syncgate_job_config_t *job;
	syncgate_config_t *config;
	xn_error_t *error;

	if (line->option[OPT_CONFIG] != NULL)
		return cmd_usage("run", "--plugin and --config exclude each "
		    "other");
	error = syncgate_config_direct(&config, line->option[OPT_PLUGIN],
	    line->words, line->count, syncgate_plugin_folders(
	    line->option[OPT_PLUGIN_DIR], line->pool), line->pool);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	job = &APR_ARRAY_IDX(config->jobs, 0, syncgate_job_config_t);
	error = cmd_jobs_store(config, line);
	if (error == NULL)
		error = syncgate_job_check(job, line->pool);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	return run_one(job, line);
}

static int
run(const cmd_line_t *line)
{
	syncgate_config_t *config;
	apr_array_header_t *jobs;
	xn_error_t *error;

	if (line->option[OPT_PLUGIN] != NULL)
		return run_direct(line);
	if (line->option[OPT_GIVEN] != NULL && line->count == 1 &&
	    line->option[OPT_CONFIG] != NULL)
		return run_given(line);
	if (line->option[OPT_RESYNC] != NULL && line->count == 0)
		return cmd_usage("run", "--resync is for jobs that are named: "
		    "it makes their targets anew");
	if (line->option['a'] != NULL && line->count != 1)
		return cmd_usage("run", "--approve is for one job that is "
		    "named: it says what of it was approved");
	if (line->option[OPT_ONLY] != NULL && line->count != 1)
		return cmd_usage("run", "--only is for one job that is named: "
		    "it says which of its targets is meant");
	error = cmd_jobs_load(&config, &jobs, 0, line);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	if (jobs->nelts == 1)
		return run_one(APR_ARRAY_IDX(jobs, 0,
		    const syncgate_job_config_t *), line);
	return run_several(config, jobs, line);
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "once", OPT_ONCE, 0, "end when all is the same; do not try again" },
	{ "dry-run", OPT_DRY_RUN, 0, "only say what would be done" },
	{ "resync", OPT_RESYNC, 0,
	    "make the target anew, and exchange the two" },
	{ "only", OPT_ONLY, 1,
	    "TARGET|leave the job's other targets alone" },
	{ "approve", 'a', 1,
	    "TOKEN|do what a job that was held asked for" },
	{ "json", OPT_JSON, 0, "print JSON, one object a line" },
	{ "plugin", OPT_PLUGIN, 1, "NAME|run plugin NAME without a file" },
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,
	    "FOLDER|look for plugins in FOLDER first" },
	{ "store", OPT_STORE, 1,
	    "URL|keep the records of items there" },
	{ "verbose", 'v', 0, "say more" },
	{ "worker", OPT_WORKER, 0, NULL },
	{ "given", OPT_GIVEN, 1, NULL },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_run = {
	.name = "run",
	.words = "[JOB...] | --plugin NAME KEY=VALUE...",
	.summary = "Run jobs in the foreground",
	.details =
	    "\nAll jobs of the configuration, or those named.  Several run at "
	    "once, each in a\nprocess of its own.  SIGINT or SIGTERM ends "
	    "them at the next whole state, a\nsecond one at once; with --once "
	    "that is a failure.  When the\nother machine is lost, a job tries "
	    "again, unless --once.\n\n"
	    "    syncgate run mirror\n"
	    "    syncgate run --plugin svnhotsync source=host:/srv/svn/a "
	    "mirror=/srv/mirror/a\n",
	.options = options,
	.max_words = -1,
	.repeatable = "a",
	.run = run,
};
