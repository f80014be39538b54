/*
 * Opening, making, renaming and removing beneath a base.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <execnet/remote.h>

#define NO_REPLACE	1u	/* RENAME_NOREPLACE, the kernel's */
#define EXCHANGE	2u	/* RENAME_EXCHANGE */

#define ALL_FLAGS	(XN_O_READ | XN_O_WRITE | XN_O_CREATE | \
			 XN_O_EXCLUSIVE | XN_O_TRUNCATE | XN_O_APPEND | \
			 XN_O_DIRECTORY)

int
xn_base_open(const char *path)
{
	if (path == NULL || path[0] != '/') {
		errno = EINVAL;
		return -1;
	}
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
xn_base_make(const char *path, int mode)
{
	if (path == NULL || path[0] != '/') {
		errno = EINVAL;
		return -1;
	}
	if (mkdir(path, (mode_t)mode & 07777) != 0 && errno != EEXIST)
		return -1;
	return xn_base_open(path);
}

/* The flags of open(2) for FLAGS, or -1 for a combination without sense. */
static int
open_flags(int flags)
{
	int oflags;

	if ((flags & ~ALL_FLAGS) != 0)
		return -1;
	if ((flags & XN_O_WRITE) == 0) {
		if ((flags & (XN_O_TRUNCATE | XN_O_APPEND)) != 0)
			return -1;
		oflags = O_RDONLY;
	} else {
		oflags = (flags & XN_O_READ) != 0 ? O_RDWR : O_WRONLY;
	}
	if ((flags & XN_O_CREATE) != 0) {
		/* Kernels differ in what these two make together. */
		if ((flags & XN_O_DIRECTORY) != 0)
			return -1;
		oflags |= O_CREAT;
		if ((flags & XN_O_EXCLUSIVE) != 0)
			oflags |= O_EXCL;
	} else if ((flags & XN_O_EXCLUSIVE) != 0) {
		return -1;
	}
	oflags |= (flags & XN_O_TRUNCATE) != 0 ? O_TRUNC : 0;
	oflags |= (flags & XN_O_APPEND) != 0 ? O_APPEND : 0;
	oflags |= (flags & XN_O_DIRECTORY) != 0 ? O_DIRECTORY : 0;
	return oflags;
}

int
xn_open(int base, const char *path, int flags, int mode)
{
	int oflags = open_flags(flags), fd;
	struct stat st;

	if (oflags == -1) {
		errno = EINVAL;
		return -1;
	}
	/* Somebody may have put a FIFO there, whose open would block for ever;
	 * only for files and folders O_NONBLOCK is taken away again. */
	fd = xn_side__beneath(base, path, oflags | O_NONBLOCK | O_NOCTTY,
	    mode);
	if (fd >= 0 && fstat(fd, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		fcntl(fd, F_SETFL, oflags & O_APPEND);
	return fd;
}

static int
type_of(mode_t mode)
{
	if (S_ISREG(mode))
		return XN_FT_FILE;
	if (S_ISDIR(mode))
		return XN_FT_DIRECTORY;
	return S_ISLNK(mode) ? XN_FT_SYMLINK : XN_FT_OTHER;
}

static void
convert(xn_stat_t *out, const struct stat *st)
{
	out->type = type_of(st->st_mode);
	out->mode = (int)(st->st_mode & 07777);
	out->size = (long long)st->st_size;
	out->mtime = (long long)st->st_mtim.tv_sec * 1000000000LL +
	    st->st_mtim.tv_nsec;
	out->inode = (long long)st->st_ino;
	out->device = (long long)st->st_dev;
	out->uid = (int)st->st_uid;
	out->gid = (int)st->st_gid;
	out->links = (int)st->st_nlink;
}

int
xn_writable(int base, const char *path)
{
	int fd = xn_side__beneath(base, path, O_PATH | O_DIRECTORY, 0);
	int result, number;

	if (fd == -1)
		return -1;
	result = faccessat(fd, ".", W_OK | X_OK, AT_EACCESS);
	number = errno;
	close(fd);
	errno = number;
	return result;
}

int
xn_fstat(int fd, xn_stat_t *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	convert(out, &st);
	return 0;
}

int
xn_stat(int base, const char *path, xn_stat_t *out)
{
	char name[XN_SIDE_NAME];
	struct stat st;
	int parent = xn_side__place(base, path, name), result;

	if (parent == -1)
		return -1;
	result = fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW);
	xn_side__parent_done(base, parent);
	if (result == 0)
		convert(out, &st);
	return result;
}

int
xn_mkdir(int base, const char *path, int mode)
{
	char name[XN_SIDE_NAME];
	int parent = xn_side__parent(base, path, name), result;

	if (parent == -1)
		return -1;
	result = mkdirat(parent, name, (mode_t)mode & 07777);
	xn_side__parent_done(base, parent);
	return result;
}

static int
remove_name(int base, const char *path, int flags)
{
	char name[XN_SIDE_NAME];
	int parent = xn_side__parent(base, path, name), result;

	if (parent == -1)
		return -1;
	result = unlinkat(parent, name, flags);
	xn_side__parent_done(base, parent);
	return result;
}

int
xn_unlink(int base, const char *path)
{
	return remove_name(base, path, 0);
}

int
xn_rmdir(int base, const char *path)
{
	return remove_name(base, path, AT_REMOVEDIR);
}

/* The file systems that know no RENAME_NOREPLACE: for files a link does it. */
static int
link_over(int from_parent, const char *from, int to_parent, const char *to)
{
	if (linkat(from_parent, from, to_parent, to, 0) != 0)
		return -1;
	return unlinkat(from_parent, from, 0);
}

static int
rename_new(int from_parent, const char *from, int to_parent, const char *to)
{
	if (syscall(SYS_renameat2, from_parent, from, to_parent, to,
	    NO_REPLACE) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS ?
	    link_over(from_parent, from, to_parent, to) : -1;
}

/* Call CALL on the last names of both paths, in the folders they are in. */
static int
with_both(int from_base, const char *from, int to_base, const char *to,
    int (*call)(int, const char *, int, const char *))
{
	char from_name[XN_SIDE_NAME], to_name[XN_SIDE_NAME];
	int from_parent, to_parent, result;

	from_parent = xn_side__parent(from_base, from, from_name);
	if (from_parent == -1)
		return -1;
	to_parent = xn_side__parent(to_base, to, to_name);
	if (to_parent == -1) {
		xn_side__parent_done(from_base, from_parent);
		return -1;
	}
	result = call(from_parent, from_name, to_parent, to_name);
	xn_side__parent_done(to_base, to_parent);
	xn_side__parent_done(from_base, from_parent);
	return result;
}

int
xn_rename_at(int from_base, const char *from, int to_base, const char *to)
{
	return with_both(from_base, from, to_base, to, renameat);
}

int
xn_rename(int base, const char *from, const char *to)
{
	return xn_rename_at(base, from, base, to);
}

int
xn_rename_new(int base, const char *from, const char *to)
{
	return with_both(base, from, base, to, rename_new);
}

static int
exchange(int a_parent, const char *a, int b_parent, const char *b)
{
	return (int)syscall(SYS_renameat2, a_parent, a, b_parent, b, EXCHANGE);
}

int
xn_swap(int base, const char *a, const char *b)
{
	return with_both(base, a, base, b, exchange);
}

/* A link to a link, and not to what that shows. */
static int
link_itself(int from_parent, const char *from, int to_parent, const char *to)
{
	return linkat(from_parent, from, to_parent, to, 0);
}

int
xn_hardlink_at(int from_base, const char *from, int to_base, const char *to)
{
	return with_both(from_base, from, to_base, to, link_itself);
}

int
xn_hardlink(int base, const char *from, const char *to)
{
	return xn_hardlink_at(base, from, base, to);
}

int
xn_fchmod(int fd, int mode)
{
	return fchmod(fd, (mode_t)mode & 07777);
}
