/*
 * Names: which are items, how urgent they are, and the pass that reads them all
 * and keeps the best (inside.h).
 */
#include "plugins/fileproc/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- One name -------------------------------------------------------------------- */

static void
note_kind(fp_intake_t *in, const char *name, mode_t mode)
{
	const char *dir = in->options.data_in;

	if (S_ISLNK(mode))
		fp_note(in, FP_NOTE_LINK, "symbolic links in '%s' are ignored: "
		    "'%s'", dir, name);
	else if (S_ISDIR(mode))
		fp_note(in, FP_NOTE_FOLDER, "folders in '%s' are ignored: '%s' "
		    "(the option `folders` can make them items)", dir, name);
	else
		fp_note(in, FP_NOTE_SPECIAL, "what is neither file nor folder "
		    "is ignored in '%s': '%s'", dir, name);
}

static int
is_hidden(fp_intake_t *in, const char *name)
{
	if (*fp_base(name) != '.')
		return 0;
	if (strcmp(name, FP_OWN_FOLDER) != 0)
		fp_note(in, FP_NOTE_HIDDEN, "hidden names in '%s' are ignored: "
		    "'%s'", in->options.data_in, name);
	return 1;
}

static int
is_too_long(fp_intake_t *in, const char *name)
{
	if (strlen(name) <= FP_NAME_MAX)
		return 0;
	fp_note(in, FP_NOTE_LONG, "names of more than %d bytes in '%s' are "
	    "ignored: '%s'", FP_NAME_MAX, in->options.data_in, name);
	return 1;
}

/* A rank for NAME; 0: the patterns leave it out. */
static int
rank(struct fp_candidate *c, const fp_intake_t *in, const char *name,
    const struct stat *st)
{
	const struct fp_intake_options *o = &in->options;

	memset(c, 0, sizeof(*c));
	c->name = name;
	if (o->patterns != NULL && o->patterns[0] != NULL &&
	    o->patterns[fp_pattern(o->patterns, name)] == NULL)
		return 0;
	c->urgency = fp_pattern(o->priority, name);
	if (o->order == FP_ORDER_TIME)
		c->key = (long long)st->st_mtim.tv_sec * 1000000000LL +
		    st->st_mtim.tv_nsec;
	else if (o->order == FP_ORDER_SIZE && S_ISREG(st->st_mode))
		c->key = st->st_size;
	return 1;
}

/* What the list cannot keep is where the next pass begins. */
static void
drop(fp_intake_t *in, struct fp_candidate *c)
{
	if (in->bound == NULL || fp_by_rank(c, in->bound) < 0) {
		free(in->bound);
		in->bound = c;
	} else {
		free(c);
	}
}

void
fp_scan_keep(fp_intake_t *in, struct fp_candidate *c)
{
	struct fp_candidate *over;

	if (in->bound != NULL && fp_by_rank(c, in->bound) >= 0) {
		free(c);
		return;
	}
	over = fp_list_add(&in->ready, c);
	if (over == NULL)
		return;
	if (over == c && fp_list_find(&in->ready, c) != NULL)
		free(c);
	else
		drop(in, over);
}

/* NAME is an item's, not hidden; ST is needed only by some orders. */
static xn_error_t *
offer(fp_intake_t *in, const char *name, const struct stat *st, int in_pass)
{
	struct fp_candidate c, *known, *copy;

	if (!rank(&c, in, name, st))
		return NULL;
	if (in_pass && in->floor != NULL && fp_by_rank(&c, in->floor) < 0)
		return NULL;
	if (in_pass && fp_list_find(&in->waiting, &c) != NULL)
		return NULL;
	/* Something happened to it: it waits no more. */
	if (!in_pass && (known = fp_list_take(&in->waiting, &c)) != NULL)
		free(known);
	/* Most names of a large folder end here, and cost no memory. */
	if (in->bound != NULL && fp_by_rank(&c, in->bound) >= 0)
		return NULL;
	copy = fp_candidate_copy(&c);
	if (copy == NULL)
		return xn_error_create(XN_E_NOMEM, "no memory for the names in "
		    "'%s'", in->options.data_in);
	fp_scan_keep(in, copy);
	return NULL;
}

/* ---- A pass ------------------------------------------------------------------------ */

struct pass {
	fp_intake_t *in;
	int from_floor;		/* a pass, not a folder that just appeared */
	char name[FP_NAME_MAX + NAME_MAX + 2];
};

static xn_error_t *scan(struct pass *pass, int fd, size_t length, int depth);

static void
note_unreadable(struct pass *pass, int number)
{
	fp_note(pass->in, FP_NOTE_UNREADABLE, "the folder '%s' in '%s' cannot "
	    "be read: %s", pass->name, pass->in->options.data_in,
	    strerror(number));
}

static xn_error_t *
scan_sub(struct pass *pass, int fd, const char *base, int depth)
{
	fp_intake_t *in = pass->in;
	int sub;

	if (depth >= FP_DEPTH_MAX) {
		fp_note(in, FP_NOTE_DEEP, "folders more than %d deep in '%s' "
		    "are ignored: '%s'", FP_DEPTH_MAX, in->options.data_in,
		    pass->name);
		return NULL;
	}
	sub = openat(fd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (sub == -1) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			note_unreadable(pass, errno);
		return NULL;
	}
	fp_watch_add(in, sub, pass->name);
	return scan(pass, sub, strlen(pass->name), depth + 1);
}

