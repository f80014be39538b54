/*
 * direct.c: a channel on a connection of its own; see direct.h.
 */
#include "agent/direct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire/code.h"
#include "core/wire/scan.h"

#define READ_SIZE	(256u * 1024)
#define PATIENCE_MS	10000	/* for the word that explains an end, which may
				 * be behind much else; or for the end */

static const char broken[] = "the direct path to the other program broke";
static const char lost[] = "a direct path to the other program did not arrive";

int
xn_direct_begin(struct xn_link *link, struct xn_chan *ch, int fd, int waits)
{
	struct xn_direct *d = NULL, **at = &link->directs;

	if (ch->direct == NULL && !ch->closed && !ch->peer_closed &&
	    link->directs_n < XN_DIRECTS_MAX)
		d = calloc(1, sizeof(*d));
	if (d == NULL) {
		close(fd);
		return -1;
	}
	d->fd = fd;
	d->chan = ch;
	d->waits = waits != 0;
	xn_buf_init(&d->in, READ_SIZE + XN_PART_MAX + XN_HEADER_SIZE);
	xn_buf_init(&d->out, XN_MESSAGE_MAX);
	xn_buf_init(&d->early, XN_WINDOW_START);
	while (*at != NULL)
		at = &(*at)->next;
	*at = d;
	link->directs_n++;
	ch->direct = d;
	xn_direct_switch(link, ch);
	return 0;
}

/* ---- Which way ---------------------------------------------------------- */

void
xn_direct_switch(struct xn_link *link, struct xn_chan *ch)
{
	struct xn_direct *d = ch->direct;

	if (d == NULL || d->sends || (d->waits && !d->receives) ||
	    ch->sending || ch->closed || ch->sent_last || ch->peer_closed)
		return;
	d->sends = 1;
	ch->window.credit = XN_WINDOW_START;
	xn_link_put(link, XN_MSG_LINK, ch->id, NULL, 0);
}

int
xn_direct_keeps(struct xn_chan *ch, int type, char *text)
{
	struct xn_direct *d = ch->direct;

	if (d == NULL)
		return 0;
	/*
	 * Who closed takes nothing any more.  And if it was the client that
	 * closed both ends, each of them waits for the other's half to end.
	 */
	if (type != XN_MSG_CHANNEL_LAST_MESSAGE && !d->shut) {
		xn_buf_free(&d->out);
		d->shut = 1;
		shutdown(d->fd, SHUT_WR);
	}
	if (!d->receives || d->over)
		return 0;
	/* A close says more than a last message. */
	if (d->end == 0 || d->end == XN_MSG_CHANNEL_LAST_MESSAGE) {
		d->end = type;
		free(d->end_text);
		d->end_text = text;
	} else {
		free(text);
	}
	if (type != XN_MSG_CHANNEL_LAST_MESSAGE)
		d->patience = xn_link_now() + PATIENCE_MS;
	return 1;
}

/* ---- Reading ------------------------------------------------------------ */

/* 1 if the word came that ends both directions. */
static int
is_explained(const struct xn_direct *d)
{
	return d->end != 0 && d->end != XN_MSG_CHANNEL_LAST_MESSAGE;
}

static void
believe(struct xn_link *link, struct xn_direct *d)
{
	char *text = d->end_text;

	d->end_text = NULL;
	xn_chan_ended(link, d->chan, d->end, text);
}

/* Nothing more can be read: now the word that explains it is believed. */
static void
end_reading(struct xn_link *link, struct xn_direct *d, const char *why)
{
	if (d->over)
		return;
	d->over = 1;
	xn_buf_free(&d->in);
	if (why != NULL) {
		d->broken = 1;
		shutdown(d->fd, SHUT_RDWR);
		if (!d->chan->closed && !d->chan->peer_closed)
			xn_link_put_error(link, d->chan->id, why);
		xn_chan_ended(link, d->chan, XN_MSG_CHANNEL_CLOSE_ERROR,
		    strdup(why));
		return;
	}
	if (d->end != 0)
		believe(link, d);
	d->patience = is_explained(d) ? 0 : xn_link_now() + PATIENCE_MS;
}

/* The word or the end of the connection has not come. */
static void
break_off(struct xn_link *link, struct xn_direct *d)
{
	d->patience = 0;
	d->over = 0;
	end_reading(link, d, d->end == XN_MSG_CHANNEL_CLOSE_ERROR ? NULL :
	    broken);
}

static int
refuse_id(void *baton, int32_t id)
{
	(void)baton;
	(void)id;
	return XN_C_NO_CHANNEL;
}

static int
is_data(const struct xn_message *m)
{
	return m->type == XN_MSG_CHANNEL_DATA ||
	    m->type == XN_MSG_CHANNEL_PART;
}

static int
is_last(const struct xn_message *m)
{
	return m->type == XN_MSG_CHANNEL_LAST_MESSAGE && m->length == 0;
}

