/*
 * Time, random bytes, decompression.
 */
#include "core/side/side.h"

#include <errno.h>
#include <limits.h>
#include <sys/random.h>
#include <time.h>
#include <zlib.h>

#include <execnet/remote.h>

static double
seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double
xn_time(void)
{
	return seconds(CLOCK_REALTIME);
}

double
xn_clock(void)
{
	return seconds(CLOCK_MONOTONIC);
}

void
xn_sleep(int milliseconds)
{
	struct timespec left;

	if (milliseconds <= 0)
		return;
	left.tv_sec = milliseconds / 1000;
	left.tv_nsec = (long)(milliseconds % 1000) * 1000000L;
	while (nanosleep(&left, &left) == -1 && errno == EINTR)
		;
}

void
xn_random(void *out, size_t n)
{
	unsigned char *at = out;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got == -1 && errno != EINTR)
			xn_fail("cannot get random bytes: %m");
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
}

/* zlib counts in unsigned int: give it at most that much of LEFT. */
static uInt
share(size_t *left)
{
	uInt n = *left > UINT_MAX ? UINT_MAX : (uInt)*left;

	*left -= n;
	return n;
}

int
xn_inflate(void *out, size_t out_size, const void *in, size_t in_size)
{
	z_stream z = { .next_in = Z_NULL };
	Bytef nothing = 0;
	int code;

	if (inflateInit(&z) != Z_OK) {
		errno = ENOMEM;
		return -1;
	}
	z.next_in = (Bytef *)(uintptr_t)in;
	z.next_out = out_size > 0 ? out : &nothing;
	do {
		if (z.avail_in == 0)
			z.avail_in = share(&in_size);
		if (z.avail_out == 0)
			z.avail_out = share(&out_size);
		code = inflate(&z, Z_NO_FLUSH);
	} while (code == Z_OK);
	in_size += z.avail_in;
	out_size += z.avail_out;
	inflateEnd(&z);
	/* Not one byte may be missing or left over on either side. */
	if (code == Z_STREAM_END && in_size == 0 && out_size == 0)
		return 0;
	errno = code == Z_MEM_ERROR ? ENOMEM : EINVAL;
	return -1;
}
