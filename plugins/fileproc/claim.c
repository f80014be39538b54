/*
 * Making a claim, by the owner's thread.  Each line is one step that a kill may
 * follow; what new/ID holds then is put back by the next process:
 *
 *	mkdir new/ID				or one that is there, and empty
 *	mkdir new/ID/.names, new/ID/sub		NAME is sub/x: a part of the name
 *	mkdir new/ID/.marker			with a marker
 *	rename x.done to new/ID/.marker/x.done
 *	rename NAME to new/ID/NAME
 *	(it is tested again: its writer may have opened it in between)
 *	rename new/ID to ID			from here on it is claimed
 *
 * The marker goes first and comes back last: an item that is in data-in without
 * its marker waits for one, while a marker without its item would vouch for
 * whatever gets that name next.
 */
#include "plugins/fileproc/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

void
fp_claim_changed(fp_intake_t *in)
{
	__atomic_add_fetch(&in->changes, 1, __ATOMIC_SEQ_CST);
}

/* The path of NAME, or of a marker, in a claim's folder. */
#define PATH_SIZE (FP_ID_LENGTH + FP_NAME_MAX + NAME_MAX + 16)

static const char *
claim_path(char path[PATH_SIZE], const char *id, const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s", id, name);
	return path;
}

int
fp_claim_folders(int dir, const char *id, const char *name)
{
	char path[PATH_SIZE];
	const char *slash = strchr(name, '/');

	if (slash == NULL)
		return 0;
	if (mkdirat(dir, claim_path(path, id, ".names"), 0700) != 0)
		return -1;
	for (; slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(path, sizeof(path), "%s/%.*s", id,
		    (int)(slash - name), name);
		if (mkdirat(dir, path, 0700) != 0)
			return -1;
	}
	return 0;
}

/* ---- Back to data-in ----------------------------------------------------------- */

/* The marker is known by where it is, whatever suffix is in use by now. */
static int
marker_back(int parent, int markers, const char *name)
{
	if (fp_rename_new(markers, name, parent, name) == 0 ||
	    errno == ENOENT)
		return 1;
	/* There is a newer one, and it stands for the same item. */
	return errno == EEXIST && unlinkat(markers, name, 0) == 0;
}

static int
markers_back(fp_intake_t *in, int parent, const char *id)
{
	char path[PATH_SIZE];
	int fd = openat(in->fresh, claim_path(path, id, ".marker"),
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), all = 1;
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL)
		return errno == ENOENT;
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			all &= marker_back(parent, fd, entry->d_name);
	closedir(dir);
	return all;
}

int
fp_claim_back(fp_intake_t *in, const char *id, const char *name)
{
	char path[PATH_SIZE];
	int parent = fp_parent(in->dir, name, 1), all;

	if (parent == -1)
		return 0;
	all = fp_rename_new(in->fresh, claim_path(path, id, name), parent,
	    fp_base(name)) == 0 || errno == ENOENT;
	if (all)
		all = markers_back(in, parent, id);
	fp_parent_done(in->dir, parent);
	return all && fp_tree_prune(in->fresh, id) == 0;
}

/* What a test found wrong goes back; if its name is taken by now, it waits. */
static void
give_back(fp_intake_t *in, const char *id, const char *name)
{
	if (fp_claim_back(in, id, name))
		return;
	in->halves = 1;
	fp_note(in, FP_NOTE_BACK, "'%s' in '%s' was taken while it was still "
	    "being written, and there is another one of that name by now: it "
	    "waits in '" FP_OWN_FOLDER "/new/%s' until it is closed", name,
	    in->options.data_in, id);
}

/* ---- Claiming ------------------------------------------------------------------- */

/* Errors that are about this one item; others are about the disk. */
static int
is_about_item(int number)
{
	return number == EACCES || number == EPERM || number == EXDEV ||
	    number == EBUSY || number == ETXTBSY || number == ENAMETOOLONG;
}

static xn_error_t *
not_moved(enum fp_state *state, fp_intake_t *in, struct fp_test *t,
    const char *name, int number)
{
	*state = FP_NO_ITEM;
	if (number == ENOENT)
		return NULL;
	if (!is_about_item(number) || (number == EACCES &&
	    faccessat(in->dir, ".", W_OK | X_OK, AT_EACCESS) != 0))
		return xn_error_system(number, "cannot move '%s' in '%s' into "
		    "its '" FP_OWN_FOLDER "'", name, in->options.data_in);
	*state = FP_NOT_YET;
	t->wait = in->options.poll;
	fp_note(in, FP_NOTE_UNMOVABLE, "'%s' in '%s' is left there: it cannot "
	    "be moved into '" FP_OWN_FOLDER "': %s%s", name,
	    in->options.data_in, strerror(number), number == EXDEV ?
	    ": it is on another file system" : number == EBUSY ? "" :
	    ": the job needs the right to write the folder that it is in, and "
	    "a folder itself");
	return NULL;
}

