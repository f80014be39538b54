/*
 * The local agent on stdin and stdout, for whoever brings their own way to
 * start one.  Its words are passed on as they are: an execnet client would put
 * -u -c TEXT there.
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
	.words = "[ARG...]",
	.summary = "Be an agent on standard input and output",
	.details =
	    "\nStarts the agent of this machine in place of this program, for "
	    "whoever brings a\nway of their own to reach it.  All of ARG is "
	    "the agent's.  py.execnet starts it\nso: "
	    "makegateway(\"popen//python=syncgate agent\") runs programs "
	    "in C.\n",
	.max_words = -1,
	.verbatim = CMD_FOREIGN,
	.run = run,
};
