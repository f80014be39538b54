/*
 * window.c: the arithmetic of credit.
 *
 * Why nothing can get stuck: a grant is withheld only while less than half a
 * window has been consumed, so a sender whose frames have all been consumed
 * holds more than half a window, 128 KiB at least, and a frame costs 64 KiB
 * and 64 bytes at most.
 */
#include "core/wire/window.h"

#include <string.h>

#include "core/wire/code.h"

static int64_t
cost(uint32_t n)
{
	return (int64_t)n + XN_FRAME_COST;
}

void
xn_window_init(struct xn_window *w)
{
	memset(w, 0, sizeof(*w));
	w->credit = XN_WINDOW_START;
	w->size = XN_WINDOW_START;
	w->outstanding = XN_WINDOW_START;
}

int
xn_window_may_send(const struct xn_window *w, uint32_t n)
{
	return w->credit >= cost(n);
}

void
xn_window_sent(struct xn_window *w, uint32_t n)
{
	w->credit -= cost(n);
}

int
xn_window_granted(struct xn_window *w, uint32_t grant)
{
	if (w->credit + grant > XN_WINDOW_MAX)
		return XN_C_CREDIT;
	w->credit += grant;
	return XN_C_OK;
}

int
xn_window_arrived(struct xn_window *w, uint32_t n)
{
	if (cost(n) > w->outstanding)
		return XN_C_CREDIT;
	w->outstanding -= cost(n);
	return XN_C_OK;
}

/* Open the window wider, twice as wide if the maxima allow; by how much? */
static uint32_t
widen(struct xn_window *w, struct xn_window_total *total)
{
	uint32_t more = w->size;

	if (more > XN_WINDOW_MAX - w->size)
		more = XN_WINDOW_MAX - w->size;
	if (more > XN_GATEWAY_WINDOW_MAX - total->extra)
		more = XN_GATEWAY_WINDOW_MAX - total->extra;
	w->size += more;
	total->extra += more;
	return more;
}

uint32_t
xn_window_consumed(struct xn_window *w, struct xn_window_total *total,
    uint32_t n, int starved)
{
	uint32_t grant;

	w->consumed += (uint32_t)cost(n);
	/* A burst starves its consumer before its first frame only, and the
	 * grant is due in its middle: so remember until then. */
	w->starved |= starved != 0;
	if (w->consumed < w->size / 2)
		return 0;
	grant = w->consumed;
	if (w->starved)
		grant += widen(w, total);
	w->consumed = 0;
	w->starved = 0;
	w->outstanding += grant;
	return grant;
}

void
xn_window_closed(struct xn_window *w, struct xn_window_total *total)
{
	total->extra -= w->size - XN_WINDOW_START;
	w->size = XN_WINDOW_START;
}
