#include "appliance/supervise/sink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/job/sockets.h"

/* 0, or an errno. */
static int
connect_as(sink_t *sink, int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int failed = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)&sink->address,
	    sizeof(sink->address)) == 0) {
		sink->fd = fd;
		sink->stream = type == SOCK_STREAM;
		return 0;
	}
	failed = errno;
	close(fd);
	return failed;
}

/* Datagrams, as everybody has them; some syslogs have a stream. */
static int
connect_again(sink_t *sink)
{
	int failed = connect_as(sink, SOCK_DGRAM);

	return failed == EPROTOTYPE ? connect_as(sink, SOCK_STREAM) : failed;
}

xn_error_t *
sink_open(sink_t *sink, const char *path)
{
	int failed;

	sink->fd = -1;
	sink->lost = 0;
	XN_TRY(syncgate_sockets_address(&sink->address, path));
	failed = connect_again(sink);
	return failed == 0 ? NULL : xn_error_system(failed,
	    "the log: cannot connect to %s", path);
}

void
sink_close(sink_t *sink)
{
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
}

/* All of it, or 0: half a record of a stream would spoil the next one. */
static int
send_once(sink_t *sink, const char *bytes, size_t n)
{
	struct iovec pieces[2] = { { (void *)(size_t)bytes, n },
	    { (void *)(size_t)"", 1 } };
	struct msghdr message = { .msg_iov = pieces,
	    .msg_iovlen = sink->stream ? 2 : 1 };
	ssize_t sent;

	if (sink->fd < 0) {
		errno = ENOTCONN;
		return 0;
	}
	sent = sendmsg(sink->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return 0;
	if ((size_t)sent == n + (sink->stream ? 1 : 0))
		return 1;
	sink_close(sink);
	errno = EAGAIN;
	return 0;
}

int
sink_send(sink_t *sink, const char *bytes, size_t n)
{
	if (send_once(sink, bytes, n))
		return 1;
	if (errno != EAGAIN && errno != ENOBUFS && errno != EMSGSIZE) {
		sink_close(sink);
		if (connect_again(sink) == 0 && send_once(sink, bytes, n))
			return 1;
	}
	sink->lost++;
	return 0;
}
