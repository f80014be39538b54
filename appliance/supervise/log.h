/*
 * log.h: where the daemon says what happens: standard error, syslog or
 * journald, as text or JSON.
 */
#ifndef SYNCGATE_SUPERVISE_LOG_H
#define SYNCGATE_SUPERVISE_LOG_H

#include <apr_pools.h>

#include "appliance/job/daemon_config.h"

/* How the daemon was started. */
enum log_start {
	LOG_START_BACKGROUND,		/* it has no standard error */
	LOG_START_FOREGROUND,
	LOG_START_JSON			/* the same, and JSON in any case */
};

/* Where lines go until the configuration is known: to standard error. */
typedef struct log log_t;
log_t *log_create(int start, int verbose, apr_pool_t *pool);

/*
 * As DAEMON says; by `auto` to journald where standard error leads there, else
 * to syslog from the background.  That what is asked for by its name cannot be
 * had is an error, and all stays as it was; of what is not, *WARNING tells, a
 * constant, or is NULL.
 */
xn_error_t *log_configure(log_t *log, const char **warning,
    const syncgate_daemon_config_t *daemon);

/* What else is known of JOB, or NULL: its plugin, and where it logs in. */
typedef void log_about_fn(void *baton, const char *job, const char **plugin,
    const char **remote);
void log_about(log_t *log, log_about_fn *about, void *baton);

/*
 * One line about JOB, or the daemon itself (NULL); LEVEL is as of
 * <syncgate/plugin.h>, EVENT a word for JSON.
 */
void log_line(log_t *log, const char *job, int level, const char *event,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same for TEXT, of whatever level: the caller wants it. */
void log_said(log_t *log, const char *job, int level, const char *event,
    const char *text);

#endif
