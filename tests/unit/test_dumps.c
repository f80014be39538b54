/*
 * test_dumps.c: xn_dumps() and xn_loads() over all that the real execnet wrote,
 * of both versions (tests/data/README.md).
 */
#include "tests/lib/gateway_test.h"
#include "tests/lib/vectors.h"

/* Load and dump one: the text is as expected, the bytes are the same. */
static void
try_value(const struct vector *v, int version, apr_pool_t *turn)
{
	const unsigned char *bytes;
	const xn_value_t *value;
	char *text;
	size_t n;

	if (failed(xn_loads(&value, v->bytes, v->n, turn)))
		return;
	text = vector_text(value);
	CU_ASSERT_STRING_EQUAL(text, v->expected);
	free(text);
	if (failed(xn_dumps(&bytes, &n, value, version, turn)) ||
	    failed(xn_loads(&value, bytes, n, turn)))
		return;
	CU_ASSERT_EQUAL(bytes[0], version);
	text = vector_text(value);
	CU_ASSERT_STRING_EQUAL(text, v->expected);
	free(text);
}

/* Each of a version's vectors; how many are values. */
static int
each(int version, int *broken)
{
	struct vectors all;
	const xn_value_t *value;
	apr_pool_t *turn;
	int values = 0;

	pool = expect_pool();
	vectors_load(&all, version);
	apr_pool_create(&turn, pool);
	for (size_t i = 0; i < all.n; i++) {
		apr_pool_clear(turn);
		if (vector_is_value(&all.items[i])) {
			try_value(&all.items[i], version, turn);
			values++;
		} else if (strcmp(all.items[i].kind, "reject") == 0) {
			text_has(xn_loads(&value, all.items[i].bytes,
			    all.items[i].n, turn), XN_E_PROTOCOL,
			    "cannot load a dump");
			++*broken;
		}
	}
	vectors_free(&all);
	end();
	return values;
}

static void
dumps_of_execnet_1(void)
{
	int broken = 0;

	CU_ASSERT(each(1, &broken) > 100);
	CU_ASSERT(broken > 10);
}

static void
dumps_of_execnet_2(void)
{
	int broken = 0;

	CU_ASSERT(each(2, &broken) > 100);
	CU_ASSERT(broken > 10);
}

static void
other_versions_are_refused(void)
{
	const unsigned char *bytes;
	const xn_value_t *v = NULL;
	size_t n;

	pool = expect_pool();
	failed(xn_make_value(&v, pool, "(is)", 1, "x"));
	for (int version = -1; version < 5; version++)
		if (version != 1 && version != 2)
			CU_ASSERT_EQUAL(code_of(xn_dumps(&bytes, &n, v,
			    version, pool)), XN_E_USAGE);
	CU_ASSERT_EQUAL(code_of(xn_loads(&v, (const unsigned char *)"\3LQ", 3,
	    pool)), XN_E_PROTOCOL);
	CU_ASSERT_EQUAL(code_of(xn_loads(&v, (const unsigned char *)"", 0,
	    pool)), XN_E_PROTOCOL);
	end();
}

static void
a_str_of_python_2_loads_as_bytes(void)
{
	const xn_value_t *v;

	pool = expect_pool();
	if (!failed(xn_loads(&v, (const unsigned char *)"\1M\0\0\0\1\344Q", 8,
	    pool)))
		CU_ASSERT_STRING_EQUAL(xn_value_repr(v, pool), "b'\\xe4'");
	end();
}

static void
a_channel_is_not_dumped(void)
{
	const unsigned char *bytes;
	const xn_value_t *v = NULL;
	xn_channel_t *ch = NULL;
	size_t n;

	if (begin_with("popen"))
		return;
	failed(xn_gateway_newchannel(&ch, gw, pool));
	failed(xn_make_value(&v, pool, "{s[(c)]}", "deep", ch));
	text_has(xn_dumps(&bytes, &n, v, 1, pool), XN_E_USAGE, "channel");
	end();
}

static const struct xn_test_case cases[] = {
	{ "what execnet 1.x dumped loads, and is dumped alike",
	    dumps_of_execnet_1 },
	{ "what execnet 2.x dumped loads, and is dumped alike",
	    dumps_of_execnet_2 },
	{ "other versions are refused", other_versions_are_refused },
	{ "a str of Python 2 loads as bytes",
	    a_str_of_python_2_loads_as_bytes },
	{ "a channel is not dumped", a_channel_is_not_dumped },
};

XN_TEST_MAIN("dumps and loads", cases)
