/*
 * side_items_check.h: is a revision what FSFS wrote?
 *
 * With logical addressing the second index has a checksum of each item, the
 * FNV-1a of four streams that Subversion calls FNV1a-32x4: byte 0, 4, 8... are
 * the first of them, and so on; then come, as one stream, the four results
 * (the highest byte first) and what was left.
 */
#ifndef SVNHOTSYNC_SIDE_ITEMS_CHECK_H
#define SVNHOTSYNC_SIDE_ITEMS_CHECK_H

#include "side_items.h"

#define FNV_BASE	2166136261U
#define FNV_PRIME	16777619U

/* N bytes, a multiple of four. */
static inline void
fnv_four(unsigned int sums[4], const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += 4)
		for (int j = 0; j < 4; j++)
			sums[j] = (sums[j] ^ bytes[i + (size_t)j]) * FNV_PRIME;
}

/* With the N < 4 bytes that are left. */
static inline unsigned int
fnv_end(const unsigned int sums[4], const unsigned char *left, size_t n)
{
	unsigned int sum = FNV_BASE;

	for (int j = 0; j < 4; j++)
		for (int shift = 24; shift >= 0; shift -= 8)
			sum = (sum ^ (sums[j] >> shift & 0xff)) * FNV_PRIME;
	for (size_t i = 0; i < n; i++)
		sum = (sum ^ left[i]) * FNV_PRIME;
	return sum;
}

/* The checksum of N bytes of the open file from AT on. */
static inline unsigned int
items_checksum(struct items *t, long long at, long long n)
{
	unsigned int sums[4] = { FNV_BASE, FNV_BASE, FNV_BASE, FNV_BASE };
	size_t piece, whole;

	for (; n >= 4; n -= (long long)whole, at += (long long)whole) {
		piece = n > XN_PIECE ? XN_PIECE : (size_t)n;
		whole = piece - piece % 4;
		items_bytes(t, at, t->piece, whole);
		fnv_four(sums, (unsigned char *)t->piece, whole);
	}
	items_bytes(t, at, t->piece, (size_t)n);
	return fnv_end(sums, (unsigned char *)t->piece, (size_t)n);
}

/* Fails if an item of REV, in a file that was taken apart, is another one than
 * its index says. */
static inline void
items_check(struct items *t, long long rev)
{
	long i, behind;

	i = items_of(t, rev, &behind);
	if (i == behind)
		items_damaged(t, xn_printf("it has nothing of r%lld", rev));
	for (; i < behind; i++)
		if (items_checksum(t, t->item[i].offset, t->item[i].size) !=
		    t->item[i].checksum)
			items_damaged(t, xn_printf("what it has of r%lld at "
			    "offset %lld has another checksum than its index "
			    "says", rev, t->item[i].offset));
}

#endif
