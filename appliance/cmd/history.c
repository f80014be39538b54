/*
 * history: what became of the runs of jobs.
 */
#include "appliance/cmd/history.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appliance/cmd/jobs.h"
#include "core/plugin/options.h"

#define GIVEN		3	/* where the recorder finds what it is told */
#define USUAL_MANY	20

enum { OPT_JSON = 128, OPT_SINCE, OPT_RECORD };

struct asked {
	syncgate_store_t *store;
	const char *place;
	apr_time_t since;
	int many;			/* runs to be shown; INT_MAX: all */
	int json;
	int width;			/* of the first column */
	int shown;
};

/* ---- What is meant ------------------------------------------------------- */

/* "7d", "2h": so long ago. */
static xn_error_t *
read_ago(apr_time_t *since, const char *text, apr_pool_t *pool)
{
	static const syncgate_option_t options[] = {
		{ "since", SYNCGATE_SECONDS, NULL, 1, NULL, "a time" },
		{ NULL, 0, NULL, 0, NULL, NULL }
	};
	static const syncgate_plugin_t table = { .name = "history",
	    .options = options };
	const syncgate_setting_t setting = { .name = "since", .value = text,
	    .where = "command line" };
	const syncgate_values_t *values;
	xn_error_t *error = syncgate_options_read(&values, &table, &setting,
	    1, NULL, NULL, pool);

	if (error == NULL) {
		*since = apr_time_now() - values->items[0].number;
		return NULL;
	}
	xn_error_clear(error);
	return xn_error_create(XN_E_USAGE, "--since: \"%s\" is no time: write "
	    "7d, 2h, or 2026-11-30, or \"2026-11-30 12:00\"", text);
}

/* By the local clock; or else so long ago. */
static xn_error_t *
read_since(apr_time_t *since, const char *text, apr_pool_t *pool)
{
	static const char *const forms[] = {
		"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, forms[i], &tm);
		time_t seconds;

		if (end == NULL || *end != '\0')
			continue;
		tm.tm_isdst = -1;
		seconds = mktime(&tm);
		if (seconds == (time_t)-1)
			break;
		*since = apr_time_from_sec(seconds);
		return NULL;
	}
	return read_ago(since, text, pool);
}

static xn_error_t *
read_many(int *many, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end != '\0' || n < 0 || n > INT_MAX)
		return xn_error_create(XN_E_USAGE, "-n: \"%s\" is not a number "
		    "of runs", text);
	*many = n == 0 ? INT_MAX : (int)n;
	return NULL;
}

static xn_error_t *
understand(struct asked *asked, const char **url, const cmd_line_t *line)
{
	const char *since = line->option[OPT_SINCE];
	syncgate_config_t *config;

	asked->many = USUAL_MANY;
	asked->json = line->option[OPT_JSON] != NULL;
	if (line->option['n'] != NULL)
		XN_TRY(read_many(&asked->many, line->option['n']));
	if (since != NULL)
		XN_TRY(read_since(&asked->since, since, line->pool));
	XN_TRY(syncgate_config_load_gateways(&config, cmd_config_file(line),
	    line->pool));
	XN_TRY(cmd_jobs_store(config, line));
	*url = config->store;
	if (*url == NULL)
		XN_TRY(syncgate_store_default(url, line->pool));
	asked->place = syncgate_store_place(*url, config->file, line->pool);
	return NULL;
}

/* ---- Showing ------------------------------------------------------------- */

/* As wide as the longest name of these. */
static int
width_of(const syncgate_run_t *runs, int n)
{
	size_t width = 3;

	for (int i = 0; i < n; i++)
		if (strlen(runs[i].job) > width)
			width = strlen(runs[i].job);
	return width > 32 ? 32 : (int)width;
}

static void
show(struct asked *asked, const syncgate_run_t *runs, int n, apr_pool_t *pool)
{
	if (asked->shown == 0 && !asked->json) {
		asked->width = width_of(runs, n);
		history_print_head(asked->width);
	}
	for (int i = 0; i < n; i++) {
		if (asked->json)
			history_print_json(&runs[i], pool);
		else
			history_print(&runs[i], asked->width);
	}
	asked->shown += n;
}

/* The runs of JOB (NULL: of all), page by page. */
static xn_error_t *
show_runs(struct asked *asked, const char *job, apr_pool_t *parent)
{
	syncgate_run_t *runs, last, *before = NULL;
	int n = 0, left = asked->many;
	apr_pool_t *pool, *older;
	xn_error_t *error = NULL;

	apr_pool_create(&pool, parent);
	apr_pool_create(&older, parent);
	do {
		apr_pool_t *swap = pool;

		/* The last one of the page before is needed still. */
		pool = older;
		older = swap;
		apr_pool_clear(pool);
		error = syncgate_store_runs_list(&runs, &n, asked->store,
		    asked->place, job, asked->since, before, left, pool);
		if (error != NULL || n == 0)
			break;
		show(asked, runs, n, pool);
		last = runs[n - 1];
		before = &last;
		left -= n;
	} while (left > 0);
	apr_pool_destroy(pool);
	apr_pool_destroy(older);
	return error;
}

static int
run(const cmd_line_t *line)
{
	struct asked asked = { .json = 0 };
	xn_error_t *error;
	const char *url;

	if (line->option[OPT_RECORD] != NULL)
		return history_record(GIVEN);
	error = understand(&asked, &url, line);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	error = syncgate_store_open(&asked.store, url, line->pool);
	for (int i = 0; error == NULL && i < line->count; i++)
		error = show_runs(&asked, line->words[i], line->pool);
	if (error == NULL && line->count == 0)
		error = show_runs(&asked, NULL, line->pool);
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	if (asked.shown == 0 && !asked.json)
		printf("no runs\n");
	return CMD_OK;
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "json", OPT_JSON, 0, "print JSON, one object a line" },
	{ "many", 'n', 1, "N|the newest N of each, not 20; 0: all" },
	{ "since", OPT_SINCE, 1,
	    "TIME|those that began since then: 7d, 2h, 2026-11-30" },
	{ "store", OPT_STORE, 1, "URL|the store, not the configured one" },
	{ "record", OPT_RECORD, 0, NULL },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_history = {
	.name = "history",
	.words = "[JOB...]",
	.summary = "List runs of jobs, with what became of them",
	.details =
	    "\nThe newest first, of all jobs of the configuration that the "
	    "daemon ran, or of each\nof those named, also of one that is not "
	    "configured any more.\n",
	.options = options,
	.max_words = -1,
	.run = run,
};
