/*
 * inside.h: the intake as its own files see it.
 *
 * How an item goes through them, all in the owner's thread:
 *
 *	scan.c, watch.c		a name was seen: it is offered, with its rank
 *	list.c			the best some thousand of them, in order
 *	complete.c		is its writer done with it?
 *	claim.c			then take it, test once more, or put it back
 *	leftover.c		what an earlier process left, and the claims
 *	intake.c		opens, and turns the wheel
 *
 * Memory does not grow with data-in: at most FP_LIST_MAX names are known at a
 * time.  A pass through data-in keeps the best of those from `floor` on; the
 * best that it could not keep is `bound`, where the next pass of the same round
 * begins.  So each name is looked at once a round, whatever others there are.
 */
#ifndef FILEPROC_INSIDE_H
#define FILEPROC_INSIDE_H

#include <pthread.h>
#include <sys/stat.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/intake.h"
#include "plugins/fileproc/list.h"

#define FP_OWN_FOLDER	".syncgate"
#define FP_LIST_MAX	8192		/* names known at a time */
#define FP_SPARES_MAX	512

/* What the user is told once. */
enum fp_note {
	FP_NOTE_HIDDEN, FP_NOTE_LINK, FP_NOTE_SPECIAL, FP_NOTE_FOLDER,
	FP_NOTE_LONG, FP_NOTE_DEEP, FP_NOTE_UNREADABLE, FP_NOTE_UNMOVABLE,
	FP_NOTE_LEASE, FP_NOTE_FUSE, FP_NOTE_UNKNOWN, FP_NOTE_WATCH,
	FP_NOTE_SUBWATCH, FP_NOTE_RETURNED, FP_NOTE_BACK
};

struct fp_watched;			/* watch.c: a folder by its number */

struct fp_intake {
	struct fp_intake_options options;
	apr_pool_t *pool;
	int dir;			/* data-in; these are -1 until open */
	int own;			/* .syncgate, the claims in it */
	int fresh, retry, gone;		/* new, retry, gone in it */
	int lock;
	char queue[FP_ID_LENGTH + 1];
	int fuse;			/* leases know only half of it */

	/* What is known of data-in. */
	struct fp_list ready;		/* by rank: to be tested now */
	struct fp_list waiting;		/* by name: not before `due` */
	struct fp_candidate *floor, *bound;	/* see above; NULL: none */
	int skipped;			/* this round saw incomplete ones */
	apr_time_t next_round;		/* on the clock of fp_now() */
	int returned;			/* look into retry */
	int halves;			/* there are some left in new */
	unsigned noted;			/* 1 << enum fp_note */
	apr_time_t disk_time;		/* the file system's; 0: ask it */

	/* watch.c's. */
	int events;			/* inotify's; -1: none */
	int watch_dir, watch_retry;
	struct fp_watched *watched;	/* by rising number */
	int n_watched, room_watched;

	/*
	 * Empty folders new/ID for the next claims, under spare_lock: making
	 * and removing one for each item costs ext4 more than all the rest,
	 * since it takes no inode again that was freed in the last 5 seconds,
	 * and looks at each of them.
	 */
	char spare[FP_SPARES_MAX][FP_ID_LENGTH + 1];
	int n_spare;
	pthread_mutex_t spare_lock;

	/* For fp_claims_sync(), by any thread. */
	unsigned long long changes;	/* atomic */
	unsigned long long synced;	/* under sync_lock */
	pthread_mutex_t sync_lock;
};

/* ---- names.c ------------------------------------------------------------ */

xn_error_t *fp_new_id(char id[FP_ID_LENGTH + 1]);

/* The first of PATTERNS that NAME matches, or their number if none does. */
int fp_pattern(const char *const *patterns, const char *name);

