/*
 * plain.h: a peer without windows.
 */
#ifndef XN_GATEWAY_PLAIN_H
#define XN_GATEWAY_PLAIN_H

#include <execnet.h>

/* 1 if the I/O thread shall read on, 0 while too much waits; unlocked. */
int xn_plain__may_read(xn_gateway_t *gw);

/* Ask whether the peer lives; locked. */
void xn_plain__ask(xn_gateway_t *gw);

/*
 * The last message for the channel of a program, that the program's end can
 * still be heard after; locked.
 */
int xn_plain__last_message(xn_channel_t *ch);

/*
 * 1 while such a last message, which is a small program, has not ended.  A
 * TERMINATE has to wait for it: execnet's worker loses a program that waits for
 * its main thread when TERMINATE comes, waits for it in vain, and then ends its
 * process, which may be a server.  Locked.
 */
int xn_plain__is_busy(const xn_gateway_t *gw);

/* Channel ID, which is unknown, was closed by the peer: the TERMINATE that has
 * waited for it goes.  Locked. */
void xn_plain__closed(xn_gateway_t *gw, int32_t id);

/* Free what is known of them. */
void xn_plain__forget(xn_gateway_t *gw);

/* While the peer is not read: tell those who wait for too long, in vain. */
void xn_plain__look(xn_gateway_t *gw);

/* What they are told: which channel is in the way of CH; locked. */
xn_error_t *xn_plain__stuck(const xn_channel_t *ch);

#endif
