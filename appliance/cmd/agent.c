/*
 * The local agent on stdin and stdout, for whoever brings their own way to
 * start one: `ssh host syncgate agent`, an execnet client with python=.
 */
#include <errno.h>
#include <signal.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/cmd/cmd.h"
#include "core/gateway/bootstrap.h"

static int
run(const cmd_line_t *line)
{
	const char **argv = apr_pcalloc(line->pool,
	    sizeof(*argv) * (size_t)(line->count + 2));
	struct utsname system;
	const char *path;
	xn_error_t *error;

	uname(&system);
	error = xn_agent_find(&path, system.machine, 0, line->pool);
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	argv[0] = path;
	for (int i = 0; i < line->count; i++)
		argv[i + 1] = line->words[i];
	signal(SIGPIPE, SIG_DFL);
	execv(path, (char *const *)argv);
	return cmd_error(xn_error_system(errno, "cannot start the agent %s",
	    path), CMD_FAILED);
}

const cmd_t cmd_agent = {
	.name = "agent",
	.words = "[-- ARG...]",
	.summary = "Be an agent on standard input and output",
	.details =
	    "\nThe agent of this machine is started with ARG.  With -c among "
	    "them it behaves\nas an execnet worker: popen//python=\"syncgate "
	    "agent\" in a Python program.\n",
	.max_words = -1,
	.verbatim = 1,
	.run = run,
};
