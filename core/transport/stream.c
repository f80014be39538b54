/*
 * stream.c: a transport on a connected socket, and what every transport on
 * descriptors shares.
 */
#include "core/transport/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct stream_transport {
	struct xn_transport t;		/* first */
	int fd;				/* -1 when closed */
} stream_transport_t;

xn_error_t *
xn_stream_read(const xn_transport_t *t, int fd, void *buffer, size_t n,
    size_t *got, int *end)
{
	ssize_t r;

	*got = 0;
	do {
		r = read(fd, buffer, n);
	} while (r < 0 && errno == EINTR);
	if (r > 0)
		*got = (size_t)r;
	else if (r == 0)
		*end = 1;
	else if (errno == ECONNRESET)
		return xn_error_create(XN_E_CONNECTION,
		    "%s reset the connection", t->peer);
	else if (errno != EAGAIN)
		return xn_error_system(errno, "cannot read from %s", t->peer);
	return NULL;
}

xn_error_t *
xn_stream_write(const xn_transport_t *t, int fd, const struct iovec *iov,
    int n, size_t *put)
{
	ssize_t w;

	*put = 0;
	if (fd < 0)
		return xn_error_create(XN_E_CONNECTION,
		    "writing to %s has ended", t->peer);
	do {
		w = writev(fd, iov, n);
	} while (w < 0 && errno == EINTR);
	if (w >= 0)
		*put = (size_t)w;
	else if (errno == EPIPE || errno == ECONNRESET)
		return xn_error_create(XN_E_CONNECTION, "%s has ended",
		    t->peer);
	else if (errno != EAGAIN)
		return xn_error_system(errno, "cannot write to %s", t->peer);
	return NULL;
}

static int
stream_prepare(xn_transport_t *t, struct pollfd *pfd, int want_read,
    int want_write, int *now)
{
	stream_transport_t *s = (stream_transport_t *)t;

	(void)now;
	pfd[0] = (struct pollfd){ s->fd, 0, 0 };
	if (want_read)
		pfd[0].events |= POLLIN;
	if (want_write)
		pfd[0].events |= POLLOUT;
	return want_read || want_write;
}

static xn_error_t *
stream_process(xn_transport_t *t, const struct pollfd *pfd, int n)
{
	(void)t;
	(void)pfd;
	(void)n;
	return NULL;
}

static xn_error_t *
stream_read(xn_transport_t *t, void *buffer, size_t n, size_t *got, int *end)
{
	return xn_stream_read(t, ((stream_transport_t *)t)->fd, buffer, n,
	    got, end);
}

/* As xn_stream_write(), but a socket whose other end is gone raises no
 * SIGPIPE, in whatever thread the connection is opened. */
static xn_error_t *
stream_write(xn_transport_t *t, const struct iovec *iov, int n, size_t *put)
{
	stream_transport_t *s = (stream_transport_t *)t;
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)iov,
	    .msg_iovlen = (size_t)n };
	ssize_t w;

	*put = 0;
	do {
		w = sendmsg(s->fd, &m, MSG_NOSIGNAL);
	} while (w < 0 && errno == EINTR);
	if (w >= 0)
		*put = (size_t)w;
	else if (errno == EPIPE || errno == ECONNRESET)
		return xn_error_create(XN_E_CONNECTION,
		    "%s closed the connection", t->peer);
	else if (errno != EAGAIN)
		return xn_error_system(errno, "cannot write to %s", t->peer);
	return NULL;
}

static void
stream_close_write(xn_transport_t *t)
{
	shutdown(((stream_transport_t *)t)->fd, SHUT_WR);
}

static void
stream_close(xn_transport_t *t)
{
	stream_transport_t *s = (stream_transport_t *)t;

	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static const xn_transport_kind_t stream_kind = {
	.name = "stream",
	.prepare = stream_prepare,
	.process = stream_process,
	.read = stream_read,
	.write = stream_write,
	.close_write = stream_close_write,
	.close = stream_close,
};

static apr_status_t
cleanup(void *baton)
{
	stream_close(baton);
	return APR_SUCCESS;
}

xn_error_t *
xn_transport_fd(xn_transport_t **t, int fd, const char *peer,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	stream_transport_t *s = apr_pcalloc(pool, sizeof(*s));

	s->t.kind = &stream_kind;
	s->t.peer = peer;
	s->t.log = how->log;
	s->t.log_baton = how->log_baton;
	s->fd = fd;
	apr_pool_cleanup_register(pool, s, cleanup, apr_pool_cleanup_null);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return xn_error_system(errno, "cannot set up the socket to %s",
		    peer);
	*t = &s->t;
	return NULL;
}
