#include "appliance/cmd/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/json.h"
#include "appliance/job/text.h"
#include "appliance/supervise/call.h"

/* What a terminal is told to show a state in; "" in a file. */
static const char *
colour(const char *state, int coloured)
{
	static const struct {
		const char *state, *colour;
	} colours[] = {
		{ "running", "\033[32m" }, { "held", "\033[1;31m" },
		{ "failing", "\033[31m" }, { "paused", "\033[33m" },
		{ "stopped", "\033[33m" },
	};

	for (size_t i = 0; coloured && i < sizeof(colours) /
	    sizeof(colours[0]); i++)
		if (strcmp(colours[i].state, state) == 0)
			return colours[i].colour;
	return "";
}

static int
is_coloured(void)
{
	const char *no = getenv("NO_COLOR");

	return syncgate_output_mode_for(STDOUT_FILENO) ==
	    SYNCGATE_OUTPUT_TERMINAL && (no == NULL || *no == '\0');
}

/* ---- Which -------------------------------------------------------------- */

/* Was JOB, of the daemon, meant? */
static int
is_meant(const cmd_line_t *line, const xn_value_t *job)
{
	const char *name = xn_value_text(job, "job", "");

	for (int i = 0; i < line->count; i++)
		if (strcmp(line->words[i], name) == 0)
			return 1;
	return line->count == 0;
}

/* One that is named, and that the daemon does not know. */
static const char *
find_unknown(const cmd_line_t *line, const xn_value_t *jobs)
{
	for (int i = 0; i < line->count; i++) {
		unsigned int j = 0;

		while (j < jobs->size && strcmp(line->words[i], xn_value_text(
		    &jobs->u.items[j], "job", "")) != 0)
			j++;
		if (j == jobs->size)
			return line->words[i];
	}
	return NULL;
}

/* ---- What it says ------------------------------------------------------- */

/* When it was proven equal, if ever: below what it does. */
static void
print_proven(const xn_value_t *job, int width)
{
	const xn_value_t *proven = xn_value_get(job, "proven");
	const char *digest = xn_value_text(proven, "digest", "");
	char when[64], text[4096], clean[4096];

	if (proven == NULL)
		return;
	apr_cpystrn(when, xn_value_text(proven, "at", ""), sizeof(when));
	/* "2026-11-30T01:02:03.456Z" */
	if (strlen(when) == 24) {
		when[10] = ' ';
		apr_cpystrn(when + 19, " UTC", sizeof(when) - 19);
	}
	snprintf(text, sizeof(text), "proven equal at %s: %s%s%s", when,
	    xn_value_text(proven, "text", ""), *digest != '\0' ?
	    ", digest " : "", digest);
	syncgate_text_clean(clean, sizeof(clean), text);
	printf("%*s  %s\n", width, "", clean);
}

static void
print_job(const xn_value_t *job, const int widths[2])
{
	const char *state = xn_value_text(job, "state", "");
	const char *begin = colour(state, is_coloured());
	char name[128], behind[128], why[8192];

	/* Whatever it is, a terminal obeys none of it. */
	syncgate_text_clean(name, sizeof(name), xn_value_text(job, "job", ""));
	syncgate_text_clean(behind, sizeof(behind), xn_value_text(job,
	    "behind", "-"));
	syncgate_text_clean(why, sizeof(why), xn_value_text(job, "why", ""));
	printf("%-*s  %-*s  %s%-8s%s  %s\n", widths[0], name, widths[1],
	    behind, begin, state, *begin != '\0' ? "\033[0m" : "", why);
	print_proven(job, widths[0]);
}

/* Of the column KEY. */
static int
width_of(const xn_value_t *jobs, const cmd_line_t *line, const char *key,
    int least)
{
	int width = least;

	for (unsigned int i = 0; i < jobs->size; i++) {
		size_t n = strlen(xn_value_text(&jobs->u.items[i], key, ""));

		if (n > (size_t)width && is_meant(line, &jobs->u.items[i]))
			width = n > 32 ? 32 : (int)n;
	}
	return width;
}

static void
print_jobs(const xn_value_t *jobs, const cmd_line_t *line)
{
	const int widths[2] = {
		width_of(jobs, line, "job", 3),
		width_of(jobs, line, "behind", 6),
	};

	printf("%-*s  %-*s  %-8s  %s\n", widths[0], "JOB", widths[1],
	    "BEHIND", "STATE", "WHY");
	for (unsigned int i = 0; i < jobs->size; i++)
		if (is_meant(line, &jobs->u.items[i]))
			print_job(&jobs->u.items[i], widths);
}

