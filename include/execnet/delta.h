/*
 * <execnet/delta.h>: making a file over there what it is here, from what is
 * over there already.  <execnet/remote.h> includes it.
 *
 * Where the old version of a file lies, it is cut into blocks and signed: 12
 * bytes a block.  Where the new version lies, xn_delta takes that signature
 * and tells in steps how the new one is made: by copies of ranges of the old
 * one, and by bytes.  The steps are carried out where the old one lies, into
 * another file or into the same one, and the hash of the whole, which both ends
 * compute of all bytes, says whether the result is right:
 *
 *	where the old one is			where the new one is
 *	block = xn_delta_block(old_size)  ->	xn_delta_open(fd, size,
 *						    old_size, block, 0)
 *	xn_delta_sign(...) as often as	  ->	xn_delta_add(...)
 *	    it takes
 *	xn_delta_copy(), xn_delta_write() <-	xn_delta_next(...) as often as
 *						    it takes
 *	the same hash?			  <-	xn_delta_hash(...)
 *
 * A block is signed by 4 bytes of a rolling sum and 8 of XXH3.  Two blocks in
 * 2^64 have the same by chance: such a file, like one that was written to
 * meanwhile, fails by its hash of 128 bits and is to be sent whole.  More bytes
 * a block would make that rarer than it matters and cost half as much again.
 */
#ifndef EXECNET_DELTA_H
#define EXECNET_DELTA_H

#include <execnet/remote.h>

#ifndef __TINYC__
#pragma GCC visibility push(default)
#endif

#define XN_DELTA_ENTRY	12		/* bytes of signature for a block */

/*
 * How large the blocks of an old file of SIZE bytes should be: a power of two,
 * 1 KiB to 128 KiB, about half the square root of SIZE, so that signature and
 * edited blocks weigh about the same.  The signature has at most 3 MiB up to
 * 32 GiB, then 96 bytes for each MiB.
 */
long long xn_delta_block(long long size);

/*
 * Sign the blocks of the N bytes at AT of FD: AT is a multiple of BLOCK, and so
 * is N unless the file ends there.  BLOCK is a power of two, 64 to 128 KiB.
 * Returns how many bytes are in OUT, XN_DELTA_ENTRY for each begun BLOCK, or
 * -1 and errno: EINVAL, also if OUT_SIZE is too small; ESTALE, the file is
 * shorter.  It reads N bytes: for a pace that others can live with, N should
 * stay below some 100 MB.
 */
int xn_delta_sign(int fd, long long at, long long n, long long block,
    unsigned char *out, size_t out_size);

/*
 * The same of all SIZE bytes of FD (which stays the caller's) by a thread that
 * begins at once.  Null and errno: EINVAL, also if the signature would have
 * more than 4 MiB; or no thread can be had.  xn_signing_get() waits until the N
 * bytes at AT of the signature are there: 0, or -1 and errno as xn_delta_sign().
 * xn_signing_close(), of null as well, waits for some MiB at most.
 */
typedef struct xn_signing xn_signing;
xn_signing *xn_signing_open(int fd, long long size, long long block);
int xn_signing_get(xn_signing *signing, size_t at, void *out, size_t n);
void xn_signing_close(xn_signing *signing);

typedef struct xn_delta xn_delta;

#define XN_DELTA_INPLACE 0x01		/* for xn_delta_open(): the new one is
					 * written over the old one, in order:
					 * nothing is copied from before where
					 * it goes */
#define XN_DELTA_SPARSE	0x02		/* for copy and write: pages of zeros
					 * are not written: the file must have
					 * a hole there, and gets its size by
					 * ftruncate() */

/*
 * The SIZE bytes of FD, which stays the caller's, against an old file of
 * OLD_SIZE bytes that is signed in blocks of BLOCK.  Takes less than 8 MiB
 * whatever the sizes.  Null and errno (EINVAL, ENOMEM).
 */
xn_delta *xn_delta_open(int fd, long long size, long long old_size,
    long long block, int flags);

/*
 * The next N bytes of the signature, whole entries.  0, or -1 and errno:
 * EINVAL, not whole entries or more than the old file has blocks; EAGAIN, only
 * beyond 32 GiB: no more before xn_delta_next() has said XN_DELTA_MORE, which
 * means 1 MiB at least.
 */
int xn_delta_add(xn_delta *delta, const void *signature, size_t n);

/* One step.  They come in order and without gaps. */
typedef struct xn_delta_step {
	long long at;		/* where in the new file */
	long long length;	/* at least 1; of a copy about 64 MiB at most,
				 * of bytes XN_PIECE */
	long long from;		/* where in the old file they are; -1: bytes */
	const void *bytes;	/* good until the next call; else null */
} xn_delta_step;

#define XN_DELTA_END	0		/* all of the new file is told */
#define XN_DELTA_STEP	1		/* one step is in *OUT */
#define XN_DELTA_MORE	2		/* more of the signature must be added;
					 * how much is the caller's choice */

/*
 * Go on, with as much of the signature as is there: blocks that lie where they
 * lay need no more than that, and where other bytes begin all of it is asked
 * for (above 32 GiB some).  One of the above, or -1 and errno (ESTALE: the file
 * is shorter than SIZE).  Reads about 64 MiB at most before it returns.  The
 * file is read once: bytes are those that were hashed, whoever writes to it meanwhile.
 */
int xn_delta_next(xn_delta *delta, xn_delta_step *out);

/* XXH3, 128 bits, canonical, of the new file, once it has ended. */
void xn_delta_hash(const xn_delta *delta, unsigned char out[16]);

void xn_delta_close(xn_delta *delta);

/*
 * Copy the N bytes at FROM_AT of FROM to AT of TO, which is open for reading,
 * too, and add them to HASH (unless null).  FROM and TO may be one file: then
 * AT is not after FROM_AT, and what is there already is only read.  Blocks are
 * shared where the file system can do that.  0, or -1 and errno (ESTALE: FROM
 * is shorter).
 */
int xn_delta_copy(int from, long long from_at, int to, long long at,
    long long n, int flags, xn_hash *hash);

/* Write N BYTES to AT of TO and add them to HASH (unless null): 0, or -1. */
int xn_delta_write(int to, long long at, const void *bytes, size_t n,
    int flags, xn_hash *hash);

/* 1 if all N bytes are zero, else 0. */
int xn_is_zero(const void *bytes, size_t n);

#ifndef __TINYC__
#pragma GCC visibility pop
#endif

#endif
