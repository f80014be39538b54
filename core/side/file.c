/*
 * Whole files, and making them last.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execnet/remote.h>

#define FIRST_READ	4096u		/* for files that tell no size */

ssize_t
xn_read_full(int fd, void *buffer, size_t n)
{
	char *at = buffer;
	size_t have = 0;

	if (n > SSIZE_MAX) {
		errno = EINVAL;
		return -1;
	}
	while (have < n) {
		ssize_t got = read(fd, at + have, n - have);

		if (got == 0)
			break;
		if (got == -1 && errno != EINTR)
			return -1;
		if (got > 0)
			have += (size_t)got;
	}
	return (ssize_t)have;
}

int
xn_write_full(int fd, const void *buffer, size_t n)
{
	const char *at = buffer;

	while (n > 0) {
		ssize_t put = write(fd, at, n > SSIZE_MAX ? SSIZE_MAX : n);

		if (put == -1 && errno != EINTR)
			return -1;
		if (put == 0) {
			errno = EIO;
			return -1;
		}
		if (put > 0) {
			at += put;
			n -= (size_t)put;
		}
	}
	return 0;
}

int
xn_side__write_at(int fd, const void *bytes, size_t n, long long at)
{
	const unsigned char *p = bytes;

	while (n > 0) {
		ssize_t put = pwrite(fd, p, n, (off_t)at);

		if (put == -1 && errno == EINTR)
			continue;
		if (put <= 0) {
			errno = put == 0 ? EIO : errno;
			return -1;
		}
		p += put;
		n -= (size_t)put;
		at += put;
	}
	return 0;
}

/* All that FD still gives, at most MAX bytes, with a NUL behind it. */
static char *
slurp(int fd, size_t first, size_t max, size_t *size)
{
	size_t room = first, have = 0;
	char *text = NULL, *bigger;
	ssize_t got;

	for (;;) {
		/* One byte more than allowed shows that there is more. */
		if (room > max + 1)
			room = max + 1;
		bigger = realloc(text, room + 1);
		if (bigger == NULL)
			break;
		text = bigger;
		got = xn_read_full(fd, text + have, room - have);
		if (got == -1)
			break;
		have += (size_t)got;
		if (have < room) {
			text[have] = '\0';
			*size = have;
			return text;
		}
		if (have > max) {
			errno = EFBIG;
			break;
		}
		room = room > max / 2 ? max + 1 : room * 2;
	}
	free(text);
	return NULL;
}

char *
xn_read_file(int base, const char *path, size_t max, size_t *size)
{
	int fd = xn_open(base, path, XN_O_READ, 0), number;
	size_t first = FIRST_READ, have = 0;
	char *text = NULL;
	struct stat st;

	if (fd == -1)
		return NULL;
	if (max > SSIZE_MAX - 2)
		max = SSIZE_MAX - 2;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((unsigned long long)st.st_size > max) {
			close(fd);
			errno = EFBIG;
			return NULL;
		}
		first = (size_t)st.st_size + 1;
	}
	text = slurp(fd, first, max, &have);
	number = errno;
	close(fd);
	errno = number;
	if (text != NULL && size != NULL)
		*size = have;
	return text;
}

static int
fsync_and_close(int fd)
{
	int result, number;

	if (fd == -1)
		return -1;
	result = fsync(fd);
	number = errno;
	close(fd);
	errno = number;
	return result;
}

static int
fsync_folder(int folder)
{
	/* FOLDER may have been opened by O_PATH, which cannot be synced. */
	return fsync_and_close(openat(folder, ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* Make NAME in FOLDER with these bytes, on the disk when it returns. */
static int
make_file(int folder, const char *name, const void *bytes, size_t n, int mode)
{
	int fd, result, number;

	/* What a killed run left there is not ours to write into: it may be a
	 * link to something else. */
	if (unlinkat(folder, name, 0) != 0 && errno != ENOENT)
		return -1;
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    (mode_t)mode & 07777);
	if (fd == -1)
		return -1;
	result = xn_write_full(fd, bytes, n);
	if (result == 0)
		result = fsync(fd);
	number = errno;
	if (close(fd) != 0 && result == 0)
		result = -1;
	else
		errno = number;
	return result;
}

int
xn_write_file(int base, const char *path, const void *bytes, size_t n,
    int mode)
{
	char name[XN_SIDE_NAME], temporary[XN_SIDE_NAME + 4];
	int folder = xn_side__parent(base, path, name), result, number;

	if (folder == -1)
		return -1;
	snprintf(temporary, sizeof(temporary), "%s.tmp", name);
	result = make_file(folder, temporary, bytes, n, mode);
	if (result == 0)
		result = renameat(folder, temporary, folder, name);
	if (result != 0) {
		number = errno;
		unlinkat(folder, temporary, 0);
		errno = number;
	} else {
		result = fsync_folder(folder);
	}
	xn_side__parent_done(base, folder);
	return result;
}

int
xn_sync_dir(int base, const char *path)
{
	return fsync_and_close(xn_side__beneath(base, path,
	    O_RDONLY | O_DIRECTORY, 0));
}

int
xn_syncfs(int fd)
{
	return syncfs(fd);
}
