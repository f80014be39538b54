#include "appliance/cmd/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
static int cancel_fd = -1;

static void
on_signal(int number)
{
	int saved = errno;

	caught = number;
	/* A full pipe has cancelled already. */
	if (write(cancel_fd, "", 1) < 0)
		errno = saved;
	errno = saved;
}

void
cmd_interrupt_cancels(xn_group_t *group)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal,
	    .sa_flags = SA_RESTART | SA_RESETHAND };

	cancel_fd = xn_group_cancel_fd(group);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

int
cmd_interrupt_caught(void)
{
	return caught;
}

void
cmd_interrupt_finish(void)
{
	if (caught == 0)
		return;
	fflush(stdout);
	signal(caught, SIG_DFL);
	raise(caught);
}
