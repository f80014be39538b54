/*
 * side_source_delta.h: a file as its difference to the old one that a target
 * has.
 *
 * The signature of the old one comes with the request if it is small, else when
 * we ask for it, a batch at a time: only then does the target send anything that
 * large, and only while we do nothing but receive.
 */
#ifndef RSYNC_SIDE_SOURCE_DELTA_H
#define RSYNC_SIDE_SOURCE_DELTA_H

#include "side_source_send.h"

/* Give DELTA what is there of the signature: 1 if it took some, or -1. */
static inline int
rs_feed_delta(struct rs_sending *f)
{
	int fed = 0;

	while (f->sign_at < f->sign_n) {
		size_t n = f->sign_n - f->sign_at;

		if (n > RS_SIGN_PIECE)
			n = RS_SIGN_PIECE;
		if (xn_delta_add(f->delta, f->sign + f->sign_at, n) != 0)
			return errno == EAGAIN && fed ? 1 : -1;
		f->sign_at += n;
		fed = 1;
	}
	return fed;
}

/* How many bytes the next batch has. */
static inline size_t
rs_batch(const struct rs_sending *f)
{
	long long most = rs_sign_batch(f->sign_all - f->sign_left);

	return (size_t)(f->sign_left < most ? f->sign_left : most);
}

/* More of the signature is needed: from what we have, or from the target. */
static inline void
rs_more_signature(struct rs_source *s, struct rs_peer *p)
{
	struct rs_sending *f = &p->sending;

	if (f->sign_at < f->sign_n) {
		if (rs_feed_delta(f) < 0)
			rs_send_failed(s, p, errno);
		return;
	}
	if (f->sign_left == 0) {
		rs_send_failed(s, p, EINVAL);
		return;
	}
	f->sign_at = f->sign_n = 0;
	f->sign_wanted = rs_batch(f);
	rs_room(&p->out, 1);
	rs_put_byte(&p->out, 'y');
	rs_flush(&p->out);
}

/* A piece of the batch that was asked for. */
static inline void
rs_take_signature(struct rs_source *s, struct rs_peer *p)
{
	struct rs_sending *f = &p->sending;
	const unsigned char *bytes;
	size_t n;

	if (rs_get_byte(&p->in) != 'S')
		xn_fail("a target did not send its signature");
	bytes = rs_get_bytes(&p->in, &n);
	if (n == 0 || n > f->sign_wanted)
		xn_fail("a target sent more of a signature than it has");
	memcpy(f->sign + f->sign_n, bytes, n);
	f->sign_n += n;
	f->sign_wanted -= n;
	f->sign_left -= (long long)n;
	if (f->sign_wanted == 0 && rs_feed_delta(f) < 0)
		rs_send_failed(s, p, errno);
}

/* The next step; it is told when it is one. */
static inline void
rs_send_step(struct rs_source *s, struct rs_peer *p)
{
	struct rs_sending *f = &p->sending;
	unsigned char hash[16];
	xn_delta_step step;

	switch (xn_delta_next(f->delta, &step)) {
	case XN_DELTA_STEP:
		if (step.from < 0) {
			rs_put_data(p, step.bytes, (size_t)step.length);
			break;
		}
		rs_room(&p->out, 32);
		rs_put_byte(&p->out, 'k');
		rs_put(&p->out, (unsigned long long)step.from);
		rs_put(&p->out, (unsigned long long)step.length);
		break;
	case XN_DELTA_MORE:
		rs_more_signature(s, p);
		break;
	case XN_DELTA_END:
		xn_delta_hash(f->delta, hash);
		rs_put_end(s, p, hash);
		break;
	default:
		rs_send_failed(s, p, errno);
	}
}

/* C path block old-size bytes-of-signature [signature] */
static inline void
rs_on_delta(struct rs_source *s, struct rs_peer *p)
{
	struct rs_sending *f = &p->sending;
	char *path = rs_get_text(&p->in);
	long long block = rs_get_below(&p->in, 1 << 20, "a block");
	long long old_size = rs_get_below(&p->in, 0x7fffffffffffffffull,
	    "a size");
	long long left = rs_get_below(&p->in, 0x7fffffffffffffffull,
	    "a signature");
	const unsigned char *here = NULL;
	int ok;

	if (left <= RS_SIGN_HERE)
		here = rs_get_raw(&p->in, (size_t)left);
	ok = rs_send_open(s, p, path) == 0;
	xn_free(path);
	if (!ok)
		return;
	f->delta = xn_delta_open(f->fd, f->size, old_size, block,
	    s->inplace ? XN_DELTA_INPLACE : 0);
	f->sign_all = f->sign_left = here != NULL ? 0 : left;
	if (here == NULL)
		f->sign = xn_malloc(RS_SIGN_BATCH);
	if (f->delta == NULL || (here == NULL && f->sign == NULL) ||
	    (here != NULL && xn_delta_add(f->delta, here, (size_t)left) != 0)) {
		rs_send_failed(s, p, errno);
		return;
	}
	rs_put_head(p, 'F', &f->before);
}

#endif
