/*
 * xspec_ssh.h: the value of ssh= in an xspec.
 */
#ifndef XN_GATEWAY_XSPEC_SSH_H
#define XN_GATEWAY_XSPEC_SSH_H

#include "core/transport/transport.h"

/*
 * Take VALUE apart into TARGET: "[user@]host[:port]", or execnet's way with
 * the words of the ssh program, "-p 2222 -i KEY -l USER -F CONFIG host".
 * XN_E_XSPEC says what is wrong with it.
 */
xn_error_t *xn_xspec_ssh(xn_ssh_target_t *target, const char *value,
    apr_pool_t *pool);

#endif
