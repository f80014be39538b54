/*
 * handover.h: large frames from a program to the client without copying them.
 *
 * Where the client is behind a pipe, a frame of a program that already lies
 * whole in its socket is spliced from the one into the other.  Since it lies
 * there whole, the program can neither change it any more nor hold up what
 * comes behind it; only the client can, as with everything.  But code that
 * writes to the socket by itself can make more lie there than can be read, by
 * bytes out of band: it is killed then, and the frame ends with zeros.
 */
#ifndef XN_AGENT_HANDOVER_H
#define XN_AGENT_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#include "core/wire/message.h"

struct xn_router;
struct xn_exec;

/* A frame on its way. */
struct xn_handover {
	struct xn_exec *from;
	size_t left;		/* bytes of it; 0: there is none */
	uint8_t header[XN_HEADER_SIZE]; /* the first of them, */
	size_t header_left;	/* and how many of these have not gone */
	int possible;		/* the client is behind a pipe */
	int wanted;		/* a program sends large frames */
	int zeros;		/* what is left is not there, and made up */
};

/* Find out whether the client is behind a pipe, and make that a wide one. */
void xn_handover_init(struct xn_router *r);

/*
 * Note whether a program sends large frames.  If so, none is read before all
 * that was read has gone to the client: else a client that is slow would find
 * a queue here at all times, and all of it would be copied.
 */
void xn_handover_look(struct xn_router *r);

/*
 * Hand over what lies whole in the socket of E, a few frames at most: 1, or 0
 * when the next bytes are to be read in the ordinary way.
 */
int xn_handover_try(struct xn_router *r, struct xn_exec *e);

/*
 * E has written to its socket by itself, which bytes out of band show: it is
 * killed, and what is left of its frame on the way is made up.
 */
void xn_handover_lied(struct xn_router *r, struct xn_exec *e);

/* Go on with the frame that is under way: the client takes bytes again. */
void xn_handover_go_on(struct xn_router *r);

/*
 * How many bytes to read from E in the ordinary way, at most MAX: only to the
 * end of a large frame, so that the next one can be handed over.
 */
size_t xn_handover_step(const struct xn_exec *e, size_t max);

#endif
