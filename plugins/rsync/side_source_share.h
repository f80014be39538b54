/*
 * side_source_share.h: what several targets want is read and hashed once.
 *
 * A file on its way to several: who is furthest has the hash made, and leaves
 * the last pieces for those behind.  One who is so far behind that a piece has
 * gone reads it again; the hash is still that of the first.  Small files that
 * come with a folder's list are kept for a moment, as the lists are.
 */
#ifndef RSYNC_SIDE_SOURCE_SHARE_H
#define RSYNC_SIDE_SOURCE_SHARE_H

#include "side_source.h"

static inline int
rs_same_file(const xn_entry *a, const xn_entry *b)
{
	return a->size == b->size && a->mtime == b->mtime &&
	    a->nanoseconds == b->nanoseconds && a->inode == b->inode;
}

/* ---- A file on its way to several ----------------------------------------- */

/* The reading of the file PATH as it was BEFORE, for one more target. */
static inline struct rs_reading *
rs_reading_join(struct rs_source *s, const char *path, const xn_entry *before)
{
	struct rs_reading *r;

	for (r = s->readings; r != NULL; r = r->next)
		if (rs_same_file(&r->before, before) &&
		    r->before.ctime == before->ctime &&
		    r->before.ctime_nanoseconds == before->ctime_nanoseconds &&
		    strcmp(r->path, path) == 0)
			break;
	if (r == NULL) {
		r = rs_memory(sizeof(*r));
		r->path = rs_join(path, "");
		r->before = *before;
		r->hash = xn_hash_start();
		r->next = s->readings;
		s->readings = r;
	}
	r->users++;
	return r;
}

/* Take R out of the list, and free it. */
static inline void
rs_reading_free(struct rs_source *s, struct rs_reading *r)
{
	struct rs_reading **at = &s->readings;
	unsigned char ignored[16];

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (r->hash != NULL)
		xn_hash_end(r->hash, ignored);
	for (int i = 0; i < RS_PIECES; i++)
		xn_free(r->pieces[i].bytes);
	xn_free(r->path);
	xn_free(r);
}

/* One target less.  What was read to its end stays a while, for who is a few
 * files behind; what nobody takes goes, the oldest first. */
static inline void
rs_reading_leave(struct rs_source *s, struct rs_reading *r)
{
	struct rs_reading *oldest = NULL;
	int idle = 0;

	if (r == NULL || --r->users > 0)
		return;
	if (s->peers_n < 2 || r->hash != NULL) {
		rs_reading_free(s, r);
		return;
	}
	for (r = s->readings; r != NULL; r = r->next) {
		if (r->users == 0) {
			oldest = r;	/* new ones come first */
			idle++;
		}
	}
	if (idle > RS_IDLE)
		rs_reading_free(s, oldest);
}

static inline void
rs_readings_close(struct rs_source *s)
{
	while (s->readings != NULL)
		rs_reading_free(s, s->readings);
}

/* The N bytes at AT, or a hole of HOLE bytes there, go into the hash if nobody
 * was there before. */
static inline void
rs_reading_add(struct rs_reading *r, long long at, const void *bytes, size_t n,
    long long hole)
{
	if (at != r->hashed || r->hash == NULL)
		return;
	if (hole > 0)
		xn_hash_add(r->hash, &hole, sizeof(hole));
	else
		xn_hash_add(r->hash, bytes, n);
	r->hashed += hole > 0 ? hole : (long long)n;
}

/* The hash of all: 0, or -1 if it was not read as one file. */
static inline int
rs_reading_end(struct rs_reading *r, unsigned char hash[16])
{
	if (r->hashed != r->before.size)
		return -1;
	if (r->hash != NULL)
		xn_hash_end(r->hash, r->whole);
	r->hash = NULL;
	memcpy(hash, r->whole, 16);
	return 0;
}

static inline struct rs_piece *
rs_piece_at(struct rs_reading *r, long long at)
{
	return &r->pieces[at / RS_DATA % RS_PIECES];
}

