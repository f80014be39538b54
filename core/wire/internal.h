/* internal.h: what the files of the wire layer share with each other only. */
#ifndef XN_WIRE_INTERNAL_H
#define XN_WIRE_INTERNAL_H

#include "core/wire/dump.h"
#include "core/wire/format.h"

/* Python refuses longer texts of integers, and so do we, both ways. */
#define XN_DIGITS_MAX	4300u

/* An integer as it stands in text. */
struct xn_decimal {
	const char *digits;	/* borrowed; no leading zeros, "0" at least */
	size_t n;
	int negative;		/* never for zero */
	int fits;		/* SMALL is it */
	int64_t small;
};

/* Read the N bytes of TEXT: a sign or none, then digits, nothing else. */
int xn_decimal__parse(struct xn_decimal *d, const char *text, size_t n);

/* The length of the character that starts at P (N is not 0), 0 if none. */
size_t xn_utf8__char(const uint8_t *p, size_t n);

/* 1 if V may be a dict key or set item. */
int xn_order__hashable(const xn_value *v);

/* Sort the N hashable ITEMS of a set; XN_C_BAD_KEY if two are equal. */
int xn_order__set(xn_value *items, size_t n);

/* XN_C_BAD_KEY if two keys of the dict with N pairs at ITEMS are equal. */
int xn_order__dict(const xn_value *items, size_t n);

/* One message being written. */
struct xn_encoder {
	struct xn_buf *out;
	/* Asked for the id of each channel; NULL takes the value's own. */
	xn_channel_id_fn *channel_id;
	size_t values;			/* written so far */
};

/*
 * Append the opcodes of V, which is DEPTH levels down, without STOP.  On
 * failure the buffer may hold a part.
 */
int xn_encode__value(struct xn_encoder *e, const xn_value *v,
    unsigned int depth);

#endif
