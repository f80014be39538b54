/*
 * port.c: the port of core/side over the executor's link.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "agent/direct.h"
#include "agent/limit.h"
#include "agent/orphans.h"
#include "agent/take.h"

#define LOG_MAX		4096	/* bytes of one line */
#define ERROR_MAX	8192	/* of a text that closes a channel */
#define WAIT_MAX	64	/* xn_select's own limit, for each kind */

/* What remains until END (-1 forever) as poll() takes it. */
static int
remaining(int64_t end)
{
	int64_t left;

	if (end < 0)
		return -1;
	left = end - xn_link_now();
	return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

static int
fail(struct xn_link *link, const char **error, const char *text)
{
	snprintf(link->text, sizeof(link->text), "%s", text);
	*error = link->text;
	return XN_PORT_ERROR;
}

/* The reason for which CH cannot be used at all, or XN_PORT_OK. */
static int
usable(struct xn_link *link, const struct xn_chan *ch, const char **error)
{
	char text[80];

	if (link->broken != NULL)
		return fail(link, error, link->broken);
	if (ch->foreign) {
		snprintf(text, sizeof(text), "channel %d belongs to another "
		    "program of this gateway", (int)ch->id);
		return fail(link, error, text);
	}
	return XN_PORT_OK;
}

/* May we send on CH? */
static int
sendable(struct xn_link *link, struct xn_chan *ch, const char **error)
{
	int rc = usable(link, ch, error);

	if (rc != XN_PORT_OK)
		return rc;
	if (ch->error != NULL) {
		*error = ch->error;
		return XN_PORT_ERROR;
	}
	if (ch->peer_closed || xn_link_ended(link))
		return XN_PORT_EOF;
	if (ch->closed || ch->sent_last)
		return fail(link, error, "cannot send on a closed channel");
	return XN_PORT_OK;
}

int
xn_link_await_credit(struct xn_link *link, struct xn_chan *ch, uint32_t n,
    const char **error)
{
	struct pollfd pfd;
	int rc;

	while ((rc = sendable(link, ch, error)) == XN_PORT_OK &&
	    !link->program->plain && !xn_window_may_send(&ch->window, n) &&
	    !xn_direct_is_deaf(ch))
		xn_link_wait(link, &pfd, 1, -1);
	return rc;
}

static int
send_frame(struct xn_link *link, struct xn_chan *ch, int type,
    const uint8_t *p, uint32_t n, const char **error)
{
	int rc = xn_link_await_credit(link, ch, n, error);
	struct pollfd pfd;

	if (rc == XN_PORT_OK && xn_direct_is_deaf(ch)) {
		/* Why it is comes the other way, if somebody looks. */
		xn_link_wait(link, &pfd, 1, 0);
		return sendable(link, ch, error);
	}
	if (rc != XN_PORT_OK)
		return rc;
	if (!link->program->plain)
		xn_window_sent(&ch->window, n);
	if (ch->direct != NULL && ch->direct->sends) {
		rc = xn_direct_send(link, ch, type, p, n);
		return rc == XN_PORT_OK ? rc : sendable(link, ch, error);
	}
	xn_link_send(link, type, ch->id, p, n);
	return XN_PORT_OK;
}

/* The frames of one value, all on the same way. */
static int
send_frames(struct xn_link *link, struct xn_chan *ch, const uint8_t *payload,
    size_t n, const char **error)
{
	int rc = XN_PORT_OK;

	ch->sending = 1;
	for (; n > XN_PART_MAX && rc == XN_PORT_OK; n -= XN_PART_MAX,
	    payload += XN_PART_MAX)
		rc = send_frame(link, ch, XN_MSG_CHANNEL_PART, payload,
		    XN_PART_MAX, error);
	if (rc == XN_PORT_OK)
		rc = send_frame(link, ch, XN_MSG_CHANNEL_DATA, payload,
		    (uint32_t)n, error);
	ch->sending = 0;
	xn_direct_switch(link, ch);
	return rc;
}

/* execnet takes no parts. */
static int
send_whole(struct xn_link *link, struct xn_chan *ch, const uint8_t *p,
    size_t n, const char **error)
{
	int rc = sendable(link, ch, error);

	if (rc != XN_PORT_OK || xn_link_send_whole(link, ch->id, p, n) == 0)
		return rc;
	snprintf(link->text, sizeof(link->text), "cannot send a value of %zu "
	    "bytes: %m", n);
	*error = link->text;
	return XN_PORT_ERROR;
}

static int
port_send(void *baton, void *channel, const uint8_t *payload, size_t n,
    const char **error)
{
	struct xn_link *link = baton;
	int plain = link->program->plain;
	uint32_t max = plain ? XN_PEER_MESSAGE_MAX : XN_MESSAGE_MAX;
	char text[80];

	if (n > max) {
		snprintf(text, sizeof(text), "cannot send a value of %zu "
		    "bytes, at most %u", n, max);
		return fail(link, error, text);
	}
	if (plain && n > XN_PART_MAX)
		return send_whole(link, channel, payload, n, error);
	if (!xn_direct_takes(channel, payload, n))
		return fail(link, error, "cannot send a channel on a direct "
		    "path (xn_link): it means nothing at the other end");
	return send_frames(link, channel, payload, n, error);
}

int
xn_link_readiness(struct xn_link *link, struct xn_chan *ch, const char **error)
{
	int rc;

	if (ch->first != NULL)
		return XN_PORT_OK;
	rc = usable(link, ch, error);
	if (rc != XN_PORT_OK)
		return rc;
	if (ch->error != NULL) {
		*error = ch->error;
		return XN_PORT_ERROR;
	}
	if (ch->closed || ch->peer_closed || ch->peer_last ||
	    xn_link_ended(link))
		return XN_PORT_EOF;
	return XN_PORT_TIMEOUT;
}

void
xn_link_await(struct xn_link *link, struct xn_chan *ch, int ms)
{
	struct pollfd pfd;

	link->awaited = ch;
	link->hungry = 1;
	xn_chan_give_back(link, ch);
	xn_link_wait(link, &pfd, 1, ms);
	link->awaited = NULL;
	link->hungry = 0;
}

static int
port_receive(void *baton, void *channel, int timeout, uint8_t **payload,
    size_t *n, const char **error)
{
	struct xn_link *link = baton;
	struct xn_chan *ch = channel;
	int64_t end = timeout < 0 ? -1 : xn_link_now() + timeout;
	int waited = 0, rc, ms;

	if (ch->taking.on && ch->first == NULL)
		return fail(link, error, XN_TAKE_BROKEN);
	while ((rc = xn_link_readiness(link, ch, error)) == XN_PORT_TIMEOUT) {
		ms = remaining(end);
		if (waited && ms == 0)
			return XN_PORT_TIMEOUT;
		xn_link_await(link, ch, ms);
		waited = 1;
	}
	if (rc == XN_PORT_OK)
		xn_chan_take(link, ch, payload, n, waited);
	return rc;
}

static int
count_ready(struct xn_link *link, void **channels, int *ready, int n)
{
	const char *error;
	int count = 0;

	for (int i = 0; i < n; i++) {
		ready[i] = xn_link_readiness(link, channels[i], &error);
		count += ready[i] != XN_PORT_TIMEOUT;
	}
	return count;
}

/*
 * While nothing is ready, the first channel with a payload half arrived is the
 * one whose pieces are paid for whatever others hold.
 */
static void
choose_awaited(struct xn_link *link, void **channels, int n)
{
	for (int i = 0; i < n; i++) {
		struct xn_chan *ch = channels[i];

		if (ch->part_n > 0 && link->awaited == NULL) {
			link->awaited = ch;
			xn_chan_give_back(link, ch);
		}
	}
}

static int
port_select(void *baton, void **channels, int *ready, int n, const int *fds,
    int *fd_ready, int nfds, int timeout)
{
	struct xn_link *link = baton;
	int64_t end = timeout < 0 ? -1 : xn_link_now() + timeout;
	struct pollfd pfd[1 + WAIT_MAX];
	int count, fd_count, ms;

	if (nfds > WAIT_MAX)
		nfds = WAIT_MAX;
	for (;;) {
		count = count_ready(link, channels, ready, n);
		ms = count > 0 ? 0 : remaining(end);
		link->hungry = count == 0;
		if (count == 0)
			choose_awaited(link, channels, n);
		for (int i = 0; i < nfds; i++)
			pfd[1 + i] = (struct pollfd){ fds[i], POLLIN, 0 };
		xn_link_wait(link, pfd, 1 + (nfds_t)nfds, ms);
		link->awaited = NULL;
		link->hungry = 0;
		fd_count = 0;
		for (int i = 0; i < nfds; i++)
			fd_count += fd_ready[i] = pfd[1 + i].revents != 0;
		count = fd_count + count_ready(link, channels, ready, n);
		if (count > 0 || ms == 0 || xn_link_ended(link))
			return count;
	}
}

void
xn_link_put_error(struct xn_link *link, int32_t id, const char *text)
{
	char in[ERROR_MAX], out[3 * ERROR_MAX + 1];
	struct xn_buf b;
	size_t n;

	snprintf(in, sizeof(in), "%s", text);
	n = xn_utf8_sanitize(out, in, strlen(in));
	xn_buf_init(&b, sizeof(out) + 16);
	if (xn_put_str(&b, out, n) == 0 && xn_put_stop(&b) == 0)
		xn_link_put(link, XN_MSG_CHANNEL_CLOSE_ERROR, id,
		    xn_buf_data(&b), xn_buf_len(&b));
	xn_buf_free(&b);
}

static void
port_close(void *baton, void *channel, const char *text)
{
	struct xn_link *link = baton;
	struct xn_chan *ch = channel;

	if (ch->closed)
		return;
	xn_direct_shut(link, ch);
	ch->closed = 1;
	if (ch->peer_closed || ch->foreign)
		return;
	xn_chan_end(link, ch);
	if (text != NULL)
		xn_link_put_error(link, ch->id, text);
	else
		xn_link_put(link, XN_MSG_CHANNEL_CLOSE, ch->id, NULL, 0);
	xn_link_flush(link);
}

static int
port_isclosed(void *baton, void *channel)
{
	struct xn_link *link = baton;
	struct xn_chan *ch = channel;
	struct pollfd pfd;

	if (!ch->closed && !ch->peer_closed)
		xn_link_wait(link, &pfd, 1, 0);
	return ch->closed || ch->sent_last || ch->peer_closed || ch->foreign;
}

static void
port_close_write(void *baton, void *channel)
{
	struct xn_link *link = baton;
	struct xn_chan *ch = channel;

	if (ch->closed || ch->sent_last || ch->peer_closed || ch->foreign)
		return;
	xn_direct_last(link, ch);
	ch->sent_last = 1;
	xn_link_put(link, XN_MSG_CHANNEL_LAST_MESSAGE, ch->id, NULL, 0);
	xn_link_flush(link);
}

/* What of WANT can be done with CH now. */
static int
can_do(struct xn_link *link, struct xn_chan *ch, int want)
{
	const char *error;
	int can = 0;

	if ((want & XN_PORT_RECEIVE) &&
	    xn_link_readiness(link, ch, &error) != XN_PORT_TIMEOUT)
		can |= XN_PORT_RECEIVE;
	if ((want & XN_PORT_SEND) &&
	    (sendable(link, ch, &error) != XN_PORT_OK ||
	    link->program->plain || xn_direct_is_deaf(ch) ||
	    xn_window_may_send(&ch->window, XN_PART_MAX)))
		can |= XN_PORT_SEND;
	if (ch->closed || ch->peer_closed || ch->foreign ||
	    link->broken != NULL || xn_link_ended(link))
		can |= want | XN_PORT_OVER;
	return can;
}

static int
port_wait(void *baton, void *channel, int want, struct pollfd *fds, int nfds,
    int timeout)
{
	struct xn_link *link = baton;
	struct xn_chan *ch = channel;
	int64_t end = timeout < 0 ? -1 : xn_link_now() + timeout;
	struct pollfd pfd[1 + WAIT_MAX];
	int can, count = 0, ms;

	if (nfds > WAIT_MAX)
		nfds = WAIT_MAX;
	while ((can = can_do(link, ch, want)) == 0 && count == 0) {
		ms = remaining(end);
		memcpy(pfd + 1, fds, (size_t)nfds * sizeof(*fds));
		if (want & XN_PORT_RECEIVE) {
			link->awaited = ch;
			link->hungry = 1;
			xn_chan_give_back(link, ch);
		}
		xn_link_wait(link, pfd, 1 + (nfds_t)nfds, ms);
		link->awaited = NULL;
		link->hungry = 0;
		for (int i = 0; i < nfds; i++)
			count += (fds[i].revents = pfd[1 + i].revents) != 0;
		if (ms == 0)
			break;
	}
	return can_do(link, ch, want);
}

static void *
port_newchannel(void *baton)
{
	struct xn_link *link = baton;
	_Atomic int32_t *last = &link->program->shared->last_even;
	int32_t id;

	if (link->open_n >= XN_CHANNELS_MAX ||
	    atomic_load(last) > INT32_MAX - 4)
		return NULL;
	id = atomic_fetch_add(last, 2) + 2;
	/* In order before any value that holds the id. */
	xn_link_put(link, XN_MSG_OWN, id, NULL, 0);
	return xn_link_channel(link, id);
}

static void *
port_channel_of_id(void *baton, int32_t id)
{
	return xn_link_channel(baton, id);
}

static int32_t
port_id_of_channel(void *baton, void *channel)
{
	(void)baton;
	return ((struct xn_chan *)channel)->id;
}

static void
port_coercion(void *baton, void *channel, int *py2str_as_py3str,
    int *py3str_as_py2str)
{
	const struct xn_chan *ch = channel;

	(void)baton;
	*py2str_as_py3str = ch->taken.py2str_as_py3str;
	*py3str_as_py2str = ch->taken.py3str_as_py2str;
}

static void
port_log(void *baton, const char *line)
{
	struct xn_link *link = baton;
	char in[LOG_MAX], out[3 * LOG_MAX + 1];
	size_t n;

	snprintf(in, sizeof(in), "%s", line);
	n = xn_utf8_sanitize(out, in, strlen(in));
	xn_link_put(link, XN_MSG_LOG, link->program->channel, out, n);
	xn_link_flush(link);
}

/* The executor has adopted what its children left. */
static void
port_kill_rest(void *baton, const int *keep, size_t n)
{
	struct xn_link *link = baton;
	pid_t pid;

	if (!link->program->pidns) {
		xn_orphans_kill(keep, n);
		return;
	}
	/* In the namespace there is else only the keeper, which it spares.
	 * /proc may be the one outside, and of no use. */
	if (n > 0)
		return;
	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0 || errno == EINTR) {
		if (pid != 0)
			continue;
		kill(-1, SIGKILL);
		waitpid(-1, NULL, 0);
	}
}

void
xn_link_port(struct xn_port *port, struct xn_link *link)
{
	*port = (struct xn_port){
		.baton = link,
		.send = port_send,
		.send_file = xn_link_send_file,
		.take = xn_link_take,
		.receive = port_receive,
		.select = port_select,
		.close = port_close,
		.isclosed = port_isclosed,
		.close_write = port_close_write,
		.newchannel = port_newchannel,
		.channel_of_id = port_channel_of_id,
		.id_of_channel = port_id_of_channel,
		.log = port_log,
		.wait = port_wait,
		.coercion = port_coercion,
		.kill_rest = port_kill_rest,
		.confine = xn_confine_to,
		.largest = link->program->plain ? XN_PEER_MESSAGE_MAX : 0,
	};
}