/* With markers, it is they who name items: 0 if this is none, else cut off. */
static int
cut_marker(const fp_intake_t *in, char *name, size_t start)
{
	size_t length = strlen(name), suffix;

	if (in->options.ready != FP_READY_MARKER)
		return 1;
	suffix = strlen(in->options.marker_suffix);
	if (length - start <= suffix || strcmp(name + length - suffix,
	    in->options.marker_suffix) != 0)
		return 0;
	name[length - suffix] = '\0';
	return 1;
}

/* pass->name from LENGTH on is an entry of FD of the type TYPE. */
static xn_error_t *
scan_entry(struct pass *pass, int fd, size_t length, int type, int depth)
{
	fp_intake_t *in = pass->in;
	const char *base = pass->name + length;
	int folders = in->options.folders;
	int marked = in->options.ready == FP_READY_MARKER;
	struct stat st = { .st_mode = DTTOIF((mode_t)type) };

	if ((type == DT_UNKNOWN || in->options.order != FP_ORDER_NAME) &&
	    fstatat(fd, base, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return NULL;
	if (S_ISDIR(st.st_mode) && folders == FP_FOLDERS_NAMES)
		return scan_sub(pass, fd, base, depth);
	if (!S_ISREG(st.st_mode) && (!S_ISDIR(st.st_mode) ||
	    folders != FP_FOLDERS_ITEMS)) {
		note_kind(in, pass->name, st.st_mode);
		return NULL;
	}
	if (!cut_marker(in, pass->name, length))
		return NULL;
	if (marked && in->options.order != FP_ORDER_NAME &&
	    fstatat(fd, base, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return NULL;
	return offer(in, pass->name, &st, pass->from_floor);
}

static xn_error_t *
scan_entries(struct pass *pass, DIR *dir, size_t length, int depth)
{
	fp_intake_t *in = pass->in;
	struct dirent *entry;

	while ((errno = 0, entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		strcpy(pass->name + length, entry->d_name);
		if (is_hidden(in, pass->name) || is_too_long(in, pass->name))
			continue;
		XN_TRY(scan_entry(pass, dirfd(dir), length, entry->d_type,
		    depth));
	}
	return NULL;
}

/*
 * The folder FD, which is closed; pass->name is its name, of LENGTH bytes.
 */
static xn_error_t *
scan(struct pass *pass, int fd, size_t length, int depth)
{
	DIR *dir = fdopendir(fd);
	xn_error_t *error;
	int number = errno;

	if (dir == NULL) {
		close(fd);
	} else {
		if (length > 0)
			pass->name[length++] = '/';
		error = scan_entries(pass, dir, length, depth);
		number = errno;
		closedir(dir);
		if (error != NULL)
			return error;
	}
	if (number == 0)
		return NULL;
	pass->name[length] = '\0';
	if (length > 0)
		note_unreadable(pass, number);
	else
		return xn_error_system(number, "cannot read '%s'",
		    pass->in->options.data_in);
	return NULL;
}

xn_error_t *
fp_scan_pass(fp_intake_t *in)
{
	struct pass pass = { .in = in, .from_floor = 1 };
	int fd;

	free(in->floor);
	in->floor = in->bound;
	in->bound = NULL;
	fd = openat(in->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return xn_error_system(errno, "cannot read '%s'",
		    in->options.data_in);
	return scan(&pass, fd, 0, 0);
}

/* ---- Events -------------------------------------------------------------------------- */

xn_error_t *
fp_scan_folder(fp_intake_t *in, const char *name)
{
	struct pass pass = { .in = in };
	int depth = 1, parent = fp_parent(in->dir, name, 0);
	xn_error_t *error;

	if (parent == -1)
		return NULL;
	strcpy(pass.name, name);
	for (const char *p = name; (p = strchr(p, '/')) != NULL; p++)
		depth++;
	error = scan_sub(&pass, parent, fp_base(name), depth - 1);
	fp_parent_done(in->dir, parent);
	return error;
}

static xn_error_t *
seen_marked(fp_intake_t *in, char *name, const struct stat *st)
{
	size_t start = (size_t)(fp_base(name) - name);
	struct stat item;

	/* The item came, and its marker may be there already. */
	XN_TRY(offer(in, name, st, 0));
	if (!cut_marker(in, name, start) ||
	    fstatat(in->dir, name, &item, AT_SYMLINK_NOFOLLOW) != 0)
		return NULL;
	return offer(in, name, &item, 0);
}

xn_error_t *
fp_scan_seen(fp_intake_t *in, const char *name, int made)
{
	char copy[FP_NAME_MAX + 1];
	struct stat st;

	if (is_hidden(in, name) || is_too_long(in, name) ||
	    fstatat(in->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return NULL;
	if (S_ISDIR(st.st_mode) && in->options.folders == FP_FOLDERS_NAMES)
		return fp_scan_folder(in, name);
	if (!S_ISREG(st.st_mode) && (!S_ISDIR(st.st_mode) ||
	    in->options.folders != FP_FOLDERS_ITEMS)) {
		note_kind(in, name, st.st_mode);
		return NULL;
	}
	/* Linked to here it is complete; but just made it will be closed. */
	if (made && S_ISREG(st.st_mode) && st.st_size == 0 && st.st_nlink < 2)
		return NULL;
	if (in->options.ready != FP_READY_MARKER)
		return offer(in, name, &st, 0);
	return seen_marked(in, strcpy(copy, name), &st);
}
