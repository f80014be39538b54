/*
 * end.c: see end.h.
 */
#include "plugins/fileproc/end.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/naming.h"

#define NUMBER_MAX	1000000
#define ERROR_SUFFIX	".error"

/*
 * NAME as it can be used in FOLDER: without the folders in it, if there is
 * something else in their place.
 */
static const char *
name_in(int folder, const char *name)
{
	int parent = fp_parent(folder, name, 1);

	if (parent < 0 && (errno == ENOTDIR || errno == ELOOP))
		return fp_base(name);
	if (parent >= 0)
		fp_parent_done(folder, parent);
	return name;
}

/* ---- Done ----------------------------------------------------------------- */

static xn_error_t *
end_claim(fp_job_t *job, fp_item_t *item, apr_pool_t *pool)
{
	enum fp_moved moved = FP_MOVED_TAKEN;

	if (job->o->done == FP_DELETE)
		return fp_claim_remove(job->intake, item->id);
	for (int n = 1; moved == FP_MOVED_TAKEN && n < NUMBER_MAX; n++)
		XN_TRY_W(fp_claim_move(&moved, job->intake, item->id,
		    item->name, job->done, fp_name_numbered(name_in(job->done,
		    item->name), n, pool)), "keeping %s in %s", item->name,
		    job->o->done_folder);
	return NULL;
}

xn_error_t *
fp_end_items(fp_job_t *job, fp_item_t *const *items, int n, apr_pool_t *pool)
{
	const char **ids = apr_palloc(pool, sizeof(*ids) * (size_t)n);
	int count = 0;

	for (int i = 0; i < n; i++)
		if (items[i] != NULL) {
			XN_TRY(end_claim(job, items[i], pool));
			ids[count++] = items[i]->id;
		}
	if (count == 0)
		return NULL;
	if (job->done >= 0 && fsync(job->done) != 0)
		return fp_job_errno("sync", job->o->done_folder, "");
	XN_TRY(fp_claims_sync(job->intake));
	XN_TRY(syncgate_job_items_forget(job->job, ids, count));
	for (int i = 0; i < n; i++)
		if (items[i] != NULL)
			fp_job_count_done(job, items[i]->size);
	return NULL;
}

/* ---- Given up ------------------------------------------------------------- */

static xn_error_t *
failed_errno(const char *what, const fp_job_t *job, const char *name)
{
	return fp_job_errno(what, job->o->failed, name);
}

static const char *
error_name(const char *name, apr_pool_t *pool)
{
	return apr_pstrcat(pool, name, ERROR_SUFFIX, NULL);
}

/* A name in failed/ that is free, and so is its .error. */
static xn_error_t *
choose_failed(fp_job_t *job, fp_item_t *item, int *n, apr_pool_t *pool)
{
	const char *name, *wish = name_in(job->failed, item->name);

	do {
		name = fp_name_numbered_for(wish, ++*n, strlen(ERROR_SUFFIX),
		    pool);
	} while (*n < NUMBER_MAX && (fp_is_there(job->failed, name) ||
	    fp_is_there(job->failed, error_name(name, pool))));
	if (fp_item_set(&item->target, name) != 0)
		return xn_error_create(XN_E_NOMEM, "no memory");
	return NULL;
}

static xn_error_t *
write_reason(fp_job_t *job, const fp_item_t *item, apr_pool_t *pool)
{
	const char *name = error_name(item->target, pool);
	const char *notes = apr_pstrcat(pool, "id ", item->id, "\n",
	    item->notes, NULL);
	int fd, bad;

	if (fp_make_parents(job->failed, name, 0777) != 0)
		return failed_errno("make folders for", job, name);
	fd = fp_open_beneath(job->failed, name, O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW, 0666);
	if (fd < 0)
		return failed_errno("write", job, name);
	bad = fp_write_full(fd, notes, strlen(notes)) != 0 || fsync(fd) != 0;
	bad |= close(fd) != 0;
	return bad ? failed_errno("write", job, name) : NULL;
}

static xn_error_t *
record(fp_job_t *job, const fp_item_t *item, int state)
{
	syncgate_item_t one = fp_item_record(item, state, item->target);

	return syncgate_job_items_save(job->job, &one, 1);
}

static xn_error_t *
sync_failed(fp_job_t *job, const fp_item_t *item)
{
	int fd = fp_open_parent(job->failed, item->target);
	int rc = fd < 0 ? 0 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return rc == 0 ? NULL : failed_errno("sync", job, item->target);
}

