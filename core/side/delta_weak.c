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

/*
 * A sum has two bits in one word: the first says no to nearly all others, and
 * costs little more than that word; the second to nearly all of the rest.
 */
static inline uint64_t
second(unsigned int shift, uint64_t sum)
{
	return sum >> (shift - 6) & 63;
}

void
xn_delta__filter_put(struct xn_delta_filter *filter, uint64_t sum)
{
	unsigned int shift = 64 - filter->bits;
	uint64_t bit = sum >> shift;

	filter->words[bit >> 6] |= (uint64_t)1 << (bit & 63) |
	    (uint64_t)1 << second(shift, sum);
}

static inline int
has(const uint64_t *words, unsigned int shift, uint64_t sum)
{
	uint64_t bit = sum >> shift, word_there = words[bit >> 6];

	if (__builtin_expect((word_there >> (bit & 63) & 1) == 0, 1))
		return 0;
	return (word_there >> second(shift, sum) & 1) != 0;
}

int
xn_delta__filter_has(const struct xn_delta_filter *filter, uint64_t sum)
{
	return has(filter->words, 64 - filter->bits, sum);
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
	const uint8_t *in = p + roll->n, *out = p, *last = p + end;
	uint64_t s0 = roll->sums[0], s1 = roll->sums[1], s2 = roll->sums[2],
	    s3 = roll->sums[3];
	size_t hit = 4;

	for (;;) {
		if (__builtin_expect(has(words, shift, s0) && from <= 0, 0)) {
			hit = 0;
			break;
		}
		if (__builtin_expect(has(words, shift, s1) && from <= 1, 0)) {
			hit = 1;
			break;
		}
		if (__builtin_expect(has(words, shift, s2) && from <= 2, 0)) {
			hit = 2;
			break;
		}
		if (__builtin_expect(has(words, shift, s3) && from <= 3, 0)) {
			hit = 3;
			break;
		}
		from = 0;
		if (out + 4 > last)
			break;
		s0 = s0 * BASE + word(in) - word(out) * leaving;
		s1 = s1 * BASE + word(in + 1) - word(out + 1) * leaving;
		s2 = s2 * BASE + word(in + 2) - word(out + 2) * leaving;
		s3 = s3 * BASE + word(in + 3) - word(out + 3) * leaving;
		in += 4;
		out += 4;
		if (out >= last)
			break;
	}
	roll->sums[0] = s0;
	roll->sums[1] = s1;
	roll->sums[2] = s2;
	roll->sums[3] = s3;
	hit += (size_t)(out - p);
	return hit < end ? hit : end;
}