static int
take_data(struct xn_link *link, struct xn_chan *ch, const struct xn_message *m)
{
	int rc;

	if (ch->closed || ch->peer_closed || ch->peer_last)
		return XN_C_OK;		/* nobody wants it */
	if (ch->part_n == 0)
		xn_scan_init(&ch->scan);
	rc = xn_scan_push(&ch->scan, m->payload, m->length, refuse_id, NULL);
	if (rc == XN_C_OK && m->type == XN_MSG_CHANNEL_DATA &&
	    !ch->scan.stopped)
		rc = XN_C_SHORT;
	return rc == XN_C_OK ? xn_chan_data(link, ch, m) : rc;
}

/* What it may send before it is granted more always fits. */
static int
keep_data(struct xn_direct *d, const struct xn_message *m)
{
	if (xn_buf_len(&d->early) + XN_HEADER_SIZE + m->length >
	    XN_WINDOW_START)
		return XN_C_CREDIT;
	return xn_message_put(&d->early, m->type, 0, m->payload, m->length);
}

/* A frame came from the other program; NULL, or what is wrong with it. */
static const char *
take_frame(struct xn_link *link, struct xn_direct *d,
    const struct xn_message *m)
{
	struct xn_chan *ch = d->chan;
	int rc = XN_C_OK;

	/* Before there is anything that it could be for it is not for this. */
	if (m->type == XN_MSG_CHANNEL_WINDOW && m->length == 4 && d->sends)
		rc = xn_window_granted(&ch->window, xn_get_u32(m->payload));
	else if (!is_data(m) && !is_last(m))
		return "a message that does not go there";
	else if (!d->receives)
		rc = keep_data(d, m);
	else if (is_data(m))
		rc = take_data(link, ch, m);
	else
		xn_chan_ended(link, ch, m->type, NULL);
	return rc == XN_C_OK ? NULL : xn_code_text(rc);
}

/* Take the frames that lie whole in IN. */
static void
take_frames(struct xn_link *link, struct xn_direct *d, struct xn_buf *in)
{
	const char *wrong = NULL;
	struct xn_message m;
	int rc = 1;

	while (wrong == NULL && !d->over &&
	    (rc = xn_message_take(&m, in, XN_PART_MAX)) == 1)
		wrong = take_frame(link, d, &m);
	if (rc < 0)
		wrong = xn_code_text(rc);
	if (wrong != NULL)
		end_reading(link, d, wrong);
}

static void
read_some(struct xn_link *link, struct xn_direct *d)
{
	uint8_t *room;
	ssize_t n;

	if (xn_buf_reserve(&d->in, READ_SIZE, &room) != XN_C_OK) {
		end_reading(link, d, "no memory for a message");
		return;
	}
	n = recv(d->fd, room, READ_SIZE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		if (d->patience > 0)
			d->patience = xn_link_now() + PATIENCE_MS;
		xn_buf_commit(&d->in, (size_t)n);
		take_frames(link, d, &d->in);
	} else if (!d->receives) {
		d->ended = 1;
	} else {
		end_reading(link, d, NULL);
	}
}

void
xn_direct_mark(struct xn_link *link, struct xn_chan *ch)
{
	struct xn_direct *d = ch->direct;

	if (d == NULL && !ch->closed && !ch->peer_closed) {
		/* Whoever says it uses what never came here. */
		xn_link_put_error(link, ch->id, lost);
		xn_chan_ended(link, ch, XN_MSG_CHANNEL_CLOSE_ERROR,
		    strdup(lost));
	}
	if (d == NULL || d->receives)
		return;
	d->receives = 1;
	xn_chan_fresh(link, ch);
	xn_direct_switch(link, ch);
	take_frames(link, d, &d->early);
	xn_buf_free(&d->early);
	if (d->ended)
		end_reading(link, d, NULL);
}

int
xn_direct_takes(const struct xn_chan *ch, const uint8_t *payload, size_t n)
{
	struct xn_scan scan;

	if (ch->direct == NULL || !ch->direct->sends)
		return 1;
	xn_scan_init(&scan);
	return xn_scan_push(&scan, payload, n, refuse_id, NULL) == XN_C_OK;
}

/* ---- Writing ------------------------------------------------------------ */

