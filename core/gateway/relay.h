/*
 * relay.h: what the files of a relay share: relay.c, its life, and
 * relay_pass.c, what goes through it.
 */
#ifndef XN_GATEWAY_RELAY_H
#define XN_GATEWAY_RELAY_H

#include "core/gateway/sink.h"

/* What arrives on sink.channel, on its way to the other end's channel. */
struct xn_relay_end {
	struct xn_sink sink;		/* first */
	struct xn_relay *relay;
	struct xn_relay_end *other;
	struct xn_scan scan;		/* of the payload now arriving */
	size_t scanned;			/* bytes of it */
	struct xn_chunk *open;		/* from here on an id is not whole */
	struct xn_buf whole;		/* of the payload now leaving, if the
					 * other end wants it in one piece */
	unsigned long in, out;		/* payloads arrived, and left */
	struct xn_carried *carried;	/* channels that they announce */
	int mark;			/* 1: its agent's mark is to be told, 2:
					 * it has been */
	int told;			/* the other end has been told of */
};

enum { TOLD_LAST = 1, TOLD_CLOSE = 2 };

struct xn_relay {
	struct xn_relay_end ends[2];
	struct xn_relay *next;		/* in group->ended_relays */
	int paused;
	int companion;			/* the second channel is ours alone */
	int waiters;			/* in xn_channel_relay() */
	int over;
	int code;			/* why it ended, 0: as it should */
	char *text;
};

extern const struct xn_sink_kind xn_relay__kind;

/* Send on what can be sent of what arrived at E, and then the end; locked. */
void xn_relay__forward(struct xn_relay_end *e);

/*
 * Look through chunk C of E for channel ids, which become those of the other
 * gateway; one that is cut holds it back.  XN_C_OK, or why it is no value
 * or cannot be carried on: XN_C_NO_CHANNEL, XN_C_TOO_MANY.  Locked.
 */
int xn_relay__look_through(struct xn_relay_end *e, struct xn_chunk *c);

/* End it because of a value that cannot be carried; locked. */
void xn_relay__fail_code(struct xn_relay *relay, int code);

/* All that came before the end of E's channel has left; locked. */
void xn_relay__tell_end(struct xn_relay_end *e);

#endif