/* The answer's jobs; the exit code. */
static int
show(const xn_value_t *jobs, const cmd_line_t *line)
{
	int json = line->option[STATUS_JSON] != NULL, code = CMD_OK;

	for (unsigned int i = 0; i < jobs->size; i++) {
		const xn_value_t *job = &jobs->u.items[i];
		const char *state = xn_value_text(job, "state", "");

		if (!is_meant(line, job))
			continue;
		if (strcmp(state, "held") == 0 || strcmp(state, "failing") == 0)
			code = CMD_FAILED;
		if (json) {
			syncgate_json_write(stdout, job);
			putchar('\n');
		}
	}
	if (!json)
		print_jobs(jobs, line);
	fflush(stdout);
	return code;
}

/* ---- Asking ------------------------------------------------------------- */

/* What the daemon tells: its ANSWER, and the jobs of it. */
static xn_error_t *
ask(const xn_value_t **jobs, const xn_value_t **answer,
    const cmd_line_t *line, apr_pool_t *pool)
{
	XN_TRY(call_daemon(answer, cmd_config_file(line), "status", NULL, 0, 0,
	    pool));
	*jobs = xn_value_get(*answer, "jobs");
	if (*jobs == NULL || (*jobs)->kind != XN_LIST)
		return xn_error_create(XN_E_PROTOCOL,
		    "the daemon does not tell of its jobs");
	return NULL;
}

/* What is wrong with the daemon itself; the exit code. */
static int
show_daemon(const xn_value_t *answer, const cmd_line_t *line)
{
	const xn_value_t *history = xn_value_get(answer, "history");
	const char *error = xn_value_text(history, "error", "");
	long long missing = xn_value_int(history, "missing", 0);

	if (*error == '\0' && missing == 0)
		return CMD_OK;
	if (line->option[STATUS_JSON] != NULL) {
		printf("{\"history\": ");
		syncgate_json_write(stdout, history);
		printf("}\n");
	} else {
		cmd_print_clean(apr_psprintf(line->pool, "the history of runs "
		    "is not recorded: %s", *error != '\0' ? error :
		    "more came than there is room for"));
	}
	fflush(stdout);
	return CMD_FAILED;
}

int
status_daemon(int *runs, const cmd_line_t *line)
{
	const xn_value_t *jobs, *answer;
	const char *unknown;
	xn_error_t *error = ask(&jobs, &answer, line, line->pool);
	int only = line->option[STATUS_DAEMON] != NULL, code;

	*runs = error == NULL;
	/* (A wrong configuration is told by who reads all of it.) */
	if (error != NULL && !only && (error->code == XN_E_CONNECT ||
	    error->code == XN_E_CONFIG)) {
		xn_error_clear(error);
		return CMD_OK;
	}
	if (error != NULL)
		return cmd_error(error, error->code == XN_E_CONFIG ?
		    CMD_USAGE : CMD_FAILED);
	unknown = find_unknown(line, jobs);
	if (unknown != NULL && only)
		return cmd_error(xn_error_create(XN_E_USAGE, "the daemon has "
		    "no job \"%s\"", unknown), CMD_USAGE);
	code = show(jobs, line);
	return show_daemon(answer, line) != CMD_OK ? CMD_FAILED : code;
}

int
status_watch(const cmd_line_t *line)
{
	int terminal = syncgate_output_mode_for(STDOUT_FILENO) ==
	    SYNCGATE_OUTPUT_TERMINAL;
	apr_pool_t *pool;

	apr_pool_create(&pool, line->pool);
	for (;;) {
		const xn_value_t *jobs, *answer;
		xn_error_t *error = ask(&jobs, &answer, line, pool);

		/* From the top, and what is left of the last one goes. */
		if (terminal)
			fputs("\033[H\033[J", stdout);
		if (error == NULL) {
			show(jobs, line);
			show_daemon(answer, line);
		} else {
			cmd_error(error, CMD_FAILED);
		}
		if (fflush(stdout) != 0)
			return CMD_FAILED;
		apr_pool_clear(pool);
		sleep(1);
	}
}
