/*
 * recover.c: see recover.h.
 */
#include "plugins/fileproc/recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/end.h"
#include "plugins/fileproc/files.h"
#include "plugins/fileproc/known.h"
#include "plugins/fileproc/publish.h"

#define PAGE	500

/* ---- Claims ------------------------------------------------------------------ */

/* 1 if that nothing is staged for ITEM does not tell that it is in place. */
static int
is_elsewhere(const fp_job_t *job, const fp_item_t *item)
{
	struct stat st;

	/* What was staged in another way cannot go on in ours. */
	return job->known == FP_UNKNOWN || (job->known == FP_KNOWN_OTHERWISE &&
	    fstatat(job->stage, item->id, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

/* Its results are made once more, since those that were may be lost. */
static xn_error_t *
process_anew(fp_job_t *job, fp_item_t *item)
{
	syncgate_item_t record;
	xn_error_t *error;

	if (job->o->way == FP_WAY_SYSTEM)
		item->placed = SYNCGATE_ITEM_PLACING;
	fp_item_set(&item->target, NULL);
	record = fp_item_record(item, item->placed != 0 ? item->placed :
	    SYNCGATE_ITEM_WAITING, NULL);
	error = syncgate_job_items_save(job->job, &record, 1);
	job->anew++;
	fp_queue_put(job->queue, item);
	return error;
}

/* Go on with ITEM, of which RECORD says how far it was. */
static xn_error_t *
go_on(fp_job_t *job, fp_item_t *item, const syncgate_item_t *record)
{
	xn_error_t *error;

	if (fp_item_take_record(item, record) != 0 ||
	    fp_item_set(&item->target, record->detail) != 0) {
		fp_item_free(item);
		return xn_error_create(XN_E_NOMEM, "no memory");
	}
	switch (record->state) {
	case SYNCGATE_ITEM_PUBLISHING:
		if (is_elsewhere(job, item))
			return process_anew(job, item);
		item->recovered = 1;
		fp_queue_lend(job->queue, item);
		fp_publish(job, item);
		return NULL;
	case SYNCGATE_ITEM_FAILING:
		item->recovered = 1;
		error = fp_give_up(job, item);
		fp_item_free(item);
		return error;
	case SYNCGATE_ITEM_PLACING:
	case SYNCGATE_ITEM_PLACED:
		item->placed = record->state;
		break;
	case SYNCGATE_ITEM_FAILED:	/* `retry` put it back */
		item->tries = 0;
		item->due = 0;
		fp_item_set(&item->notes, NULL);
		break;
	default:
		break;
	}
	fp_queue_put(job->queue, item);
	return NULL;
}

static xn_error_t *
recover_claim(void *baton, const struct fp_claimed *claimed,
    apr_pool_t *scratch)
{
	fp_job_t *job = baton;
	syncgate_item_t *record;
	fp_item_t *item;

	XN_TRY(syncgate_job_items_find(&record, job->job, claimed->id,
	    scratch));
	item = fp_item_of_claim(claimed);
	if (item == NULL)
		return xn_error_create(XN_E_NOMEM, "no memory");
	job->recovered++;
	if (record != NULL)
		return go_on(job, item, record);
	fp_queue_put(job->queue, item);
	return NULL;
}

/* ---- Records without a claim --------------------------------------------------- */

static xn_error_t *
has_claim(int *has, fp_job_t *job, const syncgate_item_t *record)
{
	xn_error_t *error;
	int fd;

	error = fp_claim_open(&fd, job->intake, record->id, record->name);
	*has = error == NULL;
	if (error == NULL)
		close(fd);
	else if (error->status != ENOENT)
		return error;
	xn_error_clear(error);
	return NULL;
}

/*
 * The item of RECORD has no claim: its end was begun, so nothing is left but to
 * forget it; only what was given up stays.
 */
static xn_error_t *
end_record(fp_job_t *job, const syncgate_item_t *record)
{
	syncgate_item_t failed = *record;

	if (record->state != SYNCGATE_ITEM_FAILING)
		return syncgate_job_items_forget(job->job, &record->id, 1);
	failed.state = SYNCGATE_ITEM_FAILED;
	return syncgate_job_items_save(job->job, &failed, 1);
}

static xn_error_t *
recover_records(fp_job_t *job, apr_pool_t *pool)
{
	static const int states[] = { SYNCGATE_ITEM_WAITING,
	    SYNCGATE_ITEM_PLACING, SYNCGATE_ITEM_PLACED,
	    SYNCGATE_ITEM_PUBLISHING, SYNCGATE_ITEM_FAILING };
	char after[FP_ID_LENGTH + 1];
	syncgate_item_t *records;
	int n, has;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		after[0] = '\0';
		do {
			apr_pool_clear(pool);
			XN_TRY(syncgate_job_items_list(&records, &n, job->job,
			    states[i], after[0] ? after : NULL, PAGE, pool));
			for (int k = 0; k < n; k++) {
				XN_TRY(has_claim(&has, job, &records[k]));
				if (!has)
					XN_TRY(end_record(job, &records[k]));
			}
			if (n > 0)
				apr_cpystrn(after, records[n - 1].id,
				    sizeof(after));
		} while (n > 0);
	}
	return NULL;
}

/* ---- What is staged for nobody -------------------------------------------------- */

/* NAME, in the folder of what is staged, belongs to an item to be published. */
static xn_error_t *
is_wanted(int *wanted, fp_job_t *job, const char *name, apr_pool_t *pool)
{
	const char *id = apr_pstrndup(pool, name, FP_ID_LENGTH);
	syncgate_item_t *record;

	XN_TRY(syncgate_job_items_find(&record, job->job, id, pool));
	*wanted = record != NULL && record->state == SYNCGATE_ITEM_PUBLISHING;
	return NULL;
}

static xn_error_t *
clear_stage(fp_job_t *job, apr_pool_t *pool)
{
	int fd = openat(job->stage, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	xn_error_t *error = NULL;
	struct dirent *entry;
	int wanted;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return fp_job_errno("read", job->o->data_out, ".syncgate");
	}
	while (error == NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		apr_pool_clear(pool);
		error = is_wanted(&wanted, job, entry->d_name, pool);
		if (error == NULL && !wanted &&
		    fp_tree_remove(job->stage, entry->d_name) != 0)
			error = fp_job_errno("remove", job->o->data_out,
			    entry->d_name);
	}
	closedir(dir);
	return error;
}

xn_error_t *
fp_recover(fp_job_t *job)
{
	xn_error_t *error;
	apr_pool_t *pool;

	apr_pool_create(&pool, job->pool);
	error = clear_stage(job, pool);
	if (error == NULL)
		error = recover_records(job, pool);
	apr_pool_clear(pool);
	if (error == NULL)
		error = fp_intake_claims(job->intake, recover_claim, job,
		    pool);
	apr_pool_destroy(pool);
	if (error == NULL)
		error = fp_known_write(job);
	if (job->anew > 0)
		syncgate_job_log(job->job, SYNCGATE_WARNING, "data-out %s is "
		    "not the folder, or not used as before, in which an earlier "
		    "run was about to publish %d item%s: processing %s once "
		    "more", job->o->data_out, job->anew, job->anew == 1 ? "" :
		    "s", job->anew == 1 ? "it" : "them");
	if (job->recovered > 0)
		syncgate_job_log(job->job, SYNCGATE_INFO, "going on with %d "
		    "item%s of an earlier run", job->recovered,
		    job->recovered == 1 ? "" : "s");
	return error == NULL ? NULL : xn_error_wrap(error,
	    "going on where an earlier run ended");
}
