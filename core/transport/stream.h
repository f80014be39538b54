/*
 * stream.h: reading and writing a descriptor without waiting, as transports do
 * it.
 */
#ifndef XN_TRANSPORT_STREAM_H
#define XN_TRANSPORT_STREAM_H

#include "core/transport/transport.h"

/* As the functions of xn_transport_kind_t, on FD; -1: already closed. */
xn_error_t *xn_stream_read(const xn_transport_t *t, int fd, void *buffer,
    size_t n, size_t *got, int *end);
xn_error_t *xn_stream_write(const xn_transport_t *t, int fd,
    const struct iovec *iov, int n, size_t *put);

#endif