/*
 * At most N bytes of F from where it is, in *BYTES until the next call: how
 * many, 0 if there are none, or -1 and errno.
 */
static inline ssize_t
rs_reading_piece(struct rs_source *s, struct rs_sending *f, size_t n,
    const unsigned char **bytes)
{
	struct rs_piece *piece = rs_piece_at(f->reading, f->at);
	ssize_t got;

	if (piece->bytes != NULL && piece->at == f->at && piece->n == n) {
		*bytes = piece->bytes;
		return (ssize_t)n;
	}
	got = pread(f->fd, s->piece, n, f->at);
	*bytes = s->piece;
	if (got <= 0)
		return got;
	s->bytes += got;
	if (s->peers_n == 1)
		return got;
	if (piece->bytes == NULL)
		piece->bytes = rs_memory(RS_DATA);
	memcpy(piece->bytes, s->piece, (size_t)got);
	piece->at = f->at;
	piece->n = (size_t)got;
	return got;
}

/* ---- Small files -------------------------------------------------------------- */

/* Read the small file PATH, which the list says is E, into the source's piece:
 * 0, or -1 if it is not that. */
static inline int
rs_small_read(struct rs_source *s, const char *path, const xn_entry *e)
{
	int fd = xn_open(s->root, path, XN_O_READ, 0), ok;
	xn_entry now;

	ok = fd != -1 && xn_read_full(fd, s->piece, (size_t)e->size + 1) ==
	    (ssize_t)e->size && xn_fentry(fd, &now) == 0 && now.type == 'f' &&
	    rs_same_file(&now, e);
	if (fd != -1)
		close(fd);
	s->bytes += ok ? e->size : 0;
	return ok ? 0 : -1;
}

/* The oldest of those that are kept goes. */
static inline void
rs_small_drop(struct rs_smalls *k)
{
	struct rs_small *small = &k->ring[k->first++ % RS_SMALLS];

	if (small->of != NULL)
		small->of->smalls[small->index] = NULL;
	xn_free(small->bytes);
	k->bytes -= small->n;
	memset(small, 0, sizeof(*small));
}

/* Keep what was read of entry INDEX of L, N bytes. */
static inline const struct rs_small *
rs_small_keep(struct rs_source *s, struct rs_listed *l, int index, size_t n)
{
	struct rs_smalls *k = s->smalls;
	struct rs_small *small;

	while (k->first != k->next && (k->bytes + n > RS_SMALL_BYTES ||
	    k->next - k->first == RS_SMALLS))
		rs_small_drop(k);
	if (l->smalls == NULL)
		l->smalls = rs_memory((size_t)xn_list_n(l->list) *
		    sizeof(*l->smalls));
	small = &k->ring[k->next++ % RS_SMALLS];
	small->of = l;
	small->index = index;
	small->bytes = rs_memory(n + 1);
	small->n = n;
	memcpy(small->bytes, s->piece, n);
	xn_hash_bytes(small->bytes, n, small->hash);
	k->bytes += n;
	return l->smalls[index] = small;
}

/* The bytes of PATH, entry E of the list L, and their hash, good until the next
 * call; or null. */
static inline const unsigned char *
rs_small(struct rs_source *s, struct rs_listed *l, const char *path,
    const xn_entry *e, unsigned char hash[16])
{
	int index = (int)(e - xn_list_entry(l->list, 0));
	const struct rs_small *small = l->smalls == NULL ? NULL :
	    l->smalls[index];

	if (small == NULL && rs_small_read(s, path, e) != 0)
		return NULL;
	if (small == NULL && s->smalls == NULL) {
		xn_hash_bytes(s->piece, (size_t)e->size, hash);
		return s->piece;
	}
	if (small == NULL)
		small = rs_small_keep(s, l, index, (size_t)e->size);
	memcpy(hash, small->hash, 16);
	return small->bytes;
}

static inline void
rs_smalls_close(struct rs_source *s)
{
	while (s->smalls != NULL && s->smalls->first != s->smalls->next)
		rs_small_drop(s->smalls);
	xn_free(s->smalls);
	s->smalls = NULL;
}

#endif
