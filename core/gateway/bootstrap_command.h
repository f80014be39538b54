/* bootstrap_command.h: the line of sh that starts everything. */
#ifndef XN_GATEWAY_BOOTSTRAP_COMMAND_H
#define XN_GATEWAY_BOOTSTRAP_COMMAND_H

#include <apr_pools.h>

/*
 * The command to execute over there, in POOL.  NONCE is hexadecimal; with
 * CACHE the agent is kept in ~/.cache/syncgate.
 */
const char *xn_bootstrap_command(const char *nonce, int cache,
    apr_pool_t *pool);

#endif
