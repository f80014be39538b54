/*
 * meet.h: two routers meet, so that a program of the one can talk to a program
 * of the other without the client in between (xn_link).
 *
 * The client asks the one router to listen and tells the other where; each
 * shows that it knows the client's token, and gives the connection to its
 * executor.  All of it is the router's: a program may be busy, and may be
 * confined so that it can neither listen nor connect.
 *
 *	LINK (router)	("listen", token, address or None) -> ("at", where)
 *			("connect", token, where)	-> ("ok",)
 *			either may be answered by ("error", text)
 *	LINK, empty	of a program: its last word on the way through the
 *			client, passed on like any other message
 *
 * One connection is accepted, and all of it takes XN_MEET_MS at most.
 */
#ifndef XN_AGENT_MEET_H
#define XN_AGENT_MEET_H

#include "agent/router.h"

#define XN_MEETS_MAX	64	/* at once */
#define XN_MEET_MS	10000

/* LINK came, not an empty one.  0, or -1 after xn_router_refuse(). */
int xn_meet_message(struct xn_router *r, const struct xn_message *m);

/* Something happened at r->meet_fd, which is polled while r->meeting. */
void xn_meet_poll(struct xn_router *r);

/* E is gone. */
void xn_meet_forget(struct xn_router *r, const struct xn_exec *e);

#endif
