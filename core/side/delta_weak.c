/*
 * The rolling sum of delta transfer, and looking for sums of a set.
 *
 * A sum that takes in a byte at a time waits for one multiplication a byte.
 * This one is of words of four bytes, so that a block takes a quarter of them,
 * and the windows at four places are independent of each other: the next of
 * each place is four bytes on.
 */
#include "core/side/side.h"

#include <endian.h>
#include <string.h>

#include "core/side/delta.h"

/* The agent is built for size; this is where its time goes. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#define BASE	0x9e3779b97f4a7c15u
#define LANES	8u			/* that a block is summed in at once */

static inline uint64_t
word(const uint8_t *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return le32toh(w);
}

static uint64_t
power(size_t n)
{
	uint64_t result = 1, factor = BASE;

	for (; n > 0; n >>= 1) {
		if (n & 1)
			result *= factor;
		factor *= factor;
	}
	return result;
}

uint64_t
xn_delta__sum(const uint8_t *p, size_t n)
{
	uint64_t lanes[LANES] = { 0 }, step = power(LANES), sum = 0;

	for (const uint8_t *end = p + n; p < end; p += 4 * LANES)
		for (unsigned int i = 0; i < LANES; i++)
			lanes[i] = lanes[i] * step + word(p + 4 * i);
	for (unsigned int i = 0; i < LANES; i++)
		sum = sum * BASE + lanes[i];
	return sum;
}

void
xn_delta__filter_put(struct xn_delta_filter *filter, uint64_t sum)
{
	uint64_t bit = sum >> (64 - filter->bits);

	filter->words[bit >> 6] |= (uint64_t)1 << (bit & 63);
}

static inline uint64_t
has(const uint64_t *words, unsigned int shift, uint64_t sum)
{
	uint64_t bit = sum >> shift;

	return words[bit >> 6] >> (bit & 63) & 1;
}

int
xn_delta__filter_has(const struct xn_delta_filter *filter, uint64_t sum)
{
	return (int)has(filter->words, 64 - filter->bits, sum);
}

void
xn_delta__roll_start(struct xn_delta_roll *roll, const uint8_t *p, size_t n)
{
	roll->n = n;
	roll->leaving = power(n / 4);
	for (size_t i = 0; i < 4; i++)
		roll->sums[i] = xn_delta__sum(p + i, n);
}

size_t
xn_delta__roll(struct xn_delta_roll *roll, const uint8_t *p, size_t from,
    size_t end, const struct xn_delta_filter *filter)
{
	const uint64_t *words = filter->words, leaving = roll->leaving;
	const unsigned int shift = 64 - filter->bits;
	const size_t n = roll->n;
	uint64_t s0 = roll->sums[0], s1 = roll->sums[1], s2 = roll->sums[2],
	    s3 = roll->sums[3];
	uint64_t hits, wanted = (uint64_t)15 << from;
	size_t at = 0;

	for (;;) {
		hits = has(words, shift, s0) | has(words, shift, s1) << 1 |
		    has(words, shift, s2) << 2 | has(words, shift, s3) << 3;
		hits &= wanted;
		if (hits != 0) {
			at += (size_t)__builtin_ctzll(hits);
			break;
		}
		wanted = 15;
		if (at + 4 > end) {
			at = end;
			break;
		}
		s0 = s0 * BASE + word(p + n) - word(p) * leaving;
		s1 = s1 * BASE + word(p + n + 1) - word(p + 1) * leaving;
		s2 = s2 * BASE + word(p + n + 2) - word(p + 2) * leaving;
		s3 = s3 * BASE + word(p + n + 3) - word(p + 3) * leaving;
		p += 4;
		at += 4;
		if (at >= end)
			break;
	}
	roll->sums[0] = s0;
	roll->sums[1] = s1;
	roll->sums[2] = s2;
	roll->sums[3] = s3;
	return at < end ? at : end;
}
