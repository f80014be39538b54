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

/* While the peer is not read: tell those who wait for too long, in vain. */
void xn_plain__look(xn_gateway_t *gw);

/* What they are told: which channel is in the way of CH; locked. */
xn_error_t *xn_plain__stuck(const xn_channel_t *ch);

#endif
