/*
 * link.c: the executor's socket.
 */
#include "agent/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "agent/direct.h"
#include "agent/whole.h"
#include "core/wire/code.h"

#define READ_SIZE	(128u * 1024)
#define POLLED_MAX	80	/* more than port.c ever has */
#define PLAIN_PAUSE	(4u * 1024 * 1024) /* unread, from an execnet client */

volatile sig_atomic_t xn_link_sigterm;

int64_t
xn_link_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
xn_link_init(struct xn_link *link, const struct xn_program *program)
{
	memset(link, 0, sizeof(*link));
	link->program = program;
	link->untaken = link->fd = -1;
	link->coercion.py2str_as_py3str = program->py2str_as_py3str != 0;
	link->coercion.py3str_as_py2str = program->py3str_as_py2str != 0;
	xn_buf_init(&link->in, READ_SIZE + XN_PART_MAX + XN_HEADER_SIZE);
	xn_buf_init(&link->out, XN_MESSAGE_MAX);
}

int
xn_link_ended(const struct xn_link *link)
{
	return link->terminated || xn_link_sigterm;
}

struct xn_chan *
xn_link_channel(struct xn_link *link, int32_t id)
{
	struct xn_chan **at = &link->buckets[(uint32_t)id / 2 %
	    XN_LINK_BUCKETS];

	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->id == id)
			return *at;
	if (link->open_n >= XN_CHANNELS_MAX)
		return NULL;
	*at = calloc(1, sizeof(**at));
	if (*at == NULL)
		return NULL;
	(*at)->id = id;
	xn_window_init(&(*at)->window);
	(*at)->coercion = (*at)->taken = link->coercion;
	link->open_n++;
	return *at;
}

/* The channel in which most waits. */
static const struct xn_chan *
fullest(const struct xn_link *link)
{
	const struct xn_chan *most = NULL;

	for (int i = 0; i < XN_LINK_BUCKETS; i++)
		for (const struct xn_chan *ch = link->buckets[i]; ch != NULL;
		    ch = ch->next)
			if (most == NULL || ch->queued > most->queued)
				most = ch;
	return most;
}

static void
too_much(struct xn_link *link)
{
	const struct xn_chan *most = fullest(link);
	size_t used;

	used = (size_t)snprintf(link->broken_text, sizeof(link->broken_text),
	    "too much waits in channels that the program does not receive "
	    "from: %zu MiB", link->queued >> 20);
	if (most != NULL)
		used += (size_t)snprintf(link->broken_text + used,
		    sizeof(link->broken_text) - used, ", most of it in "
		    "channel %d", (int)most->id);
	if (link->awaited != NULL)
		snprintf(link->broken_text + used, sizeof(link->broken_text) -
		    used, ", while it waits for channel %d",
		    (int)link->awaited->id);
	link->broken = link->broken_text;
}

