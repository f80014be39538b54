/*
 * stage.h: results that are not yet in place: data-out/.syncgate/out/QUEUE/ID, a
 * file, or a folder with several.
 *
 * What a remote names is checked: it stays beneath its folder.
 */
#ifndef FILEPROC_STAGE_H
#define FILEPROC_STAGE_H

#include "plugins/fileproc/job.h"

typedef struct fp_stage {
	fp_job_t *job;
	const char *id;		/* the item's */
	int folder;		/* open, for FOLDER and FLAT; else -1 */
	int file;		/* the output that is being written, or -1 */
	int outputs;		/* so far */
	int nested;		/* some lie in deeper folders */
	const char *output_name;	/* the single output's own, or NULL */
	long long left;		/* bytes of it to come */
	long long bytes;	/* of all, so far */
	long long said;		/* the same, with those to come */
} fp_stage_t;

/* Begin the results of ITEM; what an earlier try left is removed. */
xn_error_t *fp_stage_begin(fp_stage_t *stage, fp_job_t *job,
    const fp_item_t *item);

/*
 * What came from a remote is wrong: *WRONG (in POOL) says what, and nothing was
 * done.  It is NULL if all is well.
 */

/* The next output, of SIZE bytes; PATH "" is the only one. */
xn_error_t *fp_stage_output(const char **wrong, fp_stage_t *stage,
    const char *path, int mode, long long size, apr_pool_t *pool);
xn_error_t *fp_stage_dir(const char **wrong, fp_stage_t *stage,
    const char *path, int mode, apr_pool_t *pool);

/* N bytes of it; the last ones make it durable. */
xn_error_t *fp_stage_write(const char **wrong, fp_stage_t *stage,
    const void *bytes, size_t n, apr_pool_t *pool);

/* All has come: make it durable but for the name ID in its folder. */
xn_error_t *fp_stage_end(const char **wrong, fp_stage_t *stage,
    apr_pool_t *pool);

/* Close what is open; with REMOVE the results go, too. */
void fp_stage_close(fp_stage_t *stage, int remove);

/* Remove what is staged for ID. */
xn_error_t *fp_stage_remove(fp_job_t *job, const char *id);

#endif
