/*
 * pump.h: a transport whose bytes another transport carries: a thread moves
 * them between it and one end of a pair of sockets.
 */
#ifndef XN_TRANSPORT_PUMP_H
#define XN_TRANSPORT_PUMP_H

#include "core/transport/transport.h"

typedef struct xn_pump xn_pump_t;

/*
 * Start a thread that has T for itself from now on, until xn_pump_stop(); *FD,
 * non-blocking and the caller's, is what T's bytes come out of and go into.  At
 * most a few hundred KiB wait in each direction.
 */
xn_error_t *xn_pump_start(xn_pump_t **pump, int *fd, xn_transport_t *t,
    apr_pool_t *pool);

/* Why T was lost, or NULL if it was not; in POOL.  From any thread. */
const char *xn_pump_failure(xn_pump_t *pump, apr_pool_t *pool);

/* End the thread; T is the caller's again.  Close the other end first: what
 * was written to it still goes where T takes it at once. */
void xn_pump_stop(xn_pump_t *pump);

#endif
