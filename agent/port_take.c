/*
 * port_take.c: how a program has the router write what comes to a file; see
 * take.h.
 *
 * What was on its way when the router began comes here first, and is received
 * as usual; what comes after the end of it, too.  What is in the file lies
 * between: so TAKING knows how many payloads waited when the router first told
 * of bytes.
 */
#include "agent/link.h"
#include "agent/take.h"
#include "core/wire/code.h"

#define SMALL		(128 * 1024)	/* less comes as quickly otherwise */
#define REFUSED		64		/* payloads until it is tried again */

/* May the router be asked to write N bytes to FD? */
static int
may_ask(const struct xn_link *link, const struct xn_chan *ch, int fd,
    long long at, long long n)
{
	return n >= SMALL && !link->program->plain && ch->direct == NULL &&
	    ch->part_n == 0 && ch->payloads >= ch->taking.not_before &&
	    xn_take_takes(fd, at, n);
}

static void
ask(struct xn_link *link, struct xn_chan *ch, int fd, long long at,
    long long n)
{
	uint8_t frame[XN_TAKE_FRAME];
	struct xn_taking *t = &ch->taking;

	*t = (struct xn_taking){ .not_before = ch->payloads + REFUSED,
	    .fd = fd, .end = at + n };
	xn_take_frame(frame, ch->id, at, n, ch->payloads, ch->bytes);
	t->on = xn_link_hand_over(link, frame, sizeof(frame),
	    (int[2]){ fd, -1 }) == 0;
}

/* All has come, perhaps before the router got the question: its answer has. */
static int
end(struct xn_link *link, struct xn_chan *ch)
{
	while (ch->taking.on && !ch->peer_closed && !xn_link_ended(link) &&
	    link->broken == NULL)
		xn_link_await(link, ch, -1);
	return XN_PORT_OK;
}

int
xn_link_take(void *baton, void *channel, int fd, long long at, long long n,
    long long *taken, const char **error)
{
	struct xn_link *link = baton;
	struct xn_chan *ch = channel;
	struct xn_taking *t = &ch->taking;
	int rc;

	*taken = 0;
	if (n == 0)
		return end(link, ch);
	for (;;) {
		if (t->bytes > 0 && t->before == 0) {
			*taken = (long long)t->bytes;
			t->bytes = 0;
			return XN_PORT_OK;
		}
		rc = xn_link_readiness(link, ch, error);
		if (rc != XN_PORT_TIMEOUT)
			return rc;
		if (t->on && (t->fd != fd || t->end != at + n)) {
			*error = XN_TAKE_BROKEN;
			return XN_PORT_ERROR;
		}
		if (!t->on && !may_ask(link, ch, fd, at, n))
			return XN_PORT_OK;
		if (!t->on)
			ask(link, ch, fd, at, n);
		else
			xn_link_await(link, ch, -1);
	}
}

int
xn_link_took(struct xn_link *link, struct xn_chan *ch,
    const struct xn_message *m)
{
	struct xn_taking *t = &ch->taking;
	uint32_t frames, bytes;
	int rc = XN_C_OK;

	if (m->length != XN_TOOK_SIZE)
		return XN_C_BAD_COUNT;
	frames = xn_get_u32(m->payload);
	bytes = xn_get_u32(m->payload + 4);
	if (bytes / XN_TAKE_COST < frames)
		return XN_C_BAD_COUNT;
	if (!t->told)
		t->before = ch->items_n;
	t->told = 1;
	if (m->payload[8] != 0)
		t->on = 0;
	if (frames == 0 || ch->closed || ch->peer_closed)
		return XN_C_OK;
	t->not_before = 0;
	t->bytes += bytes - XN_TAKE_COST * frames;
	ch->payloads += frames;
	ch->bytes += bytes;
	for (uint32_t i = 0; i < frames && rc == XN_C_OK; i++)
		rc = xn_window_arrived(&ch->window, i == 0 ? bytes : 0);
	if (rc == XN_C_OK)
		xn_chan_consumed(link, ch, bytes, frames, link->awaited == ch);
	return rc;
}
