/*
 * side_target_delta.h: a file that changed, made of what is here and of what
 * differs.
 */
#ifndef RSYNC_SIDE_TARGET_DELTA_H
#define RSYNC_SIDE_TARGET_DELTA_H

#include "side_target_queue.h"

#define RS_DELTA_LEAST	(16 * 1024)	/* below, all of it is sent */

/* Has W's file, whose old one is MINE, enough in common with it, perhaps? */
static inline int
rs_delta_pays(const struct rs_target *t, const xn_entry *e,
    const xn_entry *mine)
{
	return !t->whole_file && mine != NULL && mine->type == 'f' &&
	    mine->size >= RS_DELTA_LEAST && e->size >= RS_DELTA_LEAST;
}

/* Open W's old file; the request is for it as it is now.  -1: it is gone. */
static inline int
rs_open_old(struct rs_target *t, struct rs_want *w, xn_entry *now)
{
	int base = rs_folder(t, w->dir->path);
	int fd = base == -1 ? -1 : xn_open(base, w->item->e.name, XN_O_READ,
	    0);

	if (fd != -1 && (xn_fentry(fd, now) != 0 || now->type != 'f')) {
		close(fd);
		return -1;
	}
	return fd;
}

/* How many bytes the signature has. */
static inline long long
rs_signature_bytes(long long size, long long block)
{
	return (size + block - 1) / block * XN_DELTA_ENTRY;
}

/*
 * Ask for W by delta: 1, or 0 if that cannot be.  After one whose signature is
 * large nothing more is asked until it has come.
 */
static inline int
rs_ask_delta(struct rs_target *t, struct rs_want *w)
{
	xn_entry now;
	int fd = rs_open_old(t, w, &now), ok = 1;
	unsigned char *here = NULL;
	char *path;
	long long n;

	if (fd == -1)
		return 0;
	w->old_size = now.size;
	w->block = xn_delta_block(now.size);
	n = rs_signature_bytes(now.size, w->block);
	if (n <= RS_SIGN_HERE) {
		here = rs_memory((size_t)n + 1);
		ok = xn_delta_sign(fd, 0, now.size, w->block, here,
		    (size_t)n) == n;
	}
	else
		t->signing = xn_signing_open(fd, now.size, w->block);
	close(fd);
	if (ok) {
		path = rs_join(w->dir->path, w->item->e.name);
		w->kind = 'C';
		rs_request(t, w, strlen(path) + 64 + (here != NULL ? (size_t)n :
		    0));
		rs_put_byte(&t->out, 'C');
		rs_put_text(&t->out, path);
		rs_put(&t->out, (unsigned long long)w->block);
		rs_put(&t->out, (unsigned long long)now.size);
		rs_put(&t->out, (unsigned long long)n);
		if (here != NULL) {
			memcpy(t->out.bytes + t->out.n, here, (size_t)n);
			t->out.n += (size_t)n;
		}
		if (here == NULL)
			t->holding = w;
		xn_free(path);
	}
	xn_free(here);
	return ok;
}

/* N bytes of W's old file, signed to OUT: how many bytes that has, or -1. */
static inline int
rs_sign_some(struct rs_target *t, struct rs_want *w, int fd, long long n,
    unsigned char *out)
{
	long long has = rs_signature_bytes(n, w->block);

	if (t->signing == NULL)
		return fd == -1 ? -1 : xn_delta_sign(fd, w->signed_to, n,
		    w->block, out, RS_SIGN_PIECE);
	return xn_signing_get(t->signing, (size_t)rs_signature_bytes(
	    w->signed_to, w->block), out, (size_t)has) != 0 ? -1 : (int)has;
}

/* The other end takes the next batch of W's signature. */
static inline void
rs_send_signature(struct rs_target *t, struct rs_want *w)
{
	unsigned char *piece = rs_memory(RS_SIGN_PIECE);
	long long step = RS_SIGN_PIECE / XN_DELTA_ENTRY * w->block;
	long long sent = 0, batch = rs_sign_batch(rs_signature_bytes(
	    w->signed_to, w->block));
	xn_entry now;
	int fd = t->reading = t->signing != NULL ? -1 : rs_open_old(t, w,
	    &now), n;

	while (sent < batch && w->signed_to < w->old_size) {
		long long left = w->old_size - w->signed_to;

		if (left > step)
			left = step;
		n = rs_sign_some(t, w, fd, left, piece);
		if (n < 0) {
			/* It is not what it was: anything will do, since the
			 * result is looked at. */
			n = (int)rs_signature_bytes(left, w->block);
			memset(piece, 0, (size_t)n);
		}
		rs_room(&t->out, (size_t)n + 16);
		rs_put_byte(&t->out, 'S');
		rs_put_bytes(&t->out, piece, (size_t)n);
		w->signed_to += left;
		sent += n;
	}
	rs_flush(&t->out);
	xn_free(piece);
	if (fd != -1)
		close(fd);
	t->reading = -1;
}

/* ---- It comes ------------------------------------------------------------------ */

static inline void
rs_arrive_old(struct rs_target *t, struct rs_want *w)
{
	xn_entry now;

	t->arriving.old = t->arriving.in_place ? t->arriving.fd :
	    rs_open_old(t, w, &now);
}

/* Where something old is, zeros are written. */
static inline int
rs_arrive_flags(const struct rs_arriving *a)
{
	return a->in_place && a->at < a->before ? 0 : a->flags;
}

/* N bytes of the old file, at FROM. */
static inline void
rs_arrive_copy(struct rs_target *t, struct rs_want *w, long long from,
    long long n)
{
	struct rs_arriving *a = &t->arriving;

	if (from > w->old_size || n > w->old_size - from || n <= 0 ||
	    n > a->size - a->at)
		xn_fail("received a range of the old file that is not in it");
	if (a->fd != -1 && !a->stale && (a->old == -1 ||
	    xn_delta_copy(a->old, from, a->fd, a->at, n,
	    rs_arrive_flags(a), a->hash) != 0)) {
		if (a->old == -1 || errno == ESTALE)
			a->stale = 1;	/* it is to be sent whole */
		else
			rs_arrive_failed(t, w);
	}
	a->at += n;
	t->stats.same_bytes += n;
}

static inline void
rs_arrive_written(struct rs_target *t, struct rs_want *w,
    const unsigned char *bytes, size_t n)
{
	struct rs_arriving *a = &t->arriving;

	if ((long long)n > a->size - a->at)
		xn_fail("received more bytes of a file than it has");
	if (a->fd != -1 && xn_delta_write(a->fd, a->at, bytes, n,
	    rs_arrive_flags(a), a->hash) != 0)
		rs_arrive_failed(t, w);
	a->at += (long long)n;
	t->stats.data_bytes += (long long)n;
}

#endif