static xn_error_t *
move_to_failed(fp_job_t *job, fp_item_t *item, apr_pool_t *pool)
{
	enum fp_moved moved = FP_MOVED_TAKEN;
	int n = 0, recorded = item->target != NULL && item->recovered;

	while (moved == FP_MOVED_TAKEN) {
		if (!recorded)
			XN_TRY(choose_failed(job, item, &n, pool));
		recorded = 0;
		XN_TRY(record(job, item, SYNCGATE_ITEM_FAILING));
		XN_TRY(write_reason(job, item, pool));
		XN_TRY(fp_claim_move(&moved, job->intake, item->id, item->name,
		    job->failed, item->target));
		if (moved == FP_MOVED_TAKEN)
			unlinkat(job->failed, error_name(item->target, pool),
			    0);
	}
	XN_TRY(sync_failed(job, item));
	XN_TRY(fp_claims_sync(job->intake));
	return record(job, item, SYNCGATE_ITEM_FAILED);
}

xn_error_t *
fp_give_up(fp_job_t *job, fp_item_t *item)
{
	apr_pool_t *pool;
	xn_error_t *error;

	apr_pool_create(&pool, NULL);
	item->due = 0;
	if (!item->recovered)
		fp_item_set(&item->target, NULL);
	error = move_to_failed(job, item, pool);
	if (error == NULL) {
		syncgate_job_log(job->job, SYNCGATE_WARNING, "%s: given up "
		    "after %d %s: see %s/%s" ERROR_SUFFIX, item->name,
		    item->tries, item->tries == 1 ? "try" : "tries",
		    job->o->failed, item->target);
		fp_job_count_failed(job);
	}
	apr_pool_destroy(pool);
	return error == NULL ? NULL : xn_error_wrap(error,
	    "giving up an item");
}

/* ---- Tried ---------------------------------------------------------------- */

static int
may_retry(const fp_job_t *job, const fp_item_t *item, int status)
{
	const fp_options_t *o = job->o;

	if (item->tries > o->retries)
		return 0;
	if (o->retry_on == NULL || status == FP_STATUS_ERROR)
		return 1;
	for (int i = 0; i < o->nretry_on; i++)
		if (status >= o->retry_on[i].from && status <=
		    o->retry_on[i].to)
			return 1;
	return 0;
}

/* What it said, each line behind two blanks: `syncgate items` passes over it. */
static void
note_said(fp_item_t *item, const char *said, size_t n)
{
	while (n > 0) {
		const char *end = memchr(said, '\n', n);
		size_t line = end == NULL ? n : (size_t)(end - said);

		fp_item_note(item, "  ", 2);
		fp_item_note(item, said, line);
		fp_item_note(item, "\n", 1);
		line += end != NULL;
		said += line;
		n -= line;
	}
}

static void
note_try(fp_item_t *item, const struct fp_try *how)
{
	char when[APR_RFC822_DATE_LEN], line[1024];
	const char *more;

	apr_rfc822_date(when, apr_time_now());
	snprintf(line, sizeof(line), "try %d, %s, at %s: %.*s\n", item->tries,
	    when, item->remote == NULL ? "?" : item->remote,
	    (int)strcspn(how->text, "\n"), how->text);
	fp_item_note(item, line, strlen(line));
	if ((more = strchr(how->text, '\n')) != NULL)
		note_said(item, more + 1, strlen(more + 1));
	note_said(item, how->said, how->said_size);
}

xn_error_t *
fp_try_failed(fp_job_t *job, fp_item_t *item, const struct fp_try *how)
{
	long long size = item->lent;
	apr_time_t came = item->came;
	syncgate_item_t one;
	xn_error_t *error;

	item->tries++;
	note_try(item, how);
	if (!may_retry(job, item, how->status)) {
		error = fp_give_up(job, item);
		fp_item_free(item);
	} else {
		item->due = apr_time_now() + fp_item_wait(job->o->backoff,
		    item->tries - 1, job->o->backoff_max);
		one = fp_item_record(item, SYNCGATE_ITEM_WAITING, NULL);
		syncgate_job_log(job->job, SYNCGATE_INFO, "%s: try %d failed, "
		    "%s; again in %.1f s", item->name, item->tries, how->text,
		    (double)(item->due - apr_time_now()) / 1e6);
		error = syncgate_job_items_save(job->job, &one, 1);
		fp_queue_put(job->queue, item);
	}
	fp_queue_released(job->queue, size, came);
	return error;
}
