/*
 * ssh_config.h: what ssh's configuration says about a host.
 *
 * The ssh program itself is asked (ssh -G), so that Host, Match, Include and
 * canonical names work as the user knows them.  Where it is not installed,
 * OpenSSH's defaults are taken.
 */
#ifndef XN_TRANSPORT_SSH_CONFIG_H
#define XN_TRANSPORT_SSH_CONFIG_H

#include "core/transport/transport.h"

#define XN_SSH_FILES_MAX	32	/* of each kind; more are an error */

typedef struct xn_ssh_config {
	const char *host;		/* to connect to */
	const char *user;
	int port;
	const char *key_alias;		/* HostKeyAlias, or NULL */
	const char *agent;		/* socket of ssh-agent, or NULL: none */
	const char *jump;		/* ProxyJump: "gate,me@other:22", or
					 * NULL */
	const char *proxy;		/* "ProxyCommand nc", or NULL */
	int identities_only;		/* no key but IDENTITY's from an agent */
	int identity_named;		/* the first of them is -i's */
	int identity_count;
	const char *identity[XN_SSH_FILES_MAX];
	int known_count;		/* user's files first, then global ones */
	int known_user_count;		/* how many of them are the user's */
	const char *known[XN_SSH_FILES_MAX];
} xn_ssh_config_t;

/* What % tokens stand for, and what is taken where nothing is said. */
typedef struct xn_ssh_local {
	const char *home;		/* %d and ~ */
	const char *user;		/* %u */
	const char *host_name;		/* %l */
	unsigned long uid;		/* %i */
	const char *agent;		/* SSH_AUTH_SOCK, or NULL */
} xn_ssh_local_t;

/*
 * Read TEXT, the N bytes that `ssh -G` printed for TARGET.  What TARGET says
 * itself goes first.  With N == 0, OpenSSH's defaults.
 */
xn_error_t *xn_ssh_config_parse(xn_ssh_config_t **config, const char *text,
    size_t n, const xn_ssh_target_t *target, const xn_ssh_local_t *local,
    apr_pool_t *pool);

/* Ask the ssh program about TARGET and read what it says. */
xn_error_t *xn_ssh_config_load(xn_ssh_config_t **config,
    const xn_ssh_target_t *target, const xn_transport_open_t *how,
    apr_pool_t *pool);

#endif
