/*
 * side_source_hash.h: hashes of files, which targets compare with their own,
 * and the rest of files that they have the beginning of.
 */
#ifndef RSYNC_SIDE_SOURCE_HASH_H
#define RSYNC_SIDE_SOURCE_HASH_H

#include "side_source_send.h"

static inline int
rs_is_hashed(const struct rs_hashed *h, const char *path, const xn_entry *e)
{
	return h->path != NULL && strcmp(h->path, path) == 0 &&
	    rs_same_file(&h->e, e) && h->e.ctime == e->ctime &&
	    h->e.ctime_nanoseconds == e->ctime_nanoseconds;
}

/*
 * The hash of the file that is being sent, PATH: several targets ask for it at
 * about the same time, and it is read once for all of them.  0 or -1.
 */
static inline int
rs_hash_now(struct rs_source *s, const struct rs_sending *f, const char *path,
    unsigned char hash[16])
{
	struct rs_hashed *h = &s->hashed[rs_name_mark(path) % RS_HASHED];

	if (rs_is_hashed(h, path, &f->before)) {
		memcpy(hash, h->hash, 16);
		return 0;
	}
	if (xn_hash_file(f->fd, f->size, hash) != 0)
		return -1;
	if (s->peers_n > 1) {
		xn_free(h->path);
		h->path = rs_join(path, "");
		h->e = f->before;
		memcpy(h->hash, hash, 16);
	}
	return 0;
}

static inline void
rs_hashes_close(struct rs_source *s)
{
	for (int i = 0; i < RS_HASHED; i++)
		xn_free(s->hashed[i].path);
}

/* H path */
static inline void
rs_on_hash(struct rs_source *s, struct rs_peer *p, const char *path)
{
	struct rs_sending *f = &p->sending;
	unsigned char hash[16];

	if (rs_send_open(s, p, path) != 0)
		return;
	if (rs_hash_now(s, f, path, hash) != 0) {
		rs_send_failed(s, p, errno);
		return;
	}
	rs_room(&p->out, 32);
	rs_put_byte(&p->out, 'H');
	rs_put_hash(&p->out, hash);
	rs_sending_end(s, f);
}

/*
 * A path flags size hash: what is behind the first SIZE bytes, if their hash
 * is that; else all of it.
 */
static inline void
rs_on_tail(struct rs_source *s, struct rs_peer *p)
{
	struct rs_sending *f = &p->sending;
	char *path = rs_get_text(&p->in);
	int flags = rs_get_byte(&p->in);
	long long size = rs_get_below(&p->in, 0x7fffffffffffffffull, "a size");
	const unsigned char *theirs = rs_get_raw(&p->in, 16);
	unsigned char ours[16];
	int ok = rs_send_open(s, p, path) == 0;

	xn_free(path);
	if (!ok)
		return;
	f->hash = xn_hash_start();
	if (size <= f->size && xn_hash_file(f->fd, size, ours) == 0 &&
	    memcmp(ours, theirs, 16) == 0) {
		f->at = size;
		f->growing = flags & RS_GROWING;
	}
	rs_put_head(p, f->at == size && size > 0 ? 'T' : 'F', &f->before);
}

#endif
