/*
 * format.h: values by format string, for xn_send and xn_receive.
 *
 * The letters follow the convention of Subversion's ra_svn marshaller and of
 * CPython's argument parser:
 *
 *	letter	pack takes		unpack takes		kind
 *	n	-			-			none
 *	b	int			int *			bool
 *	i	int			int *			int, 32 bits
 *	l	long long		long long *		int
 *	d	double			double *		float
 *	s	const char *		const char **		str
 *	y	const void *, size_t	const void **, size_t *	bytes
 *	p	const char *		const char **		bytes (a path)
 *	v	const xn_value *	const xn_value **	any
 *	c	a channel		a channel **		channel
 *	( )	a tuple of what is between
 *	[ ]	a list of what is between (pack only)
 *	{ }	a dict: key, value, key, ... (pack only)
 *	?	before s, y, p: NULL packs none; none unpacks as NULL
 *
 * Exactly one value per format: "l" or "(lp)".
 */
#ifndef XN_WIRE_FORMAT_H
#define XN_WIRE_FORMAT_H

#include <stdarg.h>

#include "core/wire/dump.h"

/* The wire id of the channel object that a caller gave for 'c'; 0: it has none
 * on this wire, which is XN_C_NO_CHANNEL. */
typedef int32_t xn_channel_id_fn(const void *channel);

/*
 * Append the value that FORMAT and AP describe to OUT, with STOP.  A str must
 * be valid UTF-8.  CHANNEL_ID may be NULL if there is no 'c' (nor a 'v' that
 * holds one).  On failure OUT is as before.
 */
int xn_pack(struct xn_buf *out, xn_channel_id_fn *channel_id,
    const char *format, va_list ap);

/*
 * Take V apart as FORMAT says.  Pointers that are handed out are borrowed from
 * V; str and path have a NUL behind them and one with a NUL inside is refused
 * as XN_C_MISMATCH.  ALLOC copies a path (bytes need not end in a NUL).
 * *WHERE, if not NULL, is set on XN_C_MISMATCH to the format letter at fault.
 */
int xn_unpack(const xn_value *v, const struct xn_decode_env *alloc,
    char *where, const char *format, va_list ap);

#define XN_FORMAT_TEXT	120

/*
 * Why xn_pack() (PACKING) or xn_unpack() returned CODE for FORMAT, in words: in
 * OUT, which has room for MAX (XN_FORMAT_TEXT is enough), or a constant.
 */
const char *xn_format_text(char *out, size_t max, int code,
    const char *format, int packing);

/*
 * One line that says what V is, for errors and `syncgate exec`: Python's
 * repr(), cut to MAX - 1 bytes; always NUL-terminated valid UTF-8.  Returns
 * the length.
 */
size_t xn_repr(char *out, size_t max, const xn_value *v);

#endif
