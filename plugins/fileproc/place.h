/*
 * place.h: the step that puts an item's staged results where they are seen.
 */
#ifndef FILEPROC_PLACE_H
#define FILEPROC_PLACE_H

#include "plugins/fileproc/job.h"

enum fp_placed {
	FP_PLACED,		/* they are there (perhaps since before) */
	FP_PLACE_TAKEN,		/* its target is taken: choose another */
	FP_PLACE_REFUSED	/* it can never be: *WHY says why */
};

/*
 * Choose item->target, a name that is free now; for FP_OUTPUTS_FLAT how its
 * names are numbered.  *WHY, in POOL, if there is none.
 */
xn_error_t *fp_place_choose(const char **why, fp_job_t *job, fp_item_t *item,
    apr_pool_t *pool);

/* Do it; the record with the target is committed. */
xn_error_t *fp_place(enum fp_placed *placed, const char **why, fp_job_t *job,
    fp_item_t *item, apr_pool_t *pool);

/* Make durable what was placed in the folder of TARGET. */
xn_error_t *fp_place_sync(fp_job_t *job, const fp_item_t *item);

#endif
