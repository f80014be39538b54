/*
 * files.c: see files.h.
 */
#include "plugins/fileproc/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH_MAX	256	/* of a tree that is removed */

int
fp_open_beneath(int base, const char *path, int flags, int mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = (flags & O_CREAT) ? (uint64_t)mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, base, *path == '\0' ? "." : path,
	    &how, sizeof(how));
}

const char *
fp_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* The first N bytes of PATH, in OUT. */
static int
prefix(char *out, size_t size, const char *path, size_t n)
{
	if (n >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(out, path, n);
	out[n] = '\0';
	return 0;
}

int
fp_open_parent(int base, const char *path)
{
	const char *last = fp_last_part(path);
	char parent[4096];

	if (last == path)
		return fp_open_beneath(base, ".", O_RDONLY | O_DIRECTORY, 0);
	if (prefix(parent, sizeof(parent), path, (size_t)(last - path) - 1)
	    != 0)
		return -1;
	return fp_open_beneath(base, parent, O_RDONLY | O_DIRECTORY, 0);
}

int
fp_make_parents(int base, const char *path, int mode)
{
	const char *end = path;
	char part[4096];
	int fd, rc;

	while ((end = strchr(end, '/')) != NULL) {
		if (prefix(part, sizeof(part), path, (size_t)(end - path)) != 0)
			return -1;
		end++;
		if ((fd = fp_open_parent(base, part)) < 0)
			return -1;
		rc = mkdirat(fd, fp_last_part(part), (mode_t)mode);
		close(fd);
		if (rc != 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

static int
remove_at(int folder, const char *name, int depth)
{
	struct dirent *entry;
	DIR *dir;
	int fd, rc = 0;

	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (depth > DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd < 0)
		return -1;
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return -1;
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			rc = remove_at(fd, entry->d_name, depth + 1);
	}
	closedir(dir);
	if (rc == 0 && unlinkat(folder, name, AT_REMOVEDIR) != 0 &&
	    errno != ENOENT)
		rc = -1;
	return rc;
}

int
fp_remove_tree(int folder, const char *name)
{
	return remove_at(folder, name, 0);
}

xn_error_t *
fp_open_folder(int *fd, const char *path, int mode)
{
	char part[4096];
	const char *end = path;

	while (end != NULL && *end != '\0') {
		end = strchr(end + 1, '/');
		if (prefix(part, sizeof(part), path, end == NULL ?
		    strlen(path) : (size_t)(end - path)) != 0)
			return xn_error_system(errno, "folder %s", path);
		if (mkdir(part, (mode_t)mode) != 0 && errno != EEXIST &&
		    errno != EROFS && errno != EACCES)
			return xn_error_system(errno, "cannot make the folder "
			    "%s", part);
	}
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return xn_error_system(errno, "cannot open the folder %s",
		    path);
	return NULL;
}

int
fp_write_full(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}
