/*
 * link.h: the executor's end of its socket to the router, and its channels.
 *
 * One thread: whoever waits for something (credit, a value, a descriptor)
 * reads the socket meanwhile and puts what comes where it belongs.
 *
 * The states of a channel are execnet's:
 *
 *	opened		data goes both ways
 *	sendonly	the peer said LAST_MESSAGE: we may still send
 *	closed		either side said CLOSE; who received it says none
 */
#ifndef XN_AGENT_LINK_H
#define XN_AGENT_LINK_H

#include <poll.h>
#include <signal.h>

#include "agent/program.h"
#include "core/side/port.h"
#include "core/wire/message.h"
#include "core/wire/scan.h"
#include "core/wire/window.h"

#define XN_LINK_BUCKETS		256
#define XN_CHANNELS_MAX		16384	/* open at once, a gateway's */

/* RECONFIGURE: what becomes of the strings of other Pythons. */
struct xn_coercion {
	uint8_t py2str_as_py3str, py3str_as_py2str;
};

/* A payload that waits for its receiver. */
struct xn_item {
	struct xn_item *next;
	uint8_t *bytes;			/* malloc'ed */
	size_t n;
	uint32_t last_n;		/* of its last frame: credit to give */
	struct xn_coercion coercion;	/* of the channel when it came */
	int free;			/* no credit is due for it any more */
};

/* A file that the router writes what comes to: port_take.c. */
struct xn_taking {
	uint8_t on;			/* it does */
	uint8_t told;			/* of bytes in it, or of the end */
	unsigned int before;		/* payloads that wait in the channel,
					 * and came before those bytes */
	uint64_t bytes;			/* in it, and not reported yet */
	uint64_t not_before;		/* so many payloads: it was refused */
	int fd;				/* of the program that asked, */
	long long end;			/* and where the last byte goes */
};

/* A channel of this executor; lives until the executor ends. */
struct xn_chan {
	struct xn_chan *next;		/* in its bucket */
	int32_t id;
	uint8_t closed;			/* by us: nothing is sent any more */
	uint8_t sent_last;		/* we said LAST_MESSAGE */
	uint8_t peer_closed;		/* CLOSE or CLOSE_ERROR came */
	uint8_t peer_last;		/* LAST_MESSAGE came */
	uint8_t foreign;		/* belongs to another program */
	uint8_t sending;		/* a value is half sent */
	char *error;			/* text of CLOSE_ERROR, or NULL */
	struct xn_window window;
	struct xn_direct *direct;	/* its own way, or NULL: direct.h */
	struct xn_scan scan;		/* of what comes on that */
	struct xn_coercion coercion;	/* for what comes now */
	struct xn_coercion taken;	/* of the payload taken last */
	size_t queued;			/* bytes in its items and its part */
	struct xn_item *first, *last;	/* whole payloads, oldest first */
	uint8_t *part;			/* pieces of the next one, joined */
	size_t part_n, part_cap;
	uint32_t owed_bytes;		/* of its pieces: credit to give back */
	uint32_t owed_frames;		/* when the queue is empty */
	size_t early;			/* given back before it was received */
	unsigned int items_n;
	uint64_t payloads, bytes;	/* of all that came by the router */
	struct xn_taking taking;
};

struct xn_link {
	const struct xn_program *program;
	struct xn_buf in, out;		/* out: control messages, in order */
	struct xn_chan *buckets[XN_LINK_BUCKETS];
	unsigned int open_n;		/* channels not closed */
	struct xn_direct *directs;
	unsigned int directs_n;
	unsigned int draining;		/* calls that wait to write to one */
	int fd;				/* came with a message, or -1 */
	size_t queued;			/* bytes in items and parts */
	size_t early;			/* sum of the channels' */
	struct xn_chan *awaited;	/* receive() waits for it, or NULL */
	struct xn_coercion coercion;	/* of channels made from now on */
	int hungry;			/* the program waits for a value */
	int untaken;			/* plain: end of a pipe that closes when
					 * the last large message is out; -1 */
	int terminated;			/* GATEWAY_TERMINATE came: all is EOF */
	const char *broken;		/* why nothing works now, or NULL */
	char broken_text[240];		/* where it may point */
	char text[512];			/* the error of the last call */
};

/* Set by SIGTERM; as GATEWAY_TERMINATE. */
extern volatile sig_atomic_t xn_link_sigterm;

/* Milliseconds of the monotonic clock. */
int64_t xn_link_now(void);

void xn_link_init(struct xn_link *link, const struct xn_program *program);

/* The channel with ID; it is made if it is not there.  NULL: too many. */
struct xn_chan *xn_link_channel(struct xn_link *link, int32_t id);

