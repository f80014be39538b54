/*
 * Digests of many small files whose names are numbers.
 *
 * Ten thousand of them are a matter of system calls: each is opened, read to
 * its end and closed, and nothing else.
 */
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include <execnet/remote.h>

#define PIECE		65536u

/* What is being read. */
struct reading {
	char *piece;			/* of PIECE bytes */
	XXH3_state_t *state;		/* for what is larger */
	size_t max;
};

/* The digest of FD, whose first N bytes, a whole piece, are there; 0 or -1. */
static int
hash_large(const struct reading *r, int fd, size_t n, XXH128_hash_t *out)
{
	size_t all = 0;
	ssize_t got = (ssize_t)n;

	XXH3_128bits_reset(r->state);
	while (got > 0) {
		XXH3_128bits_update(r->state, r->piece, (size_t)got);
		all += (size_t)got;
		if (all > r->max) {
			errno = EFBIG;
			return -1;
		}
		got = xn_read_full(fd, r->piece, PIECE);
	}
	*out = XXH3_128bits_digest(r->state);
	return got < 0 ? -1 : 0;
}

static int
hash_open(const struct reading *r, int fd, unsigned char out[16])
{
	ssize_t n = xn_read_full(fd, r->piece, PIECE);
	XXH128_canonical_t bytes;
	XXH128_hash_t hash;

	if (n < 0)
		return -1;
	if ((size_t)n > r->max) {
		errno = EFBIG;
		return -1;
	}
	if ((size_t)n < PIECE)
		hash = XXH3_128bits(r->piece, (size_t)n);
	else if (hash_large(r, fd, (size_t)n, &hash) != 0)
		return -1;
	XXH128_canonicalFromHash(&bytes, hash);
	memcpy(out, bytes.digest, 16);
	return 0;
}

/* (Somebody may have put a FIFO there, whose open would block for ever.) */
static int
hash_one(const struct reading *r, int folder, long long number,
    unsigned char out[16])
{
	char name[32];
	int fd, result, kept;

	snprintf(name, sizeof(name), "%lld", number);
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	result = hash_open(r, fd, out);
	kept = errno;
	close(fd);
	errno = kept;
	return result;
}

long long
xn_hash_numbered(int folder, long long first, long long n, size_t max,
    unsigned char *out)
{
	struct reading r = { malloc(PIECE), XXH3_createState(), max };
	long long done = 0;
	int kept = ENOMEM;

	if (r.piece != NULL && r.state != NULL) {
		while (done < n && hash_one(&r, folder, first + done,
		    out + done * 16) == 0)
			done++;
		kept = errno;
	}
	XXH3_freeState(r.state);
	free(r.piece);
	errno = kept;
	return done;
}
