/*
 * Locking a file against everybody, whichever kind of lock they take.
 *
 * By fcntl an open file description lock is taken: it excludes the classic
 * fcntl locks of other processes, and unlike those it also holds between two
 * programs in one process and is not lost when somebody else in the process
 * closes the same file.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <execnet/remote.h>

#define PAUSE_FIRST	5		/* milliseconds between two tries */
#define PAUSE_LAST	100

static int
fcntl_lock(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int result = fcntl(fd, F_OFD_SETLK, &whole);

	/* A kernel that does not know it. */
	if (result == -1 && errno == EINVAL)
		result = fcntl(fd, F_SETLK, &whole);
	if (result == -1 && errno == EACCES)
		errno = EAGAIN;
	return result;
}

static int
is_folder(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Both locks or none; of a folder there is only one. */
static int
try_lock(int fd)
{
	int number;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return -1;
	if (is_folder(fd) || fcntl_lock(fd) == 0)
		return 0;
	number = errno;
	flock(fd, LOCK_UN);
	errno = number;
	return -1;
}

int
xn_lock(int fd, int timeout)
{
	double until = xn_clock() + timeout / 1000.0;
	int pause = PAUSE_FIRST;

	while (try_lock(fd) != 0) {
		double left = until - xn_clock();

		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -1;
		if (timeout >= 0 && left <= 0) {
			errno = EAGAIN;
			return -1;
		}
		if (timeout >= 0 && left * 1000 < pause)
			pause = (int)(left * 1000) + 1;
		xn_sleep(pause);
		if (pause < PAUSE_LAST)
			pause *= 2;
	}
	return 0;
}

/*
 * Who opens the file for writing in the instant in which we hold the lease
 * makes the kernel signal us: by SIGIO, whose default is to kill, unless it is
 * told another one.  SIGURG is ignored by default.
 */
int
xn_lease(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG) != 0)
		return -1;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
		return errno == EAGAIN || errno == EBUSY ? 0 : -1;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return 1;
}
