/*
 * The claims that are there, and what was left half way: each folder tells by
 * itself what it is.
 */
#include "plugins/fileproc/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#define PATH_SIZE (FP_ID_LENGTH + FP_NAME_MAX + 8)

/* A folder of ours; it has no links in it, but may hold any item. */
static int
open_folder(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
}

/* To read NAME in DIR; closed by closedir().  NULL and errno. */
static DIR *
open_dir(int dir, const char *name)
{
	int fd = open_folder(dir, name), number;
	DIR *entries = fd == -1 ? NULL : fdopendir(fd);

	if (entries == NULL && fd != -1) {
		number = errno;
		close(fd);
		errno = number;
	}
	return entries;
}

/*
 * Append to NAME the one entry of the folder FD that is not hidden; *IS_FOLDER
 * tells what it is.  0: there is none.
 */
static int
append_entry(char name[FP_NAME_MAX + 1], int fd, int *is_folder)
{
	DIR *dir = open_dir(fd, ".");
	size_t length = strlen(name);
	struct dirent *entry;
	struct stat st;
	int found = 0;

	while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
		found = entry->d_name[0] != '.' &&
		    length + strlen(entry->d_name) <= FP_NAME_MAX &&
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
		if (found) {
			strcpy(name + length, entry->d_name);
			*is_folder = S_ISDIR(st.st_mode);
		}
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

/*
 * The name of what is in the claim's folder FD.  0: there is nothing; NAME is
 * then its folder, "" or "sub/".
 */
static int
item_name(char name[FP_NAME_MAX + 1], int fd)
{
	int names = faccessat(fd, ".names", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	int is_folder = 0, found, sub;

	*name = '\0';
	found = append_entry(name, fd, &is_folder);
	while (found && names && is_folder && strlen(name) < FP_NAME_MAX) {
		sub = open_folder(fd, name);
		strcat(name, "/");
		found = sub != -1 && append_entry(name, sub, &is_folder);
		if (sub != -1)
			close(sub);
	}
	return found;
}

static int
add_size(void *baton, int parent, const char *name, const struct stat *st)
{
	long long *size = baton;

	(void)parent;
	(void)name;
	if (S_ISREG(st->st_mode))
		*size += st->st_size;
	return 0;
}

/* What the item PATH in DIR is. */
static int
fill(struct fp_claimed *out, int dir, const char *path)
{
	struct stat st;
	int fd;

	if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	out->size = st.st_size;
	out->folder = S_ISDIR(st.st_mode);
	out->arrived = (apr_time_t)st.st_mtim.tv_sec * APR_USEC_PER_SEC +
	    st.st_mtim.tv_nsec / 1000;
	if (!out->folder)
		return 0;
	out->size = 0;
	fd = open_folder(dir, path);
	if (fd != -1) {
		fp_tree_walk(fd, add_size, &out->size);
		close(fd);
	}
	return 0;
}

xn_error_t *
fp_claim_describe(int *found, struct fp_claimed *out, int dir, const char *id,
    apr_pool_t *pool)
{
	char name[FP_NAME_MAX + 1];
	int fd = open_folder(dir, id);

	*found = 0;
	if (fd == -1)
		return errno == ENOENT ? NULL : xn_error_system(errno,
		    "cannot read the claim '%s' in '" FP_OWN_FOLDER "'", id);
	memset(out, 0, sizeof(*out));
	memcpy(out->id, id, sizeof(out->id));
	if (item_name(name, fd) && fill(out, fd, name) == 0) {
		*found = 1;
		out->name = apr_pstrdup(pool, name);
	} else {
		out->name = apr_pstrdup(pool, name);
	}
	close(fd);
	return NULL;
}

/* ---- The claims ---------------------------------------------------------------- */

static xn_error_t *
give_claim(fp_intake_t *in, const char *id, fp_claims_fn each, void *baton,
    apr_pool_t *turn)
{
	struct fp_claimed claimed;
	int found;

	XN_TRY(fp_claim_describe(&found, &claimed, in->own, id, turn));
	if (found)
		return each(baton, &claimed, turn);
	/* Its item was moved away, and we were killed. */
	return fp_claim_remove(in, id);
}

xn_error_t *
fp_intake_claims(fp_intake_t *in, fp_claims_fn each, void *baton,
    apr_pool_t *scratch)
{
	DIR *dir = open_dir(in->own, ".");
	struct dirent *entry;
	xn_error_t *error = NULL;
	apr_pool_t *turn;

	if (dir == NULL)
		return xn_error_system(errno, "cannot read '%s/" FP_OWN_FOLDER
		    "'", in->options.data_in);
	apr_pool_create(&turn, scratch);
	while (error == NULL && (errno = 0, entry = readdir(dir)) != NULL) {
		apr_pool_clear(turn);
		if (fp_is_id(entry->d_name))
			error = give_claim(in, entry->d_name, each, baton,
			    turn);
	}
	if (error == NULL && errno != 0)
		error = xn_error_system(errno, "cannot read '%s/"
		    FP_OWN_FOLDER "'", in->options.data_in);
	closedir(dir);
	apr_pool_destroy(turn);
	return error;
}

/* ---- Half way: new ---------------------------------------------------------------- */

static int
has_marker(fp_intake_t *in, const char *id)
{
	char path[NAME_MAX + 16];
	struct stat st;

	snprintf(path, sizeof(path), "%s/.marker", id);
	return fstatat(in->fresh, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Its name is taken by another; is its writer done by now? */
static int
half_is_complete(fp_intake_t *in, const struct fp_claimed *half)
{
	char path[PATH_SIZE];
	struct fp_candidate c = { .name = half->name };
	struct fp_test t;
	enum fp_state state;
	int ready = in->options.ready;

	if (has_marker(in, half->id))
		return 1;
	if (ready == FP_READY_MARKER)
		in->options.ready = FP_READY_AUTO;
	snprintf(path, sizeof(path), "%s/%s", half->id, half->name);
	state = fp_complete(&t, in, in->fresh, path, &c);
	in->options.ready = ready;
	if (t.fd != -1)
		close(t.fd);
	return state == FP_COMPLETE;
}

/* *DONE: HALF is a claim now. */
static xn_error_t *
settle_half(int *done, struct fp_claimed *half, fp_intake_t *in,
    const char *id, int at_start, apr_pool_t *pool)
{
	int found;

	*done = 0;
	XN_TRY(fp_claim_describe(&found, half, in->fresh, id, pool));
	/* A spare folder. */
	if (!found && !at_start && !has_marker(in, id))
		return NULL;
	if (fp_claim_back(in, id, half->name))
		return NULL;
	in->halves = 1;
	if (!found || !half_is_complete(in, half))
		return NULL;
	if (renameat(in->fresh, id, in->own, id) != 0)
		return xn_error_system(errno, "cannot claim '%s' in '%s'",
		    half->name, in->options.data_in);
	fp_claim_changed(in);
	*done = 1;
	return NULL;
}

xn_error_t *
fp_halves(struct fp_claimed *out, int max, int *n, fp_intake_t *in,
    apr_pool_t *pool)
{
	DIR *dir = open_dir(in->fresh, ".");
	struct dirent *entry;
	xn_error_t *error = NULL;
	struct fp_claimed half;
	int done;

	if (dir == NULL)
		return xn_error_system(errno, "cannot read '%s/" FP_OWN_FOLDER
		    "/new'", in->options.data_in);
	in->halves = 0;
	while (error == NULL && (max == 0 || *n < max) &&
	    (entry = readdir(dir)) != NULL) {
		if (!fp_is_id(entry->d_name))
			continue;
		error = settle_half(&done, &half, in, entry->d_name, max == 0,
		    pool);
		if (error == NULL && done && max > 0)
			out[(*n)++] = half;
	}
	if (max > 0 && *n == max)
		in->halves = 1;
	closedir(dir);
	return error;
}

/* ---- Put back by fp_claim_return() ------------------------------------------------ */

static xn_error_t *
adopt_one(int *done, struct fp_claimed *out, fp_intake_t *in, const char *id,
    apr_pool_t *pool)
{
	*done = 0;
	if (renameat(in->retry, id, in->own, id) != 0) {
		if (errno != EEXIST && errno != ENOTEMPTY)
			return xn_error_system(errno, "cannot take the item "
			    "'%s/" FP_OWN_FOLDER "/retry/%s'",
			    in->options.data_in, id);
		fp_note(in, FP_NOTE_RETURNED, "'%s/" FP_OWN_FOLDER "/retry/%s' "
		    "stays there: there is an item of that id already",
		    in->options.data_in, id);
		return NULL;
	}
	fp_claim_changed(in);
	XN_TRY(fp_claim_describe(done, out, in->own, id, pool));
	out->returned = 1;
	return *done ? NULL : fp_claim_remove(in, id);
}

xn_error_t *
fp_adopt(struct fp_claimed *out, int max, int *n, fp_intake_t *in,
    apr_pool_t *pool)
{
	DIR *dir = open_dir(in->retry, ".");
	struct dirent *entry;
	xn_error_t *error = NULL;
	int done;

	if (dir == NULL)
		return xn_error_system(errno, "cannot read '%s/" FP_OWN_FOLDER
		    "/retry'", in->options.data_in);
	in->returned = 0;
	while (error == NULL && *n < max && (entry = readdir(dir)) != NULL) {
		if (!fp_is_id(entry->d_name))
			continue;
		error = adopt_one(&done, &out[*n], in, entry->d_name, pool);
		if (error == NULL && done)
			(*n)++;
	}
	if (*n == max)
		in->returned = 1;
	closedir(dir);
	return error;
}

/* ---- At the start ------------------------------------------------------------------ */

/* `retry` was killed: what has its item is whole, and the rest is nothing. */
static void
finish_returned(fp_intake_t *in, const char *hidden)
{
	char name[FP_NAME_MAX + 1];
	int fd = open_folder(in->retry, hidden), found;

	if (fd == -1)
		return;
	found = item_name(name, fd);
	close(fd);
	if (found)
		renameat(in->retry, hidden, in->retry, hidden + 1);
	else
		fp_tree_prune(in->retry, hidden);
}

xn_error_t *
fp_leftovers(fp_intake_t *in, apr_pool_t *scratch)
{
	DIR *dir = open_dir(in->retry, ".");
	struct dirent *entry;
	int n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] == '.' && fp_is_id(entry->d_name + 1))
			finish_returned(in, entry->d_name);
	if (dir != NULL)
		closedir(dir);
	dir = open_dir(in->gone, ".");
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (fp_is_id(entry->d_name))
			fp_tree_remove(in->gone, entry->d_name);
	if (dir != NULL)
		closedir(dir);
	in->returned = 1;
	return fp_halves(NULL, 0, &n, in, scratch);
}
