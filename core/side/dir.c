/*
 * Folders: reading one, and removing a whole tree.
 */
#include "core/side/side.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execnet/remote.h>

struct xn_dir {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	DIR *stream;
};

static void
drop(struct xn_side_owned *self)
{
	xn_dir *dir = (xn_dir *)self;

	closedir(dir->stream);
	free(dir);
}

/* A stream for the folder FD, which it owns, also when there is none. */
static DIR *
stream_of(int fd)
{
	DIR *stream = fd == -1 ? NULL : fdopendir(fd);

	if (stream == NULL && fd != -1) {
		int number = errno;

		close(fd);
		errno = number;
	}
	return stream;
}

/* The next name that is not "." or ".."; NULL and errno, 0 at the end. */
static const char *
next_name(DIR *stream)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(stream);
	} while (entry != NULL && (strcmp(entry->d_name, ".") == 0 ||
	    strcmp(entry->d_name, "..") == 0));
	return entry == NULL ? NULL : entry->d_name;
}

xn_dir *
xn_dir_open(int base, const char *path)
{
	xn_dir *dir = malloc(sizeof(*dir));

	if (dir == NULL)
		return NULL;
	dir->stream = stream_of(xn_side__beneath(base, path,
	    O_RDONLY | O_DIRECTORY, 0));
	if (dir->stream == NULL) {
		int number = errno;

		free(dir);
		errno = number;
		return NULL;
	}
	xn_side__own(&dir->owned, drop);
	return dir;
}

const char *
xn_dir_next(xn_dir *dir)
{
	if (dir == NULL) {
		errno = EINVAL;
		return NULL;
	}
	return next_name(dir->stream);
}

void
xn_dir_close(xn_dir *dir)
{
	if (dir == NULL)
		return;
	xn_side__disown(&dir->owned);
	drop(&dir->owned);
}

/* ---- Removing a tree --------------------------------------------------- */

#define DEPTH_MAX	32		/* descriptors that one removal holds */

/* Removing; a folder deeper than DEPTH_MAX is moved to the top instead. */
struct removal {
	int top;			/* the folder being emptied */
	unsigned int moved;		/* makes the names of what was moved */
};

static int empty_folder(struct removal *r, int folder, int depth);

/* Move NAME in FOLDER to the top under a name that is free there. */
static int
move_up(struct removal *r, int folder, const char *name)
{
	char free_name[32];

	do {
		snprintf(free_name, sizeof(free_name), ".deep-%u", r->moved++);
		if (renameat(folder, name, r->top, free_name) == 0)
			return 0;
	} while (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR);
	return -1;
}

/* Who owns a folder may get into it, whatever its mode is now. */
static int
open_to_empty(int parent, const char *name)
{
	int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, path, number;
	int fd = openat(parent, name, O_RDONLY | flags);
	char link[32];

	if (fd != -1 || errno != EACCES)
		return fd;
	path = openat(parent, name, O_PATH | flags);
	if (path == -1)
		return -1;
	/* chmod() by name would follow what is put there meanwhile. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", path);
	if (chmod(link, 0700) == 0)
		fd = openat(parent, name, O_RDONLY | flags);
	else
		errno = EACCES;
	number = errno;
	close(path);
	errno = number;
	return fd;
}

/* The same of one that is open. */
static int
unlink_in(int folder, const char *name, int flags)
{
	int result = unlinkat(folder, name, flags);

	if (result != 0 && errno == EACCES && fchmod(folder, 0700) == 0)
		result = unlinkat(folder, name, flags);
	return result;
}

/* Remove the entry NAME of FOLDER; one that is gone already is no error. */
static int
remove_entry(struct removal *r, int folder, const char *name, int depth)
{
	int fd, result;

	if (unlink_in(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* Linux says EISDIR, POSIX EPERM. */
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -1;
	if (depth == DEPTH_MAX)
		return move_up(r, folder, name);
	fd = open_to_empty(folder, name);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	result = empty_folder(r, fd, depth + 1);
	if (result == 0 && unlinkat(folder, name, AT_REMOVEDIR) != 0 &&
	    errno != ENOENT)
		result = -1;
	return result;
}

/* Remove all entries of FOLDER, which it closes. */
static int
empty_folder(struct removal *r, int folder, int depth)
{
	DIR *stream = stream_of(folder);
	const char *name;
	int found, result = 0, number;

	if (stream == NULL)
		return -1;
	if (depth == 0)
		r->top = folder;
	/* Again until nothing is found: what is removed or moved here while
	 * it is being read may hide other entries. */
	do {
		found = 0;
		rewinddir(stream);
		while (result == 0 && (name = next_name(stream)) != NULL) {
			found = 1;
			result = remove_entry(r, folder, name, depth);
		}
		if (result == 0 && errno != 0 && !found)
			result = -1;
	} while (found && result == 0);
	number = errno;
	closedir(stream);
	errno = number;
	return result;
}

int
xn_remove_tree(int base, const char *path)
{
	struct removal r = { -1, 0 };
	char name[XN_SIDE_NAME];
	int parent = xn_side__parent(base, path, name), fd, result;

	if (parent == -1)
		return -1;
	result = unlinkat(parent, name, 0);
	if (result != 0 && (errno == EISDIR || errno == EPERM)) {
		fd = open_to_empty(parent, name);
		result = fd == -1 ? -1 : empty_folder(&r, fd, 0);
		if (result == 0)
			result = unlinkat(parent, name, AT_REMOVEDIR);
	}
	xn_side__parent_done(base, parent);
	return result;
}
