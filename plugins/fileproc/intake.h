/*
 * intake.h: what is put into data-in becomes claimed items, each once.
 *
 * An item that is complete is taken out of its writer's reach by one rename and
 * belongs to us from then on; the folder tells everything, so nothing is lost
 * with a store or with a process that is killed:
 *
 *	data-in/NAME			an item that waits, or is being written
 *	data-in/.syncgate/ID/NAME	a claim: complete, and ours
 *	data-in/.syncgate/new/ID/NAME	half way: its writer may still have it
 *	data-in/.syncgate/retry/ID/NAME	put back by fp_claim_return()
 *	data-in/.syncgate/gone/ID	being removed
 *	data-in/.syncgate/lock, queue	who runs the job; its queue's id
 *
 * Threads: an intake is used by ONE thread, its owner.  From any thread at any
 * time until fp_intake_close() begins: fp_claim_open(), fp_claim_remove(),
 * fp_claim_move(), fp_claims_sync(); different threads for different ids.
 * fp_claim_return() needs no intake.
 *
 * Errors: XN_E_SYSTEM with the errno in `status`, XN_E_NOMEM, XN_E_CONFIG for
 * what only the user can set right, XN_E_USAGE.  Messages name the path and
 * say what to do.  After an error the intake is as good as before: call again
 * when you think that the cause has passed (a full disk).
 *
 * Nothing here changes signals' handlers: a writer that opens an item in the
 * instant of a lease test waits some microseconds (with O_NONBLOCK it is told
 * EWOULDBLOCK), and the kernel sends us SIGURG, which is ignored by default
 * (and not SIGIO, which would kill).  Do not handle SIGURG otherwise.
 */
#ifndef FILEPROC_INTAKE_H
#define FILEPROC_INTAKE_H

#include <execnet.h>

#define FP_ID_LENGTH	32		/* lower-case hex digits */

/*
 * The longest name of an item, with folders = names: 'sub/folder/name'.  What
 * is longer is ignored, and named once.
 */
#define FP_NAME_MAX	3900

typedef struct fp_intake fp_intake_t;

/* Folders in data-in: */
enum fp_folders {
	FP_FOLDERS_IGNORE,	/* are no business of ours */
	FP_FOLDERS_NAMES,	/* are a part of the names of the files in them;
				 * they stay when these are taken */
	FP_FOLDERS_ITEMS	/* are items, each with all that is in it */
};

/* Of the most urgent, which comes first; equals go by name. */
enum fp_order {
	FP_ORDER_NAME,		/* by bytes */
	FP_ORDER_TIME,		/* the oldest modification first */
	FP_ORDER_SIZE		/* the smallest first; a folder counts as 0 */
};

/*
 * When an item is complete.  A folder as an item, but with FP_READY_MARKER:
 * when nothing in it has changed for `settle`, and each file in it is closed.
 */
enum fp_ready {
	FP_READY_AUTO,		/* nobody has it open for writing; where that
				 * cannot be known (not our file, a file system
				 * without leases): settle, noted once.  On FUSE
				 * both */
	FP_READY_CLOSED,	/* the same, but where it cannot be known the
				 * item stays, noted once */
	FP_READY_MARKER,	/* a file NAME + marker_suffix is there; it is
				 * taken with the item */
	FP_READY_SETTLE		/* it has not changed for `settle` */
};

/*
 * Patterns are fnmatch(3)'s.  One without '/' is compared with the last part
 * of the name, one with '/' with the whole name ('*' does not cross a '/').
 */
struct fp_intake_options {
	const char *data_in;
	int folders;			/* enum fp_folders */
	const char *const *patterns;	/* NULL-ended; NULL or empty: all */
	const char *const *priority;	/* NULL-ended patterns, the first is the
					 * most urgent; NULL: none */
	int order;			/* enum fp_order */
	int ready;			/* enum fp_ready */
	const char *marker_suffix;	/* ".done"; with FP_READY_MARKER */
	apr_interval_time_t settle;	/* at least 0 */
	apr_interval_time_t poll;	/* look at all names that often; events
					 * only make it faster.  Above 0 */

	/*
	 * What the user should know, one line, each kind once: what is ignored,
	 * that leases or events cannot be had.  Called by the owner's thread.
	 * TEXT may hold any byte of a name.  May be NULL.
	 */
	void (*note)(void *baton, const char *text);
	void *baton;
};

struct fp_claimed {
	char id[FP_ID_LENGTH + 1];
	const char *name;	/* relative to data-in; any byte but NUL */
	long long size;		/* of a folder: of all files in it */
	int folder;		/* the item is a folder */
	int returned;		/* it was put back by fp_claim_return() */
	apr_time_t arrived;	/* its modification time */
};

