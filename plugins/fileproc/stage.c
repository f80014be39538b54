/*
 * stage.c: see stage.h.
 */
#include "plugins/fileproc/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/naming.h"

#define OUTPUTS_MAX	1000000	/* of one item */

static xn_error_t *
stage_errno(const char *what, const fp_stage_t *stage)
{
	return fp_job_errno(what, stage->job->o->data_out, stage->id);
}

xn_error_t *
fp_stage_remove(fp_job_t *job, const char *id)
{
	char marker[FP_ID_LENGTH + 8];	/* flat.h's */

	snprintf(marker, sizeof(marker), "%s.m", id);
	if (fp_tree_remove(job->stage, id) != 0 ||
	    fp_tree_remove(job->stage, marker) != 0)
		return fp_job_errno("remove what is staged for",
		    job->o->data_out, id);
	return NULL;
}

xn_error_t *
fp_stage_begin(fp_stage_t *stage, fp_job_t *job, const fp_item_t *item)
{
	*stage = (fp_stage_t){ .job = job, .id = item->id, .folder = -1,
	    .file = -1 };
	XN_TRY(fp_stage_remove(job, stage->id));
	if (job->o->outputs == FP_OUTPUTS_SINGLE)
		return NULL;
	if (mkdirat(job->stage, stage->id, 0777) != 0)
		return stage_errno("make a folder for the results of", stage);
	stage->folder = fp_open_beneath(job->stage, stage->id,
	    O_RDONLY | O_DIRECTORY, 0);
	if (stage->folder < 0)
		return stage_errno("open the folder for the results of", stage);
	return NULL;
}

/* How many folders PATH has in each other. */
static int
depth_of(const char *path)
{
	int depth = 0;

	for (; *path != '\0'; path++)
		depth += *path == '/';
	return depth;
}

/* May there be an output PATH of SIZE bytes now? */
static const char *
refuse(const fp_stage_t *stage, const char *path, long long size,
    apr_pool_t *pool)
{
	if (stage->left > 0)
		return apr_psprintf(pool, "an output ended %" APR_INT64_T_FMT
		    " bytes too early", (apr_int64_t)stage->left);
	if (size < 0)
		return "an output of negative size";
	/* The other side knows that, too. */
	if (stage->job->o->max_output > 0 &&
	    size > stage->job->o->max_output - stage->said)
		return apr_psprintf(pool, "its answer is larger than max-output "
		    "= %" APR_INT64_T_FMT,
		    (apr_int64_t)stage->job->o->max_output);
	if (stage->folder < 0 && stage->outputs > 0)
		return "it made several outputs: outputs = single takes one";
	if (stage->outputs >= OUTPUTS_MAX)
		return "it made more than 1,000,000 outputs";
	if (depth_of(path) > FP_DEPTH_MAX - 4)
		return "its outputs lie more than 60 folders deep";
	if (*path != '\0' || stage->folder >= 0)
		if (!fp_name_is_good(path))
			return apr_psprintf(pool, "\"%s\" is no name for an "
			    "output", path);
	return NULL;
}

/* A file was named so that the file system says no: its fault, not ours. */
static int
is_its_fault(int number)
{
	return number == EEXIST || number == ENOTDIR || number == EISDIR ||
	    number == ENAMETOOLONG || number == ELOOP || number == EXDEV ||
	    number == EINVAL;
}

static xn_error_t *
open_failed(const char **wrong, const fp_stage_t *stage, const char *path,
    apr_pool_t *pool)
{
	if (!is_its_fault(errno))
		return stage_errno("write the results of", stage);
	*wrong = apr_psprintf(pool, "its output \"%s\": %s", path,
	    strerror(errno));
	return NULL;
}

/* The output is whole. */
static xn_error_t *
end_output(fp_stage_t *stage)
{
	int failed = fsync(stage->file) != 0;

	failed |= close(stage->file) != 0;
	stage->file = -1;
	return failed ? stage_errno("write the results of", stage) : NULL;
}

xn_error_t *
fp_stage_output(const char **wrong, fp_stage_t *stage, const char *path,
    int mode, long long size, apr_pool_t *pool)
{
	int base = stage->folder >= 0 ? stage->folder : stage->job->stage;
	const char *as = stage->folder >= 0 ? path : stage->id;

	if ((*wrong = refuse(stage, path, size, pool)) != NULL)
		return NULL;
	if (stage->folder >= 0 && fp_make_parents(base, as, 0777) != 0)
		return open_failed(wrong, stage, path, pool);
	stage->file = fp_open_beneath(base, as, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW, (mode & 0111) ? 0777 : 0666);
	if (stage->file < 0)
		return open_failed(wrong, stage, path, pool);
	stage->outputs++;
	if (stage->folder < 0 && *path != '\0')
		stage->output_name = apr_pstrdup(pool, fp_base(path));
	stage->nested |= strchr(path, '/') != NULL;
	stage->left = size;
	stage->said += size;
	return size == 0 ? end_output(stage) : NULL;
}

xn_error_t *
fp_stage_dir(const char **wrong, fp_stage_t *stage, const char *path, int mode,
    apr_pool_t *pool)
{
	int parent;

	(void)mode;
	if ((*wrong = refuse(stage, path, 0, pool)) != NULL)
		return NULL;
	stage->outputs++;
	if (stage->folder < 0)	/* refused: there is no single folder */
		*wrong = "it made a folder: outputs = single takes one file";
	if (*wrong != NULL)
		return NULL;
	if (fp_make_parents(stage->folder, path, 0777) != 0 ||
	    (parent = fp_open_parent(stage->folder, path)) < 0)
		return open_failed(wrong, stage, path, pool);
	if (mkdirat(parent, fp_base(path), 0777) != 0 &&
	    errno != EEXIST) {
		close(parent);
		return open_failed(wrong, stage, path, pool);
	}
	close(parent);
	stage->nested = 1;
	return NULL;
}

xn_error_t *
fp_stage_write(const char **wrong, fp_stage_t *stage, const void *bytes,
    size_t n, apr_pool_t *pool)
{
	*wrong = NULL;
	if (stage->file < 0 || (long long)n > stage->left) {
		*wrong = apr_psprintf(pool, "%lu bytes more than it said",
		    (unsigned long)n);
		return NULL;
	}
	if (fp_write_full(stage->file, bytes, n) != 0)
		return stage_errno("write the results of", stage);
	stage->left -= (long long)n;
	stage->bytes += (long long)n;
	return stage->left == 0 ? end_output(stage) : NULL;
}

xn_error_t *
fp_stage_end(const char **wrong, fp_stage_t *stage, apr_pool_t *pool)
{
	*wrong = NULL;
	if (stage->left > 0)
		*wrong = apr_psprintf(pool, "an output ended %" APR_INT64_T_FMT
		    " bytes too early", (apr_int64_t)stage->left);
	else if (stage->folder < 0 && stage->outputs == 0)
		*wrong = "it made no output";
	if (*wrong != NULL)
		return NULL;
	if (stage->folder >= 0 && (stage->nested ? syncfs(stage->folder) :
	    fsync(stage->folder)) != 0)
		return stage_errno("write the results of", stage);
	return NULL;
}

void
fp_stage_close(fp_stage_t *stage, int remove)
{
	if (stage->file >= 0)
		close(stage->file);
	if (stage->folder >= 0)
		close(stage->folder);
	stage->file = stage->folder = -1;
	/* What stays is removed before the next try, or at the next start. */
	if (remove)
		xn_error_clear(fp_stage_remove(stage->job, stage->id));
}
