/*
 * file.c: see file.h.
 */
#include "plugins/git/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define START_EACH	(8 * 1024 * 1024)

/* Under a name that nobody has: another one if somebody does. */
static int
open_new(char *path, size_t n, int mode)
{
	char *digits = path + n - 8;
	uint32_t random;
	int fd;

	do {
		if (getrandom(&random, sizeof(random), 0) !=
		    (ssize_t)sizeof(random))
			return -1;
		snprintf(digits, 9, "%08x", (unsigned int)random);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	} while (fd == -1 && errno == EEXIST);
	return fd;
}

xn_error_t *
gitw_file_create(struct gitw_file *file, const char *folder, int mode,
    int sums)
{
	size_t n = strlen(folder) + strlen("/" GITW_TEMPORARY) + 8;

	memset(file, 0, sizeof(*file));
	file->fd = -1;
	file->buffer = malloc(GITW_FILE_BUFFER);
	file->path = malloc(n + 1);
	if (file->buffer == NULL || file->path == NULL) {
		gitw_file_abandon(file);
		return xn_error_create(XN_E_NOMEM, "out of memory");
	}
	snprintf(file->path, n + 1, "%s/" GITW_TEMPORARY "00000000", folder);
	file->fd = open_new(file->path, n, mode);
	if (file->fd == -1) {
		xn_error_t *error = xn_error_system(errno,
		    "cannot create a file in %s", folder);

		gitw_file_abandon(file);
		return error;
	}
	file->sums = sums;
	gitw_sha1_begin(&file->sha1);
	return NULL;
}

uint64_t
gitw_file_size(const struct gitw_file *file)
{
	return file->written + file->n;
}

/*
 * Let the disk begin with what is there, rather than have all to do when the
 * file is synced.  If it does not, that is done then.
 */
static void
start_writing(struct gitw_file *file)
{
	if (file->written - file->started < START_EACH)
		return;
	sync_file_range(file->fd, (off_t)file->started,
	    (off_t)(file->written - file->started), SYNC_FILE_RANGE_WRITE);
	file->started = file->written;
}

/* The buffer is empty, with WRITTEN bytes before it. */
static void
empty_buffer(struct gitw_file *file, uint64_t written)
{
	if (file->mutex != NULL)
		pthread_mutex_lock(file->mutex);
	file->written = written;
	file->n = 0;
	if (file->mutex != NULL)
		pthread_mutex_unlock(file->mutex);
}

xn_error_t *
gitw_file_flush(struct gitw_file *file)
{
	for (size_t done = 0; done < file->n;) {
		ssize_t n = write(file->fd, file->buffer + done,
		    file->n - done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return xn_error_system(errno, "cannot write to %s",
			    file->path);
		done += (size_t)n;
	}
	if (file->sums)
		gitw_sha1_add(&file->sha1, file->buffer, file->n);
	empty_buffer(file, file->written + file->n);
	start_writing(file);
	return NULL;
}

xn_error_t *
gitw_file_room(struct gitw_file *file, unsigned char **at, size_t *n)
{
	if (file->n == GITW_FILE_BUFFER)
		XN_TRY(gitw_file_flush(file));
	*at = file->buffer + file->n;
	*n = GITW_FILE_BUFFER - file->n;
	return NULL;
}

void
gitw_file_filled(struct gitw_file *file, size_t n)
{
	file->n += n;
}

xn_error_t *
gitw_file_write(struct gitw_file *file, const void *bytes, size_t n)
{
	const unsigned char *from = bytes;

	while (n > 0) {
		unsigned char *at;
		size_t room;

		XN_TRY(gitw_file_room(file, &at, &room));
		if (room > n)
			room = n;
		memcpy(at, from, room);
		gitw_file_filled(file, room);
		from += room;
		n -= room;
	}
	return NULL;
}

xn_error_t *
gitw_file_back(struct gitw_file *file, uint64_t size)
{
	if (size >= file->written) {
		file->n = (size_t)(size - file->written);
		return NULL;
	}
	if (ftruncate(file->fd, (off_t)size) != 0 ||
	    lseek(file->fd, (off_t)size, SEEK_SET) == -1)
		return xn_error_system(errno, "cannot shorten %s", file->path);
	empty_buffer(file, size);
	file->started = size;
	return NULL;
}

xn_error_t *
gitw_file_head(struct gitw_file *file, const void *bytes, size_t n)
{
	XN_TRY(gitw_file_flush(file));
	if (pwrite(file->fd, bytes, n, 0) != (ssize_t)n)
		return xn_error_system(errno, "cannot write to %s",
		    file->path);
	return NULL;
}

/* Sum what has been written, through the buffer, which is empty. */
static xn_error_t *
sum_again(struct gitw_file *file)
{
	uint64_t at = 0;

	while (at < file->written) {
		ssize_t n = pread(file->fd, file->buffer, GITW_FILE_BUFFER,
		    (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return xn_error_system(n == 0 ? EIO : errno,
			    "cannot read %s again", file->path);
		gitw_sha1_add(&file->sha1, file->buffer, (size_t)n);
		at += (uint64_t)n;
	}
	return NULL;
}

xn_error_t *
gitw_file_sum(struct gitw_id *sum, struct gitw_file *file)
{
	struct gitw_id all;

	XN_TRY(gitw_file_flush(file));
	if (!file->sums)
		XN_TRY(sum_again(file));
	gitw_sha1_end(&all, &file->sha1);
	file->sums = 0;
	if (sum != NULL)
		*sum = all;
	return gitw_file_write(file, all.bytes, GITW_ID);
}

xn_error_t *
gitw_file_sync(struct gitw_file *file)
{
	XN_TRY(gitw_file_flush(file));
	if (fsync(file->fd) != 0)
		return xn_error_system(errno, "cannot write %s to the disk",
		    file->path);
	return NULL;
}

xn_error_t *
gitw_file_place(struct gitw_file *file, const char *path)
{
	if (rename(file->path, path) != 0)
		return xn_error_system(errno, "cannot rename %s to %s",
		    file->path, path);
	free(file->path);
	file->path = NULL;
	gitw_file_abandon(file);
	return NULL;
}

xn_error_t *
gitw_file_link(struct gitw_file *file, const char *path)
{
	/* Its name is a sum of its content: who has it already is the same. */
	if (link(file->path, path) != 0 && (errno != EEXIST ||
	    rename(file->path, path) != 0))
		return xn_error_system(errno, "cannot link %s to %s",
		    file->path, path);
	return NULL;
}

void
gitw_file_abandon(struct gitw_file *file)
{
	if (file->fd != -1) {
		close(file->fd);
		if (file->path != NULL)
			unlink(file->path);
	}
	free(file->path);
	free(file->buffer);
	memset(file, 0, sizeof(*file));
	file->fd = -1;
}

xn_error_t *
gitw_folder_sync(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int bad;

	if (fd == -1)
		return xn_error_system(errno, "cannot open %s", folder);
	bad = fsync(fd) != 0 ? errno : 0;
	close(fd);
	if (bad != 0)
		return xn_error_system(bad, "cannot write %s to the disk",
		    folder);
	return NULL;
}
