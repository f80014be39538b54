/*
 * side_source_send.h: the content of a file, on its way to one target.
 *
 * A file that changes while it is read is not what anybody wrote: what lies
 * between its first and its last look is told as failed with ESTALE, and the
 * target asks again.
 */
#ifndef RSYNC_SIDE_SOURCE_SEND_H
#define RSYNC_SIDE_SOURCE_SEND_H

#include "side_source.h"

static inline void
rs_sending_end(struct rs_sending *f)
{
	if (f->fd != -1)
		close(f->fd);
	if (f->hash != NULL) {
		unsigned char ignored[16];

		xn_hash_end(f->hash, ignored);
	}
	if (f->delta != NULL)
		xn_delta_close(f->delta);
	xn_free(f->path);
	xn_free(f->sign);
	memset(f, 0, sizeof(*f));
	f->fd = -1;
}

static inline int
rs_same_file(const xn_entry *a, const xn_entry *b)
{
	return a->size == b->size && a->mtime == b->mtime &&
	    a->nanoseconds == b->nanoseconds && a->inode == b->inode;
}

/* It cannot be sent: why. */
static inline void
rs_send_failed(struct rs_peer *p, int error)
{
	rs_room(&p->out, 16);
	rs_put_byte(&p->out, 'V');
	rs_put(&p->out, (unsigned long long)error);
	rs_sending_end(&p->sending);
}

/* Open PATH to be sent: 0, or -1 and the peer has been told. */
static inline int
rs_send_open(struct rs_source *s, struct rs_peer *p, const char *path)
{
	struct rs_sending *f = &p->sending;

	if (!rs_takes(&s->selection, path, 0)) {
		rs_send_failed(p, ENOENT);
		return -1;
	}
	f->path = rs_join(path, "");
	f->fd = xn_open(s->root, path, XN_O_READ, 0);
	if (f->fd == -1 || xn_fentry(f->fd, &f->before) != 0) {
		rs_send_failed(p, errno);
		return -1;
	}
	if (f->before.type != 'f') {
		rs_send_failed(p, ESTALE);
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
	p->sending.hash = xn_hash_start();
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
		rs_send_failed(p, ESTALE);
		return;
	}
	s->files++;
	rs_room(&p->out, 32);
	rs_put_byte(&p->out, 'Z');
	rs_put_hash(&p->out, hash);
	rs_sending_end(f);
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
rs_put_data(struct rs_source *s, struct rs_peer *p, const void *bytes,
    size_t n)
{
	const unsigned char *at = bytes;

	s->bytes += (long long)n;
	while (n > 0) {
		size_t some = n < RS_DATA ? n : RS_DATA;

		rs_room(&p->out, some + 16);
		rs_put_byte(&p->out, 'b');
		rs_put_bytes(&p->out, at, some);
		at += some;
		n -= some;
	}
}

/* The hash is of the bytes of data and, of each hole, its length. */
static inline void
rs_send_piece(struct rs_source *s, struct rs_peer *p)
{
	struct rs_sending *f = &p->sending;
	unsigned char hash[16];
	long long hole = f->at;
	ssize_t n;

	if (f->at < f->size && (f->data_end == -1 || f->at == f->data_end)) {
		rs_skip_hole(p);
		hole = f->at - hole;
		if (hole > 0)
			xn_hash_add(f->hash, &hole, sizeof(hole));
	}
	if (f->at == f->size) {
		xn_hash_end(f->hash, hash);
		f->hash = NULL;
		rs_put_end(s, p, hash);
		return;
	}
	n = pread(f->fd, s->piece, f->data_end - f->at < RS_DATA ?
	    (size_t)(f->data_end - f->at) : RS_DATA, f->at);
	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		rs_send_failed(p, n == 0 ? ESTALE : errno);
		return;
	}
	xn_hash_add(f->hash, s->piece, (size_t)n);
	rs_put_data(s, p, s->piece, (size_t)n);
	f->at += n;
}

/*
 * A small file at once: its entry and its content in one record.  0 if it is
 * not what the list said (changed, or not to be had): it is told as an entry,
 * and asked for.
 */
static inline int
rs_send_inline(struct rs_source *s, struct rs_peer *p, const char *dir,
    const xn_entry *e)
{
	unsigned char hash[16];
	char *path = rs_join(dir, e->name);
	int fd = xn_open(s->root, path, XN_O_READ, 0);
	size_t size = (size_t)e->size;
	xn_entry now;
	int ok;

	xn_free(path);
	ok = fd != -1 && xn_read_full(fd, s->piece, size + 1) ==
	    (ssize_t)size && xn_fentry(fd, &now) == 0 && now.type == 'f' &&
	    rs_same_file(&now, e);
	if (fd != -1)
		close(fd);
	if (!ok)
		return 0;
	xn_hash_bytes(s->piece, size, hash);
	rs_room(&p->out, rs_entry_room(e) + size + 32);
	rs_put_byte(&p->out, 'f');
	rs_put_entry(&p->out, e);
	rs_put_bytes(&p->out, s->piece, size);
	rs_put_hash(&p->out, hash);
	s->files++;
	s->bytes += e->size;
	return 1;
}

#endif
