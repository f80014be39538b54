/*
 * XXH3, 128 bits.
 */
#include "core/side/side.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include <execnet/remote.h>

struct xn_hash {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	XXH3_state_t *state;
};

static void
canonical(unsigned char out[16], XXH128_hash_t hash)
{
	XXH128_canonical_t bytes;

	XXH128_canonicalFromHash(&bytes, hash);
	memcpy(out, bytes.digest, 16);
}

static void
drop(struct xn_side_owned *self)
{
	xn_hash *hash = (xn_hash *)self;

	XXH3_freeState(hash->state);
	free(hash);
}

void
xn_hash_bytes(const void *bytes, size_t n, unsigned char out[16])
{
	canonical(out, XXH3_128bits(bytes, n));
}

xn_hash *
xn_hash_start(void)
{
	xn_hash *hash = malloc(sizeof(*hash));
	XXH3_state_t *state = XXH3_createState();

	if (hash == NULL || state == NULL) {
		free(hash);
		XXH3_freeState(state);
		xn_fail("out of memory: a hash");
	}
	XXH3_128bits_reset(state);
	hash->state = state;
	xn_side__own(&hash->owned, drop);
	return hash;
}

void
xn_hash_add(xn_hash *hash, const void *bytes, size_t n)
{
	if (n > 0)
		XXH3_128bits_update(hash->state, bytes, n);
}

void
xn_hash_end(xn_hash *hash, unsigned char out[16])
{
	canonical(out, XXH3_128bits_digest(hash->state));
	xn_side__disown(&hash->owned);
	drop(&hash->owned);
}
