/* The decoder and encoder at their limits, and on what execnet never says. */
#include "tests/lib/decode.h"

static char a_channel;

static void *
find_channel(void *baton, int32_t id)
{
	(void)baton;
	return id == 13 ? NULL : &a_channel;
}

/* N times LEFT, MIDDLE, N times RIGHT, STOP. */
static int
decode_nested(const char *left, size_t left_n, const char *middle,
    const char *right, size_t right_n, size_t n)
{
	struct xn_buf b;
	int rc;

	xn_buf_init(&b, 1u << 28);
	for (size_t i = 0; i < n; i++)
		xn_buf_put(&b, left, left_n);
	xn_buf_put(&b, middle, strlen(middle));
	for (size_t i = 0; i < n; i++)
		xn_buf_put(&b, right, right_n);
	xn_buf_put_u8(&b, XN_OP_STOP);
	rc = decode(xn_buf_data(&b), xn_buf_len(&b), NULL);
	xn_buf_free(&b);
	return rc;
}

static void
depth_ends_at_64_levels(void)
{
	static const char list[] = "K\0\0\0\1F\0\0\0\0", tuple[] = "@\0\0\0\1";

	for (size_t n = 63; n <= 66; n++) {
		int rc = n <= 64 ? XN_C_OK : XN_C_TOO_DEEP;

		CU_ASSERT_EQUAL(decode_nested(list, 10, "L", "P", 1, n), rc);
		CU_ASSERT_EQUAL(decode_nested("", 0, "L", tuple, 5, n), rc);
		CU_ASSERT_EQUAL(decode_nested("JL", 2, "L", "P", 1, n), rc);
	}
	CU_ASSERT_EQUAL(decode_nested(list, 10, "L", "P", 1, 200000),
	    XN_C_TOO_DEEP);
}

static void
values_end_at_a_million(void)
{
	struct xn_buf b;

	/* The container counts too. */
	for (uint32_t n = XN_VALUES_MAX - 1; n <= XN_VALUES_MAX; n++) {
		xn_buf_init(&b, 1u << 28);
		for (uint32_t i = 0; i < n; i++)
			xn_put_none(&b);
		xn_put_build(&b, XN_OP_BUILDTUPLE, n);
		xn_put_stop(&b);
		CU_ASSERT_EQUAL(decode(xn_buf_data(&b), xn_buf_len(&b), NULL),
		    n < XN_VALUES_MAX ? XN_C_OK : XN_C_TOO_MANY);
		xn_buf_free(&b);
	}
}

static void
a_message_of_one_byte_values_stays_small(void)
{
	size_t n = 64u << 20;
	uint8_t *bytes = malloc(n);
	const xn_value *v;

	memset(bytes, XN_OP_NONE, n);
	CU_ASSERT_EQUAL(xn_decode(&v, bytes, n, &env), XN_C_TOO_MANY);
	CU_ASSERT(arena.total < 1024);
	arena_free(&arena);
	memset(bytes, XN_OP_NEWDICT, n);
	CU_ASSERT_EQUAL(xn_decode(&v, bytes, n, &env), XN_C_TOO_MANY);
	CU_ASSERT(arena.total < 1024);
	arena_free(&arena);
	free(bytes);
}

/* Lists that each claim what remains must not add up. */
static void
announced_items_are_counted_at_once(void)
{
	struct xn_buf b;
	const xn_value *v;
	size_t n = 16u << 20;

	xn_buf_init(&b, n);
	while (n - xn_buf_len(&b) > 64)
		xn_put_newlist(&b, (uint32_t)((n - xn_buf_len(&b)) / 32));
	CU_ASSERT_EQUAL(xn_decode(&v, xn_buf_data(&b), xn_buf_len(&b), &env),
	    XN_C_TOO_MANY);
	CU_ASSERT(arena.total <= XN_VALUES_MAX * sizeof(xn_value));
	arena_free(&arena);
	xn_buf_free(&b);
}

static void
a_list_count_must_fit_what_remains(void)
{
	CU_ASSERT_EQUAL(DECODE("K\x0f\xff\xff\xffQ", NULL), XN_C_BAD_COUNT);
	CU_ASSERT_EQUAL(DECODE("K\0\0\0\1LLLLLL", NULL), XN_C_BAD_COUNT);
	CU_ASSERT_EQUAL(DECODE("K\0\0\0\1F\0\0\0\0LPQ", "[n]"), XN_C_OK);
	CU_ASSERT_EQUAL(DECODE("K\0\0\0\0Q", "[]"), XN_C_OK);
	CU_ASSERT_EQUAL(arena.total, 0);
}

