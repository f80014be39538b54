/*
 * files.c: see files.h.
 */
#include "plugins/fileproc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RENAMES_MAX	100	/* while somebody removes the folder */

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
	const char *last = fp_base(path);
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
		rc = mkdirat(fd, fp_base(part), (mode_t)mode);
		close(fd);
		if (rc != 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

int
fp_is_there(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
rename_once(int from, const char *old, int base, const char *path, int replace)
{
	int parent, rc, number;

	if (fp_make_parents(base, path, 0777) != 0 ||
	    (parent = fp_open_parent(base, path)) < 0)
		return -1;
	rc = replace ? renameat(from, old, parent, fp_base(path)) :
	    fp_rename_new(from, old, parent, fp_base(path));
	number = errno;
	close(parent);
	errno = number;
	return rc;
}

int
fp_rename_beneath(int from, const char *old, int base, const char *path,
    int replace)
{
	int rc, tries = 0;

	do
		rc = rename_once(from, old, base, path, replace);
	while (rc != 0 && errno == ENOENT && ++tries < RENAMES_MAX &&
	    strchr(path, '/') != NULL);
	return rc;
}

int
fp_is_about_name(int number)
{
	return number == ENOTDIR || number == ELOOP ||
	    number == ENAMETOOLONG || number == EXDEV;
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
