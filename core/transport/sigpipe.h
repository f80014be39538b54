/*
 * sigpipe.h: writing to a pipe whose reader may have gone, in a thread of the
 * program: that is an error there, and not the end of the program.
 */
#ifndef XN_TRANSPORT_SIGPIPE_H
#define XN_TRANSPORT_SIGPIPE_H

#include <signal.h>

struct xn_sigpipe {
	sigset_t before;	/* the thread's mask */
	int waited;		/* one waited already, for the program */
};

/* No SIGPIPE reaches this thread from now on; *HELD is for release. */
void xn_sigpipe_hold(struct xn_sigpipe *held);

/* As it was before; one that came meanwhile is taken away. */
void xn_sigpipe_release(const struct xn_sigpipe *held);

#endif