static void
no_memory_is_an_answer(void)
{
	static const char bytes[] = "JF\0\0\0\1A\0\0\0\1xPN\0\0\0\1aK\0\0\0\1"
	    "F\0\0\0\0LPPLO\0\0\0\0PQ";
	size_t need;

	CU_ASSERT_EQUAL(DECODE(bytes, "D{i1:y78,s61:[n],n:S{}}"), XN_C_OK);
	need = 1024;
	for (size_t limit = 1; limit < need; limit++) {
		int rc;

		arena.limit = limit;
		rc = DECODE(bytes, NULL);
		CU_ASSERT(rc == XN_C_NOMEM || rc == XN_C_OK);
		if (limit == 1)
			CU_ASSERT_EQUAL(rc, XN_C_NOMEM);
		if (limit == need - 1)
			CU_ASSERT_EQUAL(rc, XN_C_OK);
	}
	arena.limit = 0;
}

static void
integers_are_normalized(void)
{
	static const struct {
		const char *text, *expected;
	} all[] = {
		{ "7", "i7" }, { "007", "i7" }, { "+7", "i7" }, { "-0", "i0" },
		{ "-7", "i-7" }, { "0000", "i0" },
		{ "9223372036854775807", "i9223372036854775807" },
		{ "9223372036854775808", "i9223372036854775808" },
		{ "-9223372036854775808", "i-9223372036854775808" },
		{ "-9223372036854775809", "i-9223372036854775809" },
		{ "-00099999999999999999999", "i-99999999999999999999" },
		{ "+0018446744073709551616", "i18446744073709551616" },
		{ "", NULL }, { "-", NULL }, { "+", NULL }, { " 1", NULL },
		{ "1 ", NULL }, { "1_0", NULL }, { "0x1", NULL },
		{ "--1", NULL }, { "1.0", NULL }, { "\xd9\xa1", NULL }
	};
	struct xn_buf b;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (int op = XN_OP_LONGINT; op <= XN_OP_LONGLONG; op++) {
			size_t n = strlen(all[i].text);

			xn_buf_init(&b, 100);
			xn_buf_put_u8(&b, (uint8_t)op);
			xn_buf_put_u32(&b, (uint32_t)n);
			xn_buf_put(&b, all[i].text, n);
			xn_put_stop(&b);
			CU_ASSERT_EQUAL(decode(xn_buf_data(&b), xn_buf_len(&b),
			    all[i].expected), all[i].expected != NULL ?
			    XN_C_OK : XN_C_BAD_NUMBER);
			xn_buf_free(&b);
		}
	}
}

static void
a_big_integer_has_its_kind(void)
{
	const xn_value *v;

	CU_ASSERT_EQUAL(xn_decode(&v, (const uint8_t *)
	    "H\0\0\0\x13" "9223372036854775807Q", 25, &env), XN_C_OK);
	CU_ASSERT_EQUAL(v->kind, XN_INT);
	CU_ASSERT_EQUAL(xn_decode(&v, (const uint8_t *)
	    "H\0\0\0\x14-9223372036854775809Q", 26, &env), XN_C_OK);
	CU_ASSERT_EQUAL(v->kind, XN_BIGINT);
	CU_ASSERT_EQUAL(v->size, 20);
	CU_ASSERT_STRING_EQUAL(v->u.text, "-9223372036854775809");
	arena_free(&arena);
}

static void
strings_are_coerced_as_reconfigured(void)
{
	CU_ASSERT_EQUAL(DECODE("M\0\0\0\2\xe9" "aQ", "ye961"), XN_C_OK);
	CU_ASSERT_EQUAL(DECODE("N\0\0\0\2\xc3\xa9Q", "sc3a9"), XN_C_OK);
	env.py2str_as_py3str = 1;
	CU_ASSERT_EQUAL(DECODE("M\0\0\0\2\xe9" "aQ", "sc3a961"), XN_C_OK);
	CU_ASSERT_EQUAL(DECODE("M\0\0\0\2\x80\xffQ", "sc280c3bf"), XN_C_OK);
	env.py2str_as_py3str = 0;
	env.py3str_as_py2str = 1;
	CU_ASSERT_EQUAL(DECODE("N\0\0\0\2\xc3\xa9Q", "yc3a9"), XN_C_OK);
	CU_ASSERT_EQUAL(DECODE("S\0\0\0\2\xc3\xa9Q", "sc3a9"), XN_C_OK);
	env.py3str_as_py2str = 0;
}

