/*
 * status: what is known of what jobs keep.
 */
#include "appliance/cmd/status.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/job/job.h"
#include "appliance/job/json.h"
#include "appliance/job/stop.h"

struct shown {
	const char *job;
	int json;
	int failed;
	int count;			/* of targets */
};

static void
time_text(char out[32], apr_time_t when)
{
	apr_time_exp_t t;

	apr_time_exp_gmt(&t, when);
	apr_snprintf(out, 32, "%04d-%02d-%02d %02d:%02d:%02d", t.tm_year + 1900,
	    t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

static void
json_text(const char *key, const char *text)
{
	printf("\"%s\":", key);
	syncgate_json_write_text(stdout, text, strlen(text));
}

static void
print_json(const struct shown *shown, const syncgate_status_t *s)
{
	putchar('{');
	json_text("job", shown->job);
	putchar(',');
	json_text("target", s->name);
	if (s->error != NULL) {
		putchar(',');
		json_text("error", s->error);
	} else {
		printf(",\"youngest\":%lld", s->youngest);
	}
	if (s->proven >= 0) {
		printf(",\"proven\":%lld,\"proven_at\":%lld,", s->proven,
		    (long long)apr_time_sec(s->proven_at));
		json_text("digest", s->digest);
	}
	if (s->differs != NULL) {
		printf(",\"differs_at\":%lld,",
		    (long long)apr_time_sec(s->differs_at));
		json_text("differs", s->differs);
	}
	printf("}\n");
}

static void
print_plain(const struct shown *shown, const syncgate_status_t *s)
{
	char text[4096], when[32] = "";

	if (s->proven >= 0)
		time_text(when, s->proven_at);
	if (s->error != NULL)
		snprintf(text, sizeof(text), "%s: %s: not known: %s",
		    shown->job, s->name, s->error);
	else if (s->unproven)
		snprintf(text, sizeof(text), "%s: %s: r%lld", shown->job,
		    s->name, s->youngest);
	else if (s->proven < 0)
		snprintf(text, sizeof(text), "%s: %s: r%lld, never proven "
		    "equal", shown->job, s->name, s->youngest);
	else
		snprintf(text, sizeof(text), "%s: %s: r%lld, r0:%lld proven "
		    "equal at %s UTC, digest %s", shown->job, s->name,
		    s->youngest, s->proven, when, s->digest);
	cmd_print_clean(text);
	if (s->differs == NULL)
		return;
	time_text(when, s->differs_at);
	snprintf(text, sizeof(text), "%s: %s: since then it was found, at "
	    "%s UTC: %s", shown->job, s->name, when, s->differs);
	cmd_print_clean(text);
}

static void
on_status(void *baton, const syncgate_status_t *s)
{
	struct shown *shown = baton;

	shown->count++;
	if (s->error != NULL || s->differs != NULL)
		shown->failed = 1;
	if (shown->json)
		print_json(shown, s);
	else
		print_plain(shown, s);
}

/* A job without a status is only wrong if it was NAMED. */
static int
show_job(int *count, const syncgate_job_config_t *job, const cmd_line_t *line,
    int named)
{
	struct shown shown = { .job = job->name,
	    .json = line->option[STATUS_JSON] != NULL };
	xn_error_t *error;

	if (job->plugin->status == NULL && !named)
		return CMD_OK;
	error = syncgate_job_status(job, on_status, &shown, NULL, line->pool);
	*count += shown.count + (error != NULL);
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	return shown.failed ? CMD_FAILED : CMD_OK;
}

/* ---- The command --------------------------------------------------------- */

static int
run(const cmd_line_t *line)
{
	syncgate_config_t *config;
	apr_array_header_t *jobs;
	xn_error_t *error;
	int runs, code, count = 0;

	if (line->option[STATUS_WATCH] != NULL)
		return status_watch(line);
	code = status_daemon(&runs, line);
	if (line->option[STATUS_DAEMON] != NULL)
		return code;
	error = cmd_jobs_load(&config, &jobs, 0, line);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	error = syncgate_stop_listen();
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	for (int i = 0; i < jobs->nelts; i++)
		if (show_job(&count, APR_ARRAY_IDX(jobs, i,
		    const syncgate_job_config_t *), line, line->count > 0 &&
		    !runs) != CMD_OK)
			code = CMD_FAILED;
	if (!runs && count == 0)
		fprintf(stderr, "syncgate: no daemon runs with %s, or not as "
		    "this user, and without one nothing is known of its jobs\n",
		    cmd_config_file(line));
	return code;
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "daemon", STATUS_DAEMON, 0,
	    "only what the daemon knows: ask no target" },
	{ "json", STATUS_JSON, 0, "print JSON, one object a line" },
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,
	    "FOLDER|look for plugins in FOLDER first" },
	{ "watch", STATUS_WATCH, 0,
	    "only that, and again each second" },
	{ "store", OPT_STORE, 1, "URL|the store, not the configured one" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_status = {
	.name = "status",
	.words = "[JOB...]",
	.summary = "Say what the daemon does, and what is known of what jobs "
	    "keep",
	.details =
	    "\nIf a daemon runs: of each job what it does, or waits for.\n\n"
	    "Of all jobs, or of those named: how far each target is, and when "
	    "it was last\nproven equal to its source (by `syncgate verify`), up "
	    "to which revision and by\nwhich digest.  Targets elsewhere are "
	    "asked.\n",
	.options = options,
	.max_words = -1,
	.run = run,
};
