/*
 * delta.c: see delta.h.
 *
 * What both texts begin and end with is found by comparing, and is all there is
 * to do for most changes.  Of the rest the old text is cut into blocks, whose
 * hashes are put into a table, and the new one is looked up in it at every
 * byte; what is found is made as long as it goes, in both directions.  So does
 * xdelta (J. MacDonald, File System Support for Delta Compression, 2000), and
 * Git after it; our hash is not a rolling one, since multiplying is faster
 * today.
 */
#include "plugins/git/delta.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK		16		/* bytes that a hash is of */
#define STRIDE		8		/* from one block to the next */
#define TRIES		8		/* blocks of one hash looked at */
#define COPY_MOST	0x10000		/* one instruction, as Git has it */
#define INSERT_MOST	0x7f

struct making {
	struct gitw_delta *d;
	const unsigned char *old, *new;
	size_t old_n, new_n;
	size_t most;
	int too_long;
	uint32_t *heads, *next;		/* block numbers + 1, 0: none */
	size_t first;			/* where block 0 is in the old text */
	int shift;			/* from a hash to its head */
};

static uint64_t
load(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* How many of the first, at most MOST, bytes are the same. */
static size_t
same(const unsigned char *a, const unsigned char *b, size_t most)
{
	size_t n = 0;

	while (n + 8 <= most && load(a + n) == load(b + n))
		n += 8;
	while (n < most && a[n] == b[n])
		n++;
	return n;
}

/* The same backwards, before A and B. */
static size_t
same_before(const unsigned char *a, const unsigned char *b, size_t most)
{
	size_t n = 0;

	while (n + 8 <= most && load(a - n - 8) == load(b - n - 8))
		n += 8;
	while (n < most && a[-(ptrdiff_t)n - 1] == b[-(ptrdiff_t)n - 1])
		n++;
	return n;
}

/* ---- Instructions ------------------------------------------------------- */

static unsigned char *
room_for(struct making *m, size_t n)
{
	unsigned char *at = m->d->out + m->d->n;

	if (m->too_long || n > m->most - m->d->n) {
		m->too_long = 1;
		return NULL;
	}
	m->d->n += n;
	return at;
}

static void
put_length(struct making *m, size_t length)
{
	unsigned char bytes[10], *at;
	size_t n = 0;

	for (; length > 0x7f; length >>= 7)
		bytes[n++] = (unsigned char)(0x80 | (length & 0x7f));
	bytes[n++] = (unsigned char)length;
	if ((at = room_for(m, n)) != NULL)
		memcpy(at, bytes, n);
}

/* Bytes of the new text, as they are. */
static void
insert(struct making *m, size_t from, size_t n)
{
	while (n > 0) {
		size_t piece = n < INSERT_MOST ? n : INSERT_MOST;
		unsigned char *at = room_for(m, piece + 1);

		if (at == NULL)
			return;
		at[0] = (unsigned char)piece;
		memcpy(at + 1, m->new + from, piece);
		from += piece;
		n -= piece;
	}
}

/* One instruction: bits say which bytes of offset and length are not 0. */
static void
copy_piece(struct making *m, size_t from, size_t n)
{
	unsigned char bytes[8], *at;
	size_t used = 1;

	bytes[0] = 0x80;
	for (int i = 0; i < 4; i++)
		if ((from >> (8 * i) & 0xff) != 0) {
			bytes[0] |= (unsigned char)(1 << i);
			bytes[used++] = (unsigned char)(from >> (8 * i));
		}
	for (int i = 0; n != COPY_MOST && i < 2; i++)
		if ((n >> (8 * i) & 0xff) != 0) {
			bytes[0] |= (unsigned char)(0x10 << i);
			bytes[used++] = (unsigned char)(n >> (8 * i));
		}
	if ((at = room_for(m, used)) != NULL)
		memcpy(at, bytes, used);
}

/* Bytes of the old text. */
static void
copy(struct making *m, size_t from, size_t n)
{
	while (n > 0 && !m->too_long) {
		size_t piece = n < COPY_MOST ? n : COPY_MOST;

		copy_piece(m, from, piece);
		from += piece;
		n -= piece;
	}
}

/* ---- Blocks ------------------------------------------------------------- */

static size_t
head_of(const struct making *m, const unsigned char *block)
{
	uint64_t hash = load(block) * 0x9e3779b97f4a7c15 + load(block + 8);

	return (size_t)(hash * 0xd6e8feb86659fd93 >> m->shift);
}

/* Put the blocks of OLD between FROM and TO into the table; -1: no memory. */
static int
index_blocks(struct making *m, size_t from, size_t to)
{
	struct gitw_delta *d = m->d;
	size_t blocks = to - from < BLOCK ? 0 :
	    (to - from - BLOCK) / STRIDE + 1;
	size_t heads = 16;

	m->first = from;
	for (m->shift = 60; heads < blocks; m->shift--)
		heads *= 2;
	if (heads + blocks > d->table_room) {
		free(d->table);
		d->table_room = heads + blocks;
		d->table = malloc(d->table_room * sizeof(*d->table));
		if (d->table == NULL) {
			d->table_room = 0;
			return -1;
		}
	}
	m->heads = d->table;
	m->next = d->table + heads;
	memset(m->heads, 0, heads * sizeof(*m->heads));
	/* From the last one, so that those of a hash begin with the first. */
	for (size_t i = blocks; i-- > 0;) {
		size_t head = head_of(m, m->old + from + i * STRIDE);

		m->next[i] = m->heads[head];
		m->heads[head] = (uint32_t)(i + 1);
	}
	return 0;
}

/*
 * The longest of the old text that is at AT of the new one, before END: its
 * length, 0 if none, and *FROM.
 */
static size_t
look_up(const struct making *m, size_t *from, size_t at, size_t end)
{
	uint32_t i = m->heads[head_of(m, m->new + at)];
	size_t longest = 0;

	for (int tries = TRIES; i != 0 && tries > 0; tries--) {
		size_t old = m->first + (size_t)(i - 1) * STRIDE;
		size_t most = m->old_n - old < end - at ? m->old_n - old :
		    end - at;
		size_t n = same(m->old + old, m->new + at, most);

		if (n > longest && n >= BLOCK) {
			longest = n;
			*from = old;
		}
		i = m->next[i - 1];
	}
	return longest;
}

/* The new text from AT to END, by the table. */
static void
search(struct making *m, size_t at, size_t end)
{
	size_t done = at;		/* what is before that is written */

	while (at + BLOCK <= end && !m->too_long) {
		size_t from = 0, before, n = look_up(m, &from, at, end);

		if (n == 0) {
			at++;
			continue;
		}
		before = same_before(m->old + from, m->new + at,
		    from < at - done ? from : at - done);
		insert(m, done, at - before - done);
		copy(m, from - before, n + before);
		done = at += n;
	}
	insert(m, done, end - done);
}

/* ---- Deltas ------------------------------------------------------------- */

static int
reserve(struct gitw_delta *d, size_t most)
{
	d->n = 0;
	if (most <= d->room)
		return 0;
	free(d->out);
	d->out = malloc(most);
	d->room = d->out == NULL ? 0 : most;
	return d->out == NULL ? -1 : 0;
}

int
gitw_delta_make(struct gitw_delta *d, const void *old, size_t old_n,
    const void *new, size_t new_n, size_t most)
{
	struct making m = { .d = d, .old = old, .new = new, .old_n = old_n,
		.new_n = new_n, .most = most };
	size_t shorter = old_n < new_n ? old_n : new_n, before, behind;

	if (old_n > UINT32_MAX || new_n > UINT32_MAX)
		return 0;
	if (reserve(d, most) != 0)
		return -1;
	put_length(&m, old_n);
	put_length(&m, new_n);
	before = same(m.old, m.new, shorter);
	behind = same_before(m.old + old_n, m.new + new_n, shorter - before);
	copy(&m, 0, before);
	if (new_n - before - behind < BLOCK ||
	    old_n - before - behind < BLOCK) {
		insert(&m, before, new_n - before - behind);
	} else {
		if (index_blocks(&m, before, old_n - behind) != 0)
			return -1;
		search(&m, before, new_n - behind);
	}
	copy(&m, old_n - behind, behind);
	return !m.too_long;
}

void
gitw_delta_free(struct gitw_delta *d)
{
	free(d->out);
	free(d->table);
	memset(d, 0, sizeof(*d));
}
