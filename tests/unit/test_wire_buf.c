/* The growing buffer. */
#include "tests/lib/cunit_main.h"

#include "core/wire/buf.h"
#include "core/wire/code.h"
#include "tests/lib/random.h"

static void
a_new_buffer_is_empty(void)
{
	struct xn_buf b;

	xn_buf_init(&b, 10);
	CU_ASSERT_EQUAL(xn_buf_len(&b), 0);
	CU_ASSERT_PTR_NULL(xn_buf_data(&b));
	CU_ASSERT_EQUAL(xn_buf_put(&b, "", 0), XN_C_OK);
	CU_ASSERT_EQUAL(b.cap, 0);
	xn_buf_consume(&b, 0);
	xn_buf_truncate(&b, 0);
	xn_buf_free(&b);
	CU_ASSERT_EQUAL(b.max, 10);
}

static void
the_maximum_is_kept_and_nothing_is_half_done(void)
{
	struct xn_buf b;
	uint8_t *room;

	xn_buf_init(&b, 10);
	CU_ASSERT_EQUAL(xn_buf_put(&b, "0123456", 7), XN_C_OK);
	CU_ASSERT_EQUAL(xn_buf_put_u32(&b, 1), XN_C_TOO_BIG);
	CU_ASSERT_EQUAL(xn_buf_len(&b), 7);
	CU_ASSERT_EQUAL(xn_buf_put(&b, "789", 3), XN_C_OK);
	CU_ASSERT_EQUAL(xn_buf_put_u8(&b, 1), XN_C_TOO_BIG);
	CU_ASSERT_EQUAL(xn_buf_reserve(&b, SIZE_MAX, &room), XN_C_TOO_BIG);
	CU_ASSERT_EQUAL(xn_buf_len(&b), 10);
	CU_ASSERT(memcmp(xn_buf_data(&b), "0123456789", 10) == 0);
	/* What is consumed makes room. */
	xn_buf_consume(&b, 4);
	CU_ASSERT_EQUAL(xn_buf_put(&b, "abcd", 4), XN_C_OK);
	CU_ASSERT(memcmp(xn_buf_data(&b), "456789abcd", 10) == 0);
	xn_buf_free(&b);
}

static void
integers_are_big_endian(void)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 0xff };
	uint8_t out[8];
	struct xn_buf b;

	CU_ASSERT_EQUAL(xn_get_u32(bytes), 0x01020304u);
	CU_ASSERT_EQUAL(xn_get_u64(bytes), 0x01020304050607ffu);
	CU_ASSERT_EQUAL(xn_get_u32(bytes + 4), 0x050607ffu);
	xn_set_u64(out, 0x01020304050607ffu);
	CU_ASSERT(memcmp(out, bytes, 8) == 0);
	xn_buf_init(&b, 5);
	CU_ASSERT_EQUAL(xn_buf_put_u32(&b, 0x01020304u), XN_C_OK);
	CU_ASSERT_EQUAL(xn_buf_put_u8(&b, 5), XN_C_OK);
	CU_ASSERT(memcmp(xn_buf_data(&b), bytes, 5) == 0);
	xn_buf_free(&b);
}

static void
truncate_takes_back_the_end(void)
{
	struct xn_buf b;

	xn_buf_init(&b, 100);
	xn_buf_put(&b, "abcdef", 6);
	xn_buf_consume(&b, 2);
	xn_buf_truncate(&b, 2);
	CU_ASSERT_EQUAL(xn_buf_len(&b), 2);
	CU_ASSERT(memcmp(xn_buf_data(&b), "cd", 2) == 0);
	xn_buf_free(&b);
}

static uint32_t seed = 7;

static void
any_order_of_puts_and_takes_keeps_the_bytes(void)
{
	struct xn_buf b;
	uint8_t in = 0, out = 0;

	for (size_t max = 1; max < 3000; max = max * 3 + 1) {
		xn_buf_init(&b, max);
		for (int step = 0; step < 3000; step++) {
			size_t len = xn_buf_len(&b);
			size_t n = next_random(&seed) % (max + 1);
			uint8_t *room;
			int rc = xn_buf_reserve(&b, n, &room);

			CU_ASSERT_EQUAL(rc, n <= max - len ? XN_C_OK :
			    XN_C_TOO_BIG);
			if (rc == XN_C_OK) {
				n -= next_random(&seed) % (n + 1);
				for (size_t i = 0; i < n; i++)
					room[i] = in++;
				xn_buf_commit(&b, n);
			}
			n = next_random(&seed) % (xn_buf_len(&b) + 1);
			for (size_t i = 0; i < n; i++)
				CU_ASSERT_EQUAL(xn_buf_data(&b)[i], out++);
			xn_buf_consume(&b, n);
			CU_ASSERT(b.cap <= 2 * max);
		}
		out = in;
		xn_buf_free(&b);
	}
}

/* A full buffer from which a little is taken and put must not be moved each
 * time: 1 MB moved 500,000 times would take minutes. */
static void
a_full_buffer_is_not_moved_at_every_put(void)
{
	const size_t max = 1u << 20;
	uint8_t *filler = calloc(1, max);
	struct xn_buf b;
	size_t moves = 0;

	xn_buf_init(&b, max);
	CU_ASSERT_EQUAL(xn_buf_put(&b, filler, max), XN_C_OK);
	for (int i = 0; i < 500000; i++) {
		size_t start;

		xn_buf_consume(&b, 8);
		start = b.start;
		CU_ASSERT_EQUAL(xn_buf_put(&b, "8 bytes.", 8), XN_C_OK);
		moves += b.start != start;
	}
	CU_ASSERT(moves < 10);
	xn_buf_free(&b);
	free(filler);
}

static void
every_code_has_its_text(void)
{
	for (int code = 0; code >= XN_C_CREDIT; code--) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(xn_code_text(code));
		for (int other = 0; other > code; other--)
			CU_ASSERT_STRING_NOT_EQUAL(xn_code_text(code),
			    xn_code_text(other));
	}
	CU_ASSERT_STRING_EQUAL(xn_code_text(XN_C_CREDIT - 1),
	    "an unknown reason");
	CU_ASSERT_STRING_EQUAL(xn_code_text(5), "no error");
}

static const struct xn_test_case cases[] = {
	{ "a new buffer is empty", a_new_buffer_is_empty },
	{ "the maximum is kept and nothing is half done",
	    the_maximum_is_kept_and_nothing_is_half_done },
	{ "integers are big-endian", integers_are_big_endian },
	{ "truncate takes back the end", truncate_takes_back_the_end },
	{ "any order of puts and takes keeps the bytes",
	    any_order_of_puts_and_takes_keeps_the_bytes },
	{ "a full buffer is not moved at every put",
	    a_full_buffer_is_not_moved_at_every_put },
	{ "every code has its text", every_code_has_its_text },
};

XN_TEST_MAIN("wire buf", cases)
