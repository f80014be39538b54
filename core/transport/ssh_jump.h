/*
 * ssh_jump.h: ProxyJump: an ssh session with a host that opens the connection
 * to the next one (direct-tcpip).  Keys, host keys and everything behind the
 * handshake of the next one are between it and this process.
 */
#ifndef XN_TRANSPORT_SSH_JUMP_H
#define XN_TRANSPORT_SSH_JUMP_H

#include "core/transport/ssh.h"

/*
 * Log in to the last host of LIST, "[user@]host[:port],...", by way of the
 * others; each as ssh_config has it, and -F is CONFIG.  DEPTH: how many sessions
 * are being opened already.  The result's way makes one connection, and ends
 * with xn_ssh__jump_close().
 */
xn_error_t *xn_ssh__jump_open(xn_ssh_jump_t **jump, const char *list,
    const char *config, int depth, const xn_transport_open_t *how,
    apr_pool_t *pool);

/* Whom to ask for the connection. */
const xn_way_t *xn_ssh__jump_way(const xn_ssh_jump_t *jump);

/* Why the connection was lost on the way, in POOL; NULL if it was not. */
const char *xn_ssh__jump_failure(xn_ssh_jump_t *jump, apr_pool_t *pool);

/* Close it after the connection through it; NULL: nothing to do. */
void xn_ssh__jump_close(xn_ssh_jump_t *jump);

/*
 * Read the last host of LIST into TARGET and what comes before it into its
 * jump (NULL: nothing does); in POOL.
 */
xn_error_t *xn_ssh__jump_parse(xn_ssh_target_t *target, const char *list,
    apr_pool_t *pool);

#endif
