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
 * It grows with every change of a struct or of a function's arguments below.
 *	1	2026-11: the first
 *	2	2026-11: options that are lists; items, and what is done to them
 *	3	2026-11: lists of locations; what only one job can have
 *	4	2026-11: making a target anew, promoting it, verifying it; being
 *		poked
 *	5	2026-11: one target of several; what a comparison found, in the
 *		status
 *	6	2026-11: what is held until somebody approves it
 *	7	2026-11: what was approved is kept until it is done
 */
#define SYNCGATE_PLUGIN_ABI 7

/* ---- Options ---------------------------------------------------------------- */

enum syncgate_option_type {
	SYNCGATE_STRING,
	SYNCGATE_LOCATION,	/* checked and resolved before run */
	SYNCGATE_BOOL,		/* yes|no|true|false|on|off */
	SYNCGATE_INTEGER,	/* decimal, with k, M, G for sizes */
	SYNCGATE_SECONDS,	/* decimal number with ms, s, m, h, d; s if none */
	SYNCGATE_CHOICE,	/* one of choices */
	SYNCGATE_LIST,		/* any number of strings: x = {"a", "b"} in the
				 * configuration, x=a x=b on the command line */
	SYNCGATE_GATEWAYS,	/* the same, each the name of a configured
				 * gateway or an xspec; xspecs before run */
	SYNCGATE_LOCATIONS	/* the same, each a location */
};

