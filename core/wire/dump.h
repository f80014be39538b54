/*
 * dump.h: execnet's dump format, the bytes of a value.
 *
 * Source of the format: execnet/gateway_base.py, class opcode, _Serializer and
 * Unserializer.  It is postfix code for a stack machine: leaves push, NEWLIST
 * and NEWDICT push a container, SETITEM pops value and key into it, BUILDTUPLE,
 * SET and FROZENSET pop their items, STOP ends with exactly one value left.
 * In a message there is no version byte; dumps() and loads() have one: 1 for
 * execnet 1.x, 2 for execnet 2.x, the same opcodes behind it.
 */
#ifndef XN_WIRE_DUMP_H
#define XN_WIRE_DUMP_H

#include <execnet/value.h>
#include "core/wire/buf.h"

#define XN_VALUES_MAX	1000000u	/* values in one message */
#define XN_DEPTH_MAX	64u		/* nesting of containers */

enum xn_opcode {
	XN_OP_BUILDTUPLE = '@', XN_OP_BYTES = 'A', XN_OP_CHANNEL = 'B',
	XN_OP_FALSE = 'C', XN_OP_FLOAT = 'D', XN_OP_FROZENSET = 'E',
	XN_OP_INT = 'F', XN_OP_LONG = 'G', XN_OP_LONGINT = 'H',
	XN_OP_LONGLONG = 'I', XN_OP_NEWDICT = 'J', XN_OP_NEWLIST = 'K',
	XN_OP_NONE = 'L', XN_OP_PY2STRING = 'M', XN_OP_PY3STRING = 'N',
	XN_OP_SET = 'O', XN_OP_SETITEM = 'P', XN_OP_STOP = 'Q',
	XN_OP_TRUE = 'R', XN_OP_UNICODE = 'S', XN_OP_COMPLEX = 'T'
};

/* Where decoded values are put, and what a channel id means here. */
struct xn_decode_env {
	/* SIZE bytes, aligned for any value, freed by their owner all at
	 * once; NULL when there is no memory. */
	void *(*alloc)(void *alloc_baton, size_t size);
	void *alloc_baton;
	/* The object for channel ID, put into value.u.channel.object; NULL
	 * refuses the message.  A NULL function refuses every channel. */
	void *(*channel)(void *channel_baton, int32_t id);
	void *channel_baton;
	/* execnet's per-channel string coercion, RECONFIGURE. */
	int py2str_as_py3str;	/* PY2STRING becomes str (Latin-1), not bytes */
	int py3str_as_py2str;	/* str becomes bytes */
};

/*
 * Decode the one value in the N bytes at P (no version byte).  Text is copied
 * with a NUL behind it, and so are bytes up to XN_TEXT_BYTES_MAX; larger
 * XN_BYTES point into P and live as long as P does.  A dict key or set item
 * that is there twice is refused; the items of a set come out sorted.
 * All counts are checked against the bytes that remain before anything is
 * allocated.  XN_C_OK and *OUT, or the reason.
 */
int xn_decode(const xn_value **out, const uint8_t *p, size_t n,
    const struct xn_decode_env *env);

/* The same with the version byte of dumps() in front: 1 and 2 are taken. */
int xn_decode_dump(const xn_value **out, const uint8_t *p, size_t n,
    const struct xn_decode_env *env);

/* Append the bytes of V, with STOP, to OUT.  On failure OUT is as before. */
int xn_encode(struct xn_buf *out, const xn_value *v);

/* The same with VERSION (1 or 2) in front, as dumps() makes it. */
int xn_encode_dump(struct xn_buf *out, const xn_value *v, int version);

/*
 * The single opcodes, for format.c: a caller appends them in postfix order and
 * ends with xn_put_stop().
 */
int xn_put_none(struct xn_buf *out);
int xn_put_bool(struct xn_buf *out, int truth);
int xn_put_int(struct xn_buf *out, int64_t v);
int xn_put_bigint(struct xn_buf *out, const char *decimal, size_t n);
int xn_put_float(struct xn_buf *out, double v);
int xn_put_complex(struct xn_buf *out, double real, double imaginary);
int xn_put_bytes(struct xn_buf *out, const void *bytes, size_t n);
int xn_put_str(struct xn_buf *out, const char *utf8, size_t n);
int xn_put_channel(struct xn_buf *out, int32_t id);
int xn_put_newlist(struct xn_buf *out, uint32_t items);
int xn_put_newdict(struct xn_buf *out);
int xn_put_setitem(struct xn_buf *out);
int xn_put_build(struct xn_buf *out, enum xn_opcode op, uint32_t items);
int xn_put_stop(struct xn_buf *out);

/* 1 if the N bytes are UTF-8 as Python accepts it (no surrogates), else 0. */
int xn_utf8_valid(const void *bytes, size_t n);

/*
 * Copy the N bytes at IN to OUT (room for 3 * N + 1) as valid UTF-8: what is
 * not UTF-8 and control characters other than newline and tab become U+FFFD
 * or '?'.  Returns the length; a NUL is put behind it.
 */
size_t xn_utf8_sanitize(char *out, const void *in, size_t n);

#endif
