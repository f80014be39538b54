/*
 * side_source_send.h: the content of a file, on its way to one target.
 *
 * A file that changes while it is read is not what anybody wrote: what lies
 * between its first and its last look is told as failed with ESTALE, and the
 * target asks again.
 */
#ifndef RSYNC_SIDE_SOURCE_SEND_H
#define RSYNC_SIDE_SOURCE_SEND_H

#include "side_source_share.h"

static inline void
rs_sending_end(struct rs_source *s, struct rs_sending *f)
{
	if (f->fd != -1)
		close(f->fd);
	if (f->hash != NULL) {
		unsigned char ignored[16];

		xn_hash_end(f->hash, ignored);
	}
	rs_reading_leave(s, f->reading);
	if (f->delta != NULL)
		xn_delta_close(f->delta);
	xn_free(f->path);
	xn_free(f->sign);
	memset(f, 0, sizeof(*f));
	f->fd = -1;
}

/* It cannot be sent: why. */
static inline void
rs_send_failed(struct rs_source *s, struct rs_peer *p, int error)
{
	rs_room(&p->out, 16);
	rs_put_byte(&p->out, 'V');
	rs_put(&p->out, (unsigned long long)error);
	rs_sending_end(s, &p->sending);
}

/* Open PATH to be sent: 0, or -1 and the peer has been told. */
static inline int
rs_send_open(struct rs_source *s, struct rs_peer *p, const char *path)
{
	struct rs_sending *f = &p->sending;

	if (!rs_takes(&s->selection, path, 0)) {
		rs_send_failed(s, p, ENOENT);
		return -1;
	}
	f->path = rs_join(path, "");
	f->fd = xn_open(s->root, path, XN_O_READ, 0);
	if (f->fd == -1 || xn_fentry(f->fd, &f->before) != 0) {
		rs_send_failed(s, p, errno);
		return -1;
	}
	if (f->before.type != 'f') {
		rs_send_failed(s, p, ESTALE);
		return -1;
	}
	f->size = f->before.size;
	f->data_end = f->before.blocks * 512 < f->size ? -1 : f->size;
	return 0;
}

static inline void
rs_put_head(struct rs_peer *p, int what, const xn_entry *e)
{
	rs_room(&p->out, 64);
	rs_put_byte(&p->out, what);
	rs_put(&p->out, (unsigned long long)e->size);
	rs_put_signed(&p->out, e->mtime);
	rs_put(&p->out, (unsigned long long)e->nanoseconds);
	rs_put(&p->out, e->blocks * 512 < e->size ? 1 : 0);
}

/* All of PATH is to be sent. */
static inline void
rs_send_whole(struct rs_source *s, struct rs_peer *p, const char *path)
{
	if (rs_send_open(s, p, path) != 0)
		return;
	p->sending.reading = rs_reading_join(s, path, &p->sending.before);
	rs_put_head(p, 'F', &p->sending.before);
}

static inline void
rs_put_end(struct rs_source *s, struct rs_peer *p, const unsigned char hash[16])
{
	struct rs_sending *f = &p->sending;
	xn_entry now;
	int same = xn_fentry(f->fd, &now) == 0 && (f->growing ?
	    now.size >= f->before.size : rs_same_file(&now, &f->before));

	if (!same) {
		rs_send_failed(s, p, ESTALE);
		return;
	}
	s->files++;
	rs_room(&p->out, 32);
	rs_put_byte(&p->out, 'Z');
	rs_put_hash(&p->out, hash);
	rs_sending_end(s, f);
}

/* Where we are begins a hole, or data: so far. */
static inline int
rs_skip_hole(struct rs_peer *p)
{
	struct rs_sending *f = &p->sending;
	long long data = lseek(f->fd, f->at, SEEK_DATA);

	if (data < 0 || data > f->size)
		data = f->size;		/* ENXIO: no more data */
	if (data > f->at) {
		rs_room(&p->out, 16);
		rs_put_byte(&p->out, 'h');
		rs_put(&p->out, (unsigned long long)(data - f->at));
		f->at = data;
	}
	if (f->at == f->size)
		return 0;
	f->data_end = lseek(f->fd, f->at, SEEK_HOLE);
	if (f->data_end <= f->at || f->data_end > f->size)
		f->data_end = f->size;
	return 1;
}

