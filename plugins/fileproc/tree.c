/*
 * Folders with all that is in them, of any shape: never through a link, and
 * never deeper than FP_DEPTH_MAX.
 */
#include "plugins/fileproc/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The entries of the folder FD, which stays open; NULL and errno. */
static DIR *
open_entries(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own == -1 ? NULL : fdopendir(own);
	int number = errno;

	if (dir == NULL && own != -1)
		close(own);
	errno = number;
	return dir;
}

static int walk(int fd, fp_tree_fn each, void *baton, int depth);

static int
walk_entry(int fd, const char *name, fp_tree_fn each, void *baton, int depth)
{
	struct stat st;
	int sub, result, number;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	result = each(baton, fd, name, &st);
	if (result != 0 || !S_ISDIR(st.st_mode))
		return result;
	sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (sub == -1)
		return errno == ENOENT ? 0 : -1;
	result = walk(sub, each, baton, depth + 1);
	number = errno;
	close(sub);
	errno = number;
	return result;
}

static int
walk(int fd, fp_tree_fn each, void *baton, int depth)
{
	struct dirent *entry = NULL;
	int result = 0, number;
	DIR *dir;

	if (depth > FP_DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	dir = open_entries(fd);
	if (dir == NULL)
		return -1;
	while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		if (!is_dots(entry->d_name))
			result = walk_entry(fd, entry->d_name, each, baton,
			    depth);
	if (result == 0 && errno != 0)
		result = -1;
	number = errno;
	closedir(dir);
	errno = number;
	return result;
}

int
fp_tree_walk(int fd, fp_tree_fn each, void *baton)
{
	return walk(fd, each, baton, 1);
}

static int remove_folder(int dir, const char *name, int depth);

static int
remove_entry(int fd, const char *name, int depth)
{
	if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* A folder that nobody may write is ours all the same. */
	if (errno == EACCES && fchmod(fd, 0700) == 0 &&
	    (unlinkat(fd, name, 0) == 0 || errno == ENOENT))
		return 0;
	return errno == EISDIR ? remove_folder(fd, name, depth + 1) : -1;
}

/* Remove what is in the folder FD. */
static int
empty_folder(int fd, int depth)
{
	DIR *dir = open_entries(fd);
	struct dirent *entry;
	int result = 0, number;

	if (dir == NULL)
		return -1;
	while (result == 0 && (entry = readdir(dir)) != NULL)
		if (!is_dots(entry->d_name))
			result = remove_entry(fd, entry->d_name, depth);
	number = errno;
	closedir(dir);
	errno = number;
	return result;
}

static int
remove_folder(int dir, const char *name, int depth)
{
	int fd, result, number;

	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -1;
	if (depth > FP_DEPTH_MAX + 2) {
		errno = ELOOP;
		return -1;
	}
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1 && errno == EACCES &&
	    fchmodat(dir, name, 0700, 0) == 0)
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
	if (fd == -1)
		return -1;
	result = empty_folder(fd, depth);
	number = errno;
	close(fd);
	errno = number;
	return result == 0 ? unlinkat(dir, name, AT_REMOVEDIR) : -1;
}

int
fp_tree_remove(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	return errno == EISDIR ? remove_folder(dir, name, 1) : -1;
}

/* What cannot go stays, and is found by the rmdir of its folder. */
static int
prune_entry(void *baton, int parent, const char *name, const struct stat *st)
{
	(void)baton;
	if (S_ISDIR(st->st_mode))
		fp_tree_prune(parent, name);
	return 0;
}

int
fp_tree_prune(int dir, const char *name)
{
	int fd;

	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1)
		return -1;
	fp_tree_walk(fd, prune_entry, NULL);
	close(fd);
	return unlinkat(dir, name, AT_REMOVEDIR);
}