/* 1 if the gateway is ending. */
int xn_link_ended(const struct xn_link *link);

/*
 * Wait until the socket brought something, or one of the descriptors in PFD
 * (PFD[0] is left free for the socket, N counts it) is ready, or TIMEOUT
 * milliseconds passed; -1 waits forever.  Everything that came is dispatched.
 */
void xn_link_wait(struct xn_link *link, struct pollfd *pfd, nfds_t n,
    int timeout);

/* Queue a small message. */
void xn_link_put(struct xn_link *link, int type, int32_t id,
    const void *payload, size_t n);

/* Send a message, blocking (and reading) until it is out. */
void xn_link_send(struct xn_link *link, int type, int32_t id,
    const void *payload, size_t n);

/* Send what is queued, blocking. */
void xn_link_flush(struct xn_link *link);

/*
 * Give the router the descriptors FDS (the second may be -1: not there) beside
 * the N bytes (few) of FRAME, blocking.  0, or -1 when the system lets no more
 * be under way.
 */
int xn_link_hand_over(struct xn_link *link, const uint8_t *frame, size_t n,
    const int fds[2]);

/*
 * plain: send N bytes as one message, in memory beside the socket (whole.h).
 * 0, or -1 and errno.
 */
int xn_link_send_whole(struct xn_link *link, int32_t id, const void *payload,
    size_t n);

/* ---- chan.c: what a message does to its channel -------------------------- */

/* M came for CH.  0, or a negative code that breaks the link. */
int xn_chan_message(struct xn_link *link, struct xn_chan *ch,
    const struct xn_message *m);

/* A DATA or PART came for CH, whichever way; as xn_chan_message(). */
int xn_chan_data(struct xn_link *link, struct xn_chan *ch,
    const struct xn_message *m);

/* The word TYPE ends CH; with CLOSE_ERROR, TEXT (malloc'ed, taken over). */
void xn_chan_ended(struct xn_link *link, struct xn_chan *ch, int type,
    char *text);

/* From now on frames come another way, under a new window. */
void xn_chan_fresh(struct xn_link *link, struct xn_chan *ch);

/* How M, a RECONFIGURE, wants strings.  XN_C_OK or the reason why not. */
int xn_chan_coercion(struct xn_coercion *out, const struct xn_message *m);

/* Take the oldest payload, the caller's to free; 0 if there is none. */
int xn_chan_take(struct xn_link *link, struct xn_chan *ch, uint8_t **bytes,
    size_t *n, int starved);

/* Give credit for FRAMES that came with so many BYTES, now that they have been
 * taken; STARVED: somebody had to wait for them. */
void xn_chan_consumed(struct xn_link *link, struct xn_chan *ch,
    uint32_t bytes, uint32_t frames, int starved);

/* Give back the credit for pieces, as far as that is allowed now. */
void xn_chan_give_back(struct xn_link *link, struct xn_chan *ch);

/* Nothing more will be received: forget its window and joined pieces. */
void xn_chan_end(struct xn_link *link, struct xn_chan *ch);

/* ---- port.c -------------------------------------------------------------- */

/* Queue the message that closes channel ID with TEXT. */
void xn_link_put_error(struct xn_link *link, int32_t id, const char *text);

/* Would a receive on CH block?  XN_PORT_TIMEOUT if so, else what it returns. */
int xn_link_readiness(struct xn_link *link, struct xn_chan *ch,
    const char **error);

/* Wait a turn for something to receive on CH: MS milliseconds, -1 forever. */
void xn_link_await(struct xn_link *link, struct xn_chan *ch, int ms);

/* Wait until a frame of N bytes may be sent on CH: as xn_port.send. */
int xn_link_await_credit(struct xn_link *link, struct xn_chan *ch, uint32_t n,
    const char **error);

/* The port for xn_side_run(), with LINK as its baton. */
void xn_link_port(struct xn_port *port, struct xn_link *link);

/* ---- port_file.c ---------------------------------------------------------- */

/*
 * Have the router send the N bytes of FD from AT on, as bytes values on CH:
 * as xn_port.send.  *SENT: how many; less than N when it does not take them.
 */
int xn_link_send_file(void *link, void *ch, int fd, long long at,
    long long n, long long *sent, const char **error);

/* ---- port_take.c --------------------------------------------------------- */

/* As xn_port.take. */
int xn_link_take(void *link, void *ch, int fd, long long at, long long n,
    long long *taken, const char **error);

/* M, a TOOK, came for CH.  0, or a negative code that breaks the link. */
int xn_link_took(struct xn_link *link, struct xn_chan *ch,
    const struct xn_message *m);

#endif
