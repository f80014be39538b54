/*
 * start, stop, pause, resume, approve, reset, loglevel, flush, why, reload:
 * what a daemon is asked.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/cmd/jobs.h"
#include "appliance/job/breaker.h"
#include "appliance/job/poke.h"
#include "appliance/supervise/call.h"

enum { OPT_ALL = 128, OPT_ALWAYS, OPT_TOKEN };

/* Ask it, with MORE as of call.h, and say what it says. */
static int
ask_with(const char *verb, const cmd_line_t *line, const char *more,
    const xn_value_t **answer)
{
	int all = line->option[OPT_ALL] != NULL;
	xn_error_t *error;

	if (all && line->count > 0)
		return cmd_usage(verb, "either --all, or jobs");
	error = call_daemon_with(answer, cmd_config_file(line), verb,
	    line->words, line->count, all, more, line->pool);
	if (error != NULL)
		return cmd_error(error, error->code == XN_E_CONFIG ?
		    CMD_USAGE : CMD_FAILED);
	cmd_print_clean(xn_value_text(*answer, "text", ""));
	return CMD_OK;
}

static int
ask(const char *verb, const cmd_line_t *line, const xn_value_t **answer)
{
	return ask_with(verb, line, "", answer);
}

/* The same for jobs, of which some must be named. */
static int
ask_jobs(const char *verb, const cmd_line_t *line)
{
	const xn_value_t *answer;

	if (line->count == 0 && line->option[OPT_ALL] == NULL)
		return cmd_usage(verb, "which jobs?  Name them, or write "
		    "--all");
	return ask(verb, line, &answer);
}

static int
run_start(const cmd_line_t *line)
{
	return ask_jobs("start", line);
}

static int
run_stop(const cmd_line_t *line)
{
	return ask_jobs("stop", line);
}

static int
run_pause(const cmd_line_t *line)
{
	return ask_jobs("pause", line);
}

static int
run_resume(const cmd_line_t *line)
{
	return ask_jobs("resume", line);
}

static int
run_reset(const cmd_line_t *line)
{
	return ask_jobs("reset", line);
}

static int
run_approve(const cmd_line_t *line)
{
	const char *token = line->option[OPT_TOKEN];
	const char *more = line->option[OPT_ALWAYS] != NULL ?
	    ",\"always\":true" : "";
	const xn_value_t *answer;

	if (token != NULL && (!syncgate_breaker_is_token(token) ||
	    line->count > 1))
		return cmd_usage("approve", "--token is what one job asks for, "
		    "as `syncgate status --json` shows it");
	if (token != NULL)
		more = apr_psprintf(line->pool, "%s,\"token\":\"%s\"", more,
		    token);
	return ask_with("approve", line, more, &answer);
}

/* The level is the last word. */
static int
run_loglevel(const cmd_line_t *line)
{
	cmd_line_t jobs = *line;
	const xn_value_t *answer;
	const char *level = line->words[line->count - 1];

	jobs.count--;
	if (strspn(level, "abcdefghijklmnopqrstuvwxyz") != strlen(level))
		return cmd_usage("loglevel", "the level is the last word: "
		    "debug, info, warning or default");
	if (jobs.count == 0 && line->option[OPT_ALL] == NULL)
		return cmd_usage("loglevel", "jobs, or --all, and behind them "
		    "the level: debug, info, warning or default");
	return ask_with("loglevel", &jobs, apr_psprintf(line->pool,
	    ",\"level\":\"%s\"", level), &answer);
}

/* What one that is held would do, too. */
static int
run_why(const cmd_line_t *line)
{
	const xn_value_t *answer, *sample;
	int code = ask("why", line, &answer);

	if (code != CMD_OK)
		return code;
	sample = xn_value_get(xn_value_get(answer, "hold"), "sample");
	for (unsigned int i = 0; sample != NULL && sample->kind == XN_LIST &&
	    i < sample->size; i++)
		if (sample->u.items[i].kind == XN_STR)
			cmd_print_clean(apr_pstrcat(line->pool, "  would: ",
			    sample->u.items[i].u.text, NULL));
	return CMD_OK;
}

static int
run_reload(const cmd_line_t *line)
{
	const xn_value_t *answer;

	return ask("reload", line, &answer);
}

