/* xspec_openssh.h: what openssh= says: words for the ssh program. */
#ifndef XN_GATEWAY_XSPEC_OPENSSH_H
#define XN_GATEWAY_XSPEC_OPENSSH_H

#include <execnet.h>

/*
 * Look for the one host among WORDS (ends with NULL): *HOST, without a user.
 * XN_E_XSPEC when there is none, when a command stands behind it, and for
 * options that would take the connection's place or its bytes.
 */
xn_error_t *xn_xspec_openssh(const char **host, const char *const *words);

#endif
