/*
 * Signing an old file, for those that have a new one.
 */
#include "core/side/side.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "core/side/delta.h"
#include <execnet/remote.h>

#define CHUNK	(256u * 1024)		/* read at once: stays in the cache */
#define SMALLEST 1024			/* block that xn_delta_block() gives */

long long
xn_delta_block(long long size)
{
	long long block = SMALLEST;

	while (block < XN_DELTA_BLOCK_MAX && 4 * block * block < size)
		block *= 2;
	/* What is held of the signature then reaches over more of the file. */
	while (block < XN_DELTA_BLOCK_MAX && size / block > XN_DELTA_HELD)
		block *= 2;
	return block;
}

int
xn_delta__block_good(long long block)
{
	return block >= XN_DELTA_BLOCK_MIN && block <= XN_DELTA_BLOCK_MAX &&
	    (block & (block - 1)) == 0;
}

ssize_t
xn_delta__pread(int fd, void *buffer, size_t n, long long at)
{
	char *p = buffer;
	size_t have = 0;

	while (have < n) {
		ssize_t got = pread(fd, p + have, n - have,
		    (off_t)at + (off_t)have);

		if (got == 0)
			break;
		if (got == -1 && errno != EINTR)
			return -1;
		if (got > 0)
			have += (size_t)got;
	}
	return (ssize_t)have;
}

/* The entry of the N bytes at P; the sum of a block that is not whole is not
 * looked for. */
static void
sign_block(unsigned char *out, const uint8_t *p, size_t n, size_t block)
{
	uint32_t weak = 0;
	uint64_t strong = htole64(XXH3_64bits(p, n));

	if (n == block)
		weak = htole32((uint32_t)(xn_delta__sum(p, n) >> 32));
	memcpy(out, &weak, 4);
	memcpy(out + 4, &strong, 8);
}

static int
sign_range(int fd, long long at, long long n, size_t block, unsigned char *out,
    uint8_t *buffer)
{
	unsigned char *to = out;

	while (n > 0) {
		size_t now = n < CHUNK ? (size_t)n : CHUNK;
		ssize_t got = xn_delta__pread(fd, buffer, now, at);

		if (got == -1)
			return -1;
		if ((size_t)got < now) {
			errno = ESTALE;
			return -1;
		}
		for (size_t i = 0; i < now; i += block) {
			sign_block(to, buffer + i,
			    now - i < block ? now - i : block, block);
			to += XN_DELTA_ENTRY;
		}
		at += (long long)now;
		n -= (long long)now;
	}
	return (int)(to - out);
}

int
xn_delta_sign(int fd, long long at, long long n, long long block,
    unsigned char *out, size_t out_size)
{
	long long blocks;
	uint8_t *buffer;
	int result;

	if (!xn_delta__block_good(block) || at < 0 || n < 0 ||
	    at % block != 0 || n > LLONG_MAX - at) {
		errno = EINVAL;
		return -1;
	}
	blocks = n / block + (n % block != 0);
	if ((unsigned long long)blocks > out_size / XN_DELTA_ENTRY ||
	    blocks > INT_MAX / XN_DELTA_ENTRY) {
		errno = EINVAL;
		return -1;
	}
	buffer = malloc(CHUNK);
	if (buffer == NULL)
		return -1;
	result = sign_range(fd, at, n, (size_t)block, out, buffer);
	free(buffer);
	return result;
}