static void
channels_need_a_gateway(void)
{
	const xn_value *v;

	CU_ASSERT_EQUAL(DECODE("B\0\0\0\3Q", NULL), XN_C_NO_CHANNEL);
	env.channel = find_channel;
	CU_ASSERT_EQUAL(DECODE("B\0\0\0\3Q", "channel3"), XN_C_OK);
	CU_ASSERT_EQUAL(DECODE("B\xff\xff\xff\xfdQ", "channel-3"), XN_C_OK);
	CU_ASSERT_EQUAL(DECODE("B\0\0\0\x0dQ", NULL), XN_C_NO_CHANNEL);
	CU_ASSERT_EQUAL(xn_decode(&v, (const uint8_t *)"B\0\0\0\5Q", 6, &env),
	    XN_C_OK);
	CU_ASSERT_PTR_EQUAL(v->u.channel.object, &a_channel);
	arena_free(&arena);
	env.channel = NULL;
}

static void
bytes_are_copied_or_borrowed_by_size(void)
{
	for (size_t n = XN_TEXT_BYTES_MAX - 1; n <= XN_TEXT_BYTES_MAX + 1;
	    n++) {
		uint8_t *p = calloc(1, n + 6);
		const xn_value *v;

		p[0] = XN_OP_BYTES;
		xn_set_u32(p + 1, (uint32_t)n);
		p[n + 5] = XN_OP_STOP;
		CU_ASSERT_EQUAL_FATAL(xn_decode(&v, p, n + 6, &env), XN_C_OK);
		CU_ASSERT_EQUAL(v->size, n);
		if (n <= XN_TEXT_BYTES_MAX)
			CU_ASSERT_EQUAL(v->u.bytes[n], 0);
		CU_ASSERT_EQUAL(v->u.bytes == p + 5, n > XN_TEXT_BYTES_MAX);
		arena_free(&arena);
		free(p);
	}
}

static void
what_execnet_never_writes_is_refused(void)
{
	CU_ASSERT_EQUAL(DECODE("", NULL), XN_C_SHORT);
	CU_ASSERT_EQUAL(DECODE("L", NULL), XN_C_SHORT);
	CU_ASSERT_EQUAL(DECODE("A\0\0\0\2xQ", "y7851"), XN_C_SHORT);
	CU_ASSERT_EQUAL(DECODE("A\xff\xff\xff\xffQ", NULL), XN_C_BAD_COUNT);
	CU_ASSERT_EQUAL(DECODE("@\xff\xff\xff\xffQ", NULL), XN_C_BAD_COUNT);
	CU_ASSERT_EQUAL(DECODE("K\xff\xff\xff\xffQ", NULL), XN_C_BAD_COUNT);
	CU_ASSERT_EQUAL(DECODE("Q", NULL), XN_C_BAD_STACK);
	CU_ASSERT_EQUAL(DECODE("LLQ", NULL), XN_C_BAD_STACK);
	CU_ASSERT_EQUAL(DECODE("LL@\0\0\0\3Q", NULL), XN_C_BAD_STACK);
	CU_ASSERT_EQUAL(DECODE("LLPQ", NULL), XN_C_BAD_STACK);
	CU_ASSERT_EQUAL(DECODE("LF\0\0\0\0LPQ", NULL), XN_C_BAD_STACK);
	CU_ASSERT_EQUAL(DECODE("K\0\0\0\1F\0\0\0\1LPQ", NULL), XN_C_BAD_STACK);
	CU_ASSERT_EQUAL(DECODE("K\0\0\0\1F\xff\xff\xff\xffLPQ", NULL),
	    XN_C_BAD_STACK);
	CU_ASSERT_EQUAL(DECODE("LQQ", NULL), XN_C_TRAILING);
	CU_ASSERT_EQUAL(DECODE("UQ", NULL), XN_C_BAD_OPCODE);
	CU_ASSERT_EQUAL(DECODE("\xffQ", NULL), XN_C_BAD_OPCODE);
	CU_ASSERT_EQUAL(DECODE("N\0\0\0\1\xffQ", NULL), XN_C_BAD_UTF8);
}

