/*
 * connect.c: a connection to the first of a host's addresses that answers, or
 * to a unix socket, before the deadline.
 */
#include "core/transport/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/transport/resolve.h"
#include "core/transport/wait.h"

#define BACKLOG_PAUSE	apr_time_from_msec(10)	/* nothing can be polled */

static xn_error_t *
refusal(int reason, const char *host, int port)
{
	switch (reason) {
	case ECONNREFUSED:
		return xn_error_create(XN_E_CONNECT, "cannot connect to %s port "
		    "%d: connection refused; nothing listens there", host,
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
try_one(int *fd, int *reason, const xn_address_t *address,
    const xn_transport_open_t *how, apr_time_t until)
{
	socklen_t size = sizeof(*reason);
	struct pollfd pfd[2];
	xn_error_t *error;

	*reason = 0;
	*fd = socket(address->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (*fd < 0 || (connect(*fd, (const struct sockaddr *)
	    &address->address, address->size) != 0 && errno != EINPROGRESS)) {
		*reason = errno;
		return NULL;
	}
	pfd[0] = (struct pollfd){ *fd, POLLOUT, 0 };
	error = xn_transport_poll(pfd, 1, how, until, "connecting");
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
try_all(int *fd, const apr_array_header_t *list, const char *host, int port,
    const xn_transport_open_t *how)
{
	int reason = 0;

	for (int i = 0; i < list->nelts; i++) {
		/* A silent address must not use up the time of the others. */
		apr_time_t now = apr_time_now();
		xn_error_t *error = try_one(fd, &reason,
		    &APR_ARRAY_IDX(list, i, xn_address_t), how,
		    now + (how->deadline - now) / (list->nelts - i));

		if (error == NULL && reason == 0)
			return NULL;
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		XN_TRY(error);
	}
	return refusal(reason, host, port);
}

static xn_error_t *
no_way(const xn_way_t *way, const char *what)
{
	return xn_error_create(XN_E_UNSUPPORTED, "%s cannot %s", way->name,
	    what);
}

static xn_error_t *
connect_by_way(int *fd, const char *host, int port,
    const xn_transport_open_t *how)
{
	if (how->way->connect == NULL)
		return no_way(how->way, "connect to a host");
	return how->way->connect(how->way, fd, host, port, how);
}

xn_error_t *
xn_transport_connect(int *fd, const char *host, int port,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	apr_array_header_t *list;
	int on = 1;

	*fd = -1;
	if (how->way != NULL)
		return connect_by_way(fd, host, port, how);
	XN_TRY(xn_transport_resolve(&list, host, port, how, pool));
	XN_TRY(try_all(fd, list, host, port, how));
	setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(*fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	return NULL;
}

/* Connecting to a unix socket is done at once, or waits for its backlog. */
static xn_error_t *
try_unix(int fd, const char *path, const xn_transport_open_t *how)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return xn_error_create(XN_E_XSPEC,
		    "the path %s is too long for a socket", path);
	strcpy(address.sun_path, path);
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		if (errno == EAGAIN)
			XN_TRY(xn_transport_pause(how, BACKLOG_PAUSE,
			    "connecting"));
		else if (errno != EINTR)
			return xn_error_system(errno,
			    "cannot connect to %s", path);
	}
	return NULL;
}

xn_error_t *
xn_transport_connect_unix(int *fd, const char *path,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	xn_error_t *error;

	(void)pool;
	*fd = -1;
	if (how->way != NULL && how->way->connect_unix == NULL)
		return no_way(how->way, "connect to a unix socket");
	if (how->way != NULL)
		return how->way->connect_unix(how->way, fd, path, how);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return xn_error_system(errno, "cannot make a socket");
	error = try_unix(*fd, path, how);
	if (error == NULL)
		return NULL;
	if (error->code == XN_E_SYSTEM)
		error->code = XN_E_CONNECT;
	close(*fd);
	*fd = -1;
	return error;
}
