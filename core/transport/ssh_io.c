/*
 * ssh_io.c: moves bytes over an ssh channel without ever blocking.
 *
 * libssh2 reads and writes through two callbacks.  The one for sending takes
 * everything (see struct xn_ssh); the one for receiving takes no more than
 * input_budget.  libssh2 reads the socket until it is empty, in every call,
 * and opens its window again with every read, whatever it still holds: without
 * the budget a fast peer would fill the memory.
 */
#include "core/transport/ssh_jump.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire/code.h"
#include "core/wire/dump.h"

#define OUT_PAUSE	(256u * 1024)	/* more than this waits: write less */
#define OUT_MAX		(32u * 1024 * 1024)	/* libssh2's own packets too */
#define QUEUE_LOW	(256u * 1024)	/* less than this held: read more */
#define QUEUE_HIGH	XN_SSH_WINDOW_MAX	/* a whole window */
#define INPUT_A_CALL	(256u * 1024)

static ssize_t
send_callback(libssh2_socket_t fd, const void *bytes, size_t n, int flags,
    void **abstract)
{
	xn_ssh_t *s = *abstract;
	ssize_t sent = 0;

	(void)flags;
	if (s->out_broken != 0)
		return -s->out_broken;
	if (xn_buf_len(&s->out) == 0)
		sent = send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		s->out_broken = errno;
		return -s->out_broken;
	}
	if (sent < 0)
		sent = 0;
	if (xn_buf_put(&s->out, (const char *)bytes + sent,
	    n - (size_t)sent) != XN_C_OK) {
		s->out_broken = ENOBUFS;
		return -ENOBUFS;
	}
	return (ssize_t)n;
}

