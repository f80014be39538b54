/* sigpipe.c: see sigpipe.h. */
#include "core/transport/sigpipe.h"

#include <errno.h>
#include <time.h>

void
xn_sigpipe_hold(struct xn_sigpipe *held)
{
	sigset_t pipe_only, pending;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, &held->before);
	held->waited = 0;
	/* None can wait where it was not blocked. */
	if (sigismember(&held->before, SIGPIPE)) {
		sigpending(&pending);
		held->waited = sigismember(&pending, SIGPIPE);
	}
}

/*
 * Whoever wrote may have taken the failure for an end, and so for no error: it
 * is not asked whether one can be waiting.
 */
void
xn_sigpipe_release(const struct xn_sigpipe *held)
{
	static const struct timespec now = { 0, 0 };
	sigset_t pipe_only;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	while (!held->waited && sigtimedwait(&pipe_only, NULL, &now) == -1 &&
	    errno == EINTR)
		continue;
	pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}
