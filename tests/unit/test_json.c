/* Values as JSON: each kind, there and back, and what is refused. */
#include "appliance/job/json.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"
#include "tests/lib/random.h"

static const char *
written(const xn_value_t *value, apr_pool_t *pool)
{
	char *text = NULL, *copy;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	syncgate_json_write(out, value);
	fclose(out);
	copy = apr_pstrmemdup(pool, text, n);
	free(text);
	return copy;
}

static const xn_value_t *
read_text(const char *text, apr_pool_t *pool)
{
	const xn_value_t *value = NULL;

	CU_ASSERT(expect_error(syncgate_json_read(&value, text, strlen(text),
	    pool), 0, ""));
	CU_ASSERT_PTR_NOT_NULL_FATAL(value);
	return value;
}

/* The bytes that VALUE is on the wire. */
static int
same(const xn_value_t *a, const xn_value_t *b, apr_pool_t *pool)
{
	const unsigned char *left, *right;
	size_t n, m;

	CU_ASSERT(expect_error(xn_dumps(&left, &n, a, 1, pool), 0, ""));
	CU_ASSERT(expect_error(xn_dumps(&right, &m, b, 1, pool), 0, ""));
	return n == m && memcmp(left, right, n) == 0;
}

/* What is read is that in Python, and is written again as it was. */
static void
each_kind_has_its_json(void)
{
	static const struct {
		const char *json, *repr;
	} rows[] = {
		{ "null", "None" }, { "true", "True" }, { "false", "False" },
		{ "0", "0" }, { "-9223372036854775808",
		    "-9223372036854775808" },
		{ "{\"$int\": \"9223372036854775808\"}",
		    "9223372036854775808" },
		{ "0.1", "0.1" }, { "1.0", "1.0" }, { "-0.0", "-0.0" },
		{ "1e+300", "1e+300" }, { "1e-300", "1e-300" },
		{ "{\"$float\": \"nan\"}", "nan" },
		{ "{\"$float\": \"-inf\"}", "-inf" },
		{ "{\"$complex\": [1.0, {\"$float\": \"inf\"}]}",
		    "(1+infj)" },
		{ "\"\"", "''" }, { "\"a\\\"\\\\\\n\\u0000b\"",
		    "'a\"\\\\\\n\\x00b'" },
		{ "\"\xc3\xbc\xf0\x9f\x98\x80\"",
		    "'\xc3\xbc\xf0\x9f\x98\x80'" },
		{ "{\"$bytes\": \"\"}", "b''" },
		{ "{\"$bytes\": \"AP8=\"}", "b'\\x00\\xff'" },
		{ "{\"$bytes\": \"YWJj\"}", "b'abc'" },
		{ "[]", "[]" }, { "[1, [null]]", "[1, [None]]" },
		{ "{}", "{}" }, { "{\"a\": 1, \"\": {\"b\": []}}",
		    "{'a': 1, '': {'b': []}}" },
		{ "{\"$tuple\": []}", "()" },
		{ "{\"$tuple\": [1, {\"$tuple\": [2]}]}", "(1, (2,))" },
		{ "{\"$set\": [1, 2]}", "{1, 2}" },
		{ "{\"$frozenset\": []}", "frozenset()" },
		{ "{\"$dict\": [[1, \"x\"], [{\"$tuple\": [1]}, 2]]}",
		    "{1: 'x', (1,): 2}" },
		{ "{\"$dict\": [[\"$bytes\", 1]]}", "{'$bytes': 1}" },
		{ "{\"$dict\": [[\"a\\u0000b\", 1]]}", "{'a\\x00b': 1}" },
	};
	apr_pool_t *pool = expect_pool();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const xn_value_t *value = read_text(rows[i].json, pool);

		CU_ASSERT_STRING_EQUAL(xn_value_repr(value, pool),
		    rows[i].repr);
		CU_ASSERT_STRING_EQUAL(written(value, pool), rows[i].json);
	}
	apr_pool_destroy(pool);
}

static void
what_a_terminal_would_obey_is_escaped(void)
{
	apr_pool_t *pool = expect_pool();

	CU_ASSERT_STRING_EQUAL(written(read_text(
	    "\"\\u001b[1m\xc2\x9b\xe2\x80\xae\x7f\"", pool), pool),
	    "\"\\u001b[1m\\u009b\\u202e\\u007f\"");
	apr_pool_destroy(pool);
}

