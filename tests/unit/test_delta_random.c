/*
 * Deltas of files that were edited at random, beside a search that is too slow
 * for use but finds every block of the old file at every place of the new one.
 */
#include "tests/lib/delta_test.h"

#define ROUNDS	60

/* ---- The reference ------------------------------------------------------ */

/* Blocks of the old file, by their bytes. */
static const unsigned char *blocks[8192];
static size_t count, block;

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(*(const unsigned char *const *)a,
	    *(const unsigned char *const *)b, block);
}

static void
know(const struct bytes *old)
{
	for (count = 0; (count + 1) * block <= old->n; count++)
		blocks[count] = old->p + count * block;
	qsort(blocks, count, sizeof(blocks[0]), by_bytes);
}

/* How many bytes are sent if each block that can be copied is copied. */
static long long
reference(const struct bytes *old, const struct bytes *new)
{
	size_t tail = old->n % block, at = 0;
	long long sent = 0;

	know(old);
	while (at < new->n) {
		const unsigned char *here = new->p + at;
		size_t left = new->n - at;

		if (left >= block && bsearch(&here, blocks, count,
		    sizeof(blocks[0]), by_bytes) != NULL) {
			at += block;
		} else if (left == tail &&
		    memcmp(here, old->p + old->n - tail, tail) == 0) {
			at += tail;
		} else {
			at++;
			sent++;
		}
	}
	return sent;
}

/* ---- Files -------------------------------------------------------------- */

static uint32_t seed;

static size_t
chance(size_t below)
{
	return next_random(&seed) % below;
}

/* Bytes of only so many kinds: 1 is a run, a few are met again by chance. */
static void
add_kinds(struct bytes *b, size_t n, size_t kinds)
{
	for (; n > 0; n--) {
		unsigned char c = (unsigned char)chance(kinds);

		add_bytes(b, &c, 1);
	}
}

static void
make_old(struct bytes *old)
{
	size_t parts = 1 + chance(10);

	for (size_t i = 0; i < parts; i++)
		add_kinds(old, chance(30 * 1000),
		    chance(4) == 0 ? 1 : 1 + chance(255));
}

/* The old file with EDITS pieces overwritten, inserted, left out, or taken
 * from elsewhere. */
static void
make_new(struct bytes *new, const struct bytes *old, size_t edits)
{
	size_t at = 0;

	for (size_t i = 0; i < edits && at < old->n; i++) {
		size_t keep = chance(2 * old->n / edits + 1), n, from;

		if (keep > old->n - at)
			keep = old->n - at;
		add_bytes(new, old->p + at, keep);
		at += keep;
		n = chance(300);
		from = chance(old->n);
		switch (chance(4)) {
		case 0:
			add_kinds(new, n, 256);
			at += n;
			break;
		case 1:
			add_kinds(new, n, 256);
			break;
		case 2:
			at += n;
			break;
		default:
			n *= 20;
			add_bytes(new, old->p + from,
			    n < old->n - from ? n : old->n - from);
		}
	}
	if (at < old->n)
		add_bytes(new, old->p + at, old->n - at);
}

static void
as_good_as_the_reference(void)
{
	long long all = 0, all_best = 0;

	for (uint32_t round = 1; round <= ROUNDS; round++) {
		struct bytes old = { .p = NULL }, new = { .p = NULL };
		size_t edits;
		struct outcome o;
		long long best;

		seed = round * 7919;
		block = (size_t)64 << chance(4);
		edits = 1 + chance(40);
		make_old(&old);
		make_new(&new, &old, edits);
		best = reference(&old, &new);
		o = delta(&old, &new, (long long)block, 0);
		CU_ASSERT(o.same);
		/* It leaves what may be less than a block for a place that
		 * goes on better. */
		if (o.sent > best + (long long)(edits * block))
			printf("\n  round %u: block %zu, %zu edits, %zu bytes: "
			    "%lld sent, the reference %lld", round, block,
			    edits, new.n, o.sent, best);
		CU_ASSERT(o.sent <= best + (long long)(edits * block));
		all += o.sent;
		all_best += best;
		CU_ASSERT(delta(&old, &new, (long long)block,
		    XN_DELTA_INPLACE).same);
		CU_ASSERT(delta(&old, &new, (long long)block,
		    XN_DELTA_SPARSE).same);
		delta_batch = 1 + (long long)chance(200);
		CU_ASSERT(delta(&old, &new, (long long)block, 0).same);
		CU_ASSERT(delta(&old, &new, (long long)block,
		    XN_DELTA_INPLACE).same);
		delta_batch = 0;
		free_bytes(&old);
		free_bytes(&new);
	}
	printf(" (%lld sent, the reference %lld) ", all, all_best);
	CU_ASSERT(all <= all_best + all_best / 20);
}

static const struct xn_test_case cases[] = {
	{ "as good as the reference", as_good_as_the_reference },
};

XN_TEST_MAIN("delta, random", cases)
