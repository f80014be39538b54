/*
 * Files without a name, and the room there is for them.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <execnet/remote.h>

/* From the kernel's headers; the C library's may be older. */
#ifndef MFD_EXEC
#define MFD_EXEC	0x10u
#endif
#define TMPFS		0x01021994
#define RAMFS		0x858458f6

#define NAME_TRIES	100

/* A name that nobody has, removed at once: for file systems without
 * O_TMPFILE. */
static int
make_and_unlink(int base)
{
	unsigned long long random;
	char name[32];
	int fd;

	for (int i = 0; i < NAME_TRIES; i++) {
		xn_random(&random, sizeof(random));
		snprintf(name, sizeof(name), ".%016llx", random);
		fd = openat(base, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
		if (fd >= 0) {
			unlinkat(base, name, 0);
			return fd;
		}
		if (errno != EEXIST)
			break;
	}
	return -1;
}

int
xn_temporary(int base)
{
	int fd = openat(base, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	/* EISDIR: a kernel that takes it for O_DIRECTORY. */
	if (fd == -1 && (errno == EOPNOTSUPP || errno == EISDIR ||
	    errno == ENOENT || errno == EINVAL))
		return make_and_unlink(base);
	return fd;
}

int
xn_memory_file(const char *name, const void *bytes, size_t n)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	int number;

	/* Before Linux 6.3 all are executable. */
	if (fd == -1 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	if (xn_write_full(fd, bytes, n) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
	    F_SEAL_SEAL) == 0)
		return fd;
	number = errno;
	close(fd);
	errno = number;
	return -1;
}

int
xn_space(int fd, xn_space_t *out)
{
	struct statfs fs;
	long long unit;

	while (fstatfs(fd, &fs) != 0)
		if (errno != EINTR)
			return -1;
	unit = (long long)(fs.f_frsize > 0 ? fs.f_frsize : fs.f_bsize);
	out->size = (long long)fs.f_blocks * unit;
	/* Some of it may be for root alone. */
	out->free = (long long)(geteuid() == 0 ? fs.f_bfree : fs.f_bavail) *
	    unit;
	out->in_memory = ((unsigned long)fs.f_type & 0xffffffffu) == TMPFS ||
	    ((unsigned long)fs.f_type & 0xffffffffu) == RAMFS;
	return 0;
}
