/*
 * xspec_socket.h: the values of socket= and unix=.
 */
#ifndef XN_GATEWAY_XSPEC_SOCKET_H
#define XN_GATEWAY_XSPEC_SOCKET_H

#include <execnet.h>

/* "HOST:PORT", ":PORT" (this machine) or "[ADDRESS]:PORT". */
xn_error_t *xn_xspec_socket(const char **host, int *port, const char *value,
    apr_pool_t *pool);

/* An absolute path that fits into a socket's address. */
xn_error_t *xn_xspec_unix(const char **path, const char *value);

#endif
