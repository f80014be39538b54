/*
 * link.h: xn_link(), a direct path between the agents of two channels.
 */
#ifndef XN_GATEWAY_LINK_H
#define XN_GATEWAY_LINK_H

#include "core/gateway/internal.h"

/* LINK came: an answer to a request, or a program's mark (agent/meet.h). */
xn_error_t *xn_link__on_message(xn_gateway_t *gw, const struct xn_message *m);

#endif
