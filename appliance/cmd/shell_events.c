#include "appliance/cmd/shell_loop.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

void
shell_complain(shell_loop_t *loop, xn_error_t *error)
{
	if (error == NULL)
		return;
	loop->failed++;
	if (error->code == XN_E_CONNECTION) {
		loop->leaving = loop->lost = 1;
		/* Snippets could run again only on a new gateway. */
		error = xn_error_wrap(error, "the shell ends");
	}
	cmd_error(error, CMD_FAILED);
}

static void
on_interrupt(shell_loop_t *loop)
{
	shell_t *shell = loop->shell;

	if (shell->running && loop->interrupts++ == 0) {
		shell_interrupt(shell);
		return;
	}
	/* At the prompt it only takes back what was typed. */
	if (shell->running || !shell_input_is_terminal(loop->input))
		loop->leaving = 1;
	else
		shell_forget_signal();
}

static void
on_event(shell_loop_t *loop, int event)
{
	switch (event) {
	case SHELL_INTERRUPT:
		on_interrupt(loop);
		return;
	case SHELL_QUIT:
		loop->leaving = 1;
		return;
	case SHELL_LOST:
		loop->leaving = loop->lost = 1;
		loop->failed++;
		return;
	case SHELL_GONE:
		fprintf(stderr, "syncgate: the channel of the snippets was "
		    "closed: their names are gone\n");
		/* fall through */
	case SHELL_FAILED:
		loop->failed += loop->shell->running;
		break;
	default:
		break;
	}
	shell_ended(loop->shell, event);
	/* The snippet took the signal; the shell goes on. */
	if (loop->interrupts > 0)
		shell_forget_signal();
	loop->interrupts = 0;
}

void
shell_take_events(shell_loop_t *loop, int wait)
{
	struct pollfd fd = { .fd = loop->shell->events[0], .events = POLLIN };
	char byte;

	while (!loop->leaving && poll(&fd, 1, wait ? -1 : 0) != 0) {
		if (fd.revents != 0 && read(fd.fd, &byte, 1) == 1) {
			on_event(loop, byte);
			wait = 0;
		}
		fd.revents = 0;
	}
}