/*
 * Open data-in, which must be there; make .syncgate in it (0700) and its
 * queue's id (durable).  Locks: XN_E_CONFIG if another process has this data-in
 * open.  What a killed process left half way is put right: it is in data-in
 * again, or among the claims.  The options' strings must live as long as the
 * intake.
 * Destroying POOL closes it.
 */
xn_error_t *fp_intake_open(fp_intake_t **intake,
    const struct fp_intake_options *options, apr_pool_t *pool);

/* Close it before its pool is destroyed.  Once. */
void fp_intake_close(fp_intake_t *intake);

/* The queue of this data-in in the store: 32 hex digits; the intake's. */
const char *fp_intake_queue(const fp_intake_t *intake);

/* The next fp_intake_take() looks at all names, whatever `poll` says. */
void fp_intake_look(fp_intake_t *intake);

/*
 * A descriptor that is readable when fp_intake_take() may find something; -1
 * where events cannot be had.  It stays the same, is the intake's, and is only
 * to be polled.
 */
int fp_intake_fd(const fp_intake_t *intake);

/*
 * Claim up to MAX complete items, the most urgent first, into OUT (their names
 * in POOL); *N says how many; those that fp_claim_return() put back are the
 * first.  *AGAIN: call again after that time at the latest, or when the
 * descriptor is readable; 0: at once, there may be more (each call is bounded:
 * one pass through data-in, some thousand tests; look between two calls whether
 * you are to stop).
 *
 * An error means that nothing can be claimed now, *N is 0 then; what was
 * claimed before it happened has been given by an earlier call.  XN_E_SYSTEM
 * with ENOENT: data-in itself was removed or replaced; open it anew.
 *
 * A claim is there after a kill -9.  For power failures, see fp_claims_sync().
 */
xn_error_t *fp_intake_take(struct fp_claimed *out, int max, int *n,
    apr_interval_time_t *again, fp_intake_t *intake, apr_pool_t *pool);

/* How many names were seen by the last calls that are not complete yet. */
int fp_intake_incomplete(const fp_intake_t *intake);

/*
 * Call EACH for every claim there is: those of earlier runs, and of this one.
 * CLAIMED and SCRATCH are good until it returns; an error from it ends the walk
 * and is returned.  EACH may remove or move the claim it is called for.
 * `returned` is 0: what was put back while nobody ran comes from
 * fp_intake_take().  Memory is bounded.
 */
typedef xn_error_t *(*fp_claims_fn)(void *baton,
    const struct fp_claimed *claimed, apr_pool_t *scratch);
xn_error_t *fp_intake_claims(fp_intake_t *intake, fp_claims_fn each,
    void *baton, apr_pool_t *scratch);

/*
 * The claimed item, opened for reading: a file, or a folder (O_DIRECTORY).  *FD
 * is the caller's to close.  XN_E_SYSTEM with ENOENT if it is not there.
 */
xn_error_t *fp_claim_open(int *fd, const fp_intake_t *intake, const char *id,
    const char *name);

/*
 * Remove the claim with its item, whole or not at all, whenever we are killed.
 * One that is not there is no error.
 */
xn_error_t *fp_claim_remove(fp_intake_t *intake, const char *id);

/*
 * Move the item out of the claim to AS beneath the folder TO, without
 * replacing, and end the claim.  Folders that AS names are made.  TO must be on
 * the same file system (EXDEV: the message says so).  Make it durable by
 * fsync(TO) and fp_claims_sync().
 */
enum fp_moved {
	FP_MOVED,		/* it is there now */
	FP_MOVED_TAKEN,		/* AS is there already; the claim is as before */
	FP_MOVED_GONE		/* there is no such claim: moved or removed
				 * earlier */
};
xn_error_t *fp_claim_move(enum fp_moved *moved, fp_intake_t *intake,
    const char *id, const char *name, int to, const char *as);

/*
 * All that happened to claims before this call (taken, removed, moved) outlasts
 * a power failure when it returns.  Calls that wait at once share the work;
 * without anything new it costs nothing.  To be called before the store commits
 * ITEM_PUBLISHING of an item (else it could wait in data-in again, and come out
 * twice), and before it forgets an item.
 */
xn_error_t *fp_claims_sync(fp_intake_t *intake);

/*
 * For `syncgate retry`, in a process that has no intake: move ITEM beneath the
 * folder FROM (failed/NAME) to where the intake of DATA_IN finds it, at once if
 * it runs, as claim ID of the name NAME.  *MOVED as for fp_claim_move(): TAKEN
 * if a claim ID is there already, GONE if there is no ITEM.  Durable, but for
 * the folder that ITEM was in: fsync(FROM).
 */
xn_error_t *fp_claim_return(enum fp_moved *moved, const char *data_in,
    const char *id, const char *name, int from, const char *item);

#endif
