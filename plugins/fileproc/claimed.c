/*
 * What may be done with a claim, by any thread: nothing here changes the intake
 * but its count of changes.
 */
#include "plugins/fileproc/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE (FP_ID_LENGTH + FP_NAME_MAX + 8)

static xn_error_t *
check(char path[PATH_SIZE], const char *id, const char *name)
{
	if (!fp_is_id(id))
		return xn_error_create(XN_E_USAGE, "'%s' is no id of an item",
		    id);
	if (*name == '\0' || strlen(name) > FP_NAME_MAX)
		return xn_error_create(XN_E_USAGE, "'%s' is no name of an "
		    "item", name);
	snprintf(path, PATH_SIZE, "%s/%s", id, name);
	return NULL;
}

xn_error_t *
fp_claim_open(int *fd, const fp_intake_t *in, const char *id,
    const char *name)
{
	char path[PATH_SIZE];
	struct stat st;

	*fd = -1;
	XN_TRY(check(path, id, name));
	*fd = openat(in->own, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (*fd != -1 && fstat(*fd, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return NULL;
	if (*fd != -1) {
		close(*fd);
		*fd = -1;
		errno = EINVAL;
	}
	return xn_error_system(errno, "cannot read the item '%s' in '%s/"
	    FP_OWN_FOLDER "/%s'", name, in->options.data_in, id);
}

/*
 * The only thing in a claim's folder, the usual case; "" if it is empty.  NULL:
 * there is more.
 */
static const char *
only_file(DIR *dir, char name[NAME_MAX + 1])
{
	struct dirent *entry;

	*name = '\0';
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (*name != '\0' || *entry->d_name == '.')
			return NULL;
		strcpy(name, entry->d_name);
	}
	return name;
}

/*
 * Remove the item of the claim ID if it is a file, by itself: 1 if there is an
 * empty folder now.
 */
static int
empty_quickly(const fp_intake_t *in, const char *id)
{
	char name[NAME_MAX + 1];
	int fd = openat(in->own, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC), done;
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return 0;
	}
	done = only_file(dir, name) != NULL &&
	    (*name == '\0' || unlinkat(fd, name, 0) == 0);
	closedir(dir);
	return done;
}

xn_error_t *
fp_claim_remove(fp_intake_t *in, const char *id)
{
	if (!fp_is_id(id))
		return xn_error_create(XN_E_USAGE, "'%s' is no id of an item",
		    id);
	if (empty_quickly(in, id)) {
		fp_claim_spare(in, id);
		fp_claim_changed(in);
		return NULL;
	}
	/* Away in one step: half a folder must not be taken for an item. */
	if (renameat(in->own, id, in->gone, id) != 0 && errno != ENOENT &&
	    /* Left of an earlier life of the same item. */
	    (fp_tree_remove(in->gone, id) != 0 ||
	    renameat(in->own, id, in->gone, id) != 0))
		return xn_error_system(errno, "cannot remove the item in '%s/"
		    FP_OWN_FOLDER "/%s'", in->options.data_in, id);
	fp_claim_changed(in);
	if (fp_tree_remove(in->gone, id) != 0)
		return xn_error_system(errno, "cannot remove '%s/"
		    FP_OWN_FOLDER "/gone/%s'", in->options.data_in, id);
	return NULL;
}

/* What renameat2() said; NUMBER is 0 when it was done. */
static xn_error_t *
moved_or_not(enum fp_moved *moved, int number, const char *from,
    const char *name, const char *as)
{
	*moved = FP_MOVED;
	if (number == EEXIST || number == ENOTEMPTY)
		*moved = FP_MOVED_TAKEN;
	else if (number == ENOENT)
		*moved = FP_MOVED_GONE;
	else if (number == EXDEV)
		return xn_error_system(number, "cannot move the item '%s' from "
		    "'%s' to '%s': they must be on one file system", name,
		    from, as);
	else if (number != 0)
		return xn_error_system(number, "cannot move the item '%s' from "
		    "'%s' to '%s'", name, from, as);
	return NULL;
}

xn_error_t *
fp_claim_move(enum fp_moved *moved, fp_intake_t *in, const char *id,
    const char *name, int to, const char *as)
{
	char path[PATH_SIZE];
	struct stat st;
	int parent, number = 0;

	XN_TRY(check(path, id, name));
	/* Asked first, so that no folder is made for what is not there. */
	*moved = FP_MOVED_GONE;
	if (fstatat(in->own, path, &st, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT)
		return fp_claim_remove(in, id);
	parent = fp_parent(to, as, 1);
	if (parent == -1)
		return xn_error_system(errno, "cannot make the folder for "
		    "'%s'", as);
	if (fp_rename_new(in->own, path, parent, fp_base(as)) != 0)
		number = errno;
	fp_parent_done(to, parent);
	XN_TRY(moved_or_not(moved, number, in->options.data_in, name, as));
	if (*moved != FP_MOVED)
		return NULL;
	return fp_claim_remove(in, id);
}

/* Some file systems know no such thing for folders. */
static int
sync_folder(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
}

xn_error_t *
fp_claims_sync(fp_intake_t *in)
{
	unsigned long long mine, now;
	int result = 0, number = 0;

	mine = __atomic_load_n(&in->changes, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&in->sync_lock);
	if (in->synced < mine) {
		/* Also for those who wait for the lock now. */
		now = __atomic_load_n(&in->changes, __ATOMIC_SEQ_CST);
		result = sync_folder(in->own) != 0 || sync_folder(in->dir) != 0;
		number = errno;
		if (result == 0)
			in->synced = now;
	}
	pthread_mutex_unlock(&in->sync_lock);
	if (result != 0)
		return xn_error_system(number, "cannot make durable what was "
		    "moved in '%s'", in->options.data_in);
	return NULL;
}

/* ---- From another process -------------------------------------------------------- */

/*
 * Made as retry/.ID, and renamed when it is whole.  A starting intake removes a
 * .ID without an item and adopts one with it, so either may have happened to
 * ours before we go on.  Nothing that is not empty is removed here: another
 * `retry` of the same item may have come first.
 */
static int
put_into(int retry, const char *id, const char *name, int from,
    const char *item)
{
	char hidden[FP_ID_LENGTH + 2], path[PATH_SIZE];

	snprintf(hidden, sizeof(hidden), ".%s", id);
	if (mkdirat(retry, hidden, 0700) != 0 && errno != EEXIST)
		return errno;
	if (fp_claim_folders(retry, hidden, name) != 0 && errno != EEXIST)
		return errno;
	snprintf(path, sizeof(path), "%s/%s", hidden, name);
	if (fp_rename_new(from, item, retry, path) != 0) {
		int number = errno;

		fp_tree_prune(retry, hidden);
		return number;
	}
	if (renameat(retry, hidden, retry, id) != 0 && errno != ENOENT)
		return errno;
	return 0;
}

/* ENOENT: there is no item; else a starting intake removed our folder. */
static int
put(int retry, const char *id, const char *name, int from, const char *item)
{
	struct stat st;
	int number, tries = 0;

	do
		number = put_into(retry, id, name, from, item);
	while (number == ENOENT && ++tries < 10 &&
	    fstatat(from, item, &st, AT_SYMLINK_NOFOLLOW) == 0);
	return number;
}

static int
open_retry(const char *data_in)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, number;
	int dir = open(data_in, flags), own = -1, retry = -1;

	if (dir != -1)
		own = openat(dir, FP_OWN_FOLDER, flags | O_NOFOLLOW);
	if (own != -1)
		retry = openat(own, "retry", flags | O_NOFOLLOW);
	number = errno;
	if (own != -1)
		close(own);
	if (dir != -1)
		close(dir);
	errno = number;
	return retry;
}

static int
claim_is_there(int retry, const char *id)
{
	char path[FP_ID_LENGTH + 8];
	struct stat st;

	snprintf(path, sizeof(path), "../%s", id);
	return fstatat(retry, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    fstatat(retry, id, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

xn_error_t *
fp_claim_return(enum fp_moved *moved, const char *data_in, const char *id,
    const char *name, int from, const char *item)
{
	char path[PATH_SIZE];
	struct stat st;
	int retry, number;

	XN_TRY(check(path, id, name));
	*moved = FP_MOVED_GONE;
	if (fstatat(from, item, &st, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT)
		return NULL;
	retry = open_retry(data_in);
	if (retry == -1)
		return xn_error_system(errno, "cannot open '%s/" FP_OWN_FOLDER
		    "/retry': has the job run with this data-in?", data_in);
	number = EEXIST;
	if (!claim_is_there(retry, id))
		number = put(retry, id, name, from, item);
	if (number == 0 && sync_folder(retry) != 0)
		number = errno;
	close(retry);
	return moved_or_not(moved, number, item, name, data_in);
}
