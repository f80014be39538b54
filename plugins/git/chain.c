/*
 * chain.c: see chain.h.
 */
#include "plugins/git/chain.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/git/deflate.h"
#include "plugins/git/delta.h"

#define HEADER_MOST	32		/* bytes: header and way to the base */
#define FIRST		512		/* that are read with a header: all of
					 * most deltas is in them */
#define DEPTH_MOST	256

/* An entry of the pack. */
struct entry {
	int type;
	uint64_t size;			/* inflated */
	uint64_t base;			/* of an OFS_DELTA: where that begins;
					 * 0: nowhere */
	uint64_t data;			/* where zlib's stream begins */
	const unsigned char *small;	/* what it inflates to, if that is
					 * known; or null */
};

static xn_error_t *
damaged(const struct gitw_source *source, uint64_t at)
{
	return xn_error_create(XN_E_JOB, "%s is damaged at %llu",
	    source->path, (unsigned long long)at);
}

/* ---- Entries ------------------------------------------------------------ */

/* P has zeros behind what was read, so that numbers end there. */
static void
parse_header(struct entry *entry, const unsigned char *p, uint64_t at)
{
	size_t n = 0;
	uint64_t back;
	int shift = 4;

	entry->type = p[0] >> 4 & 7;
	entry->size = p[0] & 15;
	while (p[n++] & 0x80 && shift < 60) {
		entry->size |= (uint64_t)(p[n] & 0x7f) << shift;
		shift += 7;
	}
	entry->base = 0;
	if (entry->type == GITW_OFS_DELTA) {
		back = p[n] & 0x7f;
		while (p[n++] & 0x80 && n < HEADER_MOST)
			back = (back + 1) << 7 | (p[n] & 0x7f);
		entry->base = back > 0 && back < at ? at - back : 0;
	}
	entry->data = at + n;
	entry->small = NULL;
}

static xn_error_t *
no_memory(void)
{
	return xn_error_create(XN_E_NOMEM, "out of memory for an object");
}

static xn_error_t *
ready(struct gitw_chain *chain)
{
	int status = chain->z.state != NULL ? inflateReset(&chain->z) :
	    inflateInit(&chain->z);

	return status == Z_OK ? NULL : no_memory();
}

/* What of the stream is in the piece, to its room.  (Told that it is to finish,
 * zlib keeps no copy of what it made.) */
static int
go_on(struct gitw_chain *chain)
{
	int status = inflate(&chain->z, Z_FINISH);

	return status == Z_BUF_ERROR ? Z_OK : status;
}

/* The header of the entry at AT, and the beginning of its stream. */
static xn_error_t *
read_header(struct entry *entry, struct gitw_chain *chain,
    const struct gitw_source *source, uint64_t at)
{
	size_t n = 0, got = 1;

	for (; got > 0 && n < FIRST; n += got)
		XN_TRY(source->read(&got, source->baton, chain->piece + n,
		    FIRST - n, at + n));
	memset(chain->piece + n, 0, HEADER_MOST + 1);
	parse_header(entry, chain->piece, at);
	if (n < entry->data - at)
		return damaged(source, at);
	chain->have = n - (size_t)(entry->data - at);
	memmove(chain->piece, chain->piece + (entry->data - at), chain->have);
	return NULL;
}

/* A small delta, of which all is at hand, is inflated at once. */
static xn_error_t *
inflate_small(struct entry *entry, struct gitw_chain *chain)
{
	unsigned char *to = chain->small + chain->used;
	z_stream *z = &chain->z;

	if (entry->type != GITW_OFS_DELTA ||
	    entry->size > sizeof(chain->small) - chain->used)
		return NULL;
	XN_TRY(ready(chain));
	z->next_out = to;
	z->avail_out = (unsigned int)entry->size;
	z->next_in = chain->piece;
	z->avail_in = (unsigned int)chain->have;
	/* (What is wrong with it is told when it is read again.) */
	if (go_on(chain) != Z_STREAM_END || z->avail_out != 0)
		return NULL;
	entry->small = to;
	chain->used += (size_t)entry->size;
	return NULL;
}

/* How much of it to read at a time, if HAVE bytes are at hand.  (What could not
 * be made smaller is larger by a few bytes.) */
static size_t
room_for(const struct entry *entry, size_t have)
{
	uint64_t all = entry->size + entry->size / 1000 + 64;
	uint64_t left = all > have + 64 ? all - have : 64;

	return left < GITW_CHAIN_PIECE ? (size_t)left : GITW_CHAIN_PIECE;
}

/* All of ENTRY, of which HAVE bytes are at hand. */
static xn_error_t *
inflate_to(void *to, struct gitw_chain *chain, size_t have,
    const struct gitw_source *source, const struct entry *entry)
{
	z_stream *z = &chain->z;
	uint64_t at = entry->data;
	size_t room = room_for(entry, have);
	int status;


	XN_TRY(ready(chain));
	z->next_out = to;
	z->avail_out = (unsigned int)entry->size;
	for (;;) {
		z->next_in = chain->piece;
		z->avail_in = (unsigned int)have;
		at += have;
		status = go_on(chain);
		if (status != Z_OK || z->avail_in > 0)
			break;
		XN_TRY(source->read(&have, source->baton, chain->piece, room,
		    at));
		if (have == 0)
			break;
	}
	return z->avail_out == 0 && status == Z_STREAM_END ? NULL :
	    damaged(source, entry->data);
}

