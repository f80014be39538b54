/* The scanner sees the channels that the decoder sees, however it is split. */
#include "tests/lib/cunit_main.h"

#include "core/wire/code.h"
#include "core/wire/dump.h"
#include "core/wire/scan.h"
#include "tests/lib/arena.h"
#include "tests/lib/vectors.h"

#define IDS	64

struct ids {
	int32_t id[IDS];
	size_t n;
};

static struct arena arena;
static struct ids decoded;

static int
found(void *baton, int32_t id)
{
	struct ids *ids = baton;

	if (ids->n == IDS)
		return XN_C_TOO_MANY;
	ids->id[ids->n++] = id;
	return 0;
}

static void *
decode_channel(void *baton, int32_t id)
{
	found(baton, id);
	return baton;
}

/* Scan the N bytes at P cut at A and B; returns the last result. */
static int
scan(struct ids *ids, const uint8_t *p, size_t n, size_t a, size_t b)
{
	const size_t cuts[] = { 0, a, b, n };
	struct xn_scan s;
	int rc = XN_C_OK;

	ids->n = 0;
	xn_scan_init(&s);
	for (int i = 0; i < 3 && rc == XN_C_OK; i++)
		rc = xn_scan_push(&s, p + cuts[i], cuts[i + 1] - cuts[i],
		    found, ids);
	return rc == XN_C_OK && !s.stopped ? XN_C_SHORT : rc;
}

static void
check(const uint8_t *p, size_t n)
{
	const struct xn_decode_env env = { .alloc = arena_alloc,
	    .alloc_baton = &arena, .channel = decode_channel,
	    .channel_baton = &decoded };
	size_t step = n > 300 ? n / 20 : n > 60 ? 7 : 1;
	const xn_value *v;
	struct ids ids;

	decoded.n = 0;
	CU_ASSERT_EQUAL_FATAL(xn_decode(&v, p, n, &env), XN_C_OK);
	arena_free(&arena);
	for (size_t a = 0; a <= n; a += step)
		for (size_t b = a; b <= n; b += step) {
			CU_ASSERT_EQUAL(scan(&ids, p, n, a, b), XN_C_OK);
			CU_ASSERT_EQUAL_FATAL(ids.n, decoded.n);
			CU_ASSERT(memcmp(ids.id, decoded.id,
			    ids.n * sizeof(ids.id[0])) == 0);
		}
}

static void
any_split_finds_what_decoding_finds(void)
{
	struct vectors all;

	vectors_load(&all, 1);
	for (size_t i = 0; i < all.n; i++)
		if (vector_is_value(&all.items[i]))
			check(all.items[i].bytes + 1, all.items[i].n - 1);
	vectors_free(&all);
	CU_ASSERT_EQUAL(decoded.n, 0);
}

#define CHECK(bytes) check((const uint8_t *)(bytes), sizeof(bytes) - 1)

static void
channels_are_found_wherever_they_are(void)
{
	CHECK("B\0\0\0\3Q");
	CU_ASSERT_EQUAL(decoded.n, 1);
	CU_ASSERT_EQUAL(decoded.id[0], 3);
	CHECK("B\xff\xff\xff\xfeQ");
	CU_ASSERT_EQUAL(decoded.id[0], -2);
	/* In a list, a dict, a tuple, a set; between text that looks so. */
	CHECK("A\0\0\0\5B\0\0\0\1B\0\0\0\5N\0\0\0\1BF\0\0\0BB\1\2\3\4J"
	    "B\0\0\0\7B\0\0\0\x09PK\0\0\0\1F\0\0\0\0B\0\0\0\x0bP"
	    "B\0\0\0\x0d" "E\0\0\0\1DBBBBBBBBTBBBBBBBBBBBBBBBB@\0\0\0\x0aQ");
	CU_ASSERT_EQUAL(decoded.n, 6);
	CU_ASSERT_EQUAL(decoded.id[5], 13);
}

static void
what_is_no_value_is_refused(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		int code;
	} all[] = {
		{ "U", 1, XN_C_BAD_OPCODE }, { "\xff", 1, XN_C_BAD_OPCODE },
		{ "\0", 1, XN_C_BAD_OPCODE }, { "LQL", 3, XN_C_TRAILING },
		{ "QQ", 2, XN_C_TRAILING },
		{ "A\xff\xff\xff\xff", 5, XN_C_BAD_COUNT },
		{ "K\x80\0\0\0Q", 6, XN_C_BAD_COUNT },
		{ "@\x80\0\0\0Q", 6, XN_C_BAD_COUNT },
		{ "F\x80\0\0\0Q", 6, XN_C_OK }, { "L", 1, XN_C_SHORT },
		{ "A\0\0\0\2Q", 6, XN_C_SHORT }, { "", 0, XN_C_SHORT }
	};
	struct ids ids;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (size_t a = 0; a <= all[i].n; a++)
			CU_ASSERT_EQUAL(scan(&ids, (const uint8_t *)
			    all[i].bytes, all[i].n, a, all[i].n),
			    all[i].code);
}

static int
refuse(void *baton, int32_t id)
{
	(void)baton;
	return id == 5 ? XN_C_NO_CHANNEL : 7;
}

static void
the_caller_can_end_the_scan(void)
{
	struct xn_scan s;

	xn_scan_init(&s);
	CU_ASSERT_EQUAL(xn_scan_push(&s, (const uint8_t *)"B\0\0\0\3", 5,
	    refuse, NULL), XN_C_OK);
	CU_ASSERT_EQUAL(xn_scan_push(&s, (const uint8_t *)"B\0\0\0\5", 5,
	    refuse, NULL), XN_C_NO_CHANNEL);
}

/* Each id becomes itself and 1000. */
static int
replace(void *baton, int32_t id)
{
	xn_scan_replace(baton, id + 1000);
	return 0;
}

static void
ids_are_replaced_where_they_lie(void)
{
	static const uint8_t before[] = "B\0\0\0\3A\0\0\0\2BBB\1\2\3\4"
	    "@\0\0\0\3Q";
	static const uint8_t after[] = "B\0\0\3\353A\0\0\0\2BBB\1\2\6\354"
	    "@\0\0\0\3Q";
	const size_t n = sizeof(before) - 1;

	for (size_t cut = 0; cut <= n; cut++) {
		uint8_t bytes[sizeof(before)];
		struct xn_scan s;

		memcpy(bytes, before, sizeof(bytes));
		xn_scan_init(&s);
		CU_ASSERT_EQUAL(xn_scan_push(&s, bytes, cut, replace, &s), 0);
		/* A cut behind the first byte of an id, or one of the next. */
		CU_ASSERT_EQUAL(xn_scan_in_id(&s), (cut >= 2 && cut <= 4) ||
		    (cut >= 14 && cut <= 16));
		if (xn_scan_in_id(&s))
			CU_ASSERT(xn_scan_id_begins_in(&s, bytes, cut));
		CU_ASSERT_EQUAL(xn_scan_push(&s, bytes + cut, n - cut, replace,
		    &s), 0);
		CU_ASSERT_EQUAL(memcmp(bytes, after, n), 0);
	}
}

static const struct xn_test_case cases[] = {
	{ "any split finds what decoding finds",
	    any_split_finds_what_decoding_finds },
	{ "channels are found wherever they are",
	    channels_are_found_wherever_they_are },
	{ "what is no value is refused", what_is_no_value_is_refused },
	{ "the caller can end the scan", the_caller_can_end_the_scan },
	{ "ids are replaced where they lie",
	    ids_are_replaced_where_they_lie },
};

XN_TEST_MAIN("wire scan", cases)
