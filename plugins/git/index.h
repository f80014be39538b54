/*
 * index.h: the index of a pack, version 2.
 *
 *	ff 't' 'O' 'c', 2		4 bytes each, as all numbers: big-endian
 *	256 counts			ids whose first byte is at most i
 *	n ids, sorted
 *	n CRC-32 of the entries
 *	n offsets			or 80000000 + i: the i-th of the next
 *	offsets of 8 bytes
 *	SHA-1 of the pack, as at its end
 *	SHA-1 of all before it
 */
#ifndef GIT_INDEX_H
#define GIT_INDEX_H

#include "plugins/git/entries.h"
#include "plugins/git/file.h"

/* An index in memory; everything is borrowed from its bytes. */
struct gitw_index {
	size_t n;			/* objects */
	const unsigned char *counts, *ids, *crcs, *offsets, *large, *sums;
	size_t large_n;
};

/*
 * Take the SIZE BYTES as an index: null if they are one, else what is wrong.
 * Counts and sizes are checked, so that no more than BYTES is ever looked at;
 * that ids are sorted and sums right is not.
 */
const char *gitw_index_parse(struct gitw_index *index, const void *bytes,
    size_t size);

/* Is ID in it: its place, or -1. */
long gitw_index_find(const struct gitw_index *index, const struct gitw_id *id);

void gitw_index_id(struct gitw_id *id, const struct gitw_index *index,
    size_t i);
uint32_t gitw_index_crc(const struct gitw_index *index, size_t i);

/* Where the entry begins: 0, where none can, if the index is damaged. */
uint64_t gitw_index_offset(const struct gitw_index *index, size_t i);

/* Write the index of sorted ENTRIES, whose pack ends with SUM. */
xn_error_t *gitw_index_write(struct gitw_file *file,
    const struct gitw_entries *entries, const struct gitw_id *sum);

#endif
