/*
 * actions.c: see actions.h.
 */
#include "plugins/fileproc/actions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/inside.h"
#include "plugins/fileproc/job.h"

/* ---- The queue ------------------------------------------------------------------ */

xn_error_t *
fp_queue_of(const char **queue, syncgate_job_t *job, apr_pool_t *pool)
{
	const char *in = syncgate_job_string(job, "data-in");
	const char *path = apr_pstrcat(pool, in, "/.syncgate/queue", NULL);
	char id[FP_ID_LENGTH + 1];
	ssize_t n;
	int fd;

	*queue = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	n = fd < 0 ? -1 : read(fd, id, FP_ID_LENGTH);
	if (n != FP_ID_LENGTH) {
		if (n >= 0)
			errno = EINVAL;
		if (fd >= 0)
			close(fd);
		return fp_job_errno("read", in, ".syncgate/queue");
	}
	close(fd);
	id[FP_ID_LENGTH] = '\0';
	*queue = apr_pstrdup(pool, id);
	return NULL;
}

/* ---- In hand ----------------------------------------------------------------------- */

/* data-in/.syncgate, opened: -1 and errno. */
static int
open_own(const char *in)
{
	int dir = open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int own = dir < 0 ? -1 : fp_open_beneath(dir, FP_OWN_FOLDER,
	    O_RDONLY | O_DIRECTORY, 0);

	if (dir >= 0)
		close(dir);
	return own;
}

static xn_error_t *
tell_claim(int own, const char *id, syncgate_item_fn *each, void *baton,
    apr_pool_t *turn)
{
	syncgate_item_t item = { .state = SYNCGATE_ITEM_WAITING };
	struct fp_claimed claimed;
	int found;

	XN_TRY(fp_claim_describe(&found, &claimed, own, id, turn));
	if (!found)
		return NULL;
	item.id = claimed.id;
	item.name = claimed.name;
	item.size = claimed.size;
	item.arrived = claimed.arrived;
	return each(baton, &item);
}

xn_error_t *
fp_in_hand(syncgate_job_t *job, syncgate_item_fn *each, void *baton,
    apr_pool_t *pool)
{
	const char *in = syncgate_job_string(job, "data-in");
	int own = open_own(in);
	xn_error_t *error = NULL;
	struct dirent *entry;
	apr_pool_t *turn;
	DIR *dir;

	if (own < 0 && errno == ENOENT)
		return NULL;
	if (own < 0 || (dir = fdopendir(own)) == NULL) {
		if (own >= 0)
			close(own);
		return fp_job_errno("read", in, FP_OWN_FOLDER);
	}
	apr_pool_create(&turn, pool);
	while (error == NULL && (entry = readdir(dir)) != NULL) {
		apr_pool_clear(turn);
		if (fp_is_id(entry->d_name))
			error = tell_claim(own, entry->d_name, each, baton,
			    turn);
	}
	closedir(dir);
	return error;
}

/* ---- Retry and discard ------------------------------------------------------------ */

/*
 * Where in OWN the item is: claimed, put back, or about to be, by a `retry` that
 * was killed.  NULL: nowhere.  Then its record may still say that it failed, and
 * what has its name in `failed` by now is another's.
 */
