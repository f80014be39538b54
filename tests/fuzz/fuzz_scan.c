/* The scanner finds the channels that the decoder meets, in any pieces. */
#include <stdlib.h>
#include <string.h>

#include "core/wire/code.h"
#include "core/wire/dump.h"
#include "core/wire/scan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/arena.h"

struct ids {
	uint32_t hash;		/* of the ids in their order */
	size_t n;
};

static int
found(void *baton, int32_t id)
{
	struct ids *ids = baton;

	ids->hash = ids->hash * 31 + (uint32_t)id;
	ids->n++;
	return 0;
}

static void *
find_channel(void *baton, int32_t id)
{
	found(baton, id);
	return baton;
}

static int
scan(struct ids *ids, const uint8_t *p, size_t n, size_t piece)
{
	struct xn_scan s;
	int rc = XN_C_OK;

	xn_scan_init(&s);
	for (size_t i = 0; i < n && rc == XN_C_OK; i += piece)
		rc = xn_scan_push(&s, p + i, n - i < piece ? n - i : piece,
		    found, ids);
	return rc == XN_C_OK && !s.stopped ? XN_C_SHORT : rc;
}

static int
same(const struct ids *a, const struct ids *b)
{
	return a->n == b->n && a->hash == b->hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ids whole = { 0, 0 }, pieces = { 0, 0 }, decoded = { 0, 0 };
	struct arena arena = { .limit = 256u << 20 };
	struct xn_decode_env env = { .alloc = arena_alloc,
	    .alloc_baton = &arena, .channel = find_channel,
	    .channel_baton = &decoded };
	const xn_value *v;
	int rc;

	if (size == 0)
		return 0;
	rc = scan(&whole, data + 1, size - 1, size);
	if (scan(&pieces, data + 1, size - 1, data[0] % 13u + 1) != rc ||
	    !same(&whole, &pieces))
		abort();
	/* The scanner knows less than the decoder, never something else. */
	if (xn_decode(&v, data + 1, size - 1, &env) == XN_C_OK &&
	    (rc != XN_C_OK || !same(&whole, &decoded)))
		abort();
	arena_free(&arena);
	return 0;
}
