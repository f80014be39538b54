/* The keys of dicts and sets: which are equal, which refused, how soon. */
#include "tests/lib/decode.h"

#include <time.h>

/* NAME: what is in front of BUILD; each is a set of 2, and a dict's keys. */
static int
decode_keys(const char *a, size_t a_n, const char *b, size_t b_n)
{
	struct xn_buf set, dict;
	int rc;

	xn_buf_init(&set, 10000);
	xn_buf_init(&dict, 10000);
	xn_put_newdict(&dict);
	xn_buf_put(&set, a, a_n);
	xn_buf_put(&dict, a, a_n);
	xn_buf_put(&dict, "LP", 2);
	xn_buf_put(&set, b, b_n);
	xn_buf_put(&dict, b, b_n);
	xn_buf_put(&dict, "LPQ", 3);
	xn_put_build(&set, XN_OP_SET, 2);
	xn_put_stop(&set);
	rc = decode(xn_buf_data(&set), xn_buf_len(&set), NULL);
	CU_ASSERT_EQUAL(decode(xn_buf_data(&dict), xn_buf_len(&dict), NULL),
	    rc);
	xn_buf_free(&set);
	xn_buf_free(&dict);
	return rc;
}

#define KEYS(a, b) decode_keys(a, sizeof(a) - 1, b, sizeof(b) - 1)
#define ONE	"D\x3f\xf0\0\0\0\0\0\0"		/* 1.0 */
#define NAN_	"D\x7f\xf8\0\0\0\0\0\0"
#define ZERO	"D\0\0\0\0\0\0\0\0"
#define NEG_ZERO "D\x80\0\0\0\0\0\0\0"
#define NEG_TWO63 "D\xc3\xe0\0\0\0\0\0\0"	/* -2.0 ** 63 */
#define TWO70	"D\x44\x50\0\0\0\0\0\0"		/* 2.0 ** 70 */

static void
keys_are_equal_as_in_python(void)
{
	CU_ASSERT_EQUAL(KEYS("F\0\0\0\1", "F\0\0\0\1"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("F\0\0\0\1", "F\0\0\0\2"), XN_C_OK);
	CU_ASSERT_EQUAL(KEYS("F\0\0\0\1", "R"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("F\0\0\0\1", "C"), XN_C_OK);
	CU_ASSERT_EQUAL(KEYS("F\0\0\0\1", ONE), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("R", "T\x3f\xf0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	    XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("R", "T\x3f\xf0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
	    XN_C_OK);
	CU_ASSERT_EQUAL(KEYS(ZERO, NEG_ZERO), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS(NAN_, NAN_), XN_C_OK);
	CU_ASSERT_EQUAL(KEYS(NAN_ "@\0\0\0\1", NAN_ "@\0\0\0\1"), XN_C_OK);
	CU_ASSERT_EQUAL(KEYS(TWO70, TWO70), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("H\0\0\0\x16" "1180591620717411303424",
	    "H\0\0\0\x17" "+1180591620717411303424"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("H\0\0\0\x16" "1180591620717411303424",
	    "H\0\0\0\x17" "-1180591620717411303424"), XN_C_OK);
	CU_ASSERT_EQUAL(KEYS(NEG_TWO63, "H\0\0\0\x14-9223372036854775808"),
	    XN_C_BAD_KEY);
	/* Equal in Python, two keys here: see order.c. */
	CU_ASSERT_EQUAL(KEYS(TWO70, "H\0\0\0\x16" "1180591620717411303424"),
	    XN_C_OK);
	CU_ASSERT_EQUAL(KEYS("N\0\0\0\1a", "A\0\0\0\1a"), XN_C_OK);
	CU_ASSERT_EQUAL(KEYS("N\0\0\0\1a", "S\0\0\0\1a"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("LC@\0\0\0\2", "LC@\0\0\0\2"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("LC@\0\0\0\2", "CL@\0\0\0\2"), XN_C_OK);
	/* Frozensets know no order, also inside a tuple. */
	CU_ASSERT_EQUAL(KEYS("LCE\0\0\0\2", "CLE\0\0\0\2"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("LCE\0\0\0\2@\0\0\0\1", "CLE\0\0\0\2@\0\0\0\1"),
	    XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("LCE\0\0\0\2", "RLE\0\0\0\2"), XN_C_OK);
	CU_ASSERT_EQUAL(KEYS("L", "F\0\0\0\0"), XN_C_OK);
}

static void
mutable_keys_are_refused(void)
{
	CU_ASSERT_EQUAL(KEYS("L", "K\0\0\0\0"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("L", "J"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("L", "O\0\0\0\0"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(KEYS("L", "E\0\0\0\0"), XN_C_OK);
	CU_ASSERT_EQUAL(KEYS("L", "J@\0\0\0\1@\0\0\0\1"), XN_C_BAD_KEY);
}

/* A double key among many, wherever it stands; also time stays small. */
static void
a_double_key_among_many_is_found(void)
{
	const uint32_t n = 200000, at[] = { 0, 1, 77777, 199999 };
	struct xn_buf b;

	for (size_t k = 0; k <= 4; k++) {
		xn_buf_init(&b, 1u << 28);
		xn_put_newdict(&b);
		for (uint32_t i = 0; i < n; i++) {
			xn_put_int(&b, (int64_t)(i * 2654435761u));
			xn_put_none(&b);
			xn_put_setitem(&b);
		}
		if (k < 4) {
			xn_put_int(&b, (int64_t)(at[k] * 2654435761u));
			xn_put_none(&b);
			xn_put_setitem(&b);
		}
		xn_put_stop(&b);
		CU_ASSERT_EQUAL(decode(xn_buf_data(&b), xn_buf_len(&b), NULL),
		    k < 4 ? XN_C_BAD_KEY : XN_C_OK);
		xn_buf_free(&b);
	}
}

/* The most that can be sorted, of the kinds that are slow to compare. */
static void
a_million_keys_take_seconds_at_most(void)
{
	static const char digits[] = "H\0\0\0\x15";
	const uint32_t n = XN_VALUES_MAX - 1;
	struct xn_buf b;
	time_t start = time(NULL);

	for (int kind = 0; kind < 2; kind++) {
		xn_buf_init(&b, 1u << 28);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t mixed = i * 2654435761u;
			char text[32];

			if (kind == 0) {
				xn_put_float(&b, 1e290 * (1.0 + mixed));
				continue;
			}
			snprintf(text, sizeof(text), "%021u", mixed);
			text[0] = '9';
			xn_buf_put(&b, digits, 5);
			xn_buf_put(&b, text, 21);
		}
		xn_put_build(&b, XN_OP_SET, n);
		xn_put_stop(&b);
		CU_ASSERT_EQUAL(decode(xn_buf_data(&b), xn_buf_len(&b), NULL),
		    XN_C_OK);
		xn_buf_free(&b);
	}
	CU_ASSERT(time(NULL) - start < 30);
}

static const struct xn_test_case cases[] = {
	{ "keys are equal as in python", keys_are_equal_as_in_python },
	{ "mutable keys are refused", mutable_keys_are_refused },
	{ "a double key among many is found",
	    a_double_key_among_many_is_found },
	{ "a million keys take seconds at most",
	    a_million_keys_take_seconds_at_most },
};

XN_TEST_MAIN("wire keys", cases)
