/*
 * init: a first job, or another one.
 */
#include "appliance/cmd/init.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

enum { INIT_PLUGIN = 128, INIT_JOB, INIT_YES, INIT_NO_CONNECT };

/* The job as it will be written. */
static void
show(const init_t *init)
{
	printf("\n");
	for (const char *at = init->text; *at != '\0';) {
		size_t n = strcspn(at, "\n");

		printf("    %.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
	printf("\n");
	fflush(stdout);
}

/* May we go on? */
static xn_error_t *
confirm(const init_t *init, const char *text, const char *fallback)
{
	const char *answer;

	if (!init->asks)
		return NULL;
	XN_TRY(init_ask(&answer, init, text, fallback));
	if (*answer == 'y' || *answer == 'Y')
		return NULL;
	return xn_error_create(XN_E_CANCELLED, "nothing was written");
}

/* Is there an installed daemon that is to run the job, as another user? */
static int
is_of_another(const init_t *init)
{
	struct stat st;

	return strcmp(init->file, SYNCGATE_CONFIG_FILE) == 0 &&
	    stat("/run/syncgate", &st) == 0 && st.st_uid != geteuid();
}

static void
tell_next(const init_t *init)
{
	const char *with = init->line->option[OPT_CONFIG] == NULL ? "" :
	    apr_pstrcat(init->pool, " -c ", init->file, NULL);
	int systemd = access("/run/systemd/system", F_OK) == 0 &&
	    *with == '\0';

	printf("wrote %s\n\nnext:\n", init->path);
	printf("    syncgate run%s --once --dry-run %s\n", with, init->job);
	printf("        says what it would do\n");
	printf("    syncgate run%s %s\n", with, init->job);
	printf("        does it here and now\n");
	if (systemd)
		printf("    systemctl enable --now syncgate\n");
	else
		printf("    syncgate daemon%s\n", with);
	printf("        runs all jobs; one that runs already takes this one by "
	    "`syncgate reload%s`\n", with);
	if (is_of_another(init))
		printf("\nThe daemon runs as another user, syncgate, who needs "
		    "a key of its own and the right to\nwrite where the job "
		    "does.  Whether it is let in:\n    sudo -u syncgate "
		    "syncgate check --connect %s\n", init->job);
}

static xn_error_t *
do_it(int *code, init_t *init)
{
	const syncgate_job_config_t *job;
	syncgate_config_t *config;

	XN_TRY(init_complete(init));
	XN_TRY(init_plan(init, &config, &job));
	if (init->asks)
		show(init);
	if (init->line->option[INIT_NO_CONNECT] == NULL)
		*code = init_look(init, config, job);
	if (*code != CMD_OK && !init->asks)
		return xn_error_create(XN_E_CANCELLED, "nothing was written; "
		    "--no-connect writes it without looking");
	XN_TRY(confirm(init, apr_psprintf(init->pool, "write it to %s%s",
	    init->path, *code == CMD_OK ? "" : " all the same"),
	    *code == CMD_OK ? "yes" : "no"));
	XN_TRY(init_write(init));
	*code = CMD_OK;
	tell_next(init);
	return NULL;
}

static int
run(const cmd_line_t *line)
{
	init_t init = {
		.line = line,
		.file = cmd_config_file(line),
		.asks = line->option[INIT_YES] == NULL &&
		    isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
		.plugin = line->option[INIT_PLUGIN],
		.job = line->option[INIT_JOB],
		.settings = apr_array_make(line->pool, 8,
		    sizeof(init_setting_t)),
		.pool = line->pool,
	};
	int code = CMD_OK;
	xn_error_t *error = do_it(&code, &init);

	if (error == NULL)
		return code;
	if (error->code == XN_E_USAGE || error->code == XN_E_CONFIG)
		code = CMD_USAGE;
	else
		code = CMD_FAILED;
	return cmd_error(xn_error_wrap(error, "init"), code);
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|write to FILE's folder, not " SYNCGATE_CONFIG_FILE "'s" },
	{ "job", INIT_JOB, 1, "NAME|what the job is called" },
	{ "no-connect", INIT_NO_CONNECT, 0,
	    "open no gateway, and do not look what is there" },
	{ "plugin", INIT_PLUGIN, 1, "NAME|what it does" },
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,
	    "FOLDER|look for plugins in FOLDER first" },
	{ "yes", INIT_YES, 0, "ask nothing" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_init = {
	.name = "init",
	.words = "[KEY=VALUE...]",
	.summary = "Write a first job, or another one, and try its connection",
	.details =
	    "\nAt a terminal what is missing is asked.  The job goes into a "
	    "file of its own,\nconf.d/NAME.conf beside the configuration, or "
	    "becomes the configuration if\nthere is none; no file is ever "
	    "changed.\n\n"
	    "    syncgate init --plugin svnhotsync source=host:/srv/svn/a "
	    "mirror=/srv/mirror/a\n",
	.options = options,
	.max_words = -1,
	.run = run,
};