/* Tell the user, if this kind was not told before. */
void fp_note(fp_intake_t *in, enum fp_note kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- scan.c ------------------------------------------------------------- */

/* One pass: fill `ready` from `floor` on, and set `bound`. */
xn_error_t *fp_scan_pass(fp_intake_t *in);

/* C, which is given away, is to be tested now. */
void fp_scan_keep(fp_intake_t *in, struct fp_candidate *c);

/* What is in the folder NAME, which has just appeared (folders = names). */
xn_error_t *fp_scan_folder(fp_intake_t *in, const char *name);

/*
 * NAME was seen by an event.  It may be anything: a marker, hidden, gone.
 * MADE: it was only just made, its writer will close it.
 */
xn_error_t *fp_scan_seen(fp_intake_t *in, const char *name, int made);

/* ---- watch.c ------------------------------------------------------------ */

/* Begin to watch data-in and retry, if that can be had. */
void fp_watch_open(fp_intake_t *in);
void fp_watch_close(fp_intake_t *in);

/* Watch the folder FD, which is NAME (folders = names). */
void fp_watch_add(fp_intake_t *in, int fd, const char *name);

/* Take what happened: names are offered, what was lost asks for a round. */
xn_error_t *fp_watch_read(fp_intake_t *in);

/* ---- complete.c --------------------------------------------------------- */

enum fp_state {
	FP_COMPLETE,
	FP_NOT_YET,		/* look again after `wait` */
	FP_NO_ITEM		/* gone, or nothing that we take */
};

struct fp_test {
	int fd;			/* the item, open for reading; -1: none */
	struct stat st;
	long long size;		/* of a folder: of what is in it */
	long long entries;	/* in a folder */
	long long newest;	/* their last change */
	apr_interval_time_t wait;
};

/*
 * The state of the item BASE in the folder PARENT.  C is what we know of it:
 * its name, and earlier tests.  T->fd is to be closed by the caller, whatever
 * the state.
 */
enum fp_state fp_complete(struct fp_test *t, fp_intake_t *in, int parent,
    const char *base, struct fp_candidate *c);

/*
 * After the claim: is what is now PATH in the folder DIR the item that T found
 * complete, and still so?
 */
int fp_still_complete(struct fp_test *t, fp_intake_t *in, int dir,
    const char *path);

/* ---- claim.c ------------------------------------------------------------ */

/*
 * Claim the item BASE in PARENT that T found complete; it is C->name.
 * FP_COMPLETE: it is OUT, its name in POOL.
 */
xn_error_t *fp_claim_make(enum fp_state *state, struct fp_claimed *out,
    fp_intake_t *in, int parent, const char *base, struct fp_test *t,
    struct fp_candidate *c, apr_pool_t *pool);

/*
 * Make the folders for NAME in the claim's folder DIR/ID, and what tells that
 * they are a part of the name: 0, or -1 and errno.
 */
int fp_claim_folders(int dir, const char *id, const char *name);

/* What is below new/ID goes back to data-in: 1 if all of it did. */
int fp_claim_back(fp_intake_t *in, const char *id, const char *name);

/* The folder ID in .syncgate is empty: keep it for another claim, if we may. */
void fp_claim_spare(fp_intake_t *in, const char *id);
void fp_spares_remove(fp_intake_t *in);

/* Something happened to claims that fp_claims_sync() is to make durable. */
void fp_claim_changed(fp_intake_t *in);

/* ---- leftover.c --------------------------------------------------------- */

/*
 * What is the claim ID in the folder DIR?  *FOUND is 0 if there is no item in
 * it.  OUT->name is in POOL.
 */
xn_error_t *fp_claim_describe(int *found, struct fp_claimed *out, int dir,
    const char *id, apr_pool_t *pool);

/* What an earlier process left. */
xn_error_t *fp_leftovers(fp_intake_t *in, apr_pool_t *scratch);

/*
 * What is in new goes back to data-in; of what cannot, the complete ones are
 * given: at most MAX into OUT, *N counts them.  MAX 0, before anything else is
 * done: they become claims, and empty folders go, too.
 */
xn_error_t *fp_halves(struct fp_claimed *out, int max, int *n, fp_intake_t *in,
    apr_pool_t *pool);

/* Claims that fp_claim_return() made. */
xn_error_t *fp_adopt(struct fp_claimed *out, int max, int *n, fp_intake_t *in,
    apr_pool_t *pool);

#endif
