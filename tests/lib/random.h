/*
 * random.h: numbers that look random and are the same in each run, so that a
 * failure can be repeated.
 */
#ifndef XN_TESTS_RANDOM_H
#define XN_TESTS_RANDOM_H

#include <stdint.h>

/* The next number after *SEED, which must not be 0 (xorshift). */
static inline uint32_t
next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

#endif
