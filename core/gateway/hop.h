/*
 * hop.h: gateways through gateways.
 *
 * With via=ID the bytes of a gateway, whatever kind it is, go through a channel
 * of another one, to a small program there (hop_side.c, hop_side.py) that
 * connects to the next machine or starts a program.  What the bytes say is
 * settled between this end and the last: nobody on the way has a key.
 */
#ifndef XN_GATEWAY_HOP_H
#define XN_GATEWAY_HOP_H

#include "core/gateway/internal.h"

struct xn_hop {
	xn_way_t way;			/* how the gateway's transport opens */
	xn_gateway_t *gateway;		/* whose it is */
	xn_gateway_t *master;		/* what it goes through; counted */
	xn_channel_t *channel;		/* of master: the newest stream's, in
					 * the gateway's pool; or NULL */
};

/*
 * Make GW->hop as its xspec's via= says, in GW's pool; NULL without via=.
 * XN_E_XSPEC if the group has no such gateway open.
 */
xn_error_t *xn_hop__open(xn_gateway_t *gw);

/*
 * *MASTER is what GW's via= names, counted: open, or opened as
 * xn_group_set_named() says; waits while another thread opens it.
 */
xn_error_t *xn_hop__find(xn_gateway_t **master, xn_gateway_t *gw);

/* Release what xn_group_set_named() had opened; not locked. */
void xn_hop__close_named(xn_group_t *group);

/*
 * Why GW has ended or could not be opened, which goes through GW->hop: ERROR
 * (consumed; NULL: its stream just ended) with what is known of the way.
 */
xn_error_t *xn_hop__explain(xn_gateway_t *gw, xn_error_t *error);

/* GW's connection is closed: so are its streams; not locked. */
void xn_hop__close(xn_gateway_t *gw);

/* 1 if a gateway of the group that has not ended goes through GW; locked. */
int xn_hop__in_use(const xn_gateway_t *gw);

#endif