static void
the_encoder_refuses_what_no_one_would_read(void)
{
	xn_value list[XN_DEPTH_MAX + 1], bad = { .kind = XN_STR };
	xn_value set = { .kind = XN_SET, .size = 1 };
	struct xn_buf b;

	xn_buf_init(&b, 10000);
	xn_buf_put(&b, "before", 6);
	memset(list, 0, sizeof(list));
	for (size_t i = 0; i <= XN_DEPTH_MAX; i++) {
		list[i].kind = XN_LIST;
		list[i].size = i < XN_DEPTH_MAX;
		list[i].u.items = &list[i + (i < XN_DEPTH_MAX)];
	}
	CU_ASSERT_EQUAL(xn_encode(&b, &list[0]), XN_C_TOO_DEEP);
	bad.u.text = "\xed\xa0\x80";
	bad.size = 3;
	CU_ASSERT_EQUAL(xn_encode(&b, &bad), XN_C_BAD_UTF8);
	bad.kind = XN_BIGINT;
	CU_ASSERT_EQUAL(xn_encode(&b, &bad), XN_C_BAD_NUMBER);
	set.u.items = &list[XN_DEPTH_MAX];
	CU_ASSERT_EQUAL(xn_encode(&b, &set), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(xn_encode_dump(&b, &bad, 3), XN_C_BAD_VERSION);
	CU_ASSERT_EQUAL(xn_encode_dump(&b, &bad, 2), XN_C_BAD_NUMBER);
	bad.kind = 99;
	CU_ASSERT_EQUAL(xn_encode(&b, &bad), XN_C_MISMATCH);
	CU_ASSERT_EQUAL(xn_buf_len(&b), 6);
	CU_ASSERT_EQUAL(xn_encode(&b, &list[1]), XN_C_OK);
	xn_buf_free(&b);
	/* A buffer that is too small is as before, too. */
	for (size_t max = 6; max < 18; max++) {
		xn_buf_init(&b, max);
		xn_buf_put(&b, "before", 6);
		CU_ASSERT_EQUAL(xn_encode(&b, &list[XN_DEPTH_MAX - 1]),
		    XN_C_TOO_BIG);
		CU_ASSERT_EQUAL(xn_buf_len(&b), 6);
		xn_buf_free(&b);
	}
}

static void
bigints_are_written_short_when_they_fit(void)
{
	static const struct {
		const char *in, *out;
		size_t n;
	} all[] = {
		{ "0000000012", "F\0\0\0\x0c", 5 },
		{ "-2147483648", "F\x80\0\0\0", 5 },
		{ "2147483648", "H\0\0\0\x0a" "2147483648", 15 },
		{ "-2147483649", "H\0\0\0\x0b-2147483649", 16 },
		{ "+0099999999999999999999", "H\0\0\0\x14"
		    "99999999999999999999", 25 },
		{ "-99999999999999999999", "H\0\0\0\x15"
		    "-99999999999999999999", 26 }
	};
	struct xn_buf b;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		xn_buf_init(&b, 100);
		CU_ASSERT_EQUAL(xn_put_bigint(&b, all[i].in,
		    strlen(all[i].in)), XN_C_OK);
		CU_ASSERT_EQUAL_FATAL(xn_buf_len(&b), all[i].n);
		CU_ASSERT(memcmp(xn_buf_data(&b), all[i].out, all[i].n) == 0);
		xn_buf_free(&b);
	}
}

static const struct xn_test_case cases[] = {
	{ "depth ends at 64 levels", depth_ends_at_64_levels },
	{ "values end at a million", values_end_at_a_million },
	{ "a message of one-byte values stays small",
	    a_message_of_one_byte_values_stays_small },
	{ "announced items are counted at once",
	    announced_items_are_counted_at_once },
	{ "a list count must fit what remains",
	    a_list_count_must_fit_what_remains },
	{ "no memory is an answer", no_memory_is_an_answer },
	{ "integers are normalized", integers_are_normalized },
	{ "a big integer has its kind", a_big_integer_has_its_kind },
	{ "strings are coerced as reconfigured",
	    strings_are_coerced_as_reconfigured },
	{ "channels need a gateway", channels_need_a_gateway },
	{ "bytes are copied or borrowed by size",
	    bytes_are_copied_or_borrowed_by_size },
	{ "what execnet never writes is refused",
	    what_execnet_never_writes_is_refused },
	{ "the encoder refuses what no one would read",
	    the_encoder_refuses_what_no_one_would_read },
	{ "bigints are written short when they fit",
	    bigints_are_written_short_when_they_fit },
};

XN_TEST_MAIN("wire decode", cases)