/* One that runs all the time is told to look at once. */
static int
run_flush(const cmd_line_t *line)
{
	const xn_value_t *answer;
	xn_error_t *error;
	int code = ask("flush", line, &answer);

	if (code != CMD_OK || !xn_value_bool(answer, "follows", 0))
		return code;
	error = syncgate_poke_send(cmd_config_file(line), line->words[0],
	    line->pool);
	return error != NULL ? cmd_error(error, CMD_FAILED) : CMD_OK;
}

#define CONFIG_OPTION	{ "config", OPT_CONFIG, 1, \
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE }

static const apr_getopt_option_t options[] = {
	CONFIG_OPTION,
	{ NULL, 0, 0, NULL }
};

static const apr_getopt_option_t options_all[] = {
	CONFIG_OPTION,
	{ "all", OPT_ALL, 0, "all jobs" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_start = {
	.name = "start",
	.words = "JOB...|--all",
	.summary = "Have the daemon run a job now, also one that was stopped",
	.options = options_all,
	.max_words = -1,
	.run = run_start,
};

const cmd_t cmd_stop = {
	.name = "stop",
	.words = "JOB...|--all",
	.summary = "Have the daemon end a job, and not run it again",
	.details =
	    "\nUntil `syncgate start`, also when the daemon is started "
	    "again.\n",
	.options = options_all,
	.max_words = -1,
	.run = run_stop,
};

const cmd_t cmd_pause = {
	.name = "pause",
	.words = "JOB...|--all",
	.summary = "Have the daemon begin no run of a job",
	.details =
	    "\nUntil `syncgate resume`, also when the daemon is started again. "
	    " A run with an end\ngoes on; a job that runs all the time "
	    "stops.\n",
	.options = options_all,
	.max_words = -1,
	.run = run_pause,
};

const cmd_t cmd_resume = {
	.name = "resume",
	.words = "JOB...|--all",
	.summary = "Have the daemon go on with a job that is held or paused",
	.options = options_all,
	.max_words = -1,
	.run = run_resume,
};

static const apr_getopt_option_t options_approve[] = {
	CONFIG_OPTION,
	{ "always", OPT_ALWAYS, 0,
	    "approve what is of the same kind from now on, until `reset`" },
	{ "token", OPT_TOKEN, 1,
	    "TOKEN|only if that is what the job asks for" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_approve = {
	.name = "approve",
	.words = "JOB...",
	.summary = "Have a job do what the daemon holds it for",
	.details =
	    "\nA run that would remove or rewrite too much of its destination, "
	    "or whose source is\nempty or another one, is held until then; "
	    "`syncgate why` shows what it would do.\nWhat is approved is that "
	    "alone: if something else is found by then, it is held\nagain.\n",
	.options = options_approve,
	.min_words = 1,
	.max_words = -1,
	.run = run_approve,
};

const cmd_t cmd_reset = {
	.name = "reset",
	.words = "JOB...|--all",
	.summary = "Have the daemon forget failures, holds and approvals",
	.options = options_all,
	.max_words = -1,
	.run = run_reset,
};

const cmd_t cmd_loglevel = {
	.name = "loglevel",
	.words = "JOB...|--all LEVEL",
	.summary = "Have the daemon log more of a job, or less",
	.details =
	    "\nLEVEL is debug, info, warning, or default: as configured.  "
	    "Until the daemon ends.\n",
	.options = options_all,
	.min_words = 1,
	.max_words = -1,
	.run = run_loglevel,
};

const cmd_t cmd_flush = {
	.name = "flush",
	.words = "JOB",
	.summary = "Have the daemon run a job, and wait for the end of that",
	.details =
	    "\nAfterwards all that was there when it was called has been done. "
	    " A job that runs\nall the time is told to look at its source at "
	    "once, and not waited for.\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run_flush,
};

const cmd_t cmd_why = {
	.name = "why",
	.words = "JOB",
	.summary = "Say what a job of the daemon does, or waits for",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run_why,
};

const cmd_t cmd_reload = {
	.name = "reload",
	.words = "",
	.summary = "Have the daemon read its configuration again",
	.details =
	    "\nOnly what changed is started, stopped or restarted.  If it is "
	    "wrong it is refused,\nand all stays as it was.\n",
	.options = options,
	.max_words = 0,
	.run = run_reload,
};
