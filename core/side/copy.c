/*
 * From one file to another.
 */
#include "core/side/side.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <unistd.h>

#include <execnet/remote.h>

#ifndef FICLONE
#define FICLONE		0x40049409u	/* the kernel's */
#endif

#define PIECE		(256 * 1024)
#define KERNEL_MOST	(1LL << 30)	/* asked for at once */

static long long
copy_by_hand(int from, long long from_at, int to, long long to_at, long long n,
    char *buffer)
{
	long long done = 0;

	while (done < n) {
		size_t want = n - done < PIECE ? (size_t)(n - done) : PIECE;
		ssize_t got = pread(from, buffer, want,
		    (off_t)(from_at + done));

		if (got == -1 && errno == EINTR)
			continue;
		if (got == 0)
			break;
		if (got == -1 || xn_side__write_at(to, buffer, (size_t)got,
		    to_at + done) != 0)
			return -1;
		done += got;
	}
	return done;
}

/*
 * As much as the kernel does without us: it says 0 at the end, but also for
 * files of /proc, and has many ways to say that it cannot do it here.  What is
 * really wrong shows when it is done by hand.
 */
static long long
copy_in_kernel(int from, long long from_at, int to, long long to_at,
    long long n)
{
	off64_t in = from_at, out = to_at;
	long long done = 0;

	while (done < n) {
		long long left = n - done;
		ssize_t got = copy_file_range(from, &in, to, &out,
		    (size_t)(left < KERNEL_MOST ? left : KERNEL_MOST), 0);

		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += got;
	}
	return done;
}

long long
xn_copy(int from, long long from_at, int to, long long to_at, long long n)
{
	long long done, rest;
	char *buffer;

	if (from_at < 0 || to_at < 0 || n < 0) {
		errno = EINVAL;
		return -1;
	}
	done = copy_in_kernel(from, from_at, to, to_at, n);
	if (done == n)
		return done;
	buffer = malloc(PIECE);
	if (buffer == NULL)
		return -1;
	rest = copy_by_hand(from, from_at + done, to, to_at + done, n - done,
	    buffer);
	free(buffer);
	return rest == -1 ? -1 : done + rest;
}

int
xn_clone(int to, int from)
{
	return ioctl(to, FICLONE, from);
}
