/*
 * Opening an intake: the folders in data-in/.syncgate, the lock, the queue.
 */
#include "plugins/fileproc/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#define FUSE_MAGIC	0x65735546
#define LOCK_WAIT	xn_seconds(2)
#define LOCK_STEP	xn_seconds(0.02)

/* ---- Opening ------------------------------------------------------------ */

static xn_error_t *
check_options(const struct fp_intake_options *o)
{
	if (o->ready == FP_READY_MARKER && (o->marker_suffix == NULL ||
	    *o->marker_suffix == '\0' || strchr(o->marker_suffix, '/') != NULL))
		return xn_error_create(XN_E_CONFIG, "the suffix of markers must "
		    "be there, without '/': '%s'", o->marker_suffix == NULL ?
		    "" : o->marker_suffix);
	if (o->settle < 0 || o->poll <= 0)
		return xn_error_create(XN_E_CONFIG, "settle must be at least "
		    "0, and poll more");
	return NULL;
}

static xn_error_t *
open_folder(int *out, int dir, const char *name, const char *path)
{
	if (mkdirat(dir, name, 0700) != 0 && errno != EEXIST)
		return xn_error_system(errno, "cannot make '%s/%s': items are "
		    "moved into it, so the job must have the right to write "
		    "'%s'", path, name, path);
	*out = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (*out == -1)
		return xn_error_system(errno, "cannot open '%s/%s'", path,
		    name);
	return NULL;
}

/* Who a file that we make belongs to: mounts may have their own idea. */
static int
maker(const fp_intake_t *in, uid_t *uid)
{
	static const char name[] = "owner";
	struct stat st;
	int fd, result;

	unlinkat(in->own, name, 0);
	fd = openat(in->own, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	result = fstat(fd, &st);
	*uid = st.st_uid;
	close(fd);
	unlinkat(in->own, name, 0);
	return result;
}

/* Where others can put things into data-in, they could have made this. */
static xn_error_t *
check_owner(const fp_intake_t *in)
{
	const char *path = in->options.data_in;
	uid_t uid = geteuid();
	struct stat st;

	if (fstat(in->own, &st) != 0)
		return xn_error_system(errno, "cannot look at '%s/"
		    FP_OWN_FOLDER "'", path);
	if (st.st_uid != uid && (maker(in, &uid) != 0 || st.st_uid != uid))
		return xn_error_create(XN_E_CONFIG, "'%s/" FP_OWN_FOLDER "' "
		    "belongs to user %u, and not to user %u who runs the job: "
		    "run it as the same user as before, or, if no items are in "
		    "it, remove it", path, (unsigned)st.st_uid,
		    (unsigned)geteuid());
	/* Not on file systems that know no modes. */
	if ((st.st_mode & 077) != 0 && fchmod(in->own, 0700) != 0)
		return NULL;
	return NULL;
}

static xn_error_t *
open_folders(fp_intake_t *in)
{
	const char *path = in->options.data_in;
	const char *own = apr_pstrcat(in->pool, path, "/" FP_OWN_FOLDER, NULL);
	struct statfs fs;

	in->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (in->dir == -1)
		return xn_error_system(errno, "cannot open the folder '%s'",
		    path);
	in->fuse = fstatfs(in->dir, &fs) == 0 && fs.f_type == FUSE_MAGIC;
	XN_TRY(open_folder(&in->own, in->dir, FP_OWN_FOLDER, path));
	XN_TRY(check_owner(in));
	XN_TRY(open_folder(&in->fresh, in->own, "new", own));
	XN_TRY(open_folder(&in->retry, in->own, "retry", own));
	return open_folder(&in->gone, in->own, "gone", own);
}

/*
 * A process that was killed has it for a moment longer, if it was about to start
 * another one: that has all descriptors until it is the other program.
 */
static int
lock(int fd)
{
	int tries = LOCK_WAIT / LOCK_STEP;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK || tries-- == 0)
			return -1;
		apr_sleep(LOCK_STEP);
	}
	return 0;
}