/* All of an entry, malloc'ed, with a NUL behind it. */
static xn_error_t *
inflate_entry(char **bytes, struct gitw_chain *chain, size_t have,
    const struct gitw_source *source, const struct entry *entry)
{
	xn_error_t *error;

	*bytes = entry->size >= UINT32_MAX ? NULL :
	    malloc((size_t)entry->size + 1);
	if (*bytes == NULL)
		return no_memory();
	error = inflate_to(*bytes, chain, have, source, entry);
	(*bytes)[entry->size] = '\0';
	if (error != NULL) {
		free(*bytes);
		*bytes = NULL;
	}
	return error;
}

/* ---- Objects ------------------------------------------------------------ */

/* What the DELTA of N bytes makes of CONTENT: 0, -1: it is not of that, 1: it
 * would have more than MOST bytes. */
static int
change(struct gitw_content *content, const void *delta, size_t n, size_t most)
{
	uint64_t length = gitw_delta_length(delta, n);
	char *made;

	if (length > most)
		return 1;
	made = malloc((size_t)length + 1);
	if (made == NULL || gitw_delta_apply(made, (size_t)length,
	    content->bytes, content->n, delta, n) != 0) {
		free(made);
		return -1;
	}
	made[length] = '\0';
	free(content->bytes);
	content->bytes = made;
	content->n = (size_t)length;
	return 0;
}

static void
drop(struct gitw_content *content)
{
	free(content->bytes);
	content->bytes = NULL;
	content->n = 0;
}

/* The delta ENTRY is applied to CONTENT. */
static xn_error_t *
apply(struct gitw_content *content, struct gitw_chain *chain,
    const struct gitw_source *source, const struct entry *entry, size_t most)
{
	char *delta = NULL;
	int status;

	if (entry->small == NULL)
		XN_TRY(inflate_entry(&delta, chain, 0, source, entry));
	status = change(content, delta == NULL ? entry->small :
	    (unsigned char *)delta, (size_t)entry->size, most);
	free(delta);
	if (status > 0)
		drop(content);
	return status < 0 ? damaged(source, entry->data) : NULL;
}

/* The entries from AT to one that is whole: *N of them, 0: that is not here, or
 * too far, or one is too large. */
static xn_error_t *
follow(struct entry entries[DEPTH_MOST], size_t *n, struct gitw_chain *chain,
    const struct gitw_source *source, uint64_t at, size_t most)
{
	struct entry *last;

	*n = 0;
	chain->used = 0;
	do {
		if (at == 0)
			return damaged(source, at);
		last = &entries[(*n)++];
		XN_TRY(read_header(last, chain, source, at));
		if (last->type == GITW_REF_DELTA || last->size > most ||
		    *n == DEPTH_MOST) {
			*n = 0;
			return NULL;
		}
		XN_TRY(inflate_small(last, chain));
		at = last->base;
	} while (last->type == GITW_OFS_DELTA);
	return last->type >= GITW_COMMIT && last->type <= GITW_TAG ? NULL :
	    damaged(source, last->data);
}

/* That of the N ENTRIES: the last, and what the others make of it. */
static xn_error_t *
unfold(struct gitw_content *content, struct gitw_chain *chain,
    const struct gitw_source *source, const struct entry *entries, size_t n,
    size_t most)
{
	const struct entry *entry = &entries[n - 1];
	xn_error_t *error = NULL;

	content->type = (enum gitw_type)entry->type;
	content->n = (size_t)entry->size;
	XN_TRY(inflate_entry(&content->bytes, chain, chain->have, source,
	    entry));
	while (error == NULL && content->bytes != NULL && entry > entries)
		error = apply(content, chain, source, --entry, most);
	if (error != NULL)
		drop(content);
	return error;
}

xn_error_t *
gitw_chain_read(struct gitw_content *content, struct gitw_chain *chain,
    const struct gitw_source *source, uint64_t at, size_t most)
{
	struct entry entries[DEPTH_MOST];
	uint64_t length = 0;
	size_t n;

	*content = (struct gitw_content){ 0 };
	XN_TRY(follow(entries, &n, chain, source, at, most));
	/* (Else that is seen when it is there.) */
	if (n > 1 && entries[0].small != NULL)
		length = gitw_delta_length(entries[0].small,
		    (size_t)entries[0].size);
	return n == 0 || length > most ? NULL : unfold(content, chain, source,
	    entries, n, most);
}

void
gitw_chain_free(struct gitw_chain *chain)
{
	if (chain->z.state != NULL)
		inflateEnd(&chain->z);
	chain->z.state = NULL;
}
