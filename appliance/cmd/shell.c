#include "appliance/cmd/shell_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/job/text.h"

/* ---- Signals ------------------------------------------------------------ */

static int events_fd = -1;
static volatile sig_atomic_t caught;

static void
on_signal(int number)
{
	char byte = number == SIGINT ? SHELL_INTERRUPT : SHELL_QUIT;
	int saved = errno;

	caught = number;
	if (write(events_fd, &byte, 1) < 0)
		errno = saved;
	errno = saved;
}

static void
handle_signals(int fd)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal,
	    .sa_flags = SA_RESTART };

	events_fd = fd;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

int
shell_caught(void)
{
	return caught;
}

void
shell_forget_signal(void)
{
	caught = 0;
}

/* ---- The command -------------------------------------------------------- */

static void
print_log(void *baton, const char *id, const char *line)
{
	char clean[4096];

	(void)baton;
	syncgate_text_clean(clean, sizeof(clean), line);
	fprintf(stderr, "%s: %s\n", id != NULL ? id : "gateway", clean);
}

enum { OPT_REPR = 128 };

static xn_error_t *
open_gateway(shell_t *shell)
{
	cmd_target_t *target = APR_ARRAY_IDX(shell->targets->items, 0,
	    cmd_target_t *);

	XN_TRY(cmd_target_open(shell->targets, target));
	shell->gateway = target->gateway;
	shell->python = strcmp(xn_gateway_language(shell->gateway),
	    "python") == 0;
	return NULL;
}

static int
run(const cmd_line_t *line)
{
	shell_t shell = { .repr = line->option[OPT_REPR] != NULL,
	    .pool = line->pool };
	xn_error_t *error = cmd_targets_find(&shell.targets, line->words, 1,
	    line->option['c'], line->pool);
	int code;

	if (error == NULL && shell.targets->items->nelts != 1)
		error = xn_error_create(XN_E_USAGE, "%s is a group: a shell "
		    "is for one gateway", line->words[0]);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	shell.kept = apr_array_make(line->pool, 8, sizeof(const char *));
	apr_pool_create(&shell.run_pool, line->pool);
	xn_group_set_log(shell.targets->group, print_log, NULL);
	error = open_gateway(&shell);
	if (error == NULL && pipe2(shell.events, O_CLOEXEC) != 0)
		error = xn_error_system(errno, "cannot make a pipe");
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	handle_signals(shell.events[1]);
	code = shell_loop(&shell);
	shell_reset(&shell);
	cmd_targets_close(shell.targets);
	if (caught != 0) {
		fflush(stdout);
		signal(caught, SIG_DFL);
		raise(caught);
	}
	return code;
}

static const apr_getopt_option_t options[] = {
	{ "repr", OPT_REPR, 0, "print values as Python would, not as JSON" },
	{ "config", 'c', 1, "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_shell = {
	.name = "shell",
	.words = "XSPEC",
	.summary = "Type snippets that run at the other end of a gateway",
	.details =
	    "\nEach snippet, in C or for a gateway with python= in Python, "
	    "is run there with\n`channel` in scope; what it sends is printed "
	    "as JSON.  In C each is a program of\nits own, and \"= "
	    "EXPRESSION\" sends a value; in Python they share their names.  "
	    "The\nprompt's own commands begin with a colon: :help lists "
	    "them.  XSPEC may be a\nconfigured gateway's name.  Where "
	    "standard input is no terminal there is no\nprompt, and the exit "
	    "code is 1 if a snippet failed.\n\n"
	    "    syncgate shell ssh=me@host//python=python3\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
