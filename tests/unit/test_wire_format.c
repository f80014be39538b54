/* Values by format string: packed, taken apart, and every mismatch. */
#include "tests/lib/cunit_main.h"

#include <limits.h>

#include "core/wire/code.h"
#include "core/wire/format.h"
#include "tests/lib/arena.h"
#include "tests/lib/vectors.h"

static struct arena arena;
static struct xn_buf out;
static char where;
static int32_t a_channel = 5;

static int32_t
id_of(const void *channel)
{
	return *(const int32_t *)channel;
}

static void *
channel_of(void *baton, int32_t id)
{
	(void)baton;
	return id == a_channel ? &a_channel : NULL;
}

static const struct xn_decode_env env = { .alloc = arena_alloc,
    .alloc_baton = &arena, .channel = channel_of };

static int
pack(const char *format, ...)
{
	va_list ap;
	int rc;

	xn_buf_free(&out);
	xn_buf_init(&out, 1u << 20);
	va_start(ap, format);
	rc = xn_pack(&out, id_of, format, ap);
	va_end(ap);
	if (rc != XN_C_OK)
		CU_ASSERT_EQUAL(xn_buf_len(&out), 0);
	return rc;
}

/* What was packed, decoded; good until clean(). */
static const xn_value *
packed(void)
{
	const xn_value *v = NULL;

	CU_ASSERT_EQUAL_FATAL(xn_decode(&v, xn_buf_data(&out),
	    xn_buf_len(&out), &env), XN_C_OK);
	return v;
}

/* The text of what was packed is EXPECTED. */
static void
is(const char *expected)
{
	char *text = vector_text(packed());

	CU_ASSERT_STRING_EQUAL(text, expected);
	free(text);
	arena_free(&arena);
}

static int
unpack(const xn_value *v, const char *format, ...)
{
	va_list ap;
	int rc;

	where = 0;
	va_start(ap, format);
	rc = xn_unpack(v, &env, &where, format, ap);
	va_end(ap);
	return rc;
}

static void
clean(void)
{
	arena_free(&arena);
	xn_buf_free(&out);
}

static void
every_letter_is_packed(void)
{
	CU_ASSERT_EQUAL(pack("n"), XN_C_OK); is("n");
	CU_ASSERT_EQUAL(pack("b", 2), XN_C_OK); is("T");
	CU_ASSERT_EQUAL(pack("b", 0), XN_C_OK); is("F");
	CU_ASSERT_EQUAL(pack("i", INT_MIN), XN_C_OK); is("i-2147483648");
	CU_ASSERT_EQUAL(pack("l", LLONG_MIN), XN_C_OK);
	is("i-9223372036854775808");
	CU_ASSERT_EQUAL(pack("d", 1.0), XN_C_OK); is("f3ff0000000000000");
	CU_ASSERT_EQUAL(pack("s", "h\xc3\xa9"), XN_C_OK); is("s68c3a9");
	CU_ASSERT_EQUAL(pack("y", "a\0b", (size_t)3), XN_C_OK);
	is("y610062");
	CU_ASSERT_EQUAL(pack("y", NULL, (size_t)0), XN_C_OK); is("y");
	CU_ASSERT_EQUAL(pack("p", "/\xff"), XN_C_OK); is("y2fff");
	CU_ASSERT_EQUAL(pack("c", &a_channel), XN_C_OK); is("channel5");
	clean();
}

static void
brackets_nest(void)
{
	CU_ASSERT_EQUAL(pack("()"), XN_C_OK); is("()");
	CU_ASSERT_EQUAL(pack("[]"), XN_C_OK); is("[]");
	CU_ASSERT_EQUAL(pack("{}"), XN_C_OK); is("D{}");
	CU_ASSERT_EQUAL(pack("(i[ii]{s(i)i[]}n)", 1, 2, 3, "a", 4, 5),
	    XN_C_OK);
	is("(i1,[i2,i3],D{s61:(i4),i5:[]},n)");
	CU_ASSERT_EQUAL(pack("[?s?p?y?s]", NULL, NULL, NULL, (size_t)0, "x"),
	    XN_C_OK);
	is("[n,n,n,s78]");
	clean();
}

static void
any_value_is_packed_as_it_is(void)
{
	const xn_value *v;
	int32_t other = a_channel;
	int id = 0;
	xn_value channel = { .kind = XN_CHANNEL };

	CU_ASSERT_EQUAL(pack("{s[i]}", "a", 1), XN_C_OK);
	v = packed();
	CU_ASSERT_EQUAL(pack("(vnv)", v, v), XN_C_OK);
	is("(D{s61:[i1]},n,D{s61:[i1]})");
	/* The id that counts is the one of the channel object here. */
	channel.u.channel.object = &other;
	channel.u.channel.id = 99;
	CU_ASSERT_EQUAL(pack("v", &channel), XN_C_OK);
	CU_ASSERT_EQUAL(unpack(packed(), "v", &v), XN_C_OK);
	id = v->u.channel.id;
	CU_ASSERT_EQUAL(id, a_channel);
	clean();
}

