/* What the real execnet wrote, decoded and written again; and broken. */
#include "tests/lib/cunit_main.h"

#include <time.h>

#include "core/wire/code.h"
#include "core/wire/dump.h"
#include "tests/lib/arena.h"
#include "tests/lib/random.h"
#include "tests/lib/vectors.h"

static struct arena arena;
static const struct xn_decode_env env = { .alloc = arena_alloc,
    .alloc_baton = &arena };

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Call DO_ONE for each vector of both versions; returns how many. */
static size_t
each(void (*do_one)(const struct vector *v, int version))
{
	struct vectors all;
	size_t n = 0;

	for (int version = 1; version <= 2; version++) {
		vectors_load(&all, version);
		for (size_t i = 0; i < all.n; i++, n++)
			do_one(&all.items[i], version);
		vectors_free(&all);
	}
	return n;
}

static int count_values, count_malformed;

static void
check_value(const struct vector *v, int version)
{
	const xn_value *value;
	char *text;

	(void)version;
	if (!vector_is_value(v))
		return;
	count_values++;
	CU_ASSERT_EQUAL_FATAL(xn_decode_dump(&value, v->bytes, v->n, &env),
	    XN_C_OK);
	text = vector_text(value);
	if (strcmp(text, v->expected) != 0)
		printf("\n%s: %.200s\nexpected %.200s\n", v->name, text,
		    v->expected);
	CU_ASSERT_STRING_EQUAL(text, v->expected);
	free(text);
	arena_free(&arena);
}

static void
values_decode_to_what_execnet_meant(void)
{
	count_values = 0;
	each(check_value);
	CU_ASSERT_EQUAL(count_values, 2 * 248);
}

/* Written again, the bytes are execnet's, but for the order in a set. */
static void
check_again(const struct vector *v, int version)
{
	const xn_value *value;
	struct xn_buf out;

	if (!vector_is_value(v))
		return;
	xn_buf_init(&out, 1u << 20);
	CU_ASSERT_EQUAL_FATAL(xn_decode_dump(&value, v->bytes, v->n, &env),
	    XN_C_OK);
	CU_ASSERT_EQUAL_FATAL(xn_encode_dump(&out, value, version), XN_C_OK);
	CU_ASSERT_EQUAL_FATAL(xn_buf_len(&out), v->n);
	if (strcmp(v->kind, "value") == 0) {
		CU_ASSERT(memcmp(xn_buf_data(&out), v->bytes, v->n) == 0);
	} else {
		char *text;

		CU_ASSERT_EQUAL_FATAL(xn_decode_dump(&value, xn_buf_data(&out),
		    xn_buf_len(&out), &env), XN_C_OK);
		text = vector_text(value);
		CU_ASSERT_STRING_EQUAL(text, v->expected);
		free(text);
	}
	xn_buf_free(&out);
	arena_free(&arena);
}

static void
values_are_written_as_execnet_writes_them(void)
{
	each(check_again);
}

/* The hex of what we make of V when we load and dump it; "-" if refused. */
static char *
redump(const struct vector *v, int *rc)
{
	const xn_value *value;
	struct xn_buf out;
	char *hex;

	xn_buf_init(&out, 1u << 24);
	*rc = xn_decode_dump(&value, v->bytes, v->n, &env);
	if (*rc == XN_C_OK)
		*rc = xn_encode_dump(&out, value, v->bytes[0]);
	hex = calloc(1, 2 * xn_buf_len(&out) + 2);
	for (size_t i = 0; i < xn_buf_len(&out); i++)
		sprintf(hex + 2 * i, "%02x", xn_buf_data(&out)[i]);
	if (*rc != XN_C_OK)
		strcpy(hex, "-");
	xn_buf_free(&out);
	arena_free(&arena);
	return hex;
}

