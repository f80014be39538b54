/*
 * Owner, mode and time of what a path names itself, and making what is
 * neither a file nor a folder.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <execnet/remote.h>

/* Not every build machine knows it; the same number everywhere. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2	452
#endif

#define NANOSECONDS	1000000000

/* -1 is nobody's number: it is what the kernel takes for "as it is". */
static int
check_id(long long id)
{
	if (id >= -1 && id < (long long)UINT32_MAX)
		return 0;
	errno = EINVAL;
	return -1;
}

int
xn_set_owner(int base, const char *path, long long uid, long long gid)
{
	char name[XN_SIDE_NAME];
	int folder, result;

	if (check_id(uid) != 0 || check_id(gid) != 0)
		return -1;
	folder = xn_side__place(base, path, name);
	if (folder == -1)
		return -1;
	result = fchownat(folder, name, (uid_t)uid, (gid_t)gid,
	    AT_SYMLINK_NOFOLLOW);
	xn_side__parent_done(base, folder);
	return result;
}

int
xn_fset_owner(int fd, long long uid, long long gid)
{
	if (check_id(uid) != 0 || check_id(gid) != 0)
		return -1;
	return fchown(fd, (uid_t)uid, (gid_t)gid);
}

/* fchmodat() of before Linux 6.6 follows links; the C library's way around it
 * goes by a descriptor and /proc. */
int
xn_side__chmod(int folder, const char *name, mode_t mode)
{
	if (syscall(SYS_fchmodat2, folder, name, mode, AT_SYMLINK_NOFOLLOW)
	    == 0)
		return 0;
	/* EPERM: also a seccomp filter that does not know the call. */
	if (errno != ENOSYS && errno != EPERM)
		return -1;
	return fchmodat(folder, name, mode, AT_SYMLINK_NOFOLLOW);
}

int
xn_set_mode(int base, const char *path, int mode)
{
	char name[XN_SIDE_NAME];
	int folder = xn_side__place(base, path, name), result;

	if (folder == -1)
		return -1;
	result = xn_side__chmod(folder, name, (mode_t)mode & 07777);
	xn_side__parent_done(base, folder);
	return result;
}

/* Other numbers mean "now" and "as it is" to the kernel. */
static int
times_of(struct timespec times[2], long long seconds, int nanoseconds)
{
	if (nanoseconds < 0 || nanoseconds >= NANOSECONDS) {
		errno = EINVAL;
		return -1;
	}
	times[0].tv_sec = 0;
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_sec = (time_t)seconds;
	times[1].tv_nsec = nanoseconds;
	return 0;
}

int
xn_set_mtime(int base, const char *path, long long seconds, int nanoseconds)
{
	char name[XN_SIDE_NAME];
	struct timespec times[2];
	int folder, result;

	if (times_of(times, seconds, nanoseconds) != 0)
		return -1;
	folder = xn_side__place(base, path, name);
	if (folder == -1)
		return -1;
	result = utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW);
	xn_side__parent_done(base, folder);
	return result;
}

int
xn_fset_mtime(int fd, long long seconds, int nanoseconds)
{
	struct timespec times[2];

	if (times_of(times, seconds, nanoseconds) != 0)
		return -1;
	return futimens(fd, times);
}

int
xn_symlink(const char *text, int base, const char *path)
{
	char name[XN_SIDE_NAME];
	int parent, result;

	if (text == NULL) {
		errno = EINVAL;
		return -1;
	}
	parent = xn_side__parent(base, path, name);
	if (parent == -1)
		return -1;
	result = symlinkat(text, parent, name);
	xn_side__parent_done(base, parent);
	return result;
}

static mode_t
format_of(int type)
{
	switch (type) {
	case 'p':
		return S_IFIFO;
	case 's':
		return S_IFSOCK;
	case 'c':
		return S_IFCHR;
	case 'b':
		return S_IFBLK;
	default:
		return 0;
	}
}

int
xn_mknod(int base, const char *path, int type, int mode,
    unsigned int major_number, unsigned int minor_number)
{
	mode_t format = format_of(type);
	dev_t device = type == 'c' || type == 'b' ?
	    makedev(major_number, minor_number) : 0;
	char name[XN_SIDE_NAME];
	int parent, result;

	/* The kernel keeps 12 and 20 bits, and would cut off the others. */
	if (format == 0 || (device != 0 && (major_number >= 1u << 12 ||
	    minor_number >= 1u << 20))) {
		errno = EINVAL;
		return -1;
	}
	parent = xn_side__parent(base, path, name);
	if (parent == -1)
		return -1;
	result = mknodat(parent, name, format | ((mode_t)mode & 07777),
	    device);
	xn_side__parent_done(base, parent);
	return result;
}
