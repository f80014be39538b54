/*
 * zstd: what is packed comes back, and nothing else is taken for it.
 */
#include "core/side/side.h"

#include <errno.h>
#include <zstd.h>

#include <execnet/remote.h>
#include "tests/lib/cunit_main.h"
#include "tests/lib/fake_run.h"
#include "tests/lib/random.h"

#define SIZE	(1 << 20)

static unsigned char in[SIZE], packed[XN_ZSTD_ROOM(SIZE)], back[SIZE + 1];

static void
fill(void)
{
	uint32_t seed = 7;

	/* words, as of a text */
	for (size_t i = 0; i < SIZE; i++)
		in[i] = i % 9 == 0 ? (unsigned char)next_random(&seed) :
		    "0abcabca"[i % 8];
}

static void
what_is_packed_comes_back(void)
{
	static const int levels[] = { -100, -7, -1, 0, 1, 2, 3, 4, 22, 1000 };

	fill();
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		for (size_t n = 0; n <= SIZE; n = n == SIZE ? n + 1 :
		    n * 5 + 1 > SIZE ? SIZE : n * 5 + 1) {
			long long size = xn_zstd_pack(packed, XN_ZSTD_ROOM(n),
			    in, n, levels[i]);

			CU_ASSERT_FATAL(size > 0);
			CU_ASSERT(n < 1000 || levels[i] < 0 ||
			    (size_t)size < n * 2 / 3);
			memset(back, 0, n);
			CU_ASSERT_EQUAL(xn_zstd_unpack(back, n, packed,
			    (size_t)size), 0);
			CU_ASSERT_EQUAL(memcmp(in, back, n), 0);
		}
}

static void
there_must_be_room(void)
{
	uint32_t seed = 9;
	long long size;

	fill();
	size = xn_zstd_pack(packed, sizeof(packed), in, SIZE, 3);
	CU_ASSERT_EQUAL(xn_zstd_pack(packed, (size_t)size / 2, in, SIZE, 3),
	    -1);
	CU_ASSERT_EQUAL(errno, ENOSPC);
	CU_ASSERT_EQUAL(xn_zstd_pack(packed, 0, in, SIZE, 3), -1);
	CU_ASSERT_EQUAL(errno, ENOSPC);
	/* What cannot be packed needs the most. */
	for (size_t i = 0; i < SIZE; i++)
		in[i] = (unsigned char)(next_random(&seed) >> 11);
	for (size_t n = 1; n <= SIZE; n *= 2) {
		size = xn_zstd_pack(packed, XN_ZSTD_ROOM(n), in, n, 1);
		CU_ASSERT(size > 0);
		CU_ASSERT_EQUAL(xn_zstd_pack(packed, n - 1, in, n, 1), -1);
		CU_ASSERT_EQUAL(errno, ENOSPC);
	}
}

static void
expect_refused(size_t out_size, const void *bytes, size_t n)
{
	CU_ASSERT_EQUAL(xn_zstd_unpack(back, out_size, bytes, n), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
}

static void
nothing_else_is_unpacked(void)
{
	/* begins of formats of zstd 0.5 to 0.7, and a frame to be skipped */
	static const unsigned char old[][20] = {
		"\x25\xb5\x2f\xfd", "\x26\xb5\x2f\xfd", "\x27\xb5\x2f\xfd",
		"\x50\x2a\x4d\x18\4",
	};
	long long size, more;

	fill();
	size = xn_zstd_pack(packed, sizeof(packed), in, 5000, 3);
	CU_ASSERT_EQUAL(xn_zstd_unpack(back, 5000, packed, (size_t)size), 0);
	expect_refused(4999, packed, (size_t)size);
	expect_refused(5001, packed, (size_t)size);
	expect_refused(0, packed, (size_t)size);
	expect_refused(5000, packed, (size_t)size - 1);
	expect_refused(5000, packed, (size_t)size + 1);
	expect_refused(5000, packed, 0);
	expect_refused(5000, packed, 4);
	expect_refused(0, NULL, 0);
	/* two frames */
	more = xn_zstd_pack(packed + size, 6000, in, 5000, 3);
	expect_refused(10000, packed, (size_t)(size + more));
	expect_refused(5000, packed, (size_t)(size + more));
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
		expect_refused(16, old[i], sizeof(old[i]));
}

/* A frame that says to need a window of gigabytes, or does not say how much is
 * in it, makes nobody take memory. */
static void
bytes_of_anybody_do_no_harm(void)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	uint32_t seed = 42;
	size_t size;

	fill();
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
	size = ZSTD_compress2(c, packed, sizeof(packed), in, 5000);
	ZSTD_freeCCtx(c);
	CU_ASSERT(!ZSTD_isError(size));
	expect_refused(5000, packed, size);
	for (int round = 0; round < 20000; round++) {
		unsigned char *exact;

		size = (size_t)xn_zstd_pack(packed, sizeof(packed), in, 700,
		    round % 4);
		exact = malloc(size);
		CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
		memcpy(exact, packed, size);
		for (uint32_t i = next_random(&seed) % 4 + 1; i > 0; i--)
			exact[next_random(&seed) % size] =
			    (unsigned char)next_random(&seed);
		back[700] = 0x5a;
		xn_zstd_unpack(back, 700, exact, size);
		CU_ASSERT_EQUAL(back[700], 0x5a);
		free(exact);
	}
}

static void
pack_and_leave(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	(void)kwargs;
	if (xn_zstd_pack(packed, sizeof(packed), "abc", 3, 1) == -1 ||
	    xn_zstd_unpack(back, 3, packed, 12) != 0)
		xn_fail("%m");
}

/* (LeakSanitizer finds what is left.) */
static void
nothing_is_left_of_it(void)
{
	for (int i = 0; i < 3; i++)
		CU_ASSERT_PTR_NULL(run_with(pack_and_leave, NULL, NULL, NULL));
}

static const struct xn_test_case cases[] = {
	{ "what is packed comes back", what_is_packed_comes_back },
	{ "there must be room", there_must_be_room },
	{ "nothing else is unpacked", nothing_else_is_unpacked },
	{ "bytes of anybody do no harm", bytes_of_anybody_do_no_harm },
	{ "nothing is left of it", nothing_is_left_of_it },
};

XN_TEST_MAIN("tree: zstd", cases)
