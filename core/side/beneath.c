/*
 * Paths that cannot leave a folder: openat2 where the kernel has it, else a
 * walk that opens one name after the other without following links.  Both
 * refuse ".." outright, so that they agree.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not every build machine has <linux/openat2.h>; these are the kernel's. */
#ifndef SYS_openat2
#define SYS_openat2		437
#endif
#define NO_MAGICLINKS		0x02u
#define NO_SYMLINKS		0x04u
#define BENEATH			0x08u

struct how {
	uint64_t flags, mode, resolve;
};

static _Thread_local int walk_always;

void
xn_side__beneath_walk_always(int always)
{
	walk_always = always;
}

/* The length of the name at P. */
static size_t
name_length(const char *p)
{
	return strcspn(p, "/");
}

static int
is_dot(const char *name, size_t n)
{
	return n == 1 && name[0] == '.';
}

/* 0, or -1 and errno when PATH is refused whatever is on the disk. */
static int
check_path(const char *path)
{
	if (path == NULL) {
		errno = EINVAL;
		return -1;
	}
	if (path[0] == '/') {
		errno = EXDEV;
		return -1;
	}
	while (*path != '\0') {
		size_t n = name_length(path);

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			errno = EXDEV;
			return -1;
		}
		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		path += n;
		path += strspn(path, "/");
	}
	return 0;
}

static void
close_keeping_errno(int fd)
{
	int number = errno;

	close(fd);
	errno = number;
}

/* Open one NAME in FOLDER, never through a link; a link that was in the way
 * is ELOOP, as openat2 has it, and not the ENOTDIR of O_DIRECTORY. */
static int
open_name(int folder, const char *name, int oflags, int mode)
{
	int fd = openat(folder, name, oflags | O_NOFOLLOW | O_CLOEXEC, mode);
	struct stat st;

	if (fd == -1 && errno == ENOTDIR) {
		int link = fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0
		    && S_ISLNK(st.st_mode);

		errno = link ? ELOOP : ENOTDIR;
	}
	return fd;
}

static int
walk(int base, const char *path, int oflags, int mode)
{
	char name[XN_SIDE_NAME];
	int folder = base, next;

	for (;;) {
		size_t n = name_length(path);
		const char *rest = path + n + strspn(path + n, "/");
		/* "a/" must be a folder, as for the kernel. */
		int must = path[n] == '/' ? O_DIRECTORY : 0;

		memcpy(name, n == 0 ? "." : path, n == 0 ? 1 : n);
		name[n == 0 ? 1 : n] = '\0';
		if (*rest == '\0')
			break;
		next = open_name(folder, name,
		    O_PATH | O_DIRECTORY | must, 0);
		if (folder != base)
			close_keeping_errno(folder);
		if (next == -1)
			return -1;
		folder = next;
		path = rest;
	}
	if (path[name_length(path)] == '/')
		oflags |= O_DIRECTORY;
	next = open_name(folder, name, oflags, mode);
	if (folder != base)
		close_keeping_errno(folder);
	return next;
}

/* PATH, which has been checked and is shorter than PATH_MAX. */
static int
open_short(int base, const char *path, int oflags, int mode)
{
	struct how how = {
		.flags = (uint64_t)(oflags | O_CLOEXEC),
		.mode = (oflags & O_CREAT) != 0 ? (uint64_t)mode & 07777 : 0,
		.resolve = BENEATH | NO_SYMLINKS | NO_MAGICLINKS
	};
	int fd, tries = 0;

	if (*path == '\0')
		path = ".";
	if (!walk_always) {
		/* EAGAIN: something was renamed while the kernel looked. */
		do
			fd = (int)syscall(SYS_openat2, base, path, &how,
			    sizeof(how));
		while (fd == -1 && (errno == EINTR ||
		    (errno == EAGAIN && ++tries < 100)));
		/* A seccomp filter that does not know openat2 says EPERM; if
		 * it was a real EPERM the walk says so again. */
		if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
			return fd;
	}
	return walk(base, path, oflags, mode & 07777);
}

/*
 * The folder that the first N bytes of PATH lead to, which end in "/" if they
 * are not all of it; BASE itself for none.  What is too long for the kernel is
 * gone a piece at a time, each beneath the folder before.
 */
static int
open_folder(int base, const char *path, size_t n)
{
	int folder = base, next;
	char piece[PATH_MAX];

	while (n > 0) {
		size_t length = n < PATH_MAX ? n : PATH_MAX - 1;

		while (length < n && path[length - 1] != '/')
			length--;
		memcpy(piece, path, length);
		piece[length] = '\0';
		next = open_short(folder, piece, O_PATH | O_DIRECTORY, 0);
		xn_side__parent_done(base, folder);
		if (next == -1)
			return -1;
		folder = next;
		while (length < n && path[length] == '/')
			length++;
		path += length;
		n -= length;
	}
	return folder;
}

/* Where the last name of PATH begins, and in *END where it ends. */
static size_t
last_name(const char *path, size_t *end)
{
	size_t start = strlen(path);

	while (start > 0 && path[start - 1] == '/')
		start--;
	*end = start;
	while (start > 0 && path[start - 1] != '/')
		start--;
	return start;
}

int
xn_side__beneath(int base, const char *path, int oflags, int mode)
{
	size_t start = 0, end;
	int folder, fd;

	if (check_path(path) != 0)
		return -1;
	if (strnlen(path, PATH_MAX) == PATH_MAX)
		start = last_name(path, &end);
	if (strnlen(path + start, PATH_MAX) == PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	folder = open_folder(base, path, start);
	if (folder == -1)
		return -1;
	fd = open_short(folder, path + start, oflags, mode);
	xn_side__parent_done(base, folder);
	return fd;
}

int
xn_side__parent(int base, const char *path, char name[XN_SIDE_NAME])
{
	size_t end, start;

	if (check_path(path) != 0)
		return -1;
	start = last_name(path, &end);
	if (start == end || is_dot(path + start, end - start)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(name, path + start, end - start);
	name[end - start] = '\0';
	return open_folder(base, path, start);
}

int
xn_side__place(int base, const char *path, char name[XN_SIDE_NAME])
{
	int parent = xn_side__parent(base, path, name);

	if (parent != -1 || errno != EINVAL || path == NULL)
		return parent;
	strcpy(name, ".");
	if (path[0] == '\0' || strcmp(path, ".") == 0)
		return base;
	return xn_side__beneath(base, path, O_PATH | O_DIRECTORY, 0);
}

void
xn_side__parent_done(int base, int parent)
{
	if (parent != base)
		close_keeping_errno(parent);
}