static xn_error_t *
take_lock(fp_intake_t *in)
{
	char who[24] = "";

	in->lock = openat(in->own, "lock", O_RDWR | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (in->lock == -1)
		return xn_error_system(errno, "cannot open '%s/" FP_OWN_FOLDER
		    "/lock'", in->options.data_in);
	if (lock(in->lock) == 0) {
		int n = snprintf(who, sizeof(who), "%ld\n", (long)getpid());

		/* For people only. */
		if (ftruncate(in->lock, 0) != 0 ||
		    pwrite(in->lock, who, (size_t)n, 0) != n)
			return NULL;
		return NULL;
	}
	if (errno != EWOULDBLOCK)
		return xn_error_system(errno, "cannot lock '%s/" FP_OWN_FOLDER
		    "/lock'", in->options.data_in);
	if (pread(in->lock, who, sizeof(who) - 1, 0) < 0)
		who[0] = '\0';
	who[strspn(who, "0123456789")] = '\0';
	return xn_error_create(XN_E_CONFIG, "another process (%s) takes the "
	    "items of '%s' already: one job at a time can have it", who,
	    in->options.data_in);
}

/* Made aside, synced and renamed: a queue that is there is whole. */
static xn_error_t *
make_queue(fp_intake_t *in)
{
	const char *path = in->options.data_in;
	int fd, bad;

	XN_TRY(fp_new_id(in->queue));
	fd = openat(in->own, "queue.new", O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return xn_error_system(errno, "cannot make '%s/" FP_OWN_FOLDER
		    "/queue'", path);
	errno = ENOSPC;			/* of a short write */
	bad = write(fd, in->queue, FP_ID_LENGTH) != FP_ID_LENGTH ||
	    fsync(fd) != 0;
	if (bad || renameat(in->own, "queue.new", in->own, "queue") != 0) {
		int number = errno;

		close(fd);
		unlinkat(in->own, "queue.new", 0);
		return xn_error_system(number, "cannot make '%s/" FP_OWN_FOLDER
		    "/queue'", path);
	}
	close(fd);
	fp_claim_changed(in);
	return fp_claims_sync(in);
}

static xn_error_t *
read_queue(fp_intake_t *in)
{
	int fd = openat(in->own, "queue", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[FP_ID_LENGTH + 2] = "";
	ssize_t n;

	if (fd == -1 && errno == ENOENT)
		return make_queue(in);
	if (fd == -1)
		return xn_error_system(errno, "cannot open '%s/" FP_OWN_FOLDER
		    "/queue'", in->options.data_in);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	if (n < 0 || !fp_is_id(text))
		return xn_error_create(XN_E_CONFIG, "'%s/" FP_OWN_FOLDER
		    "/queue' is damaged: it must hold the 32 hex digits by "
		    "which the store knows the items here; if it knows none, "
		    "remove the file", in->options.data_in);
	memcpy(in->queue, text, sizeof(in->queue));
	return NULL;
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static apr_status_t
cleanup(void *data)
{
	fp_intake_t *in = data;

	if (in->fresh != -1)
		fp_spares_remove(in);
	fp_watch_close(in);
	fp_list_free(&in->ready);
	fp_list_free(&in->waiting);
	free(in->floor);
	free(in->bound);
	in->floor = in->bound = NULL;
	close_fd(&in->fresh);
	close_fd(&in->retry);
	close_fd(&in->gone);
	close_fd(&in->own);
	close_fd(&in->dir);
	close_fd(&in->lock);
	pthread_mutex_destroy(&in->sync_lock);
	pthread_mutex_destroy(&in->spare_lock);
	return APR_SUCCESS;
}

static xn_error_t *
open_all(fp_intake_t *in)
{
	XN_TRY(check_options(&in->options));
	if (fp_list_init(&in->ready, FP_LIST_MAX, fp_by_rank) != 0 ||
	    fp_list_init(&in->waiting, FP_LIST_MAX, fp_by_name) != 0)
		return xn_error_create(XN_E_NOMEM, "no memory for the names in "
		    "'%s'", in->options.data_in);
	XN_TRY(open_folders(in));
	XN_TRY(take_lock(in));
	XN_TRY(read_queue(in));
	fp_watch_open(in);
	return fp_leftovers(in, in->pool);
}

xn_error_t *
fp_intake_open(fp_intake_t **intake, const struct fp_intake_options *options,
    apr_pool_t *pool)
{
	fp_intake_t *in = apr_pcalloc(pool, sizeof(*in));
	xn_error_t *error;

	in->options = *options;
	in->pool = pool;
	in->dir = in->own = in->fresh = in->retry = in->gone = in->lock = -1;
	in->events = -1;
	pthread_mutex_init(&in->sync_lock, NULL);
	pthread_mutex_init(&in->spare_lock, NULL);
	apr_pool_cleanup_register(pool, in, cleanup, apr_pool_cleanup_null);
	error = open_all(in);
	if (error != NULL) {
		fp_intake_close(in);
		return error;
	}
	*intake = in;
	return NULL;
}

void
fp_intake_close(fp_intake_t *in)
{
	apr_pool_cleanup_run(in->pool, in, cleanup);
}

int
fp_intake_incomplete(const fp_intake_t *in)
{
	return fp_list_count(&in->waiting) + fp_list_count(&in->ready);
}

const char *
fp_intake_queue(const fp_intake_t *in)
{
	return in->queue;
}

int
fp_intake_fd(const fp_intake_t *in)
{
	return in->events;
}
