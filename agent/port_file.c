/*
 * port_file.c: how a program has the router send its file; see sendfile.h.
 */
#include <errno.h>
#include <sys/stat.h>

#include "agent/direct.h"
#include "agent/sendfile.h"

/* How many of N bytes there is credit for, in frames as the router makes them;
 * at least one of them. */
static uint32_t
granted(const struct xn_chan *ch, long long n)
{
	struct xn_window w = ch->window;
	uint32_t all = 0, piece;

	do {
		piece = n < (long long)XN_SENDFILE_PIECE ? (uint32_t)n :
		    XN_SENDFILE_PIECE;
		xn_window_sent(&w, piece + XN_SENDFILE_COST);
		all += piece;
		n -= piece;
	} while (n > 0 && all < XN_SENDFILE_MAX &&
	    xn_window_may_send(&w, XN_SENDFILE_PIECE + XN_SENDFILE_COST));
	return all;
}

static void
pay(struct xn_chan *ch, uint32_t n)
{
	while (n > 0) {
		uint32_t piece = n < XN_SENDFILE_PIECE ? n : XN_SENDFILE_PIECE;

		xn_window_sent(&ch->window, piece + XN_SENDFILE_COST);
		n -= piece;
	}
}

/* Offer the next bytes: XN_PORT_OK and how many, 0 if they are not taken. */
static int
offer(struct xn_link *link, struct xn_chan *ch, int fd, long long at,
    long long n, uint32_t *taken, const char **error)
{
	uint8_t frame[XN_SENDFILE_FRAME];
	int rc = xn_link_await_credit(link, ch,
	    XN_SENDFILE_PIECE + XN_SENDFILE_COST, error);

	*taken = 0;
	if (rc != XN_PORT_OK || (ch->direct != NULL && ch->direct->sends))
		return rc;
	*taken = granted(ch, n);
	xn_sendfile_frame(frame, ch->id, at, *taken);
	if (xn_link_hand_over(link, frame, sizeof(frame),
	    (int[2]){ fd, -1 }) == 0)
		pay(ch, *taken);
	else
		*taken = 0;
	return XN_PORT_OK;
}

int
xn_link_send_file(void *baton, void *channel, int fd, long long at,
    long long n, long long *sent, const char **error)
{
	struct xn_link *link = baton;
	struct xn_chan *ch = channel;
	int rc = XN_PORT_OK;
	uint32_t taken = 1;
	struct stat st;

	*sent = 0;
	if (!link->program->files || !xn_sendfile_takes(fd) || at < 0 ||
	    fstat(fd, &st) != 0 || n > st.st_size - at)
		return XN_PORT_OK;
	ch->sending = 1;
	while (*sent < n && rc == XN_PORT_OK && taken > 0) {
		rc = offer(link, ch, fd, at + *sent, n - *sent, &taken, error);
		*sent += taken;
	}
	ch->sending = 0;
	xn_direct_switch(link, ch);
	return rc;
}
