/*
 * buf.h: a growing byte buffer with a maximum, and big-endian integers.
 *
 * Bytes are put at the end and consumed from the front.  The struct is open so
 * that I/O can read into it without a copy; only these functions change it.
 */
#ifndef XN_WIRE_BUF_H
#define XN_WIRE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct xn_buf {
	uint8_t *base;		/* malloc'ed, NULL when cap is 0 */
	size_t start;		/* offset of the first byte not yet consumed */
	size_t end;		/* offset behind the last byte */
	size_t cap;		/* allocated */
	size_t max;		/* end - start never grows above this */
};

/* Make B empty; at most MAX bytes will ever be held.  Allocates nothing. */
void xn_buf_init(struct xn_buf *b, size_t max);

/* Free what B holds and make it empty; the maximum stays. */
void xn_buf_free(struct xn_buf *b);

/* How many bytes are held, and the first of them (valid until the next put). */
size_t xn_buf_len(const struct xn_buf *b);
uint8_t *xn_buf_data(const struct xn_buf *b);

/*
 * Make room for N more bytes and point *ROOM at it; xn_buf_commit then says
 * how many were really written there.  XN_C_TOO_BIG above the maximum.
 */
int xn_buf_reserve(struct xn_buf *b, size_t n, uint8_t **room);
void xn_buf_commit(struct xn_buf *b, size_t n);

/* Append.  XN_C_OK, XN_C_TOO_BIG or XN_C_NOMEM; nothing is half done. */
int xn_buf_put(struct xn_buf *b, const void *bytes, size_t n);
int xn_buf_put_u8(struct xn_buf *b, uint8_t v);
int xn_buf_put_u32(struct xn_buf *b, uint32_t v);

/*
 * Move what is held into BLOCK (malloc'ed, of CAP bytes, which are enough; B's
 * from now on).  Returns the block that it was in, now the caller's, or NULL.
 */
uint8_t *xn_buf_move(struct xn_buf *b, uint8_t *block, size_t cap);

/* Drop N bytes from the front; N is at most xn_buf_len(b). */
void xn_buf_consume(struct xn_buf *b, size_t n);

/* Drop what is behind the first N bytes; N is at most xn_buf_len(b). */
void xn_buf_truncate(struct xn_buf *b, size_t n);

/* Big-endian load and store. */
uint32_t xn_get_u32(const uint8_t *p);
void xn_set_u32(uint8_t *p, uint32_t v);
uint64_t xn_get_u64(const uint8_t *p);
void xn_set_u64(uint8_t *p, uint64_t v);

#endif
