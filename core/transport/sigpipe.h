/*
 * sigpipe.h: writing to a pipe whose reader may have gone, in a thread of the
 * program: that is an error there, and not the end of the program.
 */
#ifndef XN_TRANSPORT_SIGPIPE_H
#define XN_TRANSPORT_SIGPIPE_H

#include <signal.h>

/* No SIGPIPE reaches this thread from now on; *BEFORE is for release. */
void xn_sigpipe_hold(sigset_t *before);

/* As it was before; FAILED if writing did, so that one may be waiting. */
void xn_sigpipe_release(const sigset_t *before, int failed);

#endif
