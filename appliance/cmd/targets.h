/*
 * targets.h: the gateways that a command line means, by xspec or by the names
 * of configured gateways and groups.
 */
#ifndef SYNCGATE_CMD_TARGETS_H
#define SYNCGATE_CMD_TARGETS_H

#include <pthread.h>

#include <apr_tables.h>

#include "appliance/job/config.h"

/* One gateway. */
typedef struct cmd_target {
	const char *name;		/* who its values are said to be from */
	const char *xspec;
	struct cmd_target *via;		/* the one that it goes through, maybe
					 * by others; or NULL */
	const char *nowhere;		/* a via= on its way that names neither
					 * a target nor a configured gateway */
	apr_pool_t *pool;		/* of the thread that opens it */
	/* Under the lock of its targets: */
	enum { TARGET_CLOSED, TARGET_OPEN, TARGET_FAILED } state;
	xn_gateway_t *gateway;		/* once it is open */
} cmd_target_t;

/* All of them; one group. */
typedef struct cmd_targets {
	apr_array_header_t *items;	/* cmd_target_t * */
	xn_group_t *group;
	const char *file;		/* of the configuration; NULL: the
					 * installed one, if it is there */
	syncgate_config_t *config;	/* NULL until a name needs it */
	apr_pool_t *pool;
	pthread_mutex_t lock;
	pthread_cond_t changed;		/* a state has */
} cmd_targets_t;

/*
 * Find what the N WORDS mean: an xspec, or the name of a gateway or group in
 * the configuration FILE (NULL: the installed one).  What a via= names may be
 * there too, and is opened when it is needed.  XN_E_USAGE, XN_E_XSPEC or
 * XN_E_CONFIG for what means nothing; nothing is opened.
 */
xn_error_t *cmd_targets_find(cmd_targets_t **targets, const char *const *words,
    int n, const char *file, apr_pool_t *pool);

/*
 * Open TARGET, after the one that it goes through, which another thread opens.
 * Thread-safe; each target once.
 */
xn_error_t *cmd_target_open(cmd_targets_t *targets, cmd_target_t *target);

/* It will not be opened: whoever goes through it need not wait. */
void cmd_target_give_up(cmd_targets_t *targets, cmd_target_t *target);

/* Terminate all and free what is not in the pool.  No thread may be left. */
void cmd_targets_close(cmd_targets_t *targets);

/* The value of KEY in XSPEC, in POOL; NULL if it is not there. */
const char *cmd_xspec_value(const char *xspec, const char *key,
    apr_pool_t *pool);

#endif
