/*
 * <syncgate/plugin.h>: what a plugin is.
 *
 * A plugin is a shared object NAME.so that exports one symbol:
 *
 *	const syncgate_plugin_t syncgate_plugin = { .abi = ..., ... };
 *
 * It implements one kind of job.  It includes this header (and by it
 * <execnet.h>) alone, and links against libexecnet with -Wl,-z,defs.  The
 * table of options is the single source for the configuration file, for
 * `syncgate plugins`, for the manual and for the checks.
 */
#ifndef SYNCGATE_PLUGIN_H
#define SYNCGATE_PLUGIN_H

#include <execnet.h>

/*
 * The ABI of this header: a host loads a plugin only if the numbers are equal.
 * It grows with every change of a struct below.
 *	1	2026-11: the first
 */
#define SYNCGATE_PLUGIN_ABI 1

/* ---- Options ---------------------------------------------------------------- */

enum syncgate_option_type {
	SYNCGATE_STRING,
	SYNCGATE_LOCATION,	/* checked and resolved before run */
	SYNCGATE_BOOL,		/* yes|no|true|false|on|off */
	SYNCGATE_INTEGER,	/* decimal, with k, M, G for sizes */
	SYNCGATE_SECONDS,	/* decimal number with ms, s, m, h, d; s if none */
	SYNCGATE_CHOICE		/* one of choices */
};

typedef struct syncgate_option {
	const char *name;	/* as in the configuration: lower case, dashes */
	int type;		/* enum syncgate_option_type */
	const char *fallback;	/* default as the user would write it; NULL:
				 * none */
	int required;		/* the job is refused without it */
	const char *choices;	/* SYNCGATE_CHOICE: "auto|copy" */
	const char *help;	/* one line for the manual and `plugins` */
} syncgate_option_t;

/* ---- A job while it runs ------------------------------------------------------ */

typedef struct syncgate_job syncgate_job_t;

/* Its name in the configuration. */
XN_API const char *syncgate_job_name(const syncgate_job_t *job);

/* The group that all its gateways belong to; cancelled when it must stop. */
XN_API xn_group_t *syncgate_job_group(const syncgate_job_t *job);

/*
 * The value of an option as its type says; the default where the user gave
 * none.  Asking for an option that is not in the table, or as another type,
 * aborts: that is a mistake in the plugin.  A NULL string or location means
 * that an optional one was not given.
 */
XN_API const char *syncgate_job_string(const syncgate_job_t *job,
    const char *option);
XN_API const xn_location_t *syncgate_job_location(const syncgate_job_t *job,
    const char *option);
XN_API int syncgate_job_bool(const syncgate_job_t *job, const char *option);
XN_API long long syncgate_job_integer(const syncgate_job_t *job,
    const char *option);
XN_API apr_interval_time_t syncgate_job_seconds(const syncgate_job_t *job,
    const char *option);

/* What the command line asked for. */
XN_API int syncgate_job_once(const syncgate_job_t *job);
XN_API int syncgate_job_dry_run(const syncgate_job_t *job);

/*
 * 1 when the job has been asked to stop (SIGINT, SIGTERM, the daemon): finish
 * what makes the destination whole, then return.  syncgate_job_wait() sleeps
 * and returns 1 at once when that happens, else 0 after TIME.
 */
XN_API int syncgate_job_stopping(const syncgate_job_t *job);
XN_API int syncgate_job_wait(syncgate_job_t *job, apr_interval_time_t time);

/*
 * A descriptor that becomes readable when the job is asked to stop.
 */
XN_API int syncgate_job_stop_fd(const syncgate_job_t *job);

/* What a log line is about. */
enum syncgate_level { SYNCGATE_INFO, SYNCGATE_WARNING, SYNCGATE_DEBUG };

/* One line for the log (or a JSON object with --json). */
XN_API void syncgate_job_log(syncgate_job_t *job, int level,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * What the job is doing, for the progress line, `status` and --json.  Call it
 * as often as you like: it is shown at most some times a second.  Unknown
 * numbers are -1.
 */
typedef struct syncgate_progress {
	const char *phase;	/* "copying", "following": one word */
	const char *unit;	/* "revision": what done and total count */
	long long done, total;	/* done of total; total -1 if not known */
	long long bytes;	/* moved in this run */
} syncgate_progress_t;
XN_API void syncgate_job_progress(syncgate_job_t *job,
    const syncgate_progress_t *progress);

/*
 * The connection is up and the job does what it is for: resets the backoff of
 * the retries that follow a failure.
 */
XN_API void syncgate_job_healthy(syncgate_job_t *job);

/*
 * 1 if an earlier attempt of this run was healthy: then a failure is rather a
 * passing one (a disk that is full, a folder that is not mounted) than a wrong
 * configuration, and a plugin may ask for another attempt, by XN_E_CONNECTION.
 */
XN_API int syncgate_job_was_healthy(const syncgate_job_t *job);

/* ---- The plugin ------------------------------------------------------------------ */

/* One remote-side program, as shipped. */
typedef struct syncgate_side {
	const char *name;	/* "svnhotsync/side_source.c" */
	const char *source;	/* its text */
} syncgate_side_t;

typedef struct syncgate_plugin {
	int abi;			/* SYNCGATE_PLUGIN_ABI; stays first */
	const char *name;		/* "svnhotsync", as the file */
	const char *description;	/* one line */
	const char *version;
	const syncgate_option_t *options;	/* ends with a NULL name */
	const syncgate_side_t *sides;		/* ends with a NULL name */
	const char *needs;	/* what its sides touch, for confinement:
				 * "read:${source} write:${mirror}" */

	/*
	 * Is this combination of options possible?  Opens nothing.  May be
	 * NULL.
	 */
	xn_error_t *(*check)(syncgate_job_t *job, apr_pool_t *pool);

	/*
	 * Do the job once: until it is done, is asked to stop (then NULL), or
	 * fails.  The caller calls again after a backoff when the error is
	 * XN_E_CONNECTION, XN_E_CONNECT, XN_E_TIMEOUT or XN_E_BOOTSTRAP and
	 * the job is not run --once; other errors end the job.  Each call gets
	 * a fresh group and pool.
	 */
	xn_error_t *(*run)(syncgate_job_t *job, apr_pool_t *pool);

	/* What the job would do, in one line in POOL.  May be NULL. */
	const char *(*describe)(syncgate_job_t *job, apr_pool_t *pool);
} syncgate_plugin_t;

#endif
