/*
 * Locks against other processes, which take one kind each, and ourselves.
 */
#include <execnet/remote.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "tests/lib/fresh_base.h"

/* A process that holds a lock of its kind until its stdin ends. */
static pid_t
holder(int by_fcntl, int *release)
{
	int stop[2], ready[2], fd;
	struct flock whole = { .l_type = F_WRLCK };
	char c;
	pid_t pid;

	CU_ASSERT_EQUAL_FATAL(pipe(stop) + pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		close(stop[1]);
		fd = openat(base, "lock", O_RDWR);
		if ((by_fcntl ? fcntl(fd, F_SETLK, &whole) :
		    flock(fd, LOCK_EX | LOCK_NB)) != 0)
			_exit(1);
		if (write(ready[1], "r", 1) != 1 || read(stop[0], &c, 1) != 0)
			_exit(2);
		_exit(0);
	}
	close(stop[0]);
	close(ready[1]);
	CU_ASSERT_EQUAL(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*release = stop[1];
	return pid;
}

static void
locks_exclude_whatever_the_other_takes(void)
{
	int mine, other, release, status;

	fresh();
	command(": >lock");
	mine = xn_open(base, "lock", XN_O_READ | XN_O_WRITE, 0);
	for (int by_fcntl = 0; by_fcntl < 2; by_fcntl++) {
		pid_t pid = holder(by_fcntl, &release);

		CU_ASSERT_EQUAL(xn_lock(mine, 0), -1);
		CU_ASSERT_EQUAL(errno, EAGAIN);
		CU_ASSERT_EQUAL(xn_lock(mine, 30), -1);
		CU_ASSERT_EQUAL(errno, EAGAIN);
		/* Neither half was kept by the tries that failed. */
		close(release);
		waitpid(pid, &status, 0);
		CU_ASSERT_EQUAL(status, 0);
		pid = holder(!by_fcntl, &release);
		close(release);
		waitpid(pid, &status, 0);
		CU_ASSERT_EQUAL(status, 0);
	}
	CU_ASSERT_EQUAL(xn_lock(mine, XN_FOREVER), 0);
	/* Also against another side in this process. */
	other = xn_open(base, "lock", XN_O_READ | XN_O_WRITE, 0);
	CU_ASSERT_EQUAL(xn_lock(other, 20), -1);
	CU_ASSERT_EQUAL(errno, EAGAIN);
	close(mine);
	CU_ASSERT_EQUAL(xn_lock(other, 0), 0);
	close(other);
	CU_ASSERT_EQUAL(xn_lock(-1, XN_FOREVER), -1);
	CU_ASSERT_EQUAL(errno, EBADF);
	gone();
}

static void
a_lease_tells_who_writes(void)
{
	int reader, writer;

	fresh();
	command("echo x >file");
	reader = xn_open(base, "file", XN_O_READ, 0);
	CU_ASSERT_EQUAL(xn_lease(reader), 1);
	CU_ASSERT_EQUAL(xn_lease(reader), 1);
	writer = xn_open(base, "file", XN_O_WRITE, 0);
	CU_ASSERT_EQUAL(xn_lease(reader), 0);
	close(writer);
	CU_ASSERT_EQUAL(xn_lease(reader), 1);
	/* None is kept: nobody who opens it waits. */
	writer = openat(base, "file", O_WRONLY | O_NONBLOCK);
	CU_ASSERT(writer >= 0);
	close(writer);
	close(reader);
	/* Not a file; and nothing. */
	CU_ASSERT_EQUAL(xn_lease(base), -1);
	CU_ASSERT_EQUAL(xn_lease(-1), -1);
	CU_ASSERT_EQUAL(errno, EBADF);
	gone();
}

static const struct xn_test_case cases[] = {
	{ "locks exclude whatever the other takes",
	  locks_exclude_whatever_the_other_takes },
	{ "a lease tells who writes", a_lease_tells_who_writes },
};

XN_TEST_MAIN("side: locks", cases)
