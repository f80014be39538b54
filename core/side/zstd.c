/*
 * Compression by zstd.
 *
 * Only its fast strategies are used: the others are most of the library, and
 * the agent, which is sent at each connection, does without them (and without
 * the decoders of formats that older libraries wrote; agent/zstd.args).
 */
#include "core/side/side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <execnet/remote.h>

#define MAGIC_SIZE	4u

/* What a program packs and unpacks with, made once. */
struct zstd {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	ZSTD_CCtx *pack;		/* NULL until it is needed */
	ZSTD_DCtx *unpack;
};

static _Thread_local struct zstd *kept;

/* (A program begins and ends in one thread.) */
static void
drop(struct xn_side_owned *self)
{
	struct zstd *z = (struct zstd *)self;

	ZSTD_freeCCtx(z->pack);
	ZSTD_freeDCtx(z->unpack);
	free(z);
	kept = NULL;
}

static struct zstd *
get(void)
{
	if (kept == NULL) {
		kept = calloc(1, sizeof(*kept));
		if (kept != NULL)
			xn_side__own(&kept->owned, drop);
	}
	return kept;
}

/* (Told the strategy, it takes no other for small inputs.) */
static ZSTD_CCtx *
packer(int level)
{
	struct zstd *z = get();
	int fast;

	if (z == NULL || (z->pack == NULL &&
	    (z->pack = ZSTD_createCCtx()) == NULL))
		return NULL;
	level = level < XN_ZSTD_FASTEST ? XN_ZSTD_FASTEST :
	    level > XN_ZSTD_SMALLEST ? XN_ZSTD_SMALLEST : level;
	fast = level < XN_ZSTD_SMALLEST;
	if (ZSTD_isError(ZSTD_CCtx_setParameter(z->pack,
	    ZSTD_c_compressionLevel, level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(z->pack, ZSTD_c_strategy,
	    fast ? ZSTD_fast : ZSTD_dfast)))
		return NULL;
	return z->pack;
}

long long
xn_zstd_pack(void *out, size_t out_size, const void *in, size_t n, int level)
{
	ZSTD_CCtx *pack = packer(level);
	size_t result;

	if (pack == NULL) {
		errno = ENOMEM;
		return -1;
	}
	result = ZSTD_compress2(pack, out, out_size, in, n);
	if (!ZSTD_isError(result))
		return (long long)result;
	/* It says whether there was no room or no memory by texts alone. */
	errno = out_size >= ZSTD_compressBound(n) ? ENOMEM : ENOSPC;
	return -1;
}

/* One frame of today's format that says to hold OUT_SIZE bytes, and no more. */
static int
is_frame(const void *in, size_t n, size_t out_size)
{
	static const unsigned char magic[MAGIC_SIZE] = {
		0x28, 0xb5, 0x2f, 0xfd
	};

	return n > MAGIC_SIZE && memcmp(in, magic, MAGIC_SIZE) == 0 &&
	    ZSTD_getFrameContentSize(in, n) == out_size &&
	    ZSTD_findFrameCompressedSize(in, n) == n;
}

int
xn_zstd_unpack(void *out, size_t out_size, const void *in, size_t n)
{
	unsigned char nothing;
	struct zstd *z;

	if (!is_frame(in, n, out_size)) {
		errno = EINVAL;
		return -1;
	}
	z = get();
	if (z == NULL || (z->unpack == NULL &&
	    (z->unpack = ZSTD_createDCtx()) == NULL)) {
		errno = ENOMEM;
		return -1;
	}
	if (ZSTD_decompressDCtx(z->unpack, out_size > 0 ? out : &nothing,
	    out_size, in, n) == out_size)
		return 0;
	errno = EINVAL;
	return -1;
}
