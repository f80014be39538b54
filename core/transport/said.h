/*
 * said.h: what a program that we talk to writes to stderr: line by line to the
 * log, and its beginning and end for an error message.
 */
#ifndef XN_TRANSPORT_SAID_H
#define XN_TRANSPORT_SAID_H

#include "core/transport/transport.h"

#define XN_SAID_LINE	1024u	/* a longer line is several */
#define XN_SAID_PART	512u

/* All zero: nothing was said. */
struct xn_said {
	char line[XN_SAID_LINE];	/* until its newline */
	size_t line_length;
	char head[XN_SAID_PART];	/* what was said first */
	size_t head_length;
	char tail[XN_SAID_PART];	/* the last of the rest; a ring */
	size_t tail_total;		/* how much went through it */
};

/* N bytes were written; whole lines go to T's log. */
void xn_said_take(struct xn_said *s, const xn_transport_t *t,
    const char *text, size_t n);

/* Nothing follows: the last line goes to the log without its newline. */
void xn_said_end(struct xn_said *s, const xn_transport_t *t);

/*
 * HOW_IT_ENDED, and if something was said, ", saying: ..." behind it, in one
 * clean line; in POOL.
 */
const char *xn_said_clause(const struct xn_said *s, const char *how_it_ended,
    apr_pool_t *pool);

#endif
