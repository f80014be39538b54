/*
 * held.h: channels that something holds: they stay open and in the table for
 * it.  held.c says what holds which.
 */
#ifndef XN_GATEWAY_HELD_H
#define XN_GATEWAY_HELD_H

#include <stddef.h>
#include <stdint.h>

#include <execnet.h>

/* Channels that something holds, see held.c. */
struct xn_held {
	struct xn_channel **channels;	/* malloc'ed */
	int n, room;
};

/*
 * A reference that keeps CH open and in the table; dropping the last closes it.
 * Locked, but for dropped_with(): it is dropped with POOL.
 */
void xn_channel__hold(xn_channel_t *ch);
void xn_channel__drop(xn_channel_t *ch);
void xn_channel__dropped_with(xn_channel_t *ch, apr_pool_t *pool);
void xn_held__add(struct xn_held *held, xn_channel_t *ch);
void xn_held__drop(struct xn_held *held);

/* Nobody will receive from CH any more: drop what waits in it, and what it
 * keeps; locked. */
void xn_channel__empty(xn_channel_t *ch);

/* The gateway of CH goes: what waits in CH goes too, if CH is in values alone;
 * locked. */
void xn_channel__break_cycle(xn_channel_t *ch);

/* The same for channels whose kept_by is CARRIER, which are in no values. */
void xn_held__drop_kept(struct xn_held *held, const xn_channel_t *carrier);

/* What used CH without holding it is done: it goes if nobody holds it.
 * Locked. */
void xn_channel__forget_unheld(xn_channel_t *ch);

/*
 * N bytes of a payload have arrived: the channels in them are made and held
 * (CH->arriving).  XN_C_NO_CHANNEL if one of them is ours and we never made it,
 * XN_C_TOO_MANY if too many are held.  Locked; CH has a gateway.
 */
int xn_channel__announce(xn_channel_t *ch, const uint8_t *bytes, size_t n);

/* CARRIER holds CH, until CH has been closed here and later ones arrive: the
 * second is for then.  Locked. */
void xn_channel__keep_for(xn_channel_t *carrier, xn_channel_t *ch);
void xn_channel__sweep_kept(xn_channel_t *ch);

#endif
