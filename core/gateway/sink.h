/*
 * sink.h: who takes what arrives on a channel instead of its queue.
 *
 * A channel that is attached to a descriptor (attach.c) or carried to another
 * channel (relay.c) has a sink: frames go there as they come, and their credit
 * is given back when the sink has got rid of them.  So nothing waits here above
 * the granted window, and no thread is needed.
 */
#ifndef XN_GATEWAY_SINK_H
#define XN_GATEWAY_SINK_H

#include "core/gateway/internal.h"
#include "core/wire/scan.h"

/* A frame, or a whole payload, that has not left yet. */
struct xn_chunk {
	struct xn_chunk *next;
	uint8_t *bytes;			/* malloc'ed */
	size_t n, done;			/* bytes, and how many have left */
	int last;			/* its payload ends with it */
	uint32_t grant;			/* what it cost the peer, to be given
					 * back when it has left */
	int granted;			/* 1: given back already */
	struct xn_held held;		/* the channels in it that waited */
};

/*
 * What kind of sink it is.  All are called with the lock; ARRIVED and ROOM in
 * whatever thread the frame or the room came from.
 */
struct xn_sink_kind {
	const char *doing;		/* "attached to a descriptor" */
	int waited_for;			/* 1: who waits for the channel's close
					 * waits until all chunks have left */

	/* A chunk has been put into the queue. */
	void (*arrived)(struct xn_sink *sink, struct xn_chunk *chunk);

	/* The peer said LAST_MESSAGE, or the channel is over: see the channel.
	 * May be called again. */
	void (*ended)(struct xn_sink *sink);

	/* More may be sent on the channel. */
	void (*room)(struct xn_sink *sink);
};

/* Every sink begins with this. */
struct xn_sink {
	const struct xn_sink_kind *kind;
	xn_channel_t *channel;		/* counted */
	struct xn_chunk *head, *tail;	/* counted in channel->queued */
	struct xn_sink *next_blocked;	/* in gateway->blocked */
	int blocked;			/* it is in that list */
};

/*
 * Make SINK the sink of CH, which gets one more reference; what waits there
 * becomes chunks, which are not told by ARRIVED.  XN_E_USAGE if CH has a
 * callback or a sink, or is being sent on.  Locked.
 */
xn_error_t *xn_sink__install(struct xn_sink *sink,
    const struct xn_sink_kind *kind, xn_channel_t *ch);

/* N bytes have arrived on CH, which has a sink; copied.  Locked. */
int xn_sink__arrived(xn_channel_t *ch, const uint8_t *bytes, size_t n,
    int last);

/* The first chunk has left, its bytes are freed or NULL: account for it.
 * Locked. */
void xn_sink__took(struct xn_sink *sink);

/* Give the credit of CHUNK back before it has left; locked. */
void xn_sink__grant(struct xn_sink *sink, struct xn_chunk *chunk);

/* Forget all chunks; locked. */
void xn_sink__clear(struct xn_sink *sink);

/* Call ROOM of SINK when the outbox of its gateway has room; locked. */
void xn_sink__block(struct xn_sink *sink);
void xn_sink__unblock(struct xn_sink *sink);

/* The outbox of GW has room again; locked. */
void xn_sink__outbox_room(xn_gateway_t *gw);

/* An error if CH has a sink: it can neither be sent on nor received from. */
xn_error_t *xn_sink__check_free(const xn_channel_t *ch);

/* The same, and one if a thread is in the middle of a value that it sends: the
 * frames of a sink would come between its.  Locked. */
xn_error_t *xn_sink__check_idle(const xn_channel_t *ch);

/* ---- relay.c ------------------------------------------------------------ */

struct xn_relay;

/*
 * Carry everything between A and B, from xn_relay__start() on.  The relay lives
 * until both are over; with COMPANION, B then leaves its gateway's table.
 * Locked.
 */
xn_error_t *xn_relay__new(struct xn_relay **relay, xn_channel_t *a,
    xn_channel_t *b, int companion);
void xn_relay__start(struct xn_relay *relay);

/* The agent of CH said that no frame follows on this way (link.c): so it is
 * told to the other end behind the last one.  Locked. */
void xn_relay__mark(xn_channel_t *ch);

/* Wait until it has ended: as xn_channel_relay(A, ...).  Locked. */
xn_error_t *xn_relay__wait(struct xn_relay *relay, xn_channel_t *a);
int xn_relay__is_over(const struct xn_relay *relay);	/* locked */

/* Hold it (MORE is 1), so that it is not freed when it ends, or let go (-1);
 * locked. */
void xn_relay__hold(struct xn_relay *relay, int more);

/* End it: both channels are closed, with TEXT if not NULL.  Locked. */
void xn_relay__fail(struct xn_relay *relay, int code, const char *text);

/* Where CH is carried to; NULL if it is not.  Locked; borrowed. */
xn_channel_t *xn_relay__other(const xn_channel_t *ch);

/* The channel that CH is a companion of, or CH itself.  Locked; borrowed. */
xn_channel_t *xn_relay__original(xn_channel_t *ch);

/* Free the relays that have ended; not locked. */
void xn_relay__reap(xn_group_t *group);

/* ---- carry.c: channels in values for another gateway -------------------- */

/* Relays that begin when the value that announces them has been sent. */
struct xn_carried {
	struct xn_carried *next;
	struct xn_relay *relay;
	unsigned long payload;		/* the number of that value */
};

/*
 * The id on GW of the channel CH: its own, or that of the channel of GW that
 * it is carried to; made if there is none, and put on *LIST: then CH is carried
 * from xn_carried__start() on.  XN_E_USAGE if it cannot be, XN_E_UNSUPPORTED if
 * too many are carried there (bounds.h).  Locked.
 */
xn_error_t *xn_carry__id(int32_t *id, xn_channel_t *ch, xn_gateway_t *gw,
    struct xn_carried **list, unsigned long payload);

/*
 * The same for a value that is only being packed, in this thread: an id is set
 * aside, and the channel is carried once xn_carrying__begin() says that the
 * value has been sent.
 */
struct xn_carrying {
	xn_gateway_t *gateway;		/* where to; NULL: nowhere */
	struct { xn_channel_t *channel; int32_t id; } *entries; /* malloc'ed */
	int n;
	xn_error_t *error;		/* why a channel cannot be carried */
};

/* 0 if it cannot be, and C->error says why.  Not locked. */
int32_t xn_carrying__id(struct xn_carrying *c, const xn_channel_t *ch);
void xn_carrying__begin(struct xn_carrying *c);		/* locked */
void xn_carrying__free(struct xn_carrying *c);		/* not locked */

/* Start those of *LIST whose value is PAYLOAD or before; locked. */
void xn_carried__start(struct xn_carried **list, unsigned long payload);

/* Their values were never sent: their channels end.  Locked. */
void xn_carried__drop(struct xn_carried **list);

/* ---- attach.c ----------------------------------------------------------- */

/*
 * For the I/O thread of GW: append the descriptors to poll to *PFD (malloc'ed,
 * room for *ROOM) behind the first N, and how many there are then (-1: no
 * memory); move bytes after the poll; close all at the end.
 */
int xn_attach__prepare(xn_gateway_t *gw, struct pollfd **pfd, int *room,
    int n);
void xn_attach__process(xn_gateway_t *gw, const struct pollfd *pfd);
void xn_attach__end(xn_gateway_t *gw);

#endif