/* A direct path, or the peer's mark that it uses it. */
static void
on_link(struct xn_link *link, const struct xn_message *m)
{
	struct xn_chan *ch = xn_link_channel(link, m->channel);

	if (m->length == 0) {
		if (ch != NULL)
			xn_direct_mark(link, ch);
		return;
	}
	if (link->fd >= 0 && ch != NULL)
		xn_direct_begin(link, ch, link->fd, m->payload[0]);
	else if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

static void
on_message(struct xn_link *link, const struct xn_message *m)
{
	struct xn_chan *ch;
	int rc;

	if (m->type == XN_MSG_GATEWAY_TERMINATE) {
		link->terminated = 1;
		return;
	}
	if (m->type == XN_MSG_RECONFIGURE && m->channel == 0) {
		xn_chan_coercion(&link->coercion, m);
		return;
	}
	if (m->type == XN_MSG_LINK) {
		on_link(link, m);
		return;
	}
	ch = xn_link_channel(link, m->channel);
	rc = ch != NULL ? xn_chan_message(link, ch, m) : XN_C_TOO_MANY;
	if (rc == XN_C_TOO_MANY)
		too_much(link);
	else if (rc != XN_C_OK)
		link->broken = xn_code_text(rc);
}

/* How much to read: a descriptor is that of the frame that is not whole yet, and
 * what is behind that may have another. */
static size_t
step(const struct xn_link *link)
{
	size_t have = xn_buf_len(&link->in);

	return link->fd < 0 || have > XN_HEADER_SIZE ? READ_SIZE :
	    XN_HEADER_SIZE + 1 - have;
}

/* Read what is there.  Without a router there is nothing left to do. */
static void
read_some(struct xn_link *link)
{
	struct xn_message m;
	uint8_t *room;
	ssize_t n;
	int rc, fds[2];

	if (xn_buf_reserve(&link->in, READ_SIZE, &room) != XN_C_OK)
		_exit(1);
	n = xn_whole_recv(link->program->sock, room, step(link), fds);
	if (fds[0] >= 0 && link->fd >= 0)
		close(link->fd);
	if (fds[0] >= 0)
		link->fd = fds[0];
	if (fds[1] >= 0)
		close(fds[1]);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		_exit(1);
	if (n < 0)
		return;
	xn_buf_commit(&link->in, (size_t)n);
	while ((rc = xn_message_take(&m, &link->in, XN_PART_MAX)) == 1)
		on_message(link, &m);
	if (rc < 0)
		_exit(1);
}

static void
write_queued(struct xn_link *link)
{
	ssize_t n = send(link->program->sock, xn_buf_data(&link->out),
	    xn_buf_len(&link->out), MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		xn_buf_consume(&link->out, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		_exit(1);
}

/*
 * Without windows the only brake is not to read: only a program that waits for
 * a value has more read than this for it.
 */
static short
wants_input(const struct xn_link *link)
{
	if (!link->program->plain || link->hungry ||
	    link->queued < PLAIN_PAUSE)
		return POLLIN;
	return 0;
}

/* poll(), and the direct paths with it. */
static int
poll_all(struct xn_link *link, struct pollfd *pfd, nfds_t n, int timeout)
{
	struct pollfd all[POLLED_MAX + XN_DIRECTS_MAX];
	nfds_t directs;		/* another one may come while these are read */
	int rc, comes;

	if (link->directs == NULL || n > POLLED_MAX)
		return poll(pfd, n, timeout);
	memcpy(all, pfd, n * sizeof(*pfd));
	directs = xn_direct_prepare(link, all + n, &timeout);
	rc = poll(all, n + directs, timeout);
	if (rc < 0)
		return rc;
	memcpy(pfd, all, n * sizeof(*pfd));
	/* The other way first: a mark that came counts from now on. */
	comes = pfd[0].revents & ~POLLOUT;
	if (comes)
		read_some(link);
	pfd[0].revents &= POLLOUT;
	xn_direct_poll(link, all + n, directs, comes);
	return rc;
}

void
xn_link_wait(struct xn_link *link, struct pollfd *pfd, nfds_t n, int timeout)
{
	if (xn_buf_len(&link->out) > 0)
		write_queued(link);
	pfd[0].fd = link->program->sock;
	pfd[0].events = wants_input(link);
	if (xn_buf_len(&link->out) > 0)
		pfd[0].events |= POLLOUT;
	for (nfds_t i = 0; i < n; i++)
		pfd[i].revents = 0;
	if (poll_all(link, pfd, n, timeout) <= 0)
		return;
	if (pfd[0].revents & POLLOUT)
		write_queued(link);
	if (pfd[0].revents & ~POLLOUT)
		read_some(link);
}

void
xn_link_put(struct xn_link *link, int type, int32_t id, const void *payload,
    size_t n)
{
	if (xn_message_put(&link->out, type, id, payload, n) != XN_C_OK)
		link->broken = "no memory for a message";
}

void
xn_link_flush(struct xn_link *link)
{
	struct pollfd pfd;

	while (xn_buf_len(&link->out) > 0) {
		write_queued(link);
		if (xn_buf_len(&link->out) > 0)
			xn_link_wait(link, &pfd, 1, -1);
	}
}

/* Wait until the socket takes bytes; out is not touched meanwhile. */
static void
wait_writable(struct xn_link *link)
{
	struct pollfd pfd = {
		.fd = link->program->sock,
		.events = (short)(wants_input(link) | POLLOUT)
	};

	if (poll(&pfd, 1, -1) > 0 && (pfd.revents & ~POLLOUT))
		read_some(link);
}

void
xn_link_send(struct xn_link *link, int type, int32_t id, const void *payload,
    size_t n)
{
	uint8_t header[XN_HEADER_SIZE];
	struct iovec iov[2] = {
		{ header, sizeof(header) }, { (void *)(uintptr_t)payload, n }
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	size_t left = sizeof(header) + n, step;
	ssize_t sent;

	xn_link_flush(link);
	xn_header_put(header, type, id, (uint32_t)n);
	while (left > 0) {
		sent = sendmsg(link->program->sock, &msg,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			_exit(1);
		if (sent < 0) {
			wait_writable(link);
			continue;
		}
		left -= (size_t)sent;
		step = (size_t)sent < iov[0].iov_len ? (size_t)sent :
		    iov[0].iov_len;
		iov[0].iov_base = (uint8_t *)iov[0].iov_base + step;
		iov[0].iov_len -= step;
		iov[1].iov_base = (uint8_t *)iov[1].iov_base + sent - step;
		iov[1].iov_len -= (size_t)sent - step;
	}
}

/* Until the last large message is out, however long the client takes. */
static void
wait_taken(struct xn_link *link)
{
	struct pollfd pfd[2];

	while (link->untaken >= 0 && !xn_link_ended(link)) {
		pfd[1] = (struct pollfd){ link->untaken, POLLIN, 0 };
		xn_link_wait(link, pfd, 2, -1);
		if (pfd[1].revents == 0)
			continue;
		close(link->untaken);
		link->untaken = -1;
	}
}

/* Few bytes go out all or none. */
int
xn_link_hand_over(struct xn_link *link, const uint8_t *frame, size_t n,
    const int fds[2])
{
	xn_link_flush(link);
	while (xn_whole_send(link->program->sock, frame, n, fds) < 0) {
		if (errno == ETOOMANYREFS)
			return -1;
		if (errno != EAGAIN && errno != EINTR)
			_exit(1);
		wait_writable(link);
	}
	return 0;
}

int
xn_link_send_whole(struct xn_link *link, int32_t id, const void *payload,
    size_t n)
{
	uint8_t frame[XN_HEADER_SIZE + 4];
	int fds[2], done[2], rc;

	wait_taken(link);
	if (link->untaken >= 0)
		return 0;	/* the gateway ends: nobody reads it */
	fds[0] = xn_whole_make(payload, n);
	if (fds[0] < 0)
		return -1;
	if (pipe2(done, O_CLOEXEC) != 0) {
		close(fds[0]);
		return -1;
	}
	fds[1] = done[1];
	xn_header_put(frame, XN_MSG_WHOLE, id, 4);
	xn_set_u32(frame + XN_HEADER_SIZE, (uint32_t)n);
	rc = xn_link_hand_over(link, frame, sizeof(frame), fds);
	if (rc == 0)
		link->untaken = done[0];
	else
		close(done[0]);
	close(fds[0]);
	close(fds[1]);
	return rc;
}