typedef struct syncgate_option {
	const char *name;	/* as in the configuration: lower case, dashes */
	int type;		/* enum syncgate_option_type */
	const char *fallback;	/* default as the user would write it; NULL:
				 * none, as for all lists */
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

/*
 * Of SYNCGATE_LIST the strings, of SYNCGATE_GATEWAYS the xspecs, in the order
 * given; ends with NULL, and is empty where none was given.
 */
XN_API const char *const *syncgate_job_list(const syncgate_job_t *job,
    const char *option);

/* Of SYNCGATE_LOCATIONS, in the order given; ends with NULL. */
XN_API const xn_location_t *const *syncgate_job_locations(
    const syncgate_job_t *job, const char *option);
/*
 * The same as the user wrote them: of SYNCGATE_GATEWAYS the names of configured
 * gateways, which people know them by.
 */
XN_API const char *const *syncgate_job_words(const syncgate_job_t *job,
    const char *option);

/*
 * 1 if B is the folder A or lies in it, by their gateways and paths as they are
 * written: links are not looked at.  In any thread.
 */
XN_API int syncgate_location_holds(const xn_location_t *a,
    const xn_location_t *b);

/* 1 if the user gave OPTION, of whatever type, a value. */
XN_API int syncgate_job_given(const syncgate_job_t *job, const char *option);

/* What the command line asked for. */
XN_API int syncgate_job_once(const syncgate_job_t *job);
XN_API int syncgate_job_dry_run(const syncgate_job_t *job);

/*
 * 1 if the target is to be made anew, whatever it has (--resync), until
 * syncgate_job_resynced() says that it was: another attempt does not do it
 * again.
 */
XN_API int syncgate_job_resync(const syncgate_job_t *job);
XN_API void syncgate_job_resynced(syncgate_job_t *job);

/*
 * The one target, of several, that the command line named (--only), as the job
 * names it in its log; NULL: all.  The others are to be left alone.
 */
XN_API const char *syncgate_job_only(const syncgate_job_t *job);

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

/*
 * 1 if `syncgate poke` was called since this was asked last: the source is to be
 * looked at now.  The descriptor is readable from then on until this is asked;
 * -1: nobody can poke (--once).
 */
XN_API int syncgate_job_poked(syncgate_job_t *job);
XN_API int syncgate_job_poke_fd(const syncgate_job_t *job);

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
 * How far what the job keeps is behind its source, as far as is known: for
 * `status`, which begins with it.  Call it when that changes, and as often as
 * you like, from one thread at a time; it holds until the next call or the end
 * of the attempt.
 */
typedef struct syncgate_lag {
	int in_step;		/* nothing is missing, now; the numbers below
				 * that are known are 0 then */
	long long revisions, refs, items, files, bytes;	/* to go; -1: there
				 * are none of these, or nobody knows */
	long long failed;	/* items that are given up; -1 likewise */
	apr_time_t since;	/* when the oldest of what is missing came to
				 * be at the source, by the clock of this
				 * machine; 0: not known */
} syncgate_lag_t;
#define SYNCGATE_LAG_UNKNOWN { 0, -1, -1, -1, -1, -1, -1, 0 }
XN_API void syncgate_job_lag(syncgate_job_t *job, const syncgate_lag_t *lag);

/*
 * What the job keeps was compared with the source, all of it, and is equal, at
 * AT (0: now): TEXT says in a few words what was compared, DIGEST (NULL: none)
 * what both had.  It is remembered for longer than the job runs.
 */
XN_API void syncgate_job_proven(syncgate_job_t *job, apr_time_t at,
    const char *digest, const char *text);

/*
 * This run has done N of WHAT ("revisions", "files", "bytes": a plural in lower
 * case, at most SYNCGATE_FIGURES different ones), from its beginning on: for
 * the history.  The last that was said counts.
 */
#define SYNCGATE_FIGURES 16
XN_API void syncgate_job_figure(syncgate_job_t *job, const char *what,
    long long n);

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

/*
 * 1 if ERROR, of a side's channel, says that the side did not end by itself but
 * was killed (the agent's words): then another attempt may help.
 */
XN_API int syncgate_was_killed(const xn_error_t *error);

/* ---- The circuit breaker ------------------------------------------------- */

/* What is rather a mistake than meant, whichever plugin finds it. */
enum syncgate_hold_kind {
	SYNCGATE_HOLD_LOSS,	/* more would be removed or rewritten at the
				 * destination than hold-over allows */
	SYNCGATE_HOLD_EMPTY,	/* the source has nothing any more */
	SYNCGATE_HOLD_BACK,	/* the source has less of its history */
	SYNCGATE_HOLD_OTHER,	/* the source, or the destination, is another
				 * one: by its UUID, root, device */
	SYNCGATE_HOLD_KINDS
};

/* Of a sample so many lines are kept, of each so many bytes. */
#define SYNCGATE_SAMPLE_LINES	40
#define SYNCGATE_SAMPLE_BYTES	240

typedef struct syncgate_hold {
	int kind;			/* enum syncgate_hold_kind */
	const char *subject;		/* what an approval is good for: the
					 * same text as long as the same would
					 * be done, to the same destination */
	const char *reason;		/* one line: what was found, and that
					 * nothing was done */
	const char *const *sample;	/* lines of what would be done; ends
					 * with NULL; or NULL */
} syncgate_hold_t;

/*
 * Ask whether what HOLD says may be done, before anything of it is.  NULL:
 * somebody approved it; go on.  Else return the error, XN_E_HELD, which ends
 * the job: its text says how to approve, and what HOLD has is shown, and told
 * to the daemon.  An approval of a subject counts once, one of a kind always.
 * In any thread; with --dry-run nothing is to be asked.
 */
XN_API xn_error_t *syncgate_job_hold(syncgate_job_t *job,
    const syncgate_hold_t *hold);

/*
 * hold-over of the job, which the program reads for all plugins: *PERCENT of
 * what the destination has (0 to 100), or *COUNT; what is not meant is -1.
 */
XN_API void syncgate_job_hold_over(const syncgate_job_t *job,
    long long *count, int *percent);

/* Are LOST of ALL more than that?  A percentage counts if at least LEAST are
 * lost. */
XN_API int syncgate_job_is_over(const syncgate_job_t *job, long long lost,
    long long all, long long least);

/*
 * The target is to be made anew after all, as if --resync had been given: what
 * made that necessary was approved.  AS (N bytes, at most SYNCGATE_ANEW_MAX,
 * copied) is what the plugin is to know of it in each attempt until that is done,
 * for a connection may be lost in the middle.  The thread that runs the job.
 */
#define SYNCGATE_ANEW_MAX	64
XN_API void syncgate_job_make_anew(syncgate_job_t *job, const void *as,
    size_t n);

/* 1 with that in AS; 0: there are no such N bytes.  The same thread. */
XN_API int syncgate_job_anew_as(const syncgate_job_t *job, void *as, size_t n);

/* ---- Items ------------------------------------------------------------------- */

/*
 * What a job has to do piece by piece, each with a record in the store that
 * outlives any crash: `syncgate items` shows them, `retry` and `discard` change
 * them.  The states are the plugin's to use; the program itself knows that a
 * WAITING one will be tried and that a FAILED one will not.
 */
enum syncgate_item_state {
	SYNCGATE_ITEM_WAITING = 1,
	SYNCGATE_ITEM_PLACING,
	SYNCGATE_ITEM_PLACED,
	SYNCGATE_ITEM_PUBLISHING,
	SYNCGATE_ITEM_FAILING,
	SYNCGATE_ITEM_FAILED
};

/* A text is any bytes without a NUL, and not longer than 64 KiB. */
typedef struct syncgate_item {
	const char *id;		/* 32 hex digits, lower case; unique in its
				 * queue */
	const char *name;	/* what people call it; need not be unique */
	int state;		/* enum syncgate_item_state */
	int tries;		/* that failed */
	long long size;		/* bytes; -1: not known */
	apr_time_t arrived;
	apr_time_t due;		/* not before; 0: at once */
	apr_time_t changed;	/* when it was saved; set by the store */
	const char *remote;	/* which remote has it; or NULL */
	const char *detail;	/* the plugin's own, to go on by; or NULL */
	const char *note;	/* for people: the last error; or NULL */
} syncgate_item_t;

/*
 * Use QUEUE, 32 hex digits in lower case that the plugin keeps with its data:
 * what follows is about its items, by whatever job.  First of all in run(),
 * and in one thread; opens the store.  All others may be called from any
 * thread of the job.
 *
 * An error that says the store is busy, or its server cannot be reached, is
 * XN_E_TIMEOUT, XN_E_CONNECT or XN_E_CONNECTION: another attempt may help.
 */
XN_API xn_error_t *syncgate_job_items_use(syncgate_job_t *job,
    const char *queue);

/*
 * Insert or replace N items: all of them or, with an error, none; durable when
 * it returns.  Calls that wait at the same time share one commit.
 */
XN_API xn_error_t *syncgate_job_items_save(syncgate_job_t *job,
    const syncgate_item_t *items, int n);

/* The same for taking N of them out; an id that is not there is no error. */
XN_API xn_error_t *syncgate_job_items_forget(syncgate_job_t *job,
    const char *const *ids, int n);

/*
 * At most LIMIT items (and 500) in the order of their ids, beginning behind
 * AFTER (NULL: with the first), those in STATE (0: in any), into POOL.  *N is 0
 * when there are no more.
 */
XN_API xn_error_t *syncgate_job_items_list(syncgate_item_t **items, int *n,
    syncgate_job_t *job, int state, const char *after, int limit,
    apr_pool_t *pool);

/* One, into POOL; *ITEM is NULL if there is none. */
XN_API xn_error_t *syncgate_job_items_find(syncgate_item_t **item,
    syncgate_job_t *job, const char *id, apr_pool_t *pool);

/* Called for one item after the other; an error from it ends that. */
typedef xn_error_t *syncgate_item_fn(void *baton, const syncgate_item_t *item);

/* What people may ask for an item. */
enum syncgate_action { SYNCGATE_RETRY = 1, SYNCGATE_DISCARD };

/* ---- Promoting --------------------------------------------------------------- */

#define SYNCGATE_PROMOTE_FORCE	0x01	/* without asking the source */
#define SYNCGATE_PROMOTE_HOOKS	0x02	/* programs that came with it may run */
#define SYNCGATE_PROMOTE_QUICK	0x04	/* what was verified before is not
					 * verified again */

/* ---- Verifying ---------------------------------------------------------------- */

#define SYNCGATE_VERIFY_REPAIR	0x01	/* what differs is fetched again */

/* What is known of a target, for `syncgate status`. */
typedef struct syncgate_status {
	const char *name;		/* of the target */
	const char *error;		/* why nothing is known; or NULL */
	long long youngest;		/* its youngest revision; -1: not known */
	long long proven;		/* the last one that was proven equal to
					 * the source's; -1: none was */
	apr_time_t proven_at;		/* and when, */
	const char *digest;		/* and by which digest, in hex */
	const char *differs;		/* what differed when it was compared
					 * last, */
	apr_time_t differs_at;		/* and when; NULL: nothing did */
	int unproven;			/* it is of a kind that is not compared
					 * with the source */
} syncgate_status_t;

/* Called for one target after the other. */
typedef void syncgate_status_fn(void *baton, const syncgate_status_t *status);

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

	/*
	 * The queue of JOB, into POOL, for `syncgate items`; *QUEUE is NULL if
	 * it has none yet.  Makes nothing and opens no gateway.  NULL: the
	 * plugin has no items.
	 */
	xn_error_t *(*queue)(const char **queue, syncgate_job_t *job,
	    apr_pool_t *pool);

	/*
	 * Call EACH for every item that JOB has in hand, those that the store
	 * need not know among them, for `syncgate items`; what it is called
	 * with lives until it returns.  Beside the running job, and changes
	 * nothing.  May be NULL: the store knows all.
	 */
	xn_error_t *(*in_hand)(syncgate_job_t *job, syncgate_item_fn *each,
	    void *baton, apr_pool_t *pool);

	/*
	 * `syncgate retry` and `syncgate discard`: do to the data of ITEM what
	 * ACTION says.  RETRY is of a FAILED one, DISCARD of a FAILED or a
	 * WAITING one.  Called without a gateway, in a process of its own, and
	 * perhaps beside the running job: what it does must be whole at every
	 * instant, and nothing if it was done already.  items_find and
	 * items_list may be used; items_use was called.
	 *
	 * The record is the caller's.  When act returns NULL, and the record
	 * still is what ITEM says, it becomes WAITING after RETRY (tries and
	 * due 0, remote, detail and note NULL) and is forgotten after DISCARD.
	 * So a job that meanwhile took up the item and saved a record of its
	 * own is not disturbed; and a crash between the two leaves the record
	 * as it was, with the data changed: a job that finds an item's data
	 * where RETRY puts it takes it up whatever the record says.  After an
	 * error the record stays.  NULL: the plugin's items cannot be changed.
	 */
	xn_error_t *(*act)(syncgate_job_t *job, int action,
	    const syncgate_item_t *item, apr_pool_t *pool);

	/*
	 * The option whose value, a path here or a list of locations, no two
	 * jobs can have that run at once, nor one of the list.  NULL: there is
	 * none.
	 */
	const char *alone;

	/* 1: it heeds syncgate_job_resync(), syncgate_job_only().  Else
	 * --resync, --only are refused. */
	int can_resync, can_only;

	/*
	 * `syncgate promote`: after a last check make what JOB keeps the
	 * original, so that nothing writes to it but its users, this job
	 * neither.  HOW is of SYNCGATE_PROMOTE_*.  Beside the running job, which
	 * it must refuse; whole at every instant: cut off anywhere it is as it
	 * was or can be called again.  NULL: there is nothing to promote.
	 */
	xn_error_t *(*promote)(syncgate_job_t *job, int how, apr_pool_t *pool);

	/*
	 * `syncgate verify`: compare what JOB keeps with its source, without
	 * moving it, and log the proof or, by an error, what differs.  HOW is
	 * of SYNCGATE_VERIFY_*.  Beside the running job.  NULL: there is nothing
	 * to verify.
	 */
	xn_error_t *(*verify)(syncgate_job_t *job, int how, apr_pool_t *pool);

	/*
	 * `syncgate status`: call EACH for every target of JOB, also one that
	 * cannot be asked.  Changes nothing.  NULL: there is nothing to tell.
	 */
	xn_error_t *(*status)(syncgate_job_t *job, syncgate_status_fn *each,
	    void *baton, apr_pool_t *pool);
} syncgate_plugin_t;

#endif