static void
write_some(struct xn_direct *d)
{
	ssize_t n;

	if (d->broken || xn_buf_len(&d->out) == 0)
		return;
	n = send(d->fd, xn_buf_data(&d->out), xn_buf_len(&d->out),
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		xn_buf_consume(&d->out, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		d->broken = 1;
}

/* Write all that waits, reading what comes meanwhile. */
static void
drain(struct xn_link *link, struct xn_direct *d)
{
	struct pollfd pfd[2];

	link->draining++;
	write_some(d);
	while (!d->broken && xn_buf_len(&d->out) > 0 &&
	    !d->chan->peer_closed && !xn_link_ended(link)) {
		pfd[1] = (struct pollfd){ d->fd, POLLOUT, 0 };
		xn_link_wait(link, pfd, 2, -1);
		write_some(d);
	}
	link->draining--;
}

/* Who would read it is gone: wait for the word that says why. */
static int
after_break(struct xn_link *link, struct xn_direct *d)
{
	struct xn_chan *ch = d->chan;
	struct pollfd pfd;

	xn_buf_free(&d->out);
	if (d->patience == 0)
		d->patience = xn_link_now() + PATIENCE_MS;
	/* What it has sent before is read to the end. */
	while (!ch->peer_closed && !xn_link_ended(link))
		xn_link_wait(link, &pfd, 1, 100);
	return XN_PORT_EOF;
}

int
xn_direct_send(struct xn_link *link, struct xn_chan *ch, int type,
    const void *payload, uint32_t n)
{
	struct xn_direct *d;

	/* The mark first, if it is still here: it is what this is read by. */
	xn_link_flush(link);
	d = ch->direct;
	if (d == NULL)		/* it has ended meanwhile, as the channel has */
		return XN_PORT_EOF;
	if (!d->broken && xn_message_put(&d->out, type, 0, payload, n) !=
	    XN_C_OK)
		link->broken = "no memory for a message";
	drain(link, d);
	if (!d->broken || xn_direct_is_deaf(ch))
		return XN_PORT_OK;
	return after_break(link, d);
}

int
xn_direct_is_deaf(const struct xn_chan *ch)
{
	const struct xn_direct *d = ch->direct;

	return d != NULL && d->sends && !d->receives &&
	    (d->ended || d->broken);
}

void
xn_direct_grant(struct xn_link *link, struct xn_chan *ch, uint32_t grant)
{
	uint8_t payload[4];

	xn_set_u32(payload, grant);
	if (!ch->direct->broken && !ch->direct->shut &&
	    xn_message_put(&ch->direct->out, XN_MSG_CHANNEL_WINDOW, 0,
	    payload, 4) != XN_C_OK)
		link->broken = "no memory for a message";
}

/* Credit goes on to be granted, so the half stays open. */
void
xn_direct_last(struct xn_link *link, struct xn_chan *ch)
{
	struct xn_direct *d = ch->direct;

	if (d == NULL || !d->sends || d->shut || d->broken)
		return;
	if (xn_message_put(&d->out, XN_MSG_CHANNEL_LAST_MESSAGE, 0, NULL, 0) !=
	    XN_C_OK)
		link->broken = "no memory for a message";
	drain(link, d);
}

void
xn_direct_shut(struct xn_link *link, struct xn_chan *ch)
{
	struct xn_direct *d = ch->direct;

	if (d == NULL || d->shut)
		return;
	drain(link, d);
	d->shut = 1;
	shutdown(d->fd, SHUT_WR);
}

/* ---- The loop ----------------------------------------------------------- */

/* Give back those that neither bring nor take anything any more. */
static void
sweep(struct xn_link *link)
{
	struct xn_direct **at = &link->directs, *d;

	while ((d = *at) != NULL) {
		if ((!d->chan->closed && !d->chan->peer_closed) ||
		    (!d->over && !d->ended && !d->broken)) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		link->directs_n--;
		d->chan->direct = NULL;
		close(d->fd);
		xn_buf_free(&d->in);
		xn_buf_free(&d->out);
		xn_buf_free(&d->early);
		free(d->end_text);
		free(d);
	}
}

nfds_t
xn_direct_prepare(struct xn_link *link, struct pollfd *pfd, int *timeout)
{
	nfds_t n = 0;

	if (link->draining == 0)
		sweep(link);
	for (struct xn_direct *d = link->directs; d != NULL; d = d->next, n++) {
		short events = 0;

		write_some(d);
		if (!d->ended && !d->over)
			events |= POLLIN;
		if (xn_buf_len(&d->out) > 0 && !d->broken)
			events |= POLLOUT;
		pfd[n] = (struct pollfd){ events != 0 ? d->fd : -1, events,
		    0 };
		/* An end that nobody explains is looked at now and then. */
		if (d->patience > 0 && (*timeout < 0 || *timeout > 1000))
			*timeout = 1000;
	}
	return n;
}

void
xn_direct_poll(struct xn_link *link, const struct pollfd *pfd, nfds_t n,
    int more)
{
	for (struct xn_direct *d = link->directs; n > 0;
	    d = d->next, pfd++, n--) {
		if (pfd->revents & POLLOUT)
			write_some(d);
		if ((pfd->events & POLLIN) && (pfd->revents & ~POLLOUT))
			read_some(link, d);
		if (d->patience > 0 && d->chan->peer_closed)
			d->patience = 0;
		if (d->patience > 0 && !more && xn_link_now() >= d->patience)
			break_off(link, d);
	}
}
