/*
 * vectors.h: the values that the real execnet wrote, for tests
 * (tests/data/README.md says what the lines are).
 */
#ifndef XN_TESTS_VECTORS_H
#define XN_TESTS_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include <execnet/value.h>

struct vector {
	char *kind, *name;	/* fields 1 and 2 */
	uint8_t *bytes;		/* malloc'ed exactly, so that a sanitizer */
	size_t n;		/* notices a read behind them */
	char *expected;		/* field 4, runs expanded */
};

struct vectors {
	struct vector *items;
	size_t n;
	char *text;		/* the file, which the fields point into */
};

/* Load the file of VERSION (1 or 2); ends the program if that fails. */
void vectors_load(struct vectors *out, int version);
void vectors_free(struct vectors *v);

/* 1 if it is one of the values, 0 if it is a malformed input. */
int vector_is_value(const struct vector *v);

/* V in the form of field 4; malloc'ed. */
char *vector_text(const xn_value *v);

#endif
