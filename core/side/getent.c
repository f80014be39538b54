/*
 * Users that are in no file here but in a directory of their own (LDAP, a
 * domain): the C library of a static program cannot ask those, getent can, and
 * it can be killed when it does not answer.
 */
#include "core/side/side.h"
#include "core/side/users.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <execnet/remote.h>

#define PATIENCE	10.0	/* seconds */
#define NOT_FOUND	2	/* its exit status */

static _Thread_local double patience = PATIENCE;

void
xn_side__getent_patience(double seconds)
{
	patience = seconds;
}

/* Read the first line, or as much as there is room for: how many bytes. */
static ssize_t
read_line(int fd, char line[XN_SIDE_LINE], double until)
{
	size_t n = 0;

	while (n < XN_SIDE_LINE - 1 && memchr(line, '\n', n) == NULL) {
		struct pollfd p = { fd, POLLIN, 0 };
		double left = until - xn_clock();
		ssize_t got;

		if (left <= 0 || poll(&p, 1, (int)(left * 1000) + 1) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		got = read(fd, line + n, XN_SIDE_LINE - 1 - n);
		if (got == 0)
			break;
		if (got == -1 && errno != EINTR)
			return -1;
		if (got > 0)
			n += (size_t)got;
	}
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return (ssize_t)n;
}

int
xn_side__getent(const char *database, const char *key,
    char line[XN_SIDE_LINE])
{
	const char *const argv[] = { "getent", database, "--", key, NULL };
	double until = xn_clock() + patience;
	int status, by_signal, number;
	xn_child child;
	ssize_t n;

	/* Children belong to a program. */
	if (xn_side_current() == NULL ||
	    xn_child_start(&child, argv, XN_CHILD_OUT) != 0)
		return 0;
	n = read_line(child.out, line, until);
	number = errno;
	/* It ends by itself with the status that says why there is no line. */
	if (n == 0)
		xn_child_ended(&child, (int)(patience * 1000));
	if (xn_child_kill(&child, &status, &by_signal) != 0)
		return -1;
	if (n > 0)
		return 1;
	if (n == 0 && status == NOT_FOUND)
		return 0;
	errno = n != 0 ? number : by_signal != 0 ? ETIMEDOUT : EIO;
	return -1;
}
