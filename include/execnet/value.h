/*
 * <execnet/value.h>: the values that channels carry.
 *
 * Shared by <execnet.h> (this side) and <execnet/remote.h> (shipped code), so
 * it uses nothing but the C language: it is also compiled by libtcc on a
 * machine that has no headers.  Do not include it directly.
 *
 * The kinds are those of py.execnet's serializer (execnet/gateway_base.py).
 * Values are immutable once made.  A value and all that it points to live in
 * the memory of whoever made it; each function that returns one says where.
 */
#ifndef EXECNET_VALUE_H
#define EXECNET_VALUE_H

/* What a value is.  The order is not on the wire. */
enum xn_kind {
	XN_NONE,
	XN_BOOL,
	XN_INT,		/* fits 64 bits; on the wire 32 bits or decimal text */
	XN_BIGINT,	/* any other integer, kept as decimal text */
	XN_FLOAT,
	XN_COMPLEX,
	XN_BYTES,
	XN_STR,		/* valid UTF-8; may contain NUL characters */
	XN_LIST,
	XN_TUPLE,
	XN_DICT,
	XN_SET,
	XN_FROZENSET,
	XN_CHANNEL
};

typedef struct xn_value xn_value;

/* Bytes up to this size are kept with a NUL behind them: they may be a path. */
#define XN_TEXT_BYTES_MAX	4096

struct xn_value {
	unsigned char kind;	/* enum xn_kind */
	unsigned char depth;	/* containers: 1 + the deepest item; else 0 */
	unsigned int size;	/* str, bytes, bigint: bytes;
				 * list, tuple, sets: items; dict: pairs */
	union {
		int boolean;			/* XN_BOOL: 0 or 1 */
		long long integer;		/* XN_INT */
		double real;			/* XN_FLOAT */
		double complex_parts[2];	/* XN_COMPLEX: real, imaginary */
		const char *text;		/* XN_STR, XN_BIGINT: size
						 * bytes and a NUL behind them */
		const unsigned char *bytes;	/* XN_BYTES: borrowed from the
						 * message it came in; with a
						 * NUL behind them if there are
						 * at most XN_TEXT_BYTES_MAX */
		const xn_value *items;		/* containers; a dict has
						 * 2 * size: key, value, ... */
		struct {
			void *object;		/* what the id means here */
			int id;			/* the id on the wire */
		} channel;			/* XN_CHANNEL */
	} u;
};

/* libexecnet hides what is not said to be visible. */
#ifndef __TINYC__
#pragma GCC visibility push(default)
#endif

/* The word for a kind, as Python's type() would name it: "int", "dict". */
const char *xn_kind_name(int kind);

/*
 * The value under the str key KEY in DICT, borrowed from it; a null pointer
 * if there is none or DICT is not a dict (a null DICT is allowed).
 */
const xn_value *xn_value_get(const xn_value *dict, const char *key);

/* The INDEXth item of a list, tuple or set; a null pointer if out of range. */
const xn_value *xn_value_item(const xn_value *value, unsigned int index);

/*
 * Convenience for options in a dict: the value under KEY as text, number or
 * truth, or FALLBACK if it is absent, none, or of another kind.  Text is
 * borrowed from DICT and ends in a NUL; str, and bytes of at most
 * XN_TEXT_BYTES_MAX (a path travels as bytes), count as text unless there is a
 * NUL inside.
 */
const char *xn_value_text(const xn_value *dict, const char *key,
    const char *fallback);
long long xn_value_int(const xn_value *dict, const char *key,
    long long fallback);
int xn_value_bool(const xn_value *dict, const char *key, int fallback);

#ifndef __TINYC__
#pragma GCC visibility pop
#endif

#endif