static ssize_t
recv_callback(libssh2_socket_t fd, void *buffer, size_t n, int flags,
    void **abstract)
{
	xn_ssh_t *s = *abstract;
	ssize_t got;

	(void)flags;
	if (s->closed)
		return 0;
	if (n > s->input_budget)
		n = s->input_budget;
	if (n == 0)
		return -EAGAIN;
	do {
		got = recv(fd, buffer, n, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	s->input_budget -= (size_t)got;
	s->stalled = 0;
	return got;
}

/* The server ends the connection and says why. */
static void
disconnect_callback(LIBSSH2_SESSION *session, int reason, const char *message,
    int length, const char *language, int language_length, void **abstract)
{
	xn_ssh_t *s = *abstract;
	size_t n = length > 0 ? (size_t)length : 0;

	(void)session;
	(void)reason;
	(void)language;
	(void)language_length;
	xn_utf8_sanitize(s->farewell, message != NULL ? message : "",
	    message == NULL ? 0 : n < 256 ? n : 256);
	s->goodbye = s->farewell;
}

typedef void any_function(void);

/*
 * libssh2 takes callbacks as object pointers, and hands back the old one as
 * such, although C has no conversion for it; POSIX has.
 */
static void
set_callback(LIBSSH2_SESSION *session, int which, any_function *function)
{
	void *pointer;

	memcpy(&pointer, &function, sizeof(pointer));
	libssh2_session_callback_set(session, which, pointer);
}

void
xn_ssh__callbacks(xn_ssh_t *s)
{
	xn_buf_init(&s->out, OUT_MAX);
	s->input_budget = XN_SSH_INPUT_A_WAIT;
	set_callback(s->session, LIBSSH2_CALLBACK_SEND,
	    (any_function *)send_callback);
	set_callback(s->session, LIBSSH2_CALLBACK_RECV,
	    (any_function *)recv_callback);
	set_callback(s->session, LIBSSH2_CALLBACK_DISCONNECT,
	    (any_function *)disconnect_callback);
}

void
xn_ssh__drain(xn_ssh_t *s)
{
	while (xn_buf_len(&s->out) > 0 && s->out_broken == 0) {
		ssize_t sent = send(s->fd, xn_buf_data(&s->out),
		    xn_buf_len(&s->out), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent >= 0)
			xn_buf_consume(&s->out, (size_t)sent);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			s->out_broken = errno;
	}
	if (s->out_broken != 0)
		xn_buf_truncate(&s->out, 0);
}

/* Bytes that libssh2 holds for us, decrypted. */
static size_t
queued(xn_ssh_t *s)
{
	unsigned long held = 0;

	libssh2_channel_window_read_ex(s->channel, &held, NULL);
	return held;
}

/*
 * Let libssh2 read on in the next call, unless it holds enough.  While our
 * caller does not read, it must be let to pile up a whole window, since what
 * writing waits for may come behind it.
 */
static void
allow_input(xn_ssh_t *s)
{
	size_t limit = s->reading ? QUEUE_LOW : QUEUE_HIGH;

	s->input_budget = queued(s) < limit ? INPUT_A_CALL : 0;
}

static int
is_lost(int rc)
{
	return rc == LIBSSH2_ERROR_SOCKET_DISCONNECT ||
	    rc == LIBSSH2_ERROR_SOCKET_RECV || rc == LIBSSH2_ERROR_SOCKET_SEND;
}

static xn_error_t *
lost(xn_ssh_t *s, int rc)
{
	char *why = NULL;
	char clean[3 * 256 + 1];

	if (s->out_broken == ENOBUFS)
		return xn_error_create(XN_E_NOMEM,
		    "no memory to send to %s", s->t.peer);
	if (s->goodbye != NULL)
		return xn_error_create(XN_E_CONNECTION, "%s ended the ssh "
		    "connection: %s", s->t.peer, s->goodbye);
	if (is_lost(rc))
		return xn_ssh__lost(s, xn_error_create(XN_E_CONNECTION,
		    "the ssh connection to %s was lost", s->t.peer));
	libssh2_session_last_error(s->session, &why, NULL, 0);
	xn_utf8_sanitize(clean, why, strnlen(why, 256));
	return xn_error_create(XN_E_CONNECTION,
	    "the ssh connection to %s failed: %s", s->t.peer, clean);
}

/* Unread stderr would fill the window and stop the channel. */
static xn_error_t *
drain_stderr(xn_ssh_t *s)
{
	char buffer[16 * 1024];
	ssize_t got;

	while ((got = libssh2_channel_read_stderr(s->channel, buffer,
	    sizeof(buffer))) > 0)
		xn_said_take(&s->said, &s->t, buffer, (size_t)got);
	if (got < 0 && got != LIBSSH2_ERROR_EAGAIN && queued(s) == 0)
		return lost(s, (int)got);
	return NULL;
}

/*
 * Has the other end closed the channel?  libssh2 would go on writing, and then
 * wait for its window for ever.
 */
static xn_error_t *
check_open(xn_ssh_t *s)
{
	/* Its last words on stderr would hide the end. */
	if (libssh2_poll_channel_read(s->channel, 1)) {
		s->input_budget = 0;
		XN_TRY(drain_stderr(s));
	}
	if (libssh2_channel_eof(s->channel) != 1 ||
	    libssh2_channel_wait_closed(s->channel) != 0)
		return NULL;
	return xn_error_create(XN_E_CONNECTION, "%s %s has ended",
	    s->carries, s->t.peer);
}

/* Offer libssh2 what is staged. */
static xn_error_t *
flush_stage(xn_ssh_t *s)
{
	while (s->stage_start < s->stage_end && !s->stalled) {
		ssize_t put;

		allow_input(s);
		put = libssh2_channel_write(s->channel,
		    (char *)s->stage + s->stage_start,
		    s->stage_end - s->stage_start);
		if (put == LIBSSH2_ERROR_EAGAIN || put == 0)
			s->stalled = 1;
		else if (put < 0)
			return lost(s, (int)put);
		else
			s->stage_start += (size_t)put;
	}
	if (s->stage_start == s->stage_end)
		s->stage_start = s->stage_end = 0;
	else
		return check_open(s);
	return NULL;
}

/* Everything was written: tell the other end, if that is wanted. */
static xn_error_t *
finish_writing(xn_ssh_t *s)
{
	int rc;

	XN_TRY(flush_stage(s));
	if (!s->eof_wanted || s->eof_sent || s->stage_end > 0 || s->stalled)
		return NULL;
	allow_input(s);
	rc = libssh2_channel_send_eof(s->channel);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		s->stalled = 1;
	else if (rc < 0)
		return lost(s, rc);
	else
		s->eof_sent = 1;
	return NULL;
}

static int
ssh_prepare(xn_transport_t *t, struct pollfd *pfd, int want_read,
    int want_write, int *now)
{
	xn_ssh_t *s = (xn_ssh_t *)t;
	int writing = want_write || s->stage_end > 0 ||
	    (s->eof_wanted && !s->eof_sent);
	short events = 0;

	s->reading = want_read;
	if (writing && !s->stalled && xn_buf_len(&s->out) < OUT_PAUSE)
		*now = 1;
	/* What libssh2 has decrypted makes no socket readable. */
	if (want_read && !s->end_seen &&
	    (libssh2_poll_channel_read(s->channel, 0) ||
	    libssh2_poll_channel_read(s->channel, 1) ||
	    libssh2_channel_eof(s->channel)))
		*now = 1;
	if (want_read ? queued(s) < QUEUE_LOW : writing &&
	    queued(s) < QUEUE_HIGH)
		events |= POLLIN;
	if (xn_buf_len(&s->out) > 0)
		events |= POLLOUT;
	pfd[0] = (struct pollfd){ s->fd, events, 0 };
	return 1;
}

static xn_error_t *
ssh_process(xn_transport_t *t, const struct pollfd *pfd, int n)
{
	xn_ssh_t *s = (xn_ssh_t *)t;

	xn_ssh__drain(s);
	if ((n > 0 && (pfd[0].revents & ~POLLOUT) != 0) ||
	    libssh2_poll_channel_read(s->channel, 1)) {
		allow_input(s);
		XN_TRY(drain_stderr(s));
	}
	if (xn_buf_len(&s->out) < OUT_PAUSE)
		XN_TRY(finish_writing(s));
	return NULL;
}

static xn_error_t *
ssh_read(xn_transport_t *t, void *buffer, size_t n, size_t *got, int *end)
{
	xn_ssh_t *s = (xn_ssh_t *)t;
	ssize_t rc;

	*got = 0;
	s->reading = 1;
	allow_input(s);
	rc = libssh2_channel_read(s->channel, buffer, n);
	if (rc > 0) {
		*got = (size_t)rc;
		return NULL;
	}
	if (rc < 0 && rc != LIBSSH2_ERROR_EAGAIN)
		return lost(s, (int)rc);
	/* Also what the read above has queued beside its own. */
	s->input_budget = 0;
	XN_TRY(drain_stderr(s));
	if (libssh2_channel_eof(s->channel)) {
		xn_said_end(&s->said, &s->t);
		s->end_seen = 1;
		*end = 1;
	}
	return NULL;
}

/* Fill the stage from the front of what is offered, behind SKIP bytes. */
static size_t
fill_stage(xn_ssh_t *s, const struct iovec *iov, int n, size_t skip)
{
	size_t filled = 0;

	for (int i = 0; i < n && filled < XN_SSH_STAGE; i++) {
		size_t part = iov[i].iov_len;

		if (skip >= part) {
			skip -= part;
			continue;
		}
		part -= skip;
		if (part > XN_SSH_STAGE - filled)
			part = XN_SSH_STAGE - filled;
		memcpy(s->stage + filled, (char *)iov[i].iov_base + skip, part);
		filled += part;
		skip = 0;
	}
	s->stage_start = 0;
	s->stage_end = filled;
	return filled;
}

static xn_error_t *
ssh_write(xn_transport_t *t, const struct iovec *iov, int n, size_t *put)
{
	xn_ssh_t *s = (xn_ssh_t *)t;

	*put = 0;
	if (s->eof_wanted)
		return xn_error_create(XN_E_CONNECTION,
		    "writing to %s has ended", t->peer);
	XN_TRY(check_open(s));
	for (;;) {
		if (xn_buf_len(&s->out) >= OUT_PAUSE)
			xn_ssh__drain(s);
		if (s->out_broken != 0)
			return lost(s, LIBSSH2_ERROR_SOCKET_SEND);
		if (xn_buf_len(&s->out) >= OUT_PAUSE)
			return NULL;
		XN_TRY(flush_stage(s));
		if (s->stage_end > 0)
			return NULL;
		if (fill_stage(s, iov, n, *put) == 0)
			return NULL;
		*put += s->stage_end;
	}
}

static void
ssh_close_write(xn_transport_t *t)
{
	((xn_ssh_t *)t)->eof_wanted = 1;
}

/*
 * Say goodbye if the socket takes it at once, and go.  With `closed` set the
 * callbacks fail, so that libssh2 frees everything without waiting for
 * answers.
 */
void
xn_ssh__close(xn_transport_t *t)
{
	xn_ssh_t *s = (xn_ssh_t *)t;

	if (s->closed)
		return;
	if (s->session != NULL && s->fd >= 0 && s->out_broken == 0) {
		s->input_budget = 0;
		libssh2_session_disconnect(s->session, "done");
		xn_ssh__drain(s);
	}
	s->closed = 1;
	s->out_broken = EPIPE;
	xn_said_end(&s->said, &s->t);
	if (s->session != NULL) {
		for (int i = 0; i < 100; i++)
			if (libssh2_session_free(s->session) !=
			    LIBSSH2_ERROR_EAGAIN)
				break;
	}
	s->session = NULL;
	s->channel = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	xn_buf_free(&s->out);
	xn_ssh__jump_close(s->jump);
}

const xn_transport_kind_t xn_ssh__kind = {
	.name = "ssh",
	.prepare = ssh_prepare,
	.process = ssh_process,
	.read = ssh_read,
	.write = ssh_write,
	.close_write = ssh_close_write,
	.ending = xn_ssh__ending,
	.close = xn_ssh__close,
};
