/*
 * window.h: the arithmetic of credit, for both ends of a channel.
 *
 * A sender may have at most its credit in flight; a frame costs its payload
 * plus XN_FRAME_COST.  A channel begins with XN_WINDOW_START in each
 * direction, without a word said.  The receiver grants again what its consumer
 * has taken (CHANNEL_WINDOW), and grants more while the consumer is faster
 * than the line, up to XN_WINDOW_MAX a channel and XN_GATEWAY_WINDOW_MAX for
 * all channels of a gateway together.
 *
 * Only arithmetic: no locks, no I/O.  The owner of the struct locks.
 */
#ifndef XN_WIRE_WINDOW_H
#define XN_WIRE_WINDOW_H

#include <stdint.h>

#define XN_FRAME_COST		64u
#define XN_WINDOW_START		(256u * 1024)
#define XN_WINDOW_MAX		(8u * 1024 * 1024)
#define XN_GATEWAY_WINDOW_MAX	(32u * 1024 * 1024)

struct xn_window {
	/* as sender */
	int64_t credit;		/* what we may still send; never below 0 */
	/* as receiver */
	uint32_t size;		/* the window that we have opened in all */
	int64_t outstanding;	/* granted to the peer and not yet arrived */
	uint32_t consumed;	/* taken by the consumer, not yet granted */
	uint8_t starved;	/* the consumer waited since the last grant */
};

/* What all channels of a gateway have opened above XN_WINDOW_START each. */
struct xn_window_total {
	uint32_t extra;
};

void xn_window_init(struct xn_window *w);

/* 1 if a frame with N bytes of payload may be sent now, 0 if not. */
int xn_window_may_send(const struct xn_window *w, uint32_t n);

/* Account for a frame sent; only after xn_window_may_send said 1. */
void xn_window_sent(struct xn_window *w, uint32_t n);

/* The peer granted GRANT more.  XN_C_CREDIT if the sum is absurd. */
int xn_window_granted(struct xn_window *w, uint32_t grant);

/* A frame arrived.  XN_C_CREDIT if the peer had no credit for it. */
int xn_window_arrived(struct xn_window *w, uint32_t n);

/*
 * The consumer took a frame of N bytes payload; STARVED says that it had been
 * waiting for it (so the window may be too small).  Returns the grant to send
 * to the peer now, or 0 when it is not worth a message yet.  At least half a
 * window is collected before it is granted.
 */
uint32_t xn_window_consumed(struct xn_window *w, struct xn_window_total *total,
    uint32_t n, int starved);

/* The channel is gone: give back what it had opened of TOTAL. */
void xn_window_closed(struct xn_window *w, struct xn_window_total *total);

#endif
