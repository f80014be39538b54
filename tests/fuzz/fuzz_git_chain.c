/*
 * Entries of a pack with any headers, any ways to bases and any deltas: what is
 * read of them is no longer than was allowed, and leads out of nothing.
 *
 * Each entry of the input is
 *
 *	byte 0		its type, bits 0 to 2; bit 3: what follows is its
 *			stream as it is, else it is compressed; bits 4 and 5: the
 *			size that it says is so much more than what there is
 *	byte 1		how many entries before it its base is
 *	byte 2		and how many bytes off that, signed
 *	byte 3		how many bytes follow
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <zlib.h>

#include "plugins/git/chain.h"
#include "plugins/git/deflate.h"
#include "tests/fuzz/fuzz.h"

#define ENTRIES	32
#define MOST	5000
#define ROOM	(ENTRIES * 400)

struct pack {
	unsigned char *bytes;		/* of just that size, so that reading
					 * beyond it is seen */
	size_t n;
};

static void
must(int true_here)
{
	if (!true_here)
		abort();
}

static xn_error_t *
read_at(size_t *n, void *baton, void *bytes, size_t room, uint64_t at)
{
	const struct pack *pack = baton;

	*n = at >= pack->n ? 0 : pack->n - (size_t)at;
	/* (Any number of them may come at once.) */
	if (*n > room)
		*n = room;
	if (*n > 7 && at % 5 == 0)
		*n = 7;
	if (*n > 0)
		memcpy(bytes, pack->bytes + at, *n);
	return NULL;
}

static size_t
put_header(unsigned char *to, int type, size_t size, size_t back)
{
	unsigned char way[10];
	size_t n = 0, at = sizeof(way) - 1;

	to[0] = (unsigned char)(type << 4 | (int)(size & 15));
	for (size >>= 4; size > 0; size >>= 7) {
		to[n++] |= 0x80;
		to[n] = (unsigned char)(size & 0x7f);
	}
	n++;
	if (type != GITW_OFS_DELTA)
		return n;
	way[at] = (unsigned char)(back & 0x7f);
	while ((back >>= 7) > 0)
		way[--at] = (unsigned char)(0x80 | (--back & 0x7f));
	memcpy(to + n, way + at, sizeof(way) - at);
	return n + sizeof(way) - at;
}

/* The entry of which DATA has SIZE bytes: how many it took. */
static size_t
put_entry(unsigned char *to, size_t *n, size_t *offsets, int count,
    const uint8_t *data, size_t size)
{
	size_t length = data[3] < size - 4 ? data[3] : size - 4;
	int base = count - data[1] % (count + 1);
	size_t back = *n - (base < count ? offsets[base] : *n);
	uLongf packed = ROOM - *n;

	back += (size_t)(int8_t)data[2];
	offsets[count] = *n;
	*n += put_header(to + *n, data[0] & 7, length + (data[0] >> 4 & 3),
	    back);
	if (data[0] & 8) {
		memcpy(to + *n, data + 4, length);
		packed = length;
	} else {
		must(compress(to + *n, &packed, data + 4, length) == Z_OK);
	}
	*n += packed;
	return 4 + length;
}

static void
read_entry(struct pack *pack, uint64_t at)
{
	const struct gitw_source source = { "a pack", read_at, pack };
	static struct gitw_chain chain;
	struct gitw_content content;
	xn_error_t *error = gitw_chain_read(&content, &chain, &source, at,
	    MOST);
	unsigned int sum = 0;

	must(error == NULL || content.bytes == NULL);
	xn_error_clear(error);
	if (content.bytes == NULL)
		return;
	must(content.n <= MOST && content.bytes[content.n] == '\0');
	must(content.type >= GITW_COMMIT && content.type <= GITW_TAG);
	for (size_t i = 0; i < content.n; i++)
		sum += (unsigned char)content.bytes[i];
	must(sum <= 255 * MOST);
	free(content.bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char room[ROOM];
	static int begun;
	size_t offsets[ENTRIES];
	struct pack pack = { .n = 12 };
	int count = 0;

	/* (For errors.) */
	if (!begun)
		must(apr_initialize() == APR_SUCCESS);
	begun = 1;
	memset(room, 0, sizeof(room));
	for (; size >= 4 && count < ENTRIES; count++) {
		size_t took = put_entry(room, &pack.n, offsets, count, data,
		    size);

		data += took;
		size -= took;
	}
	pack.bytes = malloc(pack.n);
	must(pack.bytes != NULL);
	memcpy(pack.bytes, room, pack.n);
	for (int i = 0; i < count; i++)
		read_entry(&pack, offsets[i]);
	read_entry(&pack, 13);
	read_entry(&pack, pack.n);
	free(pack.bytes);
	return 0;
}
