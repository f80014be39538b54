/*
 * direct.h: a channel whose frames go to the other program without the client
 * in between, on a connection that the routers have made (meet.h).
 *
 * The way through the client stays: on it go the words that end the channel.
 * Each side says there, as its last word before it uses the connection, that it
 * does (the mark: LINK, empty); only what comes behind that is taken from the
 * connection.  So everything keeps its order, and so do the ends: who closes
 * shuts its half of the connection first, and a close that came is believed
 * when the connection is read to its end.
 *
 * The side whose router was connected to cannot know whether the other one got
 * as far: it says its mark only after the other's has come.
 *
 * Frames are DATA, PART, LAST_MESSAGE (which is said the old way as well, and
 * believed here: credit is granted behind it) and WINDOW, each way with a fresh
 * window.  WINDOW counts at once, even before the mark: that may stay behind
 * values for as long as the program does nothing but send.  Data is kept until
 * the mark, a window at most since none of it can be granted again before.
 * Values that hold channels cannot go: their ids mean nothing at the other agent.
 */
#ifndef XN_AGENT_DIRECT_H
#define XN_AGENT_DIRECT_H

#include "agent/link.h"

#define XN_DIRECTS_MAX	16	/* of one program */

struct xn_direct {
	struct xn_direct *next;	/* in link->directs */
	struct xn_chan *chan;
	int fd;
	uint8_t waits;		/* for the peer's mark, before ours */
	uint8_t sends;		/* our mark is out: frames go here */
	uint8_t receives;	/* the peer's has come */
	uint8_t ended;		/* before the peer's mark had come */
	uint8_t over;		/* nothing more can be read */
	uint8_t broken;		/* nor written */
	uint8_t shut;		/* we will write no more */
	int end;		/* what came the other way, to be believed
				 * when OVER: CLOSE, ..., or 0 */
	char *end_text;
	int64_t patience;	/* ms: until when END is waited for */
	struct xn_buf in, out;
	struct xn_buf early;	/* data that came before the peer's mark */
};

/* FD is a direct path for CH; taken over.  WAITS: until the peer's mark comes
 * nothing is sent there.  0, or -1 without memory. */
int xn_direct_begin(struct xn_link *link, struct xn_chan *ch, int fd,
    int waits);

/* The peer's mark came: it sends nothing more the other way.  Without a path
 * that is an error of CH, for both. */
void xn_direct_mark(struct xn_link *link, struct xn_chan *ch);

/* No value is half sent: from the next on it is used, if it can be. */
void xn_direct_switch(struct xn_link *link, struct xn_chan *ch);

/* 1 if the value of N bytes can go CH's way: 0 if it holds channels that mean
 * nothing there. */
int xn_direct_takes(const struct xn_chan *ch, const uint8_t *payload,
    size_t n);

/* Send a frame; blocks until it is written.  XN_PORT_OK, or _EOF: nobody reads
 * it. */
int xn_direct_send(struct xn_link *link, struct xn_chan *ch, int type,
    const void *payload, uint32_t n);

/* 1 if the other program reads no more, and why comes only behind its mark: what
 * is sent is dropped until then, as it is by a relay. */
int xn_direct_is_deaf(const struct xn_chan *ch);

/* Queue a frame that grants GRANT. */
void xn_direct_grant(struct xn_link *link, struct xn_chan *ch,
    uint32_t grant);

/* 1 if the word TYPE that ends CH came too early: it is kept (with TEXT). */
int xn_direct_keeps(struct xn_chan *ch, int type, char *text);

/* No more values will be sent on CH: said behind those that were. */
void xn_direct_last(struct xn_link *link, struct xn_chan *ch);

/* Nothing more will be sent on CH: all is written, and our half shut. */
void xn_direct_shut(struct xn_link *link, struct xn_chan *ch);

/* What to poll, beginning at PFD (room for XN_DIRECTS_MAX); how many. */
nfds_t xn_direct_prepare(struct xn_link *link, struct pollfd *pfd,
    int *timeout);

/* The same N of PFD after poll(); MORE: there may be words the other way that
 * have not been read. */
void xn_direct_poll(struct xn_link *link, const struct pollfd *pfd, nfds_t n,
    int more);

#endif
