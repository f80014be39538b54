/*
 * decode.h: bytes decoded into an arena, and compared as text.
 *
 * One program includes it once.
 */
#ifndef XN_TESTS_DECODE_H
#define XN_TESTS_DECODE_H

#include "core/wire/code.h"
#include "core/wire/dump.h"
#include "tests/lib/arena.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/vectors.h"

static struct arena arena;
static struct xn_decode_env env = { .alloc = arena_alloc,
    .alloc_baton = &arena };

/* Decode the N bytes at P, and see that their text is EXPECTED. */
static inline int
decode(const void *p, size_t n, const char *expected)
{
	const xn_value *v;
	int rc = xn_decode(&v, p, n, &env);

	if (rc == XN_C_OK && expected != NULL) {
		char *text = vector_text(v);

		CU_ASSERT_STRING_EQUAL(text, expected);
		free(text);
	}
	CU_ASSERT_EQUAL(rc == XN_C_OK, v != NULL);
	arena_free(&arena);
	return rc;
}

#define DECODE(bytes, expected) decode(bytes, sizeof(bytes) - 1, expected)

#endif
