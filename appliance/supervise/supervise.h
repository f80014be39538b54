/*
 * supervise.h: the daemon.
 *
 * It loads no plugin and opens no gateway: each job is run by a process of its
 * own, and the configuration is read by one, too.
 */
#ifndef SYNCGATE_SUPERVISE_SUPERVISE_H
#define SYNCGATE_SUPERVISE_SUPERVISE_H

#include <execnet.h>

#include "appliance/supervise/log.h"

typedef struct supervise_options {
	const char *program;		/* what we were called as */
	const char *file;		/* the configuration */
	const char *plugin_dir;		/* for our workers; or NULL */
	const char *store;		/* the same */
	int verbose;
	int log_start;			/* enum log_start */
	/* Called once all is there and before the first job begins. */
	void (*ready)(void *baton);
	void *baton;
} supervise_options_t;

/*
 * Run all jobs until SIGTERM or SIGINT.  An error means that it did not begin:
 * XN_E_CONFIG, or XN_E_USAGE if another daemon has the socket.
 */
xn_error_t *supervise_run(const supervise_options_t *options,
    apr_pool_t *pool);

#endif
