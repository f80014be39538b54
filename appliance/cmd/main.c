/*
 * The syncgate program: finds the subcommand and runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>

#include "appliance/cmd/cmd.h"
#include "appliance/cmd/complete.h"
#include "appliance/job/lease.h"
#include "core/gateway/nearest.h"

const cmd_t *const cmd_all[] = {
	&cmd_init, &cmd_run, &cmd_check, &cmd_promote, &cmd_verify,
	&cmd_status, &cmd_poke,
	&cmd_daemon, &cmd_why, &cmd_start, &cmd_stop, &cmd_pause, &cmd_resume,
	&cmd_approve, &cmd_reset, &cmd_flush, &cmd_reload, &cmd_loglevel,
	&cmd_history, &cmd_token,
	&cmd_items, &cmd_retry, &cmd_discard, &cmd_exec,
	&cmd_shell, &cmd_agent, &cmd_serve, &cmd_plugins, &cmd_version, NULL
};

static const cmd_t *
find(const char *name)
{
	for (int i = 0; cmd_all[i] != NULL; i++) {
		if (strcmp(cmd_all[i]->name, name) == 0)
			return cmd_all[i];
	}
	return NULL;
}

static int
unknown_command(const char *name)
{
	struct xn_nearest nearest = { .word = name };

	xn_nearest_try(&nearest, "help");
	for (int i = 0; cmd_all[i] != NULL; i++)
		xn_nearest_try(&nearest, cmd_all[i]->name);
	return cmd_usage("", "unknown command \"%s\"%s%s%s", name,
	    nearest.best != NULL ? ": did you mean \"" : "",
	    nearest.best != NULL ? nearest.best : "",
	    nearest.best != NULL ? "\"?" : "");
}

static int
help(int argc, const char *const *argv)
{
	const cmd_t *cmd;

	if (argc < 2 || strcmp(argv[1], "help") == 0 ||
	    strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		cmd_help_all();
		return CMD_OK;
	}
	cmd = find(argv[1]);
	if (cmd == NULL)
		return unknown_command(argv[1]);
	cmd_help(cmd);
	return CMD_OK;
}

static int
dispatch(int argc, const char *const *argv, apr_pool_t *pool)
{
	const cmd_t *cmd;
	const char *name;

	if (argc < 2)
		return cmd_usage("", "a command is missing");
	name = argv[1];
	if (strcmp(name, "--version") == 0)
		name = "version";
	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
	    strcmp(name, "-h") == 0)
		return help(argc - 1, argv + 1);
	/* (What shells call is nobody's command.) */
	if (strcmp(name, "complete") == 0)
		return cmd_complete(argc - 2, argv + 2, pool);
	cmd = find(name);
	if (cmd == NULL)
		return unknown_command(name);
	return cmd_main(cmd, argc - 1, argv + 1, argv[0], pool);
}

/* Nobody reading our output is quiet; a full disk is not. */
static int
flush(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE)
		return code;
	fprintf(stderr, "syncgate: cannot write the output: %s\n",
	    strerror(errno));
	return code != CMD_OK ? code : CMD_FAILED;
}

/*
 * Started with standard input or output closed, the next thing opened would
 * stand in for it.  What is written to an output that is closed fails.
 */
static int
open_missing(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		int how = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR;

		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", how) != fd)
			return -1;
	}
	return 0;
}

int
main(int argc, const char *const *argv)
{
	apr_pool_t *pool;
	int code;

	if (open_missing() != 0)
		return CMD_FAILED;
	if (apr_initialize() != APR_SUCCESS ||
	    apr_pool_create(&pool, NULL) != APR_SUCCESS) {
		fprintf(stderr, "syncgate: cannot initialize APR\n");
		return CMD_FAILED;
	}
	/* A write to nobody is an error like any other. */
	signal(SIGPIPE, SIG_IGN);
	code = flush(dispatch(argc, argv, pool));
	/* What a thread is in the middle of is not taken from under it. */
	if (syncgate_lease_is_left())
		_exit(code);
	apr_pool_destroy(pool);
	apr_terminate();
	return code;
}
