/*
 * scan.h: finds the channel ids inside a payload without decoding it.
 *
 * The router must know which executor got a channel before that executor
 * answers on it, and on the wire nothing but the value itself tells.  The
 * scanner is pushed the payload in pieces of any size, jumps over text and
 * bytes, and reports each id.
 */
#ifndef XN_WIRE_SCAN_H
#define XN_WIRE_SCAN_H

#include <stddef.h>
#include <stdint.h>

struct xn_scan {
	uint32_t skip;		/* bytes still to jump over */
	uint8_t op;		/* its number is being read; or 0 */
	uint8_t have;		/* bytes of that number seen so far */
	uint32_t number;	/* those bytes */
	uint8_t stopped;	/* STOP was seen: the payload should end here */
	const uint8_t *at[4];	/* where those bytes lie */
};

void xn_scan_init(struct xn_scan *s);

/*
 * Look at the next N bytes.  FOUND is called with every channel id, in order;
 * a negative return from it ends the scan and is returned.  XN_C_OK, or the
 * reason why the bytes are no value (unknown opcode, negative length, bytes
 * behind STOP).
 */
int xn_scan_push(struct xn_scan *s, const uint8_t *p, size_t n,
    int (*found)(void *baton, int32_t id), void *baton);

/*
 * For FOUND alone, when all that was pushed is writable and still there: put ID
 * in the place of the one that was found.
 */
void xn_scan_replace(const struct xn_scan *s, int32_t id);

/*
 * 1 if what was pushed ends within an id; and if so, 1 if the first of the
 * id's bytes that have been seen is one of the N at P.
 */
int xn_scan_in_id(const struct xn_scan *s);
int xn_scan_id_begins_in(const struct xn_scan *s, const uint8_t *p, size_t n);

#endif