static int
take_marker(fp_intake_t *in, int parent, const char *base, const char *id)
{
	char path[PATH_SIZE];
	const char *marker;

	if (mkdirat(in->fresh, claim_path(path, id, ".marker"), 0700) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/.marker/%s%s", id, base,
	    in->options.marker_suffix);
	marker = fp_base(path);
	return renameat(parent, marker, in->fresh, path);
}

/* Move it into new/ID: 0, or -1 and errno. */
static int
take(fp_intake_t *in, int parent, const char *base, const char *id,
    const char *name)
{
	char path[PATH_SIZE];

	if (fp_claim_folders(in->fresh, id, name) != 0)
		return -1;
	if (in->options.ready == FP_READY_MARKER &&
	    take_marker(in, parent, base, id) != 0)
		return -1;
	return renameat(parent, base, in->fresh, claim_path(path, id, name));
}

static void
describe(struct fp_claimed *out, const char *id, const char *name,
    const struct fp_test *t, apr_pool_t *pool)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->id, id, sizeof(out->id));
	out->name = apr_pstrdup(pool, name);
	out->size = t->size;
	out->folder = S_ISDIR(t->st.st_mode);
	out->arrived = (apr_time_t)t->st.st_mtim.tv_sec * APR_USEC_PER_SEC +
	    t->st.st_mtim.tv_nsec / 1000;
}

/* A spare one; 0: there is none. */
static int
take_spare(fp_intake_t *in, char id[FP_ID_LENGTH + 1])
{
	int found;

	pthread_mutex_lock(&in->spare_lock);
	found = in->n_spare > 0;
	if (found)
		memcpy(id, in->spare[--in->n_spare], FP_ID_LENGTH + 1);
	pthread_mutex_unlock(&in->spare_lock);
	return found;
}

void
fp_claim_spare(fp_intake_t *in, const char *id)
{
	char other[FP_ID_LENGTH + 1];
	xn_error_t *error = fp_new_id(other);
	int kept = 0;

	/* Told before it can be taken, and only if it is there. */
	pthread_mutex_lock(&in->spare_lock);
	if (error == NULL && in->n_spare < FP_SPARES_MAX &&
	    renameat(in->own, id, in->fresh, other) == 0) {
		memcpy(in->spare[in->n_spare++], other, sizeof(other));
		kept = 1;
	}
	pthread_mutex_unlock(&in->spare_lock);
	xn_error_clear(error);
	if (!kept)
		unlinkat(in->own, id, AT_REMOVEDIR);
}

void
fp_spares_remove(fp_intake_t *in)
{
	char id[FP_ID_LENGTH + 1];

	while (take_spare(in, id))
		unlinkat(in->fresh, id, AT_REMOVEDIR);
}

static xn_error_t *
make_folder(fp_intake_t *in, char id[FP_ID_LENGTH + 1], const char *name)
{
	if (take_spare(in, id))
		return NULL;
	XN_TRY(fp_new_id(id));
	if (mkdirat(in->fresh, id, 0700) != 0)
		return xn_error_system(errno, "cannot make a folder for '%s' "
		    "in '%s/" FP_OWN_FOLDER "/new'", name,
		    in->options.data_in);
	return NULL;
}

xn_error_t *
fp_claim_make(enum fp_state *state, struct fp_claimed *out, fp_intake_t *in,
    int parent, const char *base, struct fp_test *t, struct fp_candidate *c,
    apr_pool_t *pool)
{
	char id[FP_ID_LENGTH + 1], path[PATH_SIZE];
	int number;

	XN_TRY(make_folder(in, id, c->name));
	if (take(in, parent, base, id, c->name) != 0) {
		number = errno;
		give_back(in, id, c->name);
		return not_moved(state, in, t, c->name, number);
	}
	if (!fp_still_complete(t, in, in->fresh,
	    claim_path(path, id, c->name))) {
		give_back(in, id, c->name);
		*state = FP_NOT_YET;
		t->wait = 0;
		return NULL;
	}
	if (renameat(in->fresh, id, in->own, id) != 0) {
		number = errno;
		give_back(in, id, c->name);
		return xn_error_system(number, "cannot claim '%s' in '%s'",
		    c->name, in->options.data_in);
	}
	fp_claim_changed(in);
	describe(out, id, c->name, t, pool);
	*state = FP_COMPLETE;
	return NULL;
}