/* N bytes, as many records as they need. */
static inline void
rs_put_data(struct rs_peer *p, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;

	while (n > 0) {
		size_t some = n < RS_DATA ? n : RS_DATA;

		rs_room(&p->out, some + 16);
		rs_put_byte(&p->out, 'b');
		rs_put_bytes(&p->out, at, some);
		at += some;
		n -= some;
	}
}

/* The hash of what was sent: 0, or -1 if it is not one file's. */
static inline int
rs_send_hash(struct rs_sending *f, unsigned char hash[16])
{
	if (f->reading != NULL)
		return rs_reading_end(f->reading, hash);
	xn_hash_end(f->hash, hash);
	f->hash = NULL;
	return 0;
}

/* Of the bytes of data and, of each hole, its length. */
static inline void
rs_send_add(struct rs_sending *f, long long at, const void *bytes, size_t n,
    long long hole)
{
	if (f->reading != NULL)
		rs_reading_add(f->reading, at, bytes, n, hole);
	else if (hole > 0)
		xn_hash_add(f->hash, &hole, sizeof(hole));
	else
		xn_hash_add(f->hash, bytes, n);
}

/* The next bytes of data; as rs_reading_piece(). */
static inline ssize_t
rs_send_read(struct rs_source *s, struct rs_sending *f,
    const unsigned char **bytes)
{
	size_t n = f->data_end - f->at < RS_DATA ?
	    (size_t)(f->data_end - f->at) : RS_DATA;
	ssize_t got;

	if (f->reading != NULL)
		return rs_reading_piece(s, f, n, bytes);
	got = pread(f->fd, s->piece, n, f->at);
	*bytes = s->piece;
	s->bytes += got > 0 ? got : 0;
	return got;
}

static inline void
rs_send_piece(struct rs_source *s, struct rs_peer *p)
{
	struct rs_sending *f = &p->sending;
	const unsigned char *bytes;
	unsigned char hash[16];
	long long was = f->at;
	ssize_t n;

	if (f->at < f->size && (f->data_end == -1 || f->at == f->data_end)) {
		rs_skip_hole(p);
		if (f->at > was)
			rs_send_add(f, was, NULL, 0, f->at - was);
	}
	if (f->at == f->size) {
		if (rs_send_hash(f, hash) != 0)
			rs_send_failed(s, p, ESTALE);
		else
			rs_put_end(s, p, hash);
		return;
	}
	n = rs_send_read(s, f, &bytes);
	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		rs_send_failed(s, p, n == 0 ? ESTALE : errno);
		return;
	}
	rs_send_add(f, f->at, bytes, (size_t)n, 0);
	rs_put_data(p, bytes, (size_t)n);
	f->at += n;
}

/*
 * A small file at once: its entry and its content in one record.  0 if it is
 * not what the list said (changed, or not to be had): it is told as an entry,
 * and asked for.
 */
static inline int
rs_send_inline(struct rs_source *s, struct rs_peer *p, struct rs_listed *l,
    const xn_entry *e)
{
	unsigned char hash[16];
	char *path = rs_join(l->path, e->name);
	const unsigned char *bytes = rs_small(s, l, path, e, hash);
	size_t size = (size_t)e->size;

	xn_free(path);
	if (bytes == NULL)
		return 0;
	rs_room(&p->out, rs_entry_room(e) + size + 32);
	rs_put_byte(&p->out, 'f');
	rs_put_entry(&p->out, e);
	rs_put_bytes(&p->out, bytes, size);
	rs_put_hash(&p->out, hash);
	s->files++;
	return 1;
}

#endif
