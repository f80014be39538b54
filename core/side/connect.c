/*
 * connect.c: connections to other machines, and to sockets of this one.
 */
#include "core/side/side.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <execnet/remote.h>

#define BACKLOG_MS	10	/* between two looks at a full backlog */

static int
left(double until)
{
	double now = xn_clock();

	return until <= now ? 0 : (int)((until - now) * 1000) + 1;
}

/* Why FD, which is connecting, is not connected by UNTIL; 0 if it is. */
static int
finish(int fd, double until)
{
	struct pollfd pfd = { fd, POLLOUT, 0 };
	socklen_t size = sizeof(int);
	int reason = 0, rc;

	do {
		rc = poll(&pfd, 1, left(until));
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return ETIMEDOUT;
	if (rc < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size) != 0)
		return errno;
	return reason;
}

/* Try one address: a descriptor, or -1 and *REASON. */
static int
try_one(const struct addrinfo *a, double until, int *reason)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, a->ai_protocol);

	*reason = 0;
	if (fd < 0 || (connect(fd, a->ai_addr, a->ai_addrlen) != 0 &&
	    errno != EINPROGRESS))
		*reason = errno;
	else
		*reason = finish(fd, until);
	if (*reason == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The first address of LIST that answers; each gets its part of the time. */
static int
try_all(const struct addrinfo *list, double until, int *reason)
{
	int fd = -1, count = 0;

	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
		count++;
	for (const struct addrinfo *a = list; a != NULL && fd < 0;
	    a = a->ai_next) {
		double now = xn_clock();

		fd = try_one(a, now + (until - now) / count--, reason);
	}
	return fd;
}

int
xn_connect(const char *host, int port, int timeout)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	double until = xn_clock() + (timeout < 0 ? 86400.0 : timeout / 1000.0);
	char service[16];
	int rc, fd, reason = 0, on = 1;

	snprintf(service, sizeof(service), "%d", port);
	rc = getaddrinfo(host, service, &hints, &list);
	if (rc == EAI_ADDRFAMILY || rc == EAI_NONAME) {
		/* Without any address configured, ::1 must still be found. */
		hints.ai_flags &= ~AI_ADDRCONFIG;
		rc = getaddrinfo(host, service, &hints, &list);
	}
	if (rc != 0)
		xn_fail("cannot resolve host %s: %s", host, rc == EAI_SYSTEM ?
		    strerror(errno) : gai_strerror(rc));
	fd = try_all(list, until, &reason);
	freeaddrinfo(list);
	if (fd < 0)
		xn_fail("cannot connect to %s port %d: %s", host, port,
		    strerror(reason));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	return fd;
}

int
xn_connect_unix(const char *path, int timeout)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	double until = xn_clock() + (timeout < 0 ? 86400.0 : timeout / 1000.0);
	int fd, reason;

	if (strlen(path) >= sizeof(address.sun_path))
		xn_fail("the path %s is too long for a socket", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		xn_fail("cannot make a socket: %m");
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		reason = errno;
		if (reason == EINTR)
			continue;
		if (reason != EAGAIN || left(until) == 0) {
			close(fd);
			xn_fail("cannot connect to %s: %s", path,
			    strerror(reason));
		}
		xn_sleep(BACKLOG_MS);	/* its backlog is full */
	}
	return fd;
}