static void
check_malformed(const struct vector *v, int version)
{
	double start = seconds();
	char *hex;
	int rc, good;

	(void)version;
	if (vector_is_value(v))
		return;
	count_malformed++;
	hex = redump(v, &rc);
	if (strcmp(v->kind, "reject") == 0 || strcmp(v->kind, "resource") == 0)
		good = rc < 0;
	else if (strcmp(v->kind, "version") == 0)
		good = rc == XN_C_OK;	/* we read both generations */
	else
		good = rc < 0 || strcmp(hex, v->expected) == 0;
	if (!good)
		printf("\n%s %s: %d %.200s\n", v->kind, v->name, rc, hex);
	CU_ASSERT(good);
	CU_ASSERT(seconds() - start < 2);
	free(hex);
}

static void
malformed_inputs_are_refused_soon(void)
{
	count_malformed = 0;
	each(check_malformed);
	CU_ASSERT_EQUAL(count_malformed, 2 * 112);
}

/* Decode N bytes at P; what is accepted must be written again and read. */
static void
survive(const uint8_t *p, size_t n)
{
	const xn_value *value, *again;
	struct xn_buf out;

	xn_buf_init(&out, 1u << 24);
	if (xn_decode_dump(&value, p, n, &env) == XN_C_OK) {
		CU_ASSERT_EQUAL_FATAL(xn_encode_dump(&out, value, 1), XN_C_OK);
		CU_ASSERT_EQUAL(xn_decode_dump(&again, xn_buf_data(&out),
		    xn_buf_len(&out), &env), XN_C_OK);
	}
	xn_buf_free(&out);
	arena_free(&arena);
}

#define SMALL	300u	/* every position of the smaller ones */

static void
cut_short(const struct vector *v, int version)
{
	const xn_value *value;

	(void)version;
	if (!vector_is_value(v) || v->n > SMALL)
		return;
	for (size_t n = 0; n < v->n; n++) {
		uint8_t *copy = malloc(n == 0 ? 1 : n);

		memcpy(copy, v->bytes, n);
		CU_ASSERT(xn_decode_dump(&value, copy, n, &env) < 0);
		arena_free(&arena);
		free(copy);
	}
}

static void
every_truncation_is_refused(void)
{
	each(cut_short);
}

static void
flip(const struct vector *v, int version)
{
	uint8_t *copy;

	if (version != 1 || v->n == 0 || v->n > SMALL)
		return;
	copy = malloc(v->n);
	memcpy(copy, v->bytes, v->n);
	for (size_t bit = 8; bit < 8 * v->n; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		survive(copy, v->n);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(copy);
}

static void
no_flipped_bit_does_harm(void)
{
	each(flip);
}

static const uint8_t opcodes[] = "@ABCDEFGHIJKLMNOPQRST";
static uint32_t seed = 1;

static void
scramble(const struct vector *v, int version)
{
	uint8_t *copy;

	if (version != 1 || v->n < 3 || v->n > 8 * SMALL)
		return;
	copy = malloc(v->n);
	for (int round = 0; round < 100; round++) {
		memcpy(copy, v->bytes, v->n);
		for (int i = 0; i < 1 + round % 4; i++)
			copy[1 + next_random(&seed) % (v->n - 1)] = (uint8_t)
			    (round % 2 ? opcodes[next_random(&seed) % 21] :
			    next_random(&seed) % 9);
		survive(copy, v->n);
	}
	free(copy);
}

static void
no_exchanged_opcode_or_count_does_harm(void)
{
	each(scramble);
}

static const struct xn_test_case cases[] = {
	{ "values decode to what execnet meant",
	    values_decode_to_what_execnet_meant },
	{ "values are written as execnet writes them",
	    values_are_written_as_execnet_writes_them },
	{ "malformed inputs are refused, and soon",
	    malformed_inputs_are_refused_soon },
	{ "every truncation is refused", every_truncation_is_refused },
	{ "no flipped bit does harm", no_flipped_bit_does_harm },
	{ "no exchanged opcode or count does harm",
	    no_exchanged_opcode_or_count_does_harm },
};

XN_TEST_MAIN("wire vectors", cases)