static const char *
find_in_hand(int own, const char *id, int failed_is_there, apr_pool_t *pool)
{
	static const char *const folders[] = { "", "retry/", "retry/." };
	struct stat st;

	for (int i = 0; own >= 0 && i < (failed_is_there ? 2 : 3); i++) {
		const char *path = apr_pstrcat(pool, folders[i], id, NULL);

		if (fstatat(own, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return path;
	}
	return NULL;
}

static void
remove_reason(int failed, const char *name, apr_pool_t *pool)
{
	fp_tree_remove(failed, apr_pstrcat(pool, name, ".error", NULL));
}

static xn_error_t *
retry(const fp_options_t *o, const syncgate_item_t *item, int failed,
    apr_pool_t *pool)
{
	const char *name = item->detail;
	enum fp_moved moved;

	XN_TRY(fp_claim_return(&moved, o->intake.data_in, item->id, item->name,
	    failed, name));
	if (moved == FP_MOVED_GONE)
		return xn_error_create(XN_E_JOB, "%s/%s is not there any more",
		    o->failed, name);
	if (moved == FP_MOVED)
		remove_reason(failed, name, pool);
	return NULL;
}

static xn_error_t *
discard_failed(const fp_options_t *o, const syncgate_item_t *item, int failed,
    apr_pool_t *pool)
{
	int parent = fp_open_parent(failed, item->detail);
	const char *last = fp_base(item->detail);
	int rc;

	if (parent < 0 && errno == ENOENT)
		return NULL;
	rc = parent < 0 ? -1 : fp_tree_remove(parent, last);
	if (rc == 0)
		rc = fp_tree_remove(parent, apr_pstrcat(pool, last, ".error",
		    NULL));
	if (parent >= 0)
		close(parent);
	return rc == 0 ? NULL : fp_job_errno("remove", o->failed,
	    item->detail);
}

/* OWN/PATH becomes OWN/gone/ID, which is removed: 0, or -1 and errno. */
static int
gone_with(int own, const char *path, const char *id)
{
	int gone = fp_open_beneath(own, "gone", O_RDONLY | O_DIRECTORY, 0);
	int rc;

	if (gone < 0)
		return -1;
	rc = renameat(own, path, gone, id);
	if (rc == 0 || errno == ENOENT)
		rc = fp_tree_remove(gone, id);
	close(gone);
	return rc;
}

/*
 * The claim goes in one step, as the intake's do: a slot that has it open
 * finishes, and finds nothing to end.
 */
static xn_error_t *
discard_claim(const fp_options_t *o, const syncgate_item_t *item, int own,
    const char *hand)
{
	if (own >= 0 && gone_with(own, hand == NULL ? item->id : hand,
	    item->id) == 0)
		return NULL;
	return fp_job_errno("remove", o->intake.data_in, item->name);
}

static xn_error_t *
open_failed(int *fd, const fp_options_t *o)
{
	*fd = open(o->failed, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd >= 0 ? NULL : fp_job_errno("open", o->failed, "");
}

static xn_error_t *
act_on_failed(const fp_options_t *o, int action, const syncgate_item_t *item,
    int own, apr_pool_t *pool)
{
	const char *hand, *name = item->detail;
	xn_error_t *error = NULL;
	struct stat st;
	int failed, there;

	XN_TRY(open_failed(&failed, o));
	there = fstatat(failed, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	hand = find_in_hand(own, item->id, there, pool);
	if (hand != NULL) {
		if (action == SYNCGATE_DISCARD)
			error = discard_claim(o, item, own, hand);
		if (error == NULL && !there)
			remove_reason(failed, name, pool);
	} else {
		error = action == SYNCGATE_RETRY ?
		    retry(o, item, failed, pool) :
		    discard_failed(o, item, failed, pool);
	}
	close(failed);
	return error;
}

xn_error_t *
fp_act(syncgate_job_t *job, int action, const syncgate_item_t *item,
    apr_pool_t *pool)
{
	xn_error_t *error;
	fp_options_t *o;
	int own;

	XN_TRY(fp_options_read(&o, job, pool));
	if (item->state == SYNCGATE_ITEM_FAILED && item->detail == NULL)
		return xn_error_create(XN_E_JOB, "its record does not say "
		    "where it is");
	own = open_own(o->intake.data_in);
	if (item->state == SYNCGATE_ITEM_FAILED)
		error = act_on_failed(o, action, item, own, pool);
	else
		error = discard_claim(o, item, own, find_in_hand(own, item->id,
		    0, pool));
	if (own >= 0)
		close(own);
	return error;
}

/* ---- Dry run ------------------------------------------------------------------------ */

xn_error_t *
fp_dry_run(syncgate_job_t *job, const fp_options_t *o, apr_pool_t *pool)
{
	struct dirent *entry;
	long long n = 0;
	DIR *dir;

	(void)pool;
	dir = opendir(o->intake.data_in);
	if (dir == NULL)
		return fp_job_errno("read", o->intake.data_in, "");
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	syncgate_job_log(job, SYNCGATE_INFO, "would process what is complete "
	    "of the %lld name%s in %s", n, n == 1 ? "" : "s",
	    o->intake.data_in);
	return NULL;
}
