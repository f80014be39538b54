/*
 * The signature of an old file, where the new one lies.
 */
#include "core/side/side.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "core/side/delta.h"
#include <execnet/remote.h>

#define WAYS		8u		/* slots in a bucket */
#define FILTER_BITS	6u		/* 64 bits of the filter for a block, */
#define FILTER_MOST	23u		/* up to 1 MiB */
#define SLOT_BITS	19u		/* of slot + 1; the rest is the tag */

_Static_assert(XN_DELTA_HELD < 1u << SLOT_BITS, "a slot fits into its bits");

static unsigned int
log2_above(size_t n)
{
	unsigned int bits = 0;

	while (((size_t)1 << bits) < n)
		bits++;
	return bits;
}

int
xn_delta__table_make(struct xn_delta_table *table, long long old_size,
    size_t block, size_t held)
{
	unsigned int bits;

	memset(table, 0, sizeof(*table));
	table->block = block;
	table->whole = old_size / (long long)block;
	table->total = table->whole + (old_size % (long long)block != 0);
	table->room = table->total < (long long)held ? (size_t)table->total :
	    held;
	bits = log2_above(table->room);
	table->filter.bits = bits + FILTER_BITS < FILTER_MOST ?
	    bits + FILTER_BITS : FILTER_MOST;
	/* Half full when all have come. */
	table->bucket_bits = bits > 2 ? bits - 2 : 0;
	table->weak = calloc(table->room + 1, sizeof(*table->weak));
	table->strong = calloc(table->room + 1, sizeof(*table->strong));
	table->buckets = calloc((size_t)WAYS << table->bucket_bits,
	    sizeof(*table->buckets));
	table->filter.words = calloc(((size_t)1 << table->filter.bits) / 64 + 1,
	    sizeof(*table->filter.words));
	return table->weak == NULL || table->strong == NULL ||
	    table->buckets == NULL || table->filter.words == NULL ? -1 : 0;
}

void
xn_delta__table_free(struct xn_delta_table *table)
{
	free(table->weak);
	free(table->strong);
	free(table->buckets);
	free(table->filter.words);
}

static uint32_t *
bucket_of(const struct xn_delta_table *table, uint32_t weak)
{
	uint32_t number = weak & (((uint32_t)1 << table->bucket_bits) - 1);

	return table->buckets + (size_t)number * WAYS;
}

/* The tag says without a look at the slot, which is far from here in memory,
 * that mostly it is not the one. */
static uint32_t
tag_of(uint32_t weak)
{
	return weak >> SLOT_BITS << SLOT_BITS;
}

static uint32_t
slot_of(uint32_t entry)
{
	return (entry & (((uint32_t)1 << SLOT_BITS) - 1)) - 1;
}

/* May SLOT have the place of ENTRY: nobody needs that any more? */
static int
replaceable(const struct xn_delta_table *table, uint32_t entry, uint32_t slot)
{
	uint32_t weak = table->weak[slot], other = slot_of(entry);

	if (entry == 0)
		return 1;
	/* It is of a block that is no longer held. */
	if (tag_of(entry) != tag_of(table->weak[other]) ||
	    bucket_of(table, table->weak[other]) != bucket_of(table, weak))
		return 1;
	/* Of two that are the same, the later one is of more use in place. */
	return table->weak[other] == weak &&
	    table->strong[other] == table->strong[slot];
}

/* Put SLOT into its bucket, if there is room. */
static void
put(struct xn_delta_table *table, uint32_t slot)
{
	uint32_t weak = table->weak[slot];
	uint32_t *bucket = bucket_of(table, weak), *place = NULL;

	/* The same block is not put in twice: it would be behind others. */
	for (unsigned int i = WAYS; i-- > 0; )
		if (replaceable(table, bucket[i], slot) && (place == NULL ||
		    bucket[i] != 0))
			place = bucket + i;
	if (place != NULL)
		*place = tag_of(weak) | (slot + 1);
}

/* Forget what is no longer held. */
static void
renew_filter(struct xn_delta_table *table)
{
	memset(table->filter.words, 0,
	    (((size_t)1 << table->filter.bits) / 64 + 1) * sizeof(uint64_t));
	for (size_t i = 0; i < table->room; i++)
		xn_delta__filter_put(&table->filter,
		    (uint64_t)table->weak[i] << 32);
}

void
xn_delta__table_add(struct xn_delta_table *table, const uint8_t *entries,
    size_t n)
{
	uint32_t weak, slot;
	uint64_t strong;

	for (; n > 0; n--, entries += XN_DELTA_ENTRY, table->have++) {
		memcpy(&weak, entries, 4);
		memcpy(&strong, entries + 4, 8);
		slot = (uint32_t)((size_t)table->have % table->room);
		table->weak[slot] = le32toh(weak);
		table->strong[slot] = le64toh(strong);
		/* The last block, if it is short, is found by its place. */
		if (table->have >= table->whole)
			continue;
		put(table, slot);
		xn_delta__filter_put(&table->filter,
		    (uint64_t)table->weak[slot] << 32);
		if ((size_t)table->have >= table->room &&
		    slot % (table->room / 4) == 0)
			renew_filter(table);
	}
}

int
xn_delta__table_is(const struct xn_delta_table *table, long long number,
    uint64_t strong)
{
	return number >= 0 && number < table->have &&
	    number >= table->have - (long long)table->room &&
	    table->strong[(size_t)number % table->room] == strong;
}

/* The block that is in SLOT. */
static long long
block_of(const struct xn_delta_table *table, size_t slot)
{
	size_t last = (size_t)(table->have - 1) % table->room;

	return table->have - 1 -
	    (long long)((last + table->room - slot) % table->room);
}

/* The agent is built for size; this is called for some of all bytes. */
#if defined(__GNUC__) && !defined(__clang__)
__attribute__((optimize("O3")))
#endif
long long
xn_delta__table_find(const struct xn_delta_table *table, uint64_t sum,
    const uint8_t *p, int *spent)
{
	uint32_t weak = (uint32_t)(sum >> 32);
	const uint32_t *bucket = bucket_of(table, weak);
	uint64_t strong = 0;

	*spent = 0;
	for (unsigned int i = 0; i < WAYS; i++) {
		uint32_t slot = slot_of(bucket[i]);
		long long number;

		if (bucket[i] == 0 || tag_of(bucket[i]) != tag_of(weak) ||
		    table->weak[slot] != weak)
			continue;
		if (!*spent)
			strong = XXH3_64bits(p, table->block);
		*spent = 1;
		number = block_of(table, slot);
		if (table->strong[slot] == strong && number < table->whole)
			return number;
	}
	return -1;
}
