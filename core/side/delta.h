/*
 * delta.h: what the files of the delta share.
 */
#ifndef XN_SIDE_DELTA_H
#define XN_SIDE_DELTA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define XN_DELTA_BLOCK_MIN	64u
#define XN_DELTA_BLOCK_MAX	(128u * 1024)
#define XN_DELTA_HELD		(1u << 18) /* signed blocks in memory at once */
#define XN_DELTA_SLACK		16u	/* bytes that may be read (and are not
					 * used) behind a buffer's end */

/* 1 if BLOCK can be the size of blocks, else 0. */
int xn_delta__block_good(long long block);

/* pread() until N bytes or the end: how many, or -1. */
ssize_t xn_delta__pread(int fd, void *buffer, size_t n, long long at);

/* ---- The rolling sum: delta_weak.c -------------------------------------- */

/*
 * The sum of N bytes (a multiple of 64): the polynomial of their 32-bit words,
 * little-endian, modulo 2^64.  What travels of it are its upper 32 bits, which
 * depend on every bit.
 */
uint64_t xn_delta__sum(const uint8_t *p, size_t n);

/* A set of sums, told apart by their first BITS bits: it may say yes to one
 * that was not put in. */
struct xn_delta_filter {
	uint64_t *words;
	unsigned int bits;		/* at least 1 */
};
void xn_delta__filter_put(struct xn_delta_filter *filter, uint64_t sum);
int xn_delta__filter_has(const struct xn_delta_filter *filter, uint64_t sum);

/* Windows of N bytes at four places, one after the other. */
struct xn_delta_roll {
	uint64_t sums[4];
	uint64_t leaving;		/* the factor of a word that leaves */
	size_t n;
};
void xn_delta__roll_start(struct xn_delta_roll *roll, const uint8_t *p,
    size_t n);

/*
 * ROLL stands at P: the first place in [FROM, END) of which the sum is in
 * FILTER, or END.  FROM is less than 4.  ROLL then stands at that place, less
 * what it has over a multiple of 4.  XN_DELTA_SLACK bytes behind the last
 * window are read.
 */
size_t xn_delta__roll(struct xn_delta_roll *roll, const uint8_t *p,
    size_t from, size_t end, const struct xn_delta_filter *filter);

/* As xn_delta_open(), with HELD signed blocks in memory: for tests. */
struct xn_delta;
struct xn_delta *xn_delta__open(int fd, long long size, long long old_size,
    long long block, int flags, size_t held);

/* ---- The signature: delta_table.c --------------------------------------- */

/*
 * Signed blocks of the old file: all, or the last ROOM of those that came.  A
 * block's slot is its number modulo ROOM.  A table finds them by their sums: a
 * bucket holds 8 of them, and what no longer fits is not found: a search never
 * goes through more.
 */
struct xn_delta_table {
	long long total;		/* blocks of the old file */
	long long whole;		/* those that have all their bytes */
	long long have;			/* have come */
	size_t room;
	size_t block;			/* bytes */
	uint32_t *weak;			/* of a slot: the sum's upper half */
	uint64_t *strong;		/* of a slot: XXH3 */
	uint32_t *buckets;		/* of 8: a tag and slot + 1; or 0 */
	unsigned int bucket_bits;
	struct xn_delta_filter filter;
};

/* HELD is at least 4.  0, or -1 without memory; free what there is in both
 * cases. */
int xn_delta__table_make(struct xn_delta_table *table, long long old_size,
    size_t block, size_t held);
void xn_delta__table_free(struct xn_delta_table *table);

/* N entries that were received: the next blocks. */
void xn_delta__table_add(struct xn_delta_table *table, const uint8_t *entries,
    size_t n);

/* 1 if block NUMBER is known and has this hash, else 0. */
int xn_delta__table_is(const struct xn_delta_table *table, long long number,
    uint64_t strong);

/*
 * A block with the bytes at P, whose sum is SUM; or -1.  *SPENT is 1 if their
 * hash had to be computed.
 */
long long xn_delta__table_find(const struct xn_delta_table *table,
    uint64_t sum, const uint8_t *p, int *spent);

#endif
