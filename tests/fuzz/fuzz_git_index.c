/*
 * An index of a pack in which anything was changed: what is taken for one never
 * leads out of its bytes.
 *
 *	byte 0		how many objects it has, modulo 8; bit 3: offsets are
 *			large ones
 *	bytes 1, 2	how many bytes it has more or less, signed
 *	the rest	changes: 2 bytes, where; a byte, what it becomes
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/git/index.h"
#include "tests/fuzz/fuzz.h"

#define COUNTS	8
#define IDS	(COUNTS + 256 * 4)
#define MOST	(IDS + 8 * 36 + 40)

static void
must(int true_here)
{
	if (!true_here)
		abort();
}

/* A good one of N objects, whose ids begin with 0, 1, ...: its length. */
static size_t
make(unsigned char *at, size_t n, int large)
{
	unsigned char *offsets = at + IDS + n * 24;

	memset(at, 0, MOST);
	memcpy(at, "\xfftOc\0\0\0\2", 8);
	for (size_t i = 0; i < 256; i++)
		at[COUNTS + 4 * i + 3] = (unsigned char)(i < n ? i + 1 : n);
	for (size_t i = 0; i < n; i++) {
		at[IDS + i * GITW_ID] = (unsigned char)i;
		offsets[4 * i] = large ? 0x80 : 0;
		offsets[4 * i + 3] = (unsigned char)i;
		offsets[4 * n + 8 * i] = large ? (unsigned char)i : 0;
	}
	return IDS + n * (large ? 36 : 28) + 40;
}

static void
use(const struct gitw_index *index, const unsigned char *bytes, size_t size)
{
	struct gitw_id id = { { 0 } };

	for (int i = 0; i < 256; i++) {
		long at;

		id.bytes[0] = (unsigned char)i;
		at = gitw_index_find(index, &id);
		must(at >= -1 && (at == -1 || (size_t)at < index->n));
	}
	for (size_t i = 0; i < index->n; i++) {
		gitw_index_id(&id, index, i);
		(void)gitw_index_crc(index, i);
		(void)gitw_index_offset(index, i);
	}
	must(index->sums + 2 * GITW_ID == bytes + size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char good[MOST], *bytes;
	struct gitw_index index;
	const char *wrong;
	size_t n;
	long more;

	if (size < 3)
		return 0;
	n = make(good, data[0] & 7, data[0] & 8);
	must(gitw_index_parse(&index, good, n) == NULL);
	use(&index, good, n);
	for (size_t i = 3; i + 3 <= size; i += 3)
		good[(data[i] << 8 | data[i + 1]) % n] = data[i + 2];
	more = (int16_t)(data[1] << 8 | data[2]);
	if (more < -(long)n)
		more = -(long)n;
	/* Of just that size, so that reading beyond it is seen. */
	bytes = calloc((size_t)((long)n + more) + 1, 1);
	must(bytes != NULL);
	memcpy(bytes, good, more < 0 ? (size_t)((long)n + more) : n);
	bytes = realloc(bytes, (size_t)((long)n + more) > 0 ?
	    (size_t)((long)n + more) : 1);
	must(bytes != NULL);
	n = (size_t)((long)n + more);
	wrong = gitw_index_parse(&index, bytes, n);
	if (wrong == NULL)
		use(&index, bytes, n);
	free(bytes);
	return 0;
}
