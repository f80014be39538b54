/*
 * daemon: all jobs, supervised.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "appliance/cmd/jobs.h"
#include "appliance/supervise/supervise.h"

enum { OPT_FOREGROUND = 128, OPT_JSON };

/* What the process in the background tells the one that was called. */
struct begun {
	int fd;			/* -1: there is none */
};

/* Tell the waiting one its exit code, which is returned. */
static int
tell(struct begun *begun, int code)
{
	char byte = (char)code;

	/* (Nobody may wait any more; we go on all the same.) */
	if (begun->fd >= 0 && write(begun->fd, &byte, 1) < 0)
		errno = 0;
	if (begun->fd >= 0)
		close(begun->fd);
	begun->fd = -1;
	return code;
}

/* All is there: let whoever called us go on, and its terminal. */
static void
ready(void *baton)
{
	struct begun *begun = baton;
	int null;

	if (begun->fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	tell(begun, CMD_OK);
}

static int
supervise(struct begun *begun, const cmd_line_t *line)
{
	const supervise_options_t options = {
		.program = line->program,
		.file = cmd_config_file(line),
		.plugin_dir = line->option[OPT_PLUGIN_DIR],
		.store = line->option[OPT_STORE],
		.verbose = line->option['v'] != NULL,
		.log_start = line->option[OPT_FOREGROUND] == NULL ?
		    LOG_START_BACKGROUND : line->option[OPT_JSON] != NULL ?
		    LOG_START_JSON : LOG_START_FOREGROUND,
		.ready = ready,
		.baton = begun,
	};
	xn_error_t *error = supervise_run(&options, line->pool);

	if (error == NULL)
		return CMD_OK;
	return tell(begun, cmd_error(error, error->code == XN_E_CONFIG ?
	    CMD_USAGE : CMD_FAILED));
}

/* Wait until it has begun, or has said why not. */
static int
await(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? byte : CMD_FAILED;
}

static int
run(const cmd_line_t *line)
{
	struct begun begun = { -1 };
	int ends[2];
	pid_t pid;

	if (line->option[OPT_FOREGROUND] != NULL)
		return supervise(&begun, line);
	if (line->option[OPT_JSON] != NULL)
		return cmd_usage("daemon", "--json is for --foreground: in the "
		    "background it logs to syslog");
	if (pipe2(ends, O_CLOEXEC) != 0)
		return cmd_error(xn_error_system(errno, "cannot make a pipe"),
		    CMD_FAILED);
	pid = fork();
	if (pid < 0)
		return cmd_error(xn_error_system(errno,
		    "cannot go into the background"), CMD_FAILED);
	if (pid > 0) {
		close(ends[1]);
		return await(ends[0]);
	}
	/* Away from the terminal: no signal comes from there. */
	setsid();
	close(ends[0]);
	begun.fd = ends[1];
	return supervise(&begun, line);
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ "foreground", OPT_FOREGROUND, 0,
	    "stay, and log to standard error" },
	{ "json", OPT_JSON, 0, "log JSON, one object a line" },
	{ "plugin-dir", OPT_PLUGIN_DIR, 1,
	    "FOLDER|look for plugins in FOLDER first" },
	{ "store", OPT_STORE, 1,
	    "URL|keep the records of items there" },
	{ "verbose", 'v', 0, "say more" },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_daemon = {
	.name = "daemon",
	.words = "",
	.summary = "Run all jobs, supervised, for ever",
	.details =
	    "\nEach in a process of its own that is started again when it "
	    "fails; one that fails\nagain and again in the same way is held.  "
	    "SIGHUP or `syncgate reload` reads the\nconfiguration again, "
	    "SIGTERM ends it.  `syncgate status` tells what it does.\n",
	.options = options,
	.max_words = 0,
	.run = run,
};
