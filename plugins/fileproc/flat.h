/*
 * flat.h: results as several files in data-out, and a marker after them.
 *
 * What is staged for ID is a folder ID and the marker ID.m.  Each file is renamed
 * without replacing; what has gone from the folder is in place.  The marker is
 * last.  The target is the number that the names have.
 */
#ifndef FILEPROC_FLAT_H
#define FILEPROC_FLAT_H

#include "plugins/fileproc/place.h"

/* fp_place_choose() and fp_place() for them. */
xn_error_t *fp_flat_choose(const char **why, fp_job_t *job, fp_item_t *item,
    apr_pool_t *pool);
xn_error_t *fp_flat_place(enum fp_placed *placed, const char **why,
    fp_job_t *job, fp_item_t *item, apr_pool_t *pool);

#endif
