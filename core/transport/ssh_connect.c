/*
 * ssh_connect.c: a TCP connection to the first of a host's addresses that
 * answers, before the deadline.
 */
#include "core/transport/ssh.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/transport/ssh_wait.h"

static xn_error_t *
resolve(struct addrinfo **found, const char *host, int port, apr_pool_t *pool)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV };
	const char *service = apr_itoa(pool, port);
	int rc = getaddrinfo(host, service, &hints, found);

	if (rc == EAI_ADDRFAMILY || rc == EAI_NONAME) {
		/* Without any address configured, ::1 must still be found. */
		hints.ai_flags &= ~AI_ADDRCONFIG;
		rc = getaddrinfo(host, service, &hints, found);
	}
	if (rc == 0)
		return NULL;
	return xn_error_create(XN_E_CONNECT, "cannot resolve host %s: %s", host,
	    rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
}

static xn_error_t *
refusal(int reason, const char *host, int port)
{
	switch (reason) {
	case ECONNREFUSED:
		return xn_error_create(XN_E_CONNECT, "cannot connect to %s port "
		    "%d: connection refused; no sshd listens there", host,
		    port);
	case EHOSTUNREACH:
	case ENETUNREACH:
		return xn_error_create(XN_E_CONNECT, "cannot connect to %s port "
		    "%d: no route to host", host, port);
	case ETIMEDOUT:
		return xn_error_create(XN_E_TIMEOUT, "cannot connect to %s port "
		    "%d: timed out", host, port);
	default:
		return xn_error_wrap(xn_error_create(XN_E_CONNECT, "%s",
		    strerror(reason)), "cannot connect to %s port %d", host,
		    port);
	}
}

/* Try one address until UNTIL; why it failed is in *REASON, 0 if it did not. */
static xn_error_t *
try_one(int *fd, int *reason, const struct addrinfo *address,
    const xn_transport_open_t *how, apr_time_t until)
{
	socklen_t size = sizeof(*reason);
	struct pollfd pfd[2];
	xn_error_t *error;

	*reason = 0;
	*fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, address->ai_protocol);
	if (*fd < 0 || (connect(*fd, address->ai_addr, address->ai_addrlen) != 0
	    && errno != EINPROGRESS)) {
		*reason = errno;
		return NULL;
	}
	pfd[0] = (struct pollfd){ *fd, POLLOUT, 0 };
	error = xn_ssh__poll(pfd, 1, how, until, "connecting");
	if (error != NULL && error->code == XN_E_TIMEOUT) {
		xn_error_clear(error);
		error = NULL;
		*reason = ETIMEDOUT;
	} else if (error == NULL &&
	    getsockopt(*fd, SOL_SOCKET, SO_ERROR, reason, &size) != 0) {
		*reason = errno;
	}
	return error;
}

static xn_error_t *
try_all(int *fd, const struct addrinfo *list, const char *host, int port,
    const xn_transport_open_t *how)
{
	int reason = 0, left = 0;

	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
		left++;
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		/* A silent address must not use up the time of the others. */
		apr_time_t now = apr_time_now();
		xn_error_t *error = try_one(fd, &reason, a, how,
		    now + (how->deadline - now) / left--);

		if (error == NULL && reason == 0)
			return NULL;
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		XN_TRY(error);
	}
	return refusal(reason, host, port);
}

xn_error_t *
xn_ssh__connect(int *fd, const char *host, int port,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	struct addrinfo *list = NULL;
	xn_error_t *error;
	int on = 1;

	*fd = -1;
	XN_TRY(resolve(&list, host, port, pool));
	error = try_all(fd, list, host, port, how);
	freeaddrinfo(list);
	XN_TRY(error);
	setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(*fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	return NULL;
}
