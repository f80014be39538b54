/* UTF-8, and values as one line of text. */
#include "tests/lib/cunit_main.h"

#include "core/wire/code.h"
#include "core/wire/format.h"
#include "tests/lib/arena.h"
#include "tests/lib/vectors.h"

static struct arena arena;
static const struct xn_decode_env env = { .alloc = arena_alloc,
    .alloc_baton = &arena };

/* Put character C at OUT by the book; returns the length. */
static size_t
put_char(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

static void
every_character_but_surrogates_is_valid(void)
{
	size_t wrong = 0;

	for (uint32_t c = 0; c < 0x140000; c++) {
		uint8_t bytes[4];
		size_t n = put_char(bytes, c);
		int valid = c < 0xd800 || (c > 0xdfff && c <= 0x10ffff);

		wrong += xn_utf8_valid(bytes, n) != valid;
		for (size_t i = 1; i < n; i++)
			wrong += xn_utf8_valid(bytes, i);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* Of all sequences of two and three bytes, as many are valid as there are
 * characters: no overlong form slips in. */
static void
nothing_else_is_valid(void)
{
	size_t two = 0, three = 0;

	for (uint32_t n = 0; n < 1u << 16; n++) {
		uint8_t b[2] = { (uint8_t)(n >> 8), (uint8_t)n };

		two += b[0] >= 0x80 && xn_utf8_valid(b, 2);
	}
	for (uint32_t n = 0; n < 1u << 24; n++) {
		uint8_t b[3] = { (uint8_t)(n >> 16), (uint8_t)(n >> 8),
		    (uint8_t)n };

		if (b[0] >= 0xe0)
			three += xn_utf8_valid(b, 3);
	}
	CU_ASSERT_EQUAL(two, 0x800 - 0x80);
	CU_ASSERT_EQUAL(three, 0x10000 - 0x800 - 0x800);
}

static void
a_wrong_byte_is_found_wherever_it_stands(void)
{
	char text[64];

	for (size_t n = 0; n < sizeof(text); n++) {
		memset(text, 'a', sizeof(text));
		CU_ASSERT(xn_utf8_valid(text, n));
		for (size_t i = 0; i < n; i++) {
			text[i] = (char)0x80;
			CU_ASSERT(!xn_utf8_valid(text, n));
			text[i] = 'a';
		}
	}
}

static void
text_is_sanitized(void)
{
	static const struct {
		const char *in;
		size_t n;
		const char *out;
	} all[] = {
		{ "", 0, "" },
		{ "plain \xc3\xa9\n\t", 10, "plain \xc3\xa9\n\t" },
		{ "a\0b\x1b[m\x7f", 7, "a?b?[m?" },
		{ "\xc2\x85\xc2\xa0", 4, "?\xc2\xa0" },
		{ "\xff", 1, "\xef\xbf\xbd" },
		{ "x\xe2\x82", 3, "x\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", 3,
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\r\n", 2, "?\n" }
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char *out = malloc(3 * all[i].n + 1);
		size_t n = xn_utf8_sanitize(out, all[i].in, all[i].n);

		CU_ASSERT_EQUAL(n, strlen(all[i].out));
		CU_ASSERT_STRING_EQUAL(out, all[i].out);
		free(out);
	}
}

/* Python escapes by tables of characters that we do not have. */
static int
is_comparable(const struct vector *v)
{
	size_t n = strlen(v->name);

	return strcmp(v->kind, "value") == 0 && n < 400 &&
	    v->name[n - 1] != '.' && strstr(v->name, "\\u") == NULL &&
	    strstr(v->name, "\\U") == NULL && strstr(v->name, "...(") == NULL;
}

static void
repr_is_as_pythons(void)
{
	struct vectors all;
	size_t compared = 0;

	vectors_load(&all, 1);
	for (size_t i = 0; i < all.n; i++) {
		const struct vector *v = &all.items[i];
		const xn_value *value;
		char line[1024];

		if (!is_comparable(v))
			continue;
		compared++;
		CU_ASSERT_EQUAL_FATAL(xn_decode_dump(&value, v->bytes, v->n,
		    &env), XN_C_OK);
		CU_ASSERT_EQUAL(xn_repr(line, sizeof(line), value),
		    strlen(line));
		if (strcmp(line, v->name) != 0)
			printf("\n%s\n%s\n", line, v->name);
		CU_ASSERT_STRING_EQUAL(line, v->name);
		arena_free(&arena);
	}
	vectors_free(&all);
	CU_ASSERT(compared > 180);
}

static void
repr_is_cut_between_characters(void)
{
	struct vectors all;
	const xn_value *value;
	char *whole = malloc(4096), *line;

	vectors_load(&all, 1);
	for (size_t i = 0; i < all.n; i++) {
		const struct vector *v = &all.items[i];
		size_t n, cut;

		if (!vector_is_value(v) || v->n > 300)
			continue;
		CU_ASSERT_EQUAL_FATAL(xn_decode_dump(&value, v->bytes, v->n,
		    &env), XN_C_OK);
		n = xn_repr(whole, 4096, value);
		CU_ASSERT(xn_utf8_valid(whole, n));
		for (size_t max = 1; max <= n + 1; max++) {
			line = malloc(max);
			cut = xn_repr(line, max, value);
			CU_ASSERT(cut < max && line[cut] == '\0');
			CU_ASSERT(memcmp(line, whole, cut) == 0);
			CU_ASSERT(xn_utf8_valid(line, cut));
			/* No more than one character or escape is lost. */
			CU_ASSERT(cut + 10 >= max - 1);
			free(line);
		}
		arena_free(&arena);
	}
	CU_ASSERT_EQUAL(xn_repr(whole, 0, value), 0);
	vectors_free(&all);
	free(whole);
}

static void
repr_shows_what_vectors_do_not_have(void)
{
	static const xn_value channel = { .kind = XN_CHANNEL,
	    .u.channel.id = -3 };
	static const xn_value made = { .kind = XN_STR, .size = 2,
	    .u.text = "\xff\x7f" };
	xn_value round[2] = { { .kind = XN_LIST, .size = 1 } };
	char line[200];

	xn_repr(line, sizeof(line), &channel);
	CU_ASSERT_STRING_EQUAL(line, "<Channel id=-3>");
	xn_repr(line, sizeof(line), &made);
	CU_ASSERT_STRING_EQUAL(line, "'?\\x7f'");
	/* A list that holds itself can only be made by hand. */
	round[0].u.items = &round[0];
	CU_ASSERT_EQUAL(xn_repr(line, sizeof(line), &round[0]), 64 + 3 + 64);
}

static const struct xn_test_case cases[] = {
	{ "every character but surrogates is valid",
	    every_character_but_surrogates_is_valid },
	{ "nothing else is valid", nothing_else_is_valid },
	{ "a wrong byte is found wherever it stands",
	    a_wrong_byte_is_found_wherever_it_stands },
	{ "text is sanitized", text_is_sanitized },
	{ "repr is as Python's", repr_is_as_pythons },
	{ "repr is cut between characters", repr_is_cut_between_characters },
	{ "repr shows what vectors do not have",
	    repr_shows_what_vectors_do_not_have },
};

XN_TEST_MAIN("wire text", cases)
