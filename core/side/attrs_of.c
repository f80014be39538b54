/*
 * The system's calls for extended attributes of a name in a folder, which
 * follow no link.  Linux has them since 6.13; before, a path through /proc
 * names the open folder, whatever has become of it.
 */
#include "core/side/attrs.h"
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The same numbers on all machines. */
#define CALL_SETXATTRAT		463
#define CALL_GETXATTRAT		464
#define CALL_LISTXATTRAT	465
#define CALL_REMOVEXATTRAT	466

/* The kernel's struct xattr_args. */
struct value_args {
	_Alignas(8) uint64_t value;
	uint32_t size, flags;
};

#define PROC_PATH	(XN_SIDE_NAME + 32)

static _Thread_local int by_proc;

void
xn_side__attrs_by_proc(int always)
{
	by_proc = always;
}

static void
proc_path(char path[PROC_PATH], const struct xn_side_attrs_of *of)
{
	snprintf(path, PROC_PATH, "/proc/self/fd/%d/%s", of->at, of->name);
}

/* Where there is no /proc, nobody shall take the file for one that is gone. */
static ssize_t
told(ssize_t result)
{
	if (result == -1 && errno == ENOENT)
		errno = access("/proc/self/fd", F_OK) == 0 ? ENOENT : ENOSYS;
	return result;
}

/*
 * Must a call that ended with errno be made by way of /proc, now and from now
 * on?  EPERM is a seccomp filter that does not know it: reading attributes is
 * never answered so, and each file's are read first.
 */
static int
is_old_kernel(void)
{
	if (errno != ENOSYS && errno != EPERM)
		return 0;
	by_proc = 1;
	return 1;
}

ssize_t
xn_side__attr_list(const struct xn_side_attrs_of *of, char *names, size_t size)
{
	char path[PROC_PATH];

	if (of->name == NULL)
		return flistxattr(of->at, names, size);
	if (!by_proc) {
		ssize_t n = syscall(CALL_LISTXATTRAT, of->at, of->name,
		    AT_SYMLINK_NOFOLLOW, names, size);

		if (n != -1 || !is_old_kernel())
			return n;
	}
	proc_path(path, of);
	return told(llistxattr(path, names, size));
}

ssize_t
xn_side__attr_get(const struct xn_side_attrs_of *of, const char *name,
    void *value, size_t size)
{
	struct value_args args = { (uintptr_t)value, (uint32_t)size, 0 };
	char path[PROC_PATH];

	if (of->name == NULL)
		return fgetxattr(of->at, name, value, size);
	if (!by_proc)
		return syscall(CALL_GETXATTRAT, of->at, of->name,
		    AT_SYMLINK_NOFOLLOW, name, &args, sizeof(args));
	proc_path(path, of);
	return told(lgetxattr(path, name, value, size));
}

int
xn_side__attr_set(const struct xn_side_attrs_of *of, const char *name,
    const void *value, size_t n)
{
	struct value_args args = { (uintptr_t)value, (uint32_t)n, 0 };
	char path[PROC_PATH];

	if (of->name == NULL)
		return fsetxattr(of->at, name, value, n, 0);
	if (!by_proc)
		return (int)syscall(CALL_SETXATTRAT, of->at, of->name,
		    AT_SYMLINK_NOFOLLOW, name, &args, sizeof(args));
	proc_path(path, of);
	return (int)told(lsetxattr(path, name, value, n, 0));
}

int
xn_side__attr_remove(const struct xn_side_attrs_of *of, const char *name)
{
	char path[PROC_PATH];

	if (of->name == NULL)
		return fremovexattr(of->at, name);
	if (!by_proc)
		return (int)syscall(CALL_REMOVEXATTRAT, of->at, of->name,
		    AT_SYMLINK_NOFOLLOW, name);
	proc_path(path, of);
	return (int)told(lremovexattr(path, name));
}
