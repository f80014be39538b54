/* What a line that begins with a colon does. */
#include "appliance/cmd/shell_loop.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/cmd/exec.h"
#include "appliance/job/json.h"

static void
do_help(shell_loop_t *loop, const char *rest)
{
	(void)rest;
	printf("A snippet goes on while a bracket is open%s.  `channel` is in "
	    "scope.\n", loop->shell->python ? ", and a block to an empty line"
	    : "; \"= EXPRESSION\" sends it");
	printf(":def TEXT     C: keep definitions for what follows\n"
	    ":load FILE    run FILE; C without remote_main(): keep it\n"
	    ":send JSON    send a value to the channel of the snippets\n"
	    ":status       say how the other end is\n"
	    ":reset        end what runs and forget what was defined\n"
	    ":quit         leave (or the end of input)\n");
}

static void
do_quit(shell_loop_t *loop, const char *rest)
{
	(void)rest;
	loop->leaving = 1;
}

static void
do_reset(shell_loop_t *loop, const char *rest)
{
	(void)rest;
	shell_reset(loop->shell);
	loop->interrupts = 0;
}

static void
do_send(shell_loop_t *loop, const char *rest)
{
	shell_t *shell = loop->shell;
	const xn_value_t *value;
	xn_error_t *error;
	apr_pool_t *pool;

	apr_pool_create(&pool, shell->pool);
	error = syncgate_json_read(&value, rest, strlen(rest), pool);
	if (error == NULL && shell->channel == NULL)
		error = xn_error_create(XN_E_USAGE, "no snippet runs that "
		    "could receive it");
	if (error == NULL)
		error = xn_channel_send(shell->channel, value);
	apr_pool_destroy(pool);
	if (error != NULL)
		shell_complain(loop, xn_error_wrap(error, ":send"));
}

static void
do_status(shell_loop_t *loop, const char *rest)
{
	const shell_t *shell = loop->shell;
	unsigned long long sent, received;
	xn_remote_status_t status;
	apr_pool_t *pool;
	xn_error_t *error;

	(void)rest;
	apr_pool_create(&pool, shell->pool);
	error = xn_remote_status(&status, shell->gateway, xn_seconds(10),
	    pool);
	if (error != NULL) {
		shell_complain(loop, xn_error_wrap(error, ":status"));
	} else {
		xn_gateway_traffic(shell->gateway, &sent, &received);
		printf("gateway %s: %s; programs: %lld (%s), channels: %lld; "
		    "bytes sent: %llu, received: %llu\n",
		    xn_gateway_id(shell->gateway),
		    xn_gateway_features(shell->gateway), status.numexecuting,
		    status.execmodel, status.numchannels, sent, received);
		fflush(stdout);
	}
	apr_pool_destroy(pool);
}

static void
do_load(shell_loop_t *loop, const char *rest)
{
	const char *text;
	xn_error_t *error = exec_read_source(&text, rest, loop->turn);

	if (error == NULL)
		error = shell_start(loop->shell, apr_pstrdup(loop->turn,
		    rest), text, 1);
	shell_complain(loop, error);
}

static const struct {
	const char *name;
	void (*function)(shell_loop_t *loop, const char *rest);
	enum { LATER, AT_TERMINAL, AT_ONCE } when;	/* while a snippet
				 * runs; a script's :quit waits for it */
} commands[] = {
	{ "help", do_help, AT_ONCE }, { "quit", do_quit, AT_TERMINAL },
	{ "reset", do_reset, AT_TERMINAL }, { "send", do_send, AT_ONCE },
	{ "status", do_status, AT_ONCE }, { "load", do_load, LATER },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* The command that LINE, which begins with ":", names; *REST is behind it. */
static size_t
find_command(const char *line, const char **rest)
{
	size_t n = strcspn(line + 1, " \t"), i = 0;

	while (i < COMMANDS && (strlen(commands[i].name) != n ||
	    memcmp(commands[i].name, line + 1, n) != 0))
		i++;
	*rest = line + 1 + n + strspn(line + 1 + n, " \t");
	return i;
}

void
shell_command(shell_loop_t *loop, const char *line)
{
	const char *rest;
	size_t i = find_command(line, &rest);

	if (i == COMMANDS)
		shell_complain(loop, xn_error_create(XN_E_USAGE,
		    "unknown command %.64s: :help lists them", line));
	else
		commands[i].function(loop, rest);
}

int
shell_command_at_once(const shell_loop_t *loop, const char *line)
{
	const char *rest;
	size_t i = find_command(line, &rest);

	if (i == COMMANDS)
		return 0;
	return commands[i].when == AT_ONCE ||
	    (commands[i].when == AT_TERMINAL &&
	    shell_input_is_terminal(loop->input));
}
