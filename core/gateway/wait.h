/*
 * wait.h: waiting for several things at once.
 */
#ifndef XN_GATEWAY_WAIT_H
#define XN_GATEWAY_WAIT_H

#include <apr_thread_cond.h>
#include <apr_time.h>

#include <execnet.h>

struct xn_waiter {
	struct xn_waiter *next;		/* in channel->waiters */
	int event_fd;			/* an eventfd, or -1: */
	apr_thread_cond_t *cond;	/* a condition of the group's lock */
	apr_time_t since;		/* when it was added */
};

void xn_waiter__add(struct xn_waiter *waiter, xn_channel_t *ch); /* locked */
void xn_waiter__remove(struct xn_waiter *waiter, xn_channel_t *ch); /* locked */

/*
 * Wait until one of the channels has something to receive or ended
 * (READY[i] = 1), or one of the descriptors is readable (FD_READY[i] = 1).
 * How many; 0 after TIMEOUT_MS.  Cancelling counts as ready.
 */
int xn_channel__select(xn_channel_t **channels, int *ready, int n,
    const int *fds, int *fd_ready, int nfds, int timeout_ms);

/*
 * As struct xn_port's wait (core/side/port.h): until something of WANT can be
 * done with CH, or one of FDS (at most 8) is ready.
 */
struct pollfd;
int xn_channel__wait_for(xn_channel_t *ch, int want, struct pollfd *fds,
    int nfds, int timeout_ms);

/* 1 if a receive would return at once; locked. */
int xn_channel__readable(const xn_channel_t *ch);

#endif