static void
wrong_formats_are_refused(void)
{
	static const char *const bad[] = { "", "x", "nn", "(", ")", "(n",
	    "n)", "(n]", "[n)", "{n}", "{nnn}", "?", "?n", "??s", "(?)", " n",
	    "n ", "(n n)", "[(])", "{(nn})", "([)]", "(n))", "?(n)", "?v" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(pack(bad[i], "", "", ""), XN_C_BAD_FORMAT);
	clean();
}

/* What stands for FORMAT in the error of xn_pack() or xn_unpack(). */
static const char *
said(const char *format, int packing)
{
	static char text[XN_FORMAT_TEXT];

	return xn_format_text(text, sizeof(text), XN_C_BAD_FORMAT, format,
	    packing);
}

static void
what_is_wrong_with_a_format_is_said(void)
{
	char deep[2 * XN_DEPTH_MAX];

	CU_ASSERT_STRING_EQUAL(said("lp", 1), "at 'p', character 2: a second "
	    "value: several are one as a tuple, in ( )");
	CU_ASSERT_STRING_EQUAL(said("{si", 1), "a bracket is not closed");
	CU_ASSERT_STRING_EQUAL(said("(lq)", 1), "at 'q', character 3: no "
	    "letter of a format (n b i l d s y p v c)");
	CU_ASSERT_STRING_EQUAL(said("{sis}", 1),
	    "at '}', character 5: a key of the dict has no value");
	CU_ASSERT_STRING_EQUAL(said("(l]", 1),
	    "at ']', character 3: it closes what is not open");
	CU_ASSERT_STRING_EQUAL(said("?l", 1),
	    "at '?', character 1: a '?' stands before s, y or p alone");
	CU_ASSERT_STRING_EQUAL(said("[l]", 0), "at '[', character 1: [ ] and "
	    "{ } are for sending: receive a v");
	CU_ASSERT_STRING_EQUAL(said("", 0), "it is empty");
	memset(deep, '(', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	CU_ASSERT_STRING_EQUAL(said(deep, 1),
	    "at '(', character 65: nested too deep");
	CU_ASSERT_PTR_NOT_NULL(strstr(xn_format_text(deep, sizeof(deep),
	    XN_C_MISMATCH, "s", 1), "?s"));
}

static void
wrong_arguments_are_refused(void)
{
	char deep[200];

	CU_ASSERT_EQUAL(pack("s", NULL), XN_C_MISMATCH);
	CU_ASSERT_EQUAL(pack("p", NULL), XN_C_MISMATCH);
	CU_ASSERT_EQUAL(pack("y", NULL, (size_t)1), XN_C_MISMATCH);
	CU_ASSERT_EQUAL(pack("v", NULL), XN_C_MISMATCH);
	CU_ASSERT_EQUAL(pack("(nc)", NULL), XN_C_MISMATCH);
	CU_ASSERT_EQUAL(pack("s", "\xff"), XN_C_BAD_UTF8);
	CU_ASSERT_EQUAL(pack("{[]n}"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(pack("{({})n}"), XN_C_BAD_KEY);
	CU_ASSERT_EQUAL(pack("[]"), XN_C_OK);
	CU_ASSERT_EQUAL(pack("{vn}", packed()), XN_C_BAD_KEY);
	for (size_t n = 64; n <= 65; n++) {
		memset(deep, '(', n);
		memset(deep + n, ')', n);
		deep[2 * n] = '\0';
		CU_ASSERT_EQUAL(pack(deep), n == 64 ? XN_C_OK :
		    XN_C_TOO_DEEP);
	}
	clean();
}

static int
pack_without_channels(const char *format, ...)
{
	va_list ap;
	int rc;

	va_start(ap, format);
	rc = xn_pack(&out, NULL, format, ap);
	va_end(ap);
	return rc;
}

static void
a_channel_needs_a_gateway(void)
{
	xn_buf_init(&out, 100);
	CU_ASSERT_EQUAL(pack_without_channels("c", &a_channel),
	    XN_C_NO_CHANNEL);
	CU_ASSERT_EQUAL(xn_buf_len(&out), 0);
	clean();
}

static void
what_was_packed_is_unpacked(void)
{
	int b = 9, i = 0;
	long long l = 0;
	double d = 0;
	const char *s = NULL, *p = NULL;
	const void *y = NULL;
	size_t n = 0;
	const xn_value none = { .kind = XN_NONE }, *v = NULL;
	void *c = NULL;

	CU_ASSERT_EQUAL(pack("(nbildsypvc(i))", 1, -3, 1LL << 40, 0.5, "str",
	    "b\0c", (size_t)3, "/path", &none, &a_channel, 7), XN_C_OK);
	CU_ASSERT_EQUAL(unpack(packed(), "(nbildsypvc(i))", &b, &i, &l, &d,
	    &s, &y, &n, &p, &v, &c, &i), XN_C_OK);
	CU_ASSERT_EQUAL(b, 1);
	CU_ASSERT_EQUAL(i, 7);
	CU_ASSERT_EQUAL(l, 1LL << 40);
	CU_ASSERT_EQUAL(d, 0.5);
	CU_ASSERT_STRING_EQUAL(s, "str");
	CU_ASSERT_EQUAL(n, 3);
	CU_ASSERT(memcmp(y, "b\0c", 3) == 0);
	CU_ASSERT_STRING_EQUAL(p, "/path");
	CU_ASSERT_EQUAL(v->kind, XN_NONE);
	CU_ASSERT_PTR_EQUAL(c, &a_channel);
	clean();
}

static void
none_is_null_where_allowed(void)
{
	const char *s = "x", *p = "x";
	const void *y = "x";
	size_t n = 9;

	CU_ASSERT_EQUAL(pack("(nnn)"), XN_C_OK);
	CU_ASSERT_EQUAL(unpack(packed(), "(?s?y?p)", &s, &y, &n, &p), XN_C_OK);
	CU_ASSERT_PTR_NULL(s);
	CU_ASSERT_PTR_NULL(p);
	CU_ASSERT_PTR_NULL(y);
	CU_ASSERT_EQUAL(n, 0);
	CU_ASSERT_EQUAL(pack("(?s?p)", "a", "b"), XN_C_OK);
	CU_ASSERT_EQUAL(unpack(packed(), "(?s?p)", &s, &p), XN_C_OK);
	CU_ASSERT_STRING_EQUAL(s, "a");
	CU_ASSERT_STRING_EQUAL(p, "b");
	CU_ASSERT_EQUAL(unpack(packed(), "?s", &s), XN_C_MISMATCH);
	clean();
}

/* Every letter against every kind: only the right one matches. */
static void
every_mismatch_is_told(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *takers;	/* letters that take it */
	} values[] = {
		{ "LQ", 2, "nv" }, { "RQ", 2, "bv" },
		{ "F\0\0\0\1Q", 6, "ilv" }, { "D\0\0\0\0\0\0\0\0Q", 10, "dv" },
		{ "H\0\0\0\x0a" "2147483648Q", 16, "lv" },
		{ "H\0\0\0\x14" "99999999999999999999Q", 26, "v" },
		{ "N\0\0\0\1aQ", 7, "sv" }, { "A\0\0\0\1aQ", 7, "ypv" },
		{ "N\0\0\0\1\0Q", 7, "v" }, { "A\0\0\0\1\0Q", 7, "yv" },
		{ "T\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0Q", 18, "v" },
		{ "K\0\0\0\0Q", 6, "v" }, { "JQ", 2, "v" },
		{ "O\0\0\0\0Q", 6, "v" }, { "E\0\0\0\0Q", 6, "v" },
		{ "@\0\0\0\0Q", 6, "v" }, { "B\0\0\0\5Q", 6, "cv" }
	};
	union { void *p; long long l; double d; int i; size_t n; } a, b;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		for (const char *f = "nbildsypvc"; *f != '\0'; f++) {
			const char format[2] = { *f, '\0' };
			const xn_value *v;
			int rc, takes;

			CU_ASSERT_EQUAL_FATAL(xn_decode(&v, (const uint8_t *)
			    values[i].bytes, values[i].n, &env), XN_C_OK);
			rc = unpack(v, format, &a, &b);
			takes = strchr(values[i].takers, *f) != NULL;
			CU_ASSERT_EQUAL(rc, takes ? XN_C_OK : XN_C_MISMATCH);
			CU_ASSERT_EQUAL(where, takes ? 0 : *f);
			arena_free(&arena);
		}
	}
}

static void
tuples_must_have_their_size(void)
{
	int i, j;

	CU_ASSERT_EQUAL(pack("(i(i))", 1, 2), XN_C_OK);
	CU_ASSERT_EQUAL(unpack(packed(), "(i(i))", &i, &j), XN_C_OK);
	CU_ASSERT_EQUAL(unpack(packed(), "(i)", &i), XN_C_MISMATCH);
	CU_ASSERT_EQUAL(where, '(');
	CU_ASSERT_EQUAL(unpack(packed(), "(i(i)n)", &i, &j), XN_C_MISMATCH);
	CU_ASSERT_EQUAL(where, '(');
	CU_ASSERT_EQUAL(unpack(packed(), "(i(s))", &i, &j), XN_C_MISMATCH);
	CU_ASSERT_EQUAL(where, 's');
	CU_ASSERT_EQUAL(unpack(packed(), "()"), XN_C_MISMATCH);
	CU_ASSERT_EQUAL(pack("()"), XN_C_OK);
	CU_ASSERT_EQUAL(unpack(packed(), "()"), XN_C_OK);
	CU_ASSERT_EQUAL(unpack(packed(), "(i)", &i), XN_C_MISMATCH);
	clean();
}

static void
wrong_unpack_formats_are_refused(void)
{
	static const char *const bad[] = { "", "x", "(n", "(nn", "(nn)n", "[n]",
	    "{}", "(nn]", "(?nn)", "(nn))", "([n]n)" };
	const xn_value *v;

	CU_ASSERT_EQUAL(pack("(nn)"), XN_C_OK);
	v = packed();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(unpack(v, bad[i]), XN_C_BAD_FORMAT);
	clean();
}

static void
values_are_looked_into(void)
{
	const xn_value *v, *none = NULL;

	CU_ASSERT_EQUAL(pack("{sssisbspsysns(ii)is}", "text", "t", "int", 7,
	    "bool", 1, "path", "/p", "nul", "a\0", (size_t)2, "none", "tuple",
	    1, 2, 5, "five"), XN_C_OK);
	v = packed();
	CU_ASSERT_STRING_EQUAL(xn_value_text(v, "text", "?"), "t");
	CU_ASSERT_STRING_EQUAL(xn_value_text(v, "path", "?"), "/p");
	CU_ASSERT_STRING_EQUAL(xn_value_text(v, "nul", "?"), "?");
	CU_ASSERT_STRING_EQUAL(xn_value_text(v, "int", "?"), "?");
	CU_ASSERT_STRING_EQUAL(xn_value_text(v, "tex", "?"), "?");
	CU_ASSERT_STRING_EQUAL(xn_value_text(v, "text2", "?"), "?");
	CU_ASSERT_STRING_EQUAL(xn_value_text(none, "text", "?"), "?");
	CU_ASSERT_EQUAL(xn_value_int(v, "int", 3), 7);
	CU_ASSERT_EQUAL(xn_value_int(v, "none", 3), 3);
	CU_ASSERT_EQUAL(xn_value_int(v, "bool", 3), 3);
	CU_ASSERT_EQUAL(xn_value_bool(v, "bool", 0), 1);
	CU_ASSERT_EQUAL(xn_value_bool(v, "int", 0), 0);
	CU_ASSERT_EQUAL(xn_value_get(v, "none")->kind, XN_NONE);
	CU_ASSERT_PTR_NULL(xn_value_get(v, "five"));
	CU_ASSERT_EQUAL(xn_value_item(xn_value_get(v, "tuple"),
	    1)->u.integer, 2);
	CU_ASSERT_PTR_NULL(xn_value_item(xn_value_get(v, "tuple"), 2));
	CU_ASSERT_PTR_NULL(xn_value_item(v, 0));
	CU_ASSERT_PTR_NULL(xn_value_item(none, 0));
	CU_ASSERT_PTR_NULL(xn_value_item(xn_value_get(v, "text"), 0));
	CU_ASSERT_STRING_EQUAL(xn_kind_name(XN_DICT), "dict");
	CU_ASSERT_STRING_EQUAL(xn_kind_name(XN_CHANNEL), "channel");
	CU_ASSERT_STRING_EQUAL(xn_kind_name(99), "unknown");
	CU_ASSERT_STRING_EQUAL(xn_kind_name(-1), "unknown");
	clean();
}

static const struct xn_test_case cases[] = {
	{ "every letter is packed", every_letter_is_packed },
	{ "brackets nest", brackets_nest },
	{ "any value is packed as it is", any_value_is_packed_as_it_is },
	{ "wrong formats are refused", wrong_formats_are_refused },
	{ "what is wrong with a format is said",
	    what_is_wrong_with_a_format_is_said },
	{ "wrong arguments are refused", wrong_arguments_are_refused },
	{ "a channel needs a gateway", a_channel_needs_a_gateway },
	{ "what was packed is unpacked", what_was_packed_is_unpacked },
	{ "none is NULL where allowed", none_is_null_where_allowed },
	{ "every mismatch is told", every_mismatch_is_told },
	{ "tuples must have their size", tuples_must_have_their_size },
	{ "wrong unpack formats are refused",
	    wrong_unpack_formats_are_refused },
	{ "values are looked into", values_are_looked_into },
};

XN_TEST_MAIN("wire format", cases)
