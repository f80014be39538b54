/*
 * Carrying out a delta: bytes of the old file and bytes that came are put into
 * the new one, and hashed on their way.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/side/delta.h"
#include <execnet/remote.h>

#define CHUNK	(128u * 1024)		/* copied at once: stays in the cache */
#define PAGE	4096			/* what a hole consists of */
#define SHARED	(256 * 1024)		/* less is not worth an extent */
#define WRITEBACK (8ll * 1024 * 1024)	/* written before the disk begins */

int
xn_is_zero(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static int
refuse(int number)
{
	errno = number;
	return -1;
}

/* ---- Writing ------------------------------------------------------------ */

/* How many of the N bytes that go to AT are of its page. */
static size_t
page_part(long long at, size_t n)
{
	size_t part = PAGE - (size_t)(at % PAGE);

	return part < n ? part : n;
}

/* Write what is not zeros, by pages and the parts of pages at the ends. */
static int
write_sparse(int fd, const uint8_t *p, size_t n, long long at)
{
	size_t run = 0, part;

	for (; n > 0; n -= part) {
		part = page_part(at + (long long)run, n);
		if (!xn_is_zero(p + run, part)) {
			run += part;
			continue;
		}
		if (xn_side__write_at(fd, p, run, at) != 0)
			return -1;
		p += run + part;
		at += (long long)(run + part);
		run = 0;
	}
	return xn_side__write_at(fd, p, run, at);
}

/*
 * Let the disk begin with what was written: at the end, when the file is
 * synced, little is left to wait for.  That it cannot is no error.
 */
static void
begin_writeback(int fd, long long at, long long end)
{
	long long from = at / WRITEBACK * WRITEBACK;
	long long to = end / WRITEBACK * WRITEBACK;

	if (from < to)
		sync_file_range(fd, (off_t)from, (off_t)(to - from),
		    SYNC_FILE_RANGE_WRITE);
}

static int
put(int fd, const uint8_t *p, size_t n, long long at, int flags)
{
	int result = (flags & XN_DELTA_SPARSE) != 0 ?
	    write_sparse(fd, p, n, at) : xn_side__write_at(fd, p, n, at);

	if (result == 0)
		begin_writeback(fd, at, at + (long long)n);
	return result;
}

int
xn_delta_write(int to, long long at, const void *bytes, size_t n, int flags,
    xn_hash *hash)
{
	if (at < 0 || n > SSIZE_MAX || (long long)n > LLONG_MAX - at)
		return refuse(EINVAL);
	if (hash != NULL)
		xn_hash_add(hash, bytes, n);
	return put(to, bytes, n, at, flags);
}

/* ---- Copying ------------------------------------------------------------ */

/* Let TO share blocks with FROM: how many bytes, 0 if that cannot be done. */
static long long
share(int from, long long from_at, int to, long long at, long long n)
{
	struct file_clone_range range = {
		.src_fd = from, .src_offset = (uint64_t)from_at,
		.src_length = (uint64_t)(n / PAGE * PAGE),
		.dest_offset = (uint64_t)at
	};

	if (from == to || n < SHARED || from_at % PAGE != 0 || at % PAGE != 0 ||
	    ioctl(to, FICLONERANGE, &range) != 0)
		return 0;
	return n / PAGE * PAGE;
}

/*
 * Where blocks are shared the bytes are read afterwards, from the old file,
 * which has been read before: if somebody wrote to it since it was signed, they
 * are not those that were signed, and the hash is another.
 */
static int
copy(int from, long long from_at, int to, long long at, long long n, int flags,
    xn_hash *hash, uint8_t *buffer)
{
	long long end = from_at + n, there = from_at;

	if (from == to && from_at == at)
		there = end;
	else
		there += share(from, from_at, to, at, n);
	if (hash == NULL)
		from_at = there;
	while (from_at < end) {
		long long stop = from_at < there ? there : end;
		size_t now = stop - from_at < (long long)CHUNK ?
		    (size_t)(stop - from_at) : CHUNK;
		ssize_t got = xn_delta__pread(from, buffer, now, from_at);

		if (got == -1)
			return -1;
		if ((size_t)got < now)
			return refuse(ESTALE);
		if (hash != NULL)
			xn_hash_add(hash, buffer, now);
		if (from_at >= there && put(to, buffer, now,
		    at + n - (end - from_at), flags) != 0)
			return -1;
		from_at += (long long)now;
	}
	return 0;
}

int
xn_delta_copy(int from, long long from_at, int to, long long at, long long n,
    int flags, xn_hash *hash)
{
	uint8_t *buffer;
	int result;

	if (from_at < 0 || at < 0 || n < 0 || n > LLONG_MAX - from_at ||
	    n > LLONG_MAX - at || (from == to && from_at < at))
		return refuse(EINVAL);
	buffer = malloc(n < (long long)CHUNK ? (size_t)n + 1 : CHUNK);
	if (buffer == NULL)
		return -1;
	result = copy(from, from_at, to, at, n, flags, hash, buffer);
	free(buffer);
	return result;
}
