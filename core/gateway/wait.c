/*
 * wait.c: waiting for several channels and descriptors at once.
 */
#include "core/gateway/internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/side/port.h"

#define WAIT_MAX	1024	/* channels of an xn_select */
#define FDS_MAX		64	/* and descriptors */
#define WAIT_FOR_MAX 8

void
xn_waiter__add(struct xn_waiter *waiter, xn_channel_t *ch)
{
	waiter->since = xn__clock();
	waiter->next = ch->waiters;
	ch->waiters = waiter;
}

void
xn_waiter__remove(struct xn_waiter *waiter, xn_channel_t *ch)
{
	struct xn_waiter **link = &ch->waiters;

	while (*link != NULL && *link != waiter)
		link = &(*link)->next;
	if (*link != NULL)
		*link = waiter->next;
}

static void
register_waiters(xn_channel_t **channels, struct xn_waiter *waiters, int n,
    int event_fd)
{
	for (int i = 0; i < n; i++) {
		xn_group__lock(channels[i]->group);
		waiters[i].event_fd = event_fd;
		xn_waiter__add(&waiters[i], channels[i]);
		xn_group__unlock(channels[i]->group);
	}
}

static void
unregister_waiters(xn_channel_t **channels, struct xn_waiter *waiters, int n)
{
	for (int i = 0; i < n; i++) {
		xn_group__lock(channels[i]->group);
		xn_waiter__remove(&waiters[i], channels[i]);
		xn_group__unlock(channels[i]->group);
	}
}

static int
check_channels(xn_channel_t **channels, int *ready, int n)
{
	int count = 0;

	for (int i = 0; i < n; i++) {
		xn_group__lock(channels[i]->group);
		ready[i] = xn_channel__readable(channels[i]);
		if (!ready[i])
			xn_channel__starve(channels[i]);
		xn_group__unlock(channels[i]->group);
		count += ready[i];
	}
	return count;
}

static int
check_fds(const struct pollfd *pfd, int *fd_ready, int nfds)
{
	int count = 0;

	for (int i = 0; i < nfds; i++) {
		fd_ready[i] = pfd[i].revents != 0;
		count += fd_ready[i];
	}
	return count;
}

static int
left_ms(apr_time_t deadline)
{
	apr_time_t left;

	if (deadline < 0)
		return -1;
	left = deadline - xn__clock();
	return left <= 0 ? 0 : (int)(left / 1000) + 1;
}

int
xn_channel__select(xn_channel_t **channels, int *ready, int n,
    const int *fds, int *fd_ready, int nfds, int timeout_ms)
{
	struct xn_waiter waiters[WAIT_MAX];
	struct pollfd pfd[FDS_MAX + 1];
	apr_time_t deadline = xn__deadline(timeout_ms < 0 ? -1 :
	    (apr_interval_time_t)timeout_ms * 1000);
	int event_fd, count, wait_ms;
	uint64_t ignored;

	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (n > WAIT_MAX || nfds > FDS_MAX || event_fd < 0)
		return -1;
	for (int i = 0; i < nfds; i++)
		pfd[i] = (struct pollfd){ fds[i], POLLIN, 0 };
	pfd[nfds] = (struct pollfd){ event_fd, POLLIN, 0 };
	register_waiters(channels, waiters, n, event_fd);
	do {
		wait_ms = left_ms(deadline);
		count = check_channels(channels, ready, n);
		if (poll(pfd, (nfds_t)nfds + 1, count > 0 ? 0 : wait_ms) < 0 &&
		    errno != EINTR)
			break;
		if (pfd[nfds].revents != 0 &&
		    read(event_fd, &ignored, sizeof(ignored)) < 0)
			continue;
		count = check_channels(channels, ready, n) +
		    check_fds(pfd, fd_ready, nfds);
	} while (count == 0 && (deadline < 0 || wait_ms > 0));
	unregister_waiters(channels, waiters, n);
	close(event_fd);
	return count;
}

/* What of WANT can be done with CH now; locked. */
static int
can_do(xn_channel_t *ch, int want)
{
	apr_thread_cond_t *ignored;
	int can = 0, dead = ch->over || ch->group->cancelled;

	if ((want & XN_PORT_RECEIVE) && xn_channel__readable(ch))
		can |= XN_PORT_RECEIVE;
	/* (A full outbox is no room: who does not read never empties it.) */
	if ((want & XN_PORT_SEND) && (dead || ch->send_closed ||
	    xn_channel__has_room(ch, XN_PART_MAX, &ignored)))
		can |= XN_PORT_SEND;
	if ((want & XN_PORT_RECEIVE) && !(can & XN_PORT_RECEIVE))
		xn_channel__starve(ch);
	return dead ? want | XN_PORT_OVER : can;
}

static int
can_now(xn_channel_t *ch, int want)
{
	int can;

	xn_group__lock(ch->group);
	can = can_do(ch, want);
	xn_group__unlock(ch->group);
	return can;
}

int
xn_channel__wait_for(xn_channel_t *ch, int want, struct pollfd *fds, int nfds,
    int timeout_ms)
{
	apr_time_t deadline = xn__deadline(timeout_ms < 0 ? -1 :
	    (apr_interval_time_t)timeout_ms * 1000);
	struct pollfd pfd[WAIT_FOR_MAX + 1];
	struct xn_waiter waiter = { 0 };
	int can, ready = 0, wait_ms;
	uint64_t ignored;

	if (nfds == 0 && (can = can_now(ch, want)) != 0)
		return can;
	waiter.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (waiter.event_fd < 0 || nfds > WAIT_FOR_MAX)
		return want | XN_PORT_OVER;
	xn_group__lock(ch->group);
	ch->group->senders += (want & XN_PORT_SEND) != 0;
	xn_waiter__add(&waiter, ch);
	while ((can = can_do(ch, want)) == 0 && ready == 0) {
		wait_ms = left_ms(deadline);
		memcpy(pfd, fds, (size_t)nfds * sizeof(*fds));
		pfd[nfds] = (struct pollfd){ waiter.event_fd, POLLIN, 0 };
		xn_group__unlock(ch->group);
		if (poll(pfd, (nfds_t)nfds + 1, wait_ms) > 0) {
			for (int i = 0; i < nfds; i++)
				ready += (fds[i].revents = pfd[i].revents) !=
				    0;
			if (pfd[nfds].revents != 0 && read(waiter.event_fd,
			    &ignored, sizeof(ignored)) < 0)
				ready += 0;
		}
		xn_group__lock(ch->group);
		if (wait_ms == 0)
			break;
	}
	can = can_do(ch, want);
	ch->group->senders -= (want & XN_PORT_SEND) != 0;
	xn_waiter__remove(&waiter, ch);
	xn_group__unlock(ch->group);
	close(waiter.event_fd);
	return can;
}
