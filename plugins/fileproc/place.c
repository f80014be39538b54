/*
 * place.c: see place.h.
 */
#include "plugins/fileproc/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/flat.h"
#include "plugins/fileproc/naming.h"

#define NUMBER_MAX	1000000	/* results of one name */

static xn_error_t *
out_errno(const char *what, const fp_job_t *job, const char *name)
{
	return fp_job_errno(what, job->o->data_out, name);
}

/* A free name of the item's results. */
static xn_error_t *
choose_name(const char **why, fp_job_t *job, fp_item_t *item,
    apr_pool_t *pool)
{
	struct fp_names names = { .item = item->name, .output = item->output,
	    .id = item->id };
	const char *name, *numbered;
	xn_error_t *error;
	int n = 1;

	error = fp_name_by_rule(&name, job->o->name_rule, &names, pool);
	if (error != NULL) {
		*why = xn_error_text(error, pool);
		xn_error_clear(error);
		return NULL;
	}
	numbered = name;
	while (job->o->duplicates != FP_REPLACE &&
	    fp_is_there(job->out, numbered)) {
		if (job->o->duplicates == FP_FAIL || n >= NUMBER_MAX) {
			*why = apr_psprintf(pool, "%s/%s is there already",
			    job->o->data_out, name);
			return NULL;
		}
		numbered = fp_name_numbered(name, ++n, pool);
	}
	if (fp_item_set(&item->target, numbered) != 0)
		return xn_error_create(XN_E_NOMEM, "no memory");
	return NULL;
}

xn_error_t *
fp_place_choose(const char **why, fp_job_t *job, fp_item_t *item,
    apr_pool_t *pool)
{
	*why = NULL;
	if (job->o->outputs == FP_OUTPUTS_FLAT)
		return fp_flat_choose(why, job, item, pool);
	return choose_name(why, job, item, pool);
}

/* Move what is at the target out of the way, beside what is staged. */
static int
move_away(fp_job_t *job, const fp_item_t *item, apr_pool_t *pool)
{
	const char *old = apr_pstrcat(pool, item->id, ".old", NULL);
	int parent, rc, number;

	if (fp_tree_remove(job->stage, old) != 0 ||
	    (parent = fp_open_parent(job->out, item->target)) < 0)
		return -1;
	rc = fp_rename_new(parent, fp_base(item->target), job->stage, old);
	number = errno;
	close(parent);
	errno = number;
	return rc;
}

static int
rename_replacing(fp_job_t *job, const fp_item_t *item, apr_pool_t *pool)
{
	if (fp_rename_beneath(job->stage, item->id, job->out, item->target,
	    1) == 0)
		return 0;
	if (errno != EISDIR && errno != ENOTDIR && errno != ENOTEMPTY &&
	    errno != EEXIST)
		return -1;
	/* A folder cannot be replaced in one step: for an instant there is
	 * neither; the next start goes on from there. */
	if (move_away(job, item, pool) != 0 && errno != ENOENT)
		return -1;
	if (fp_rename_beneath(job->stage, item->id, job->out, item->target,
	    0) != 0)
		return -1;
	fp_tree_remove(job->stage, apr_pstrcat(pool, item->id, ".old", NULL));
	return 0;
}

static int
rename_into_place(fp_job_t *job, const fp_item_t *item, apr_pool_t *pool)
{
	if (job->o->duplicates == FP_REPLACE)
		return rename_replacing(job, item, pool);
	return fp_rename_beneath(job->stage, item->id, job->out, item->target,
	    0);
}

static xn_error_t *
place_one(enum fp_placed *placed, const char **why, fp_job_t *job,
    fp_item_t *item, apr_pool_t *pool)
{
	*placed = FP_PLACED;
	if (!fp_is_there(job->stage, item->id)) {
		if (errno != ENOENT || !item->recovered)
			return out_errno("find what is staged for", job,
			    item->id);
		return NULL;	/* before the crash */
	}
	if (rename_into_place(job, item, pool) == 0)
		return NULL;
	if (errno == EEXIST) {
		*placed = FP_PLACE_TAKEN;
		return NULL;
	}
	if (fp_is_about_name(errno)) {
		*placed = FP_PLACE_REFUSED;
		*why = apr_psprintf(pool, "cannot make %s/%s: %s",
		    job->o->data_out, item->target, strerror(errno));
		return NULL;
	}
	if (errno == EINVAL)
		return xn_error_create(XN_E_JOB, "the file system of data-out "
		    "%s cannot rename without replacing, which publishing "
		    "needs: use another one, or duplicates = replace",
		    job->o->data_out);
	return out_errno("rename a result to", job, item->target);
}

xn_error_t *
fp_place(enum fp_placed *placed, const char **why, fp_job_t *job,
    fp_item_t *item, apr_pool_t *pool)
{
	*why = NULL;
	if (job->o->outputs == FP_OUTPUTS_FLAT)
		return fp_flat_place(placed, why, job, item, pool);
	return place_one(placed, why, job, item, pool);
}

xn_error_t *
fp_place_sync(fp_job_t *job, const fp_item_t *item)
{
	int fd, rc;

	if (job->o->outputs == FP_OUTPUTS_FLAT)
		rc = syncfs(job->out);
	else if ((fd = fp_open_parent(job->out, item->target)) < 0)
		/* Taken with its folder, whose name may be anything's now. */
		rc = errno == ENOENT || fp_is_about_name(errno) ? 0 : -1;
	else {
		rc = fsync(fd);
		close(fd);
	}
	return rc == 0 ? NULL : out_errno("sync", job, item->target);
}
