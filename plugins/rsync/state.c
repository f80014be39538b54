/*
 * state.c: see state.h.
 */
#include "plugins/rsync/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define OF_SYSTEM	"/var/lib/syncgate"

const char *
rsync_state_folder(apr_pool_t *pool)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct stat st;

	if (state != NULL && *state == '/')
		return apr_pstrcat(pool, state, "/syncgate/rsync", NULL);
	/* (The daemon may be another user's, and so is that folder then.) */
	if (geteuid() == 0 && (stat(OF_SYSTEM, &st) != 0 || st.st_uid == 0))
		return OF_SYSTEM "/rsync";
	if (home == NULL || *home != '/')
		return NULL;
	return apr_pstrcat(pool, home, "/.local/state/syncgate/rsync", NULL);
}

/*
 * Are all folders on the way to PATH, as far as there are any, ours or root's?
 * Whose else one is could lead us elsewhere, to write and to remove there, and
 * have us believe what he wrote.  0, or -1 and errno.
 */
static int
check_way(const char *path, apr_pool_t *pool)
{
	char *part = apr_pstrdup(pool, path);
	struct stat st;

	for (char *at = part + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		if (stat(part, &st) != 0)
			return errno == ENOENT ? 0 : -1;
		if (st.st_uid != 0 && st.st_uid != geteuid()) {
			errno = EPERM;
			return -1;
		}
		*at = '/';
	}
	return 0;
}

/* Make the folder PATH with those above it: 0, or -1 and errno. */
static int
make_folder(const char *path, apr_pool_t *pool)
{
	char *part = apr_pstrdup(pool, path);

	if (access(path, W_OK) == 0)
		return 0;
	for (char *at = part + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return -1;
		*at = '/';
	}
	return mkdir(part, 0700) != 0 && errno != EEXIST ? -1 : 0;
}

const unsigned char *
rsync_state_read(const char *path, size_t most, size_t *n, apr_pool_t *pool)
{
	unsigned char *bytes;
	struct stat st;
	ssize_t got;
	int fd;

	if (check_way(path, pool) != 0)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return NULL;
	errno = EFBIG;
	if (fstat(fd, &st) != 0 || (size_t)st.st_size > most) {
		close(fd);
		return NULL;
	}
	bytes = apr_palloc(pool, (apr_size_t)st.st_size + 1);
	/* One that is written anew is another file: it has all its bytes. */
	got = read(fd, bytes, (size_t)st.st_size + 1);
	close(fd);
	*n = got < 0 ? 0 : (size_t)got;
	return got < 0 ? NULL : bytes;
}

int
rsync_state_write(const char *folder, const char *path, const void *bytes,
    size_t n, apr_pool_t *pool)
{
	char *other = apr_pstrcat(pool, path, ".XXXXXX", NULL);
	ssize_t written;
	int fd, number;

	if (check_way(path, pool) != 0 || make_folder(folder, pool) != 0)
		return -1;
	fd = mkostemp(other, O_CLOEXEC);
	if (fd == -1)
		return -1;
	/* After a crash it may be empty, which is seen, and no loss. */
	written = write(fd, bytes, n);
	number = written == -1 ? errno : ENOSPC;
	close(fd);
	if (written == (ssize_t)n && rename(other, path) == 0)
		return 0;
	number = written == (ssize_t)n ? errno : number;
	unlink(other);
	errno = number;
	return -1;
}
