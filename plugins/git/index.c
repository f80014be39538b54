/*
 * index.c: see index.h.
 */
#include "plugins/git/index.h"

#include <string.h>

#define HEADER		8
#define COUNTS		(256 * 4)
#define EACH		(GITW_ID + 4 + 4)
#define SUMS		(2 * GITW_ID)
#define LARGE		0x80000000u	/* and offsets from there on */

static const unsigned char header[HEADER] = {
	0xff, 't', 'O', 'c', 0, 0, 0, 2
};

static uint32_t
number(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* ---- Reading ------------------------------------------------------------ */

const char *
gitw_index_parse(struct gitw_index *index, const void *bytes, size_t size)
{
	const unsigned char *p = bytes;
	uint32_t n = 0;
	uint64_t least;

	if (size < HEADER + COUNTS + SUMS)
		return "it is too short";
	if (memcmp(p, header, HEADER) != 0)
		return "it is no index of version 2";
	for (int i = 0; i < 256; i++) {
		if (number(p + HEADER + 4 * i) < n)
			return "its counts are not in order";
		n = number(p + HEADER + 4 * i);
	}
	least = HEADER + COUNTS + (uint64_t)n * EACH + SUMS;
	if (size < least || (size - least) % 8 != 0 || (size - least) / 8 > n)
		return "its length is not what its counts say";
	index->n = n;
	index->counts = p + HEADER;
	index->ids = index->counts + COUNTS;
	index->crcs = index->ids + (size_t)n * GITW_ID;
	index->offsets = index->crcs + (size_t)n * 4;
	index->large = index->offsets + (size_t)n * 4;
	index->large_n = (size_t)(size - least) / 8;
	index->sums = index->large + index->large_n * 8;
	return NULL;
}

long
gitw_index_find(const struct gitw_index *index, const struct gitw_id *id)
{
	unsigned int first = id->bytes[0];
	size_t low = first == 0 ? 0 : number(index->counts + 4 * (first - 1));
	size_t high = number(index->counts + 4 * first);

	while (low < high) {
		size_t i = low + (high - low) / 2;
		int order = memcmp(index->ids + i * GITW_ID, id->bytes,
		    GITW_ID);

		if (order == 0)
			return (long)i;
		if (order < 0)
			low = i + 1;
		else
			high = i;
	}
	return -1;
}

void
gitw_index_id(struct gitw_id *id, const struct gitw_index *index, size_t i)
{
	memcpy(id->bytes, index->ids + i * GITW_ID, GITW_ID);
}

uint32_t
gitw_index_crc(const struct gitw_index *index, size_t i)
{
	return number(index->crcs + 4 * i);
}

uint64_t
gitw_index_offset(const struct gitw_index *index, size_t i)
{
	uint32_t offset = number(index->offsets + 4 * i);
	const unsigned char *large;

	if (offset < LARGE)
		return offset;
	offset -= LARGE;
	if (offset >= index->large_n)
		return 0;
	large = index->large + 8 * (size_t)offset;
	return (uint64_t)number(large) << 32 | number(large + 4);
}

/* ---- Writing ------------------------------------------------------------ */

static xn_error_t *
put(struct gitw_file *file, uint32_t n)
{
	const unsigned char bytes[4] = { (unsigned char)(n >> 24),
		(unsigned char)(n >> 16), (unsigned char)(n >> 8),
		(unsigned char)n };

	return gitw_file_write(file, bytes, sizeof(bytes));
}

static xn_error_t *
put_counts(struct gitw_file *file, const struct gitw_entries *entries)
{
	size_t n = 0;

	for (int i = 0; i < 256; i++) {
		while (n < entries->n && entries->all[n].id.bytes[0] <= i)
			n++;
		XN_TRY(put(file, (uint32_t)n));
	}
	return NULL;
}

static xn_error_t *
put_offsets(struct gitw_file *file, const struct gitw_entries *entries)
{
	uint32_t large = 0;

	for (size_t i = 0; i < entries->n; i++) {
		uint64_t offset = entries->all[i].offset;

		XN_TRY(put(file, offset < LARGE ? (uint32_t)offset :
		    LARGE + large++));
	}
	for (size_t i = 0; large > 0 && i < entries->n; i++) {
		uint64_t offset = entries->all[i].offset;

		if (offset < LARGE)
			continue;
		XN_TRY(put(file, (uint32_t)(offset >> 32)));
		XN_TRY(put(file, (uint32_t)offset));
	}
	return NULL;
}

xn_error_t *
gitw_index_write(struct gitw_file *file, const struct gitw_entries *entries,
    const struct gitw_id *sum)
{
	XN_TRY(gitw_file_write(file, header, HEADER));
	XN_TRY(put_counts(file, entries));
	for (size_t i = 0; i < entries->n; i++)
		XN_TRY(gitw_file_write(file, entries->all[i].id.bytes,
		    GITW_ID));
	for (size_t i = 0; i < entries->n; i++)
		XN_TRY(put(file, entries->all[i].crc));
	XN_TRY(put_offsets(file, entries));
	XN_TRY(gitw_file_write(file, sum->bytes, GITW_ID));
	return gitw_file_sum(NULL, file);
}
