/* What a snippet's life has in common in both languages. */
#include "appliance/cmd/shell.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

/* Nothing that runs, or that ran, is left. */
static void
drop(shell_t *shell)
{
	if (shell->stream != NULL)
		shell_stream_stop(shell->stream);
	if (shell->control != NULL)
		xn_error_clear(xn_channel_close(shell->control));
	shell->stream = NULL;
	shell->channel = shell->control = NULL;
	shell->running = 0;
}

xn_error_t *
shell_start(shell_t *shell, const char *name, const char *text, int keep)
{
	xn_error_t *error;

	shell->number++;
	error = shell->python ? shell_python_start(shell, name, text) :
	    shell_c_start(shell, name, text, keep);
	if (error != NULL)
		drop(shell);
	else
		shell->running = 1;
	return error;
}

void
shell_interrupt(shell_t *shell)
{
	/* In C the channel's end is the program's, within 5 seconds. */
	if (shell->python)
		xn_error_clear(xn_send(shell->control, "(isn)", shell->number,
		    ""));
	else
		xn_error_clear(xn_channel_close(shell->channel));
	if (!shell->python)
		fprintf(stderr, "interrupted\n");
}

/* The events of what was dropped mean nothing any more. */
static void
forget_events(const shell_t *shell)
{
	struct pollfd fd = { .fd = shell->events[0], .events = POLLIN };
	char byte;

	while (poll(&fd, 1, 0) > 0 && read(fd.fd, &byte, 1) == 1)
		continue;
}

void
shell_reset(shell_t *shell)
{
	drop(shell);
	forget_events(shell);
	apr_array_clear(shell->kept);
}

void
shell_ended(shell_t *shell, int event)
{
	if (event == SHELL_DONE && shell->keeping != NULL)
		APR_ARRAY_PUSH(shell->kept, const char *) = shell->keeping;
	shell->keeping = NULL;
	shell->running = 0;
	if (!shell->python || event == SHELL_GONE)
		drop(shell);
}
