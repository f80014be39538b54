/* sigpipe.c: see sigpipe.h. */
#include "core/transport/sigpipe.h"

#include <time.h>

void
xn_sigpipe_hold(sigset_t *before)
{
	sigset_t pipe_only;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, before);
}

void
xn_sigpipe_release(const sigset_t *before, int failed)
{
	static const struct timespec now = { 0, 0 };
	sigset_t pipe_only;

	if (failed && !sigismember(before, SIGPIPE)) {
		sigemptyset(&pipe_only);
		sigaddset(&pipe_only, SIGPIPE);
		sigtimedwait(&pipe_only, NULL, &now);
	}
	pthread_sigmask(SIG_SETMASK, before, NULL);
}
