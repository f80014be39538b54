/*
 * end.h: what becomes of an item after a try, or at its end.
 */
#ifndef FILEPROC_END_H
#define FILEPROC_END_H

#include "plugins/fileproc/job.h"

/* How a try ended. */
struct fp_try {
	int status;		/* an exit status, or FP_STATUS_* */
	const char *text;	/* what happened, without a newline */
	const char *said;	/* the end of what it wrote to stderr */
	size_t said_size;
};

/*
 * A try of ITEM has failed: it is tried again after a while, or given up.  ITEM
 * is no longer the caller's; it was lent by the queue and is given back.
 */
xn_error_t *fp_try_failed(fp_job_t *job, fp_item_t *item,
    const struct fp_try *how);

/*
 * Move ITEM to failed/NAME, with NAME.error beside it, which tells its notes;
 * item->target is its name there if that was recorded before a crash.  ITEM stays
 * the caller's.
 */
xn_error_t *fp_give_up(fp_job_t *job, fp_item_t *item);

/*
 * The results of the N ITEMS (NULL ones are passed over) are in place: their
 * claims go as `done` says, and then their records.
 */
xn_error_t *fp_end_items(fp_job_t *job, fp_item_t *const *items, int n,
    apr_pool_t *pool);

#endif