static void
what_is_no_value_is_refused(void)
{
	static const struct {
		const char *json, *why;
	} rows[] = {
		{ "", "not JSON" }, { "[1,", "not JSON" },
		{ "1 2", "not JSON" }, { "'a'", "not JSON" },
		{ "\"\\ud800\"", "not JSON" }, { "\"\xff\"", "not JSON" },
		{ "NaN", "not JSON" },
		{ "{\"a\": 1, \"a\": 2}", "duplicate" },
		{ "{\"a\\u0000\": 1}", "$dict" },
		{ "9223372036854775808", "$int" }, { "1e999", "overflow" },
		{ "{\"$byte\": \"\"}", "is no value" },
		{ "{\"$bytes\": \"\", \"a\": 1}", "is no value" },
		{ "{\"a\": 1, \"$bytes\": \"\"}", "is no value" },
		{ "{\"$bytes\": 1}", "base64" },
		{ "{\"$bytes\": \"a\"}", "base64" },
		{ "{\"$bytes\": \"YQ= \"}", "base64" },
		{ "{\"$bytes\": \"YR==\"}", "base64" },
		{ "{\"$bytes\": \"====\"}", "base64" },
		{ "{\"$bytes\": \"YW=j\"}", "base64" },
		{ "{\"$int\": 7}", "decimal" },
		{ "{\"$int\": \"\"}", "decimal" },
		{ "{\"$int\": \"-\"}", "decimal" },
		{ "{\"$int\": \"007\"}", "decimal" },
		{ "{\"$int\": \"-0\"}", "decimal" },
		{ "{\"$int\": \"1\\u0000\"}", "decimal" },
		{ "{\"$float\": \"NaN\"}", "nan" },
		{ "{\"$complex\": [1]}", "two numbers" },
		{ "{\"$complex\": [1, \"x\"]}", "two numbers" },
		{ "{\"$tuple\": 1}", "a list" },
		{ "{\"$dict\": [[1]]}", "pairs" },
		{ "{\"$dict\": [[1, 2], [1, 3]]}", "" },
		{ "{\"$dict\": [[[], 2]]}", "" },
		{ "{\"$set\": [{}]}", "" }, { "{\"$set\": [1, 1]}", "" },
		{ "{\"$channel\": 3}", "cannot be sent" },
	};
	apr_pool_t *pool = expect_pool();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const xn_value_t *value;

		if (!expect_error(syncgate_json_read(&value, rows[i].json,
		    strlen(rows[i].json), pool), XN_E_USAGE, rows[i].why)) {
			printf("    of %s\n", rows[i].json);
			CU_FAIL("see above");
		}
	}
	apr_pool_destroy(pool);
}

/* N times OPEN, then as often CLOSE. */
static const char *
nested(int n, const char *open, const char *close, apr_pool_t *pool)
{
	const char *text = "";

	for (int i = 0; i < n; i++)
		text = apr_pstrcat(pool, open, text, close, NULL);
	return text;
}

static void
depth_and_number_are_limited(void)
{
	apr_pool_t *pool = expect_pool();
	const xn_value_t *value;
	const char *text;
	char *many = malloc(7000002);

	CU_ASSERT_EQUAL(read_text(nested(64, "[", "]", pool), pool)->depth,
	    64);
	text = nested(65, "[", "]", pool);
	CU_ASSERT(expect_error(syncgate_json_read(&value, text, strlen(text),
	    pool), XN_E_USAGE, "deeper than 64"));
	read_text(nested(64, "{\"$tuple\": [", "]}", pool), pool);
	text = nested(65, "{\"$tuple\": [", "]}", pool);
	CU_ASSERT(expect_error(syncgate_json_read(&value, text, strlen(text),
	    pool), XN_E_USAGE, "deeper than 64"));
	CU_ASSERT_PTR_NOT_NULL_FATAL(many);
	for (size_t i = 0; i < 7000000; i += 2)
		memcpy(many + i, i == 0 ? "[1" : ",1", 2);
	many[7000000] = ']';
	CU_ASSERT(expect_error(syncgate_json_read(&value, many, 7000001,
	    pool), XN_E_USAGE, "more than 1000000 values"));
	free(many);
	apr_pool_destroy(pool);
}

/* ---- Random values ------------------------------------------------------ */

static uint32_t seed = 20261123;

static void
random_text(xn_value_t *out, apr_pool_t *pool)
{
	static const char *const pieces[] = { "a", "$", "\"", "\\", "\n", "\t",
	    "\xc3\xbc", "\xe2\x80\xae", "\xf0\x9f\x98\x80", "\x7f", "\x01",
	    "null", "{}" };
	unsigned int n = next_random(&seed) % 6;
	const char *text = "";

	for (unsigned int i = 0; i < n; i++)
		text = apr_pstrcat(pool, text, pieces[next_random(&seed) %
		    (sizeof(pieces) / sizeof(pieces[0]))], NULL);
	out->kind = XN_STR;
	out->size = (unsigned int)strlen(text);
	out->u.text = text;
	if (next_random(&seed) % 8 == 0) {
		out->u.text = "a\0$";
		out->size = 3;
	}
}

