/* wait.h: waiting while a connection is being opened. */
#ifndef XN_TRANSPORT_WAIT_H
#define XN_TRANSPORT_WAIT_H

#include "core/transport/transport.h"

/*
 * Poll the N descriptors at PFD (room for one more) until one is ready.
 * XN_E_CANCELLED as HOW says, XN_E_TIMEOUT at UNTIL: "timed out DOING".
 */
xn_error_t *xn_transport_poll(struct pollfd *pfd, int n,
    const xn_transport_open_t *how, apr_time_t until, const char *doing);

/* Wait for TIME and nothing else: XN_E_CANCELLED, or XN_E_TIMEOUT at HOW's
 * deadline, as above. */
xn_error_t *xn_transport_pause(const xn_transport_open_t *how,
    apr_interval_time_t time, const char *doing);

#endif
