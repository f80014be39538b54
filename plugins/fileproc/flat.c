/*
 * flat.c: see flat.h.
 */
#include "plugins/fileproc/flat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/naming.h"
#include "plugins/fileproc/stage.h"

#define NUMBER_MAX	10000
#define DEPTH_MAX	64

/* One pass over what is staged. */
struct pass {
	fp_job_t *job;
	fp_item_t *item;
	int number;		/* of the names */
	int move;		/* 0: only look whether a name is taken */
	int taken;
	const char *why;	/* it can never be */
	apr_pool_t *pool;
};

static xn_error_t *
flat_errno(const struct pass *p, const char *what, const char *name)
{
	return fp_job_errno(what, p->job->o->data_out, name);
}

/* Whoever waits for markers would take NAME for one. */
static int
is_like_marker(const struct pass *p, const char *name)
{
	size_t n = strlen(name), suffix = strlen(p->job->o->marker);

	return n >= suffix && strcmp(name + n - suffix, p->job->o->marker) == 0;
}

/* The name in data-out of the output PATH. */
static const char *
name_of(struct pass *p, const char *path)
{
	struct fp_names names = { .item = p->item->name, .output = path,
	    .id = p->item->id };
	xn_error_t *error;
	const char *name;

	error = fp_name_by_rule(&name, p->job->o->name_rule, &names, p->pool);
	if (error == NULL && is_like_marker(p, name)) {
		p->why = apr_psprintf(p->pool, "an output may not be %s: what "
		    "ends with %s is a marker", name, p->job->o->marker);
		return NULL;
	}
	if (error == NULL)
		return fp_name_numbered(name, p->number, p->pool);
	p->why = xn_error_text(error, p->pool);
	xn_error_clear(error);
	return NULL;
}

static const char *
marker_of(const struct pass *p)
{
	return apr_pstrcat(p->pool, fp_name_numbered(p->item->name, p->number,
	    p->pool), p->job->o->marker, NULL);
}

/* NAME of FOLDER becomes AS. */
static xn_error_t *
put(struct pass *p, int folder, const char *name, const char *as)
{
	if (!p->move && fp_is_there(p->job->out, as))
		errno = EEXIST;
	else if (!p->move && errno == ENOENT)
		return NULL;
	else if (p->move && fp_rename_beneath(folder, name, p->job->out, as,
	    0) == 0)
		return NULL;
	p->taken = errno == EEXIST;
	if (!p->taken && fp_is_about_name(errno))
		p->why = apr_psprintf(p->pool, "cannot make %s/%s: %s",
		    p->job->o->data_out, as, strerror(errno));
	return p->taken || p->why != NULL ? NULL :
	    flat_errno(p, "rename a result to", as);
}

static xn_error_t *visit(struct pass *p, int parent, const char *name,
    const char *path, int depth);

static xn_error_t *
visit_entry(struct pass *p, int folder, const char *name, const char *path,
    int depth)
{
	const char *as;
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return flat_errno(p, "look at the result", path);
	if (S_ISDIR(st.st_mode))
		return visit(p, folder, name, path, depth + 1);
	if ((as = name_of(p, path)) == NULL)
		return NULL;
	return put(p, folder, name, as);
}

/* All files beneath NAME of PARENT, whose path in the results is PATH. */
static xn_error_t *
visit(struct pass *p, int parent, const char *name, const char *path,
    int depth)
{
	xn_error_t *error = NULL;
	struct dirent *entry;
	DIR *dir;
	int fd;

	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd < 0 || depth > DEPTH_MAX || (dir = fdopendir(fd)) == NULL) {
		if (fd >= 0)
			close(fd);
		return flat_errno(p, "read the results", path);
	}
	while (error == NULL && !p->taken && p->why == NULL &&
	    (entry = readdir(dir)) != NULL) {
		const char *e = entry->d_name;

		if (strcmp(e, ".") == 0 || strcmp(e, "..") == 0)
			continue;
		error = visit_entry(p, fd, e, *path == '\0' ?
		    apr_pstrdup(p->pool, e) : apr_pstrcat(p->pool, path, "/",
		    e, NULL), depth);
	}
	closedir(dir);
	return error;
}

static xn_error_t *
do_pass(struct pass *p)
{
	const char *marker = apr_pstrcat(p->pool, p->item->id, ".m", NULL);

	p->taken = 0;
	XN_TRY(visit(p, p->job->stage, p->item->id, "", 0));
	if (p->taken || p->why != NULL)
		return NULL;
	return put(p, p->job->stage, marker, marker_of(p));
}

/* An empty file that will be the marker. */
static xn_error_t *
make_marker(struct pass *p)
{
	const char *name = apr_pstrcat(p->pool, p->item->id, ".m", NULL);
	int fd = openat(p->job->stage, name, O_WRONLY | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0666);

	if (fd < 0)
		return flat_errno(p, "make the marker of", p->item->name);
	close(fd);
	return NULL;
}

xn_error_t *
fp_flat_choose(const char **why, fp_job_t *job, fp_item_t *item,
    apr_pool_t *pool)
{
	struct pass p = { .job = job, .item = item, .pool = pool };

	XN_TRY(make_marker(&p));
	do {
		p.number++;
		XN_TRY(do_pass(&p));
	} while (p.taken && p.why == NULL && p.number < NUMBER_MAX &&
	    job->o->duplicates == FP_NUMBER);
	*why = p.why;
	if (p.taken && p.why == NULL)
		*why = apr_psprintf(pool, "names of its results are there "
		    "already in %s", job->o->data_out);
	if (fp_item_set(&item->target, apr_itoa(pool, p.number)) != 0)
		return xn_error_create(XN_E_NOMEM, "no memory");
	return NULL;
}

xn_error_t *
fp_flat_place(enum fp_placed *placed, const char **why, fp_job_t *job,
    fp_item_t *item, apr_pool_t *pool)
{
	struct pass p = { .job = job, .item = item, .pool = pool, .move = 1 };
	const char *marker = apr_pstrcat(pool, item->id, ".m", NULL);

	*placed = FP_PLACED;
	p.number = atoi(item->target);
	if (item->recovered && !fp_is_there(job->stage, marker) &&
	    errno == ENOENT)
		return fp_stage_remove(job, item->id);
	XN_TRY(do_pass(&p));
	*why = p.why;
	if (p.why != NULL)
		*placed = FP_PLACE_REFUSED;
	else if (p.taken)
		*placed = FP_PLACE_TAKEN;
	else
		return fp_stage_remove(job, item->id);
	return NULL;
}
