/* resolve.h: the addresses of a host, before the deadline. */
#ifndef XN_TRANSPORT_RESOLVE_H
#define XN_TRANSPORT_RESOLVE_H

#include <sys/socket.h>

#include <apr_tables.h>

#include "core/transport/transport.h"

typedef struct xn_address {
	struct sockaddr_storage address;
	socklen_t size;
} xn_address_t;

/*
 * The addresses of HOST with PORT, the best first: an array of xn_address_t in
 * POOL, not empty.  XN_E_CONNECT when there are none.
 */
xn_error_t *xn_transport_resolve(apr_array_header_t **found, const char *host,
    int port, const xn_transport_open_t *how, apr_pool_t *pool);

#endif