/* In statements: the order within an expression is the compiler's. */
static uint64_t
random_bits(void)
{
	uint64_t high = next_random(&seed);

	return high << 32 | next_random(&seed);
}

static double
random_real(void)
{
	uint64_t bits = random_bits();
	double real;

	memcpy(&real, &bits, sizeof(real));
	/* One nan is as good as another; JSON does not tell them apart. */
	return real != real ? __builtin_nan("") : real;
}

static void
random_leaf(xn_value_t *out, apr_pool_t *pool)
{
	unsigned char *bytes;

	memset(out, 0, sizeof(*out));
	out->kind = (unsigned char)(next_random(&seed) % (XN_STR + 1));
	switch (out->kind) {
	case XN_BOOL:
		out->u.boolean = next_random(&seed) & 1;
		break;
	case XN_INT:
		out->u.integer = (long long)random_bits();
		out->u.integer >>= next_random(&seed) % 64;
		break;
	case XN_BIGINT:
		out->size = next_random(&seed) & 1;
		out->u.text = apr_psprintf(pool, "%s%u99999999999999999999",
		    out->size ? "-" : "", 1 + next_random(&seed) % 1000);
		out->size = (unsigned int)strlen(out->u.text);
		break;
	case XN_FLOAT:
		out->u.real = random_real();
		break;
	case XN_COMPLEX:
		out->u.complex_parts[0] = random_real();
		out->u.complex_parts[1] = random_real();
		break;
	case XN_BYTES:
		out->size = next_random(&seed) % 9;
		bytes = apr_palloc(pool, 9);
		for (int i = 0; i < 9; i++)
			bytes[i] = (unsigned char)next_random(&seed);
		out->u.bytes = bytes;
		break;
	case XN_STR:
		random_text(out, pool);
		break;
	default:
		break;
	}
}

/* A value that may be a key: leaves, and tuples of such. */
static void
random_value(xn_value_t *out, int level, int hashable, apr_pool_t *pool)
{
	static const int kinds[] = { XN_TUPLE, XN_FROZENSET, XN_SET, XN_LIST,
	    XN_DICT };
	xn_value_t *items;
	unsigned int n;

	random_leaf(out, pool);
	if (level == 0 || next_random(&seed) % 3 == 0)
		return;
	memset(out, 0, sizeof(*out));
	out->kind = (unsigned char)kinds[next_random(&seed) %
	    (hashable ? 2 : 5)];
	out->size = next_random(&seed) % 5;
	out->depth = 1;
	n = out->kind == XN_DICT ? 2 * out->size : out->size;
	items = apr_pcalloc(pool, sizeof(*items) * (n + 1));
	out->u.items = items;
	for (unsigned int i = 0; i < n; i++) {
		random_value(&items[i], level - 1, hashable ||
		    out->kind == XN_SET || out->kind == XN_FROZENSET ||
		    (out->kind == XN_DICT && i % 2 == 0), pool);
		if (out->depth < items[i].depth + 1)
			out->depth = (unsigned char)(items[i].depth + 1);
	}
}

static void
random_values_come_back(void)
{
	apr_pool_t *pool = expect_pool(), *turn;
	int compared = 0;

	apr_pool_create(&turn, pool);
	for (int i = 0; i < 20000; i++) {
		const unsigned char *bytes;
		const xn_value_t *value;
		xn_value_t made;
		xn_error_t *error;
		size_t n;

		apr_pool_clear(turn);
		random_value(&made, 5, 0, turn);
		/* Items that are there twice make it no value. */
		error = xn_dumps(&bytes, &n, &made, 1, turn);
		if (error == NULL)
			error = xn_loads(&value, bytes, n, turn);
		if (error != NULL) {
			xn_error_clear(error);
			continue;
		}
		compared++;
		if (!same(value, read_text(written(value, turn), turn), turn)) {
			printf("\n    %s\n", written(value, turn));
			CU_FAIL_FATAL("it came back as something else");
		}
	}
	CU_ASSERT(compared > 10000);
	apr_pool_destroy(pool);
}

static const struct xn_test_case cases[] = {
	{ "each kind has its JSON, both ways", each_kind_has_its_json },
	{ "what a terminal would obey is escaped",
	    what_a_terminal_would_obey_is_escaped },
	{ "what is no value is refused with the reason",
	    what_is_no_value_is_refused },
	{ "depth and number of values are limited",
	    depth_and_number_are_limited },
	{ "20,000 random values come back as they were",
	    random_values_come_back },
};

XN_TEST_MAIN("json", cases)
