/*
 * daemon_config.h: the section "daemon" of the configuration.
 */
#ifndef SYNCGATE_JOB_DAEMON_CONFIG_H
#define SYNCGATE_JOB_DAEMON_CONFIG_H

#include "core/plugin/options.h"

/* Where the daemon's log goes: `log`. */
enum syncgate_log_way {
	SYNCGATE_LOG_AUTO,
	SYNCGATE_LOG_STDERR,
	SYNCGATE_LOG_SYSLOG,
	SYNCGATE_LOG_JOURNALD
};

typedef struct syncgate_daemon_config {
	const char *socket;		/* NULL: where it is by default */
	const char *memory;		/* where it remembers; the same */
	const char *group;		/* whose members may ask it, too; or
					 * NULL */
	int at_once;			/* runs of jobs with a schedule; 0: any
					 * number */
	int host_at_once;		/* of them, with one host; the same */
	apr_interval_time_t stop_within;	/* then jobs are killed */
	const char *http;		/* where the status page listens, as of
					 * listen.h; NULL: there is none */
	const char *http_cert, *http_key;	/* its files for TLS; NULL */
	apr_interval_time_t history_keep;	/* runs are remembered for so
					 * long; 0: for ever */
	int history_runs;		/* of a job; 0: any number */
	apr_interval_time_t lease;	/* of who runs a job; 0: none */
	int log;			/* enum syncgate_log_way */
	int log_json;			/* lines are objects */
	const char *log_socket;		/* NULL: the usual one */
} syncgate_daemon_config_t;

/* What may stand there; ends with a NULL name. */
extern const syncgate_option_t syncgate_daemon_options[];

/*
 * Read COUNT settings, all of them of these options, into POOL.  XN_E_CONFIG
 * begins with the setting's place.
 */
xn_error_t *syncgate_daemon_config_read(syncgate_daemon_config_t *daemon,
    const syncgate_setting_t *settings, int count, apr_pool_t *pool);

/*
 * What only who runs the daemon, or checks for it, can see: its files can be
 * read.
 */
xn_error_t *syncgate_daemon_config_check(
    const syncgate_daemon_config_t *daemon);

#endif
