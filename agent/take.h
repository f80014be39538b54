/*
 * take.h: what the client sends, into a file that lies in memory.
 *
 * A program that wants the next bytes of a channel in a file hands the file
 * over (TAKE), and the router writes them there as they come: so they do not go
 * through the program's socket and its memory.  It is told how many there are
 * (TOOK), for it to give the client credit.  Only tmpfs is taken: writing to it
 * waits for nobody, or as long as one call of the program on the same file.
 *
 *	TAKE	executor to router, with the descriptor: at (8), n (8): where to
 *		and how many bytes at most; payloads (8), bytes (8): all that
 *		has come to it on this channel, by which the router knows what
 *		is still on its way, and belongs before AT
 *	TOOK	router to executor: frames (4), bytes (4): so much of the
 *		channel, frames' payloads, is in the file; end (1): 1: what
 *		follows comes as usual
 *
 * Each frame that is taken is a whole value of bytes, whatever else comes ends
 * it, as does a file that takes no more: then that frame goes to the program,
 * which finds out why.
 */
#ifndef XN_AGENT_TAKE_H
#define XN_AGENT_TAKE_H

#include <stdint.h>
#include <sys/types.h>

#include "core/wire/message.h"

#define XN_TAKES_MAX	256	/* at once, all programs': descriptors */
#define XN_TAKE_COST	6	/* of bytes as a value */
#define XN_TAKE_FRAME	(XN_HEADER_SIZE + 32)
#define XN_TOOK_SIZE	9

struct xn_exec;
struct xn_owned;
struct xn_router;

/* A file for what comes on a channel. */
struct xn_take {
	struct xn_take *next, **at_prev;	/* in router->takes */
	struct xn_owned *owned;
	int fd;
	off_t at;			/* where the next byte goes */
	uint64_t left;			/* bytes that may still be taken */
	uint32_t frames, bytes;		/* taken, and not told yet */
};

/*
 * M, a TAKE, came from E with the descriptor FD (-1: none), which is taken over
 * whatever happens.  0, or -1 when that is not as a program of ours does it.
 */
int xn_take_begin(struct xn_router *r, struct xn_exec *e,
    const struct xn_message *m, int fd);

/*
 * A DATA or PART came for O, which has a take: 1 if it is in the file; 0: it is
 * to be passed on, and the take has ended.
 */
int xn_take_data(struct xn_router *r, struct xn_owned *o,
    const struct xn_message *m);

/* Something else comes on O, which may have a take: that ends, and the program
 * is told. */
void xn_take_end(struct xn_router *r, struct xn_owned *o);

/* The channel goes: nobody is told. */
void xn_take_drop(struct xn_router *r, struct xn_owned *o);

/* Tell the programs what has been taken. */
void xn_take_tell(struct xn_router *r);

/* ---- The program's part -------------------------------------------------- */

#define XN_TAKE_BROKEN	"a file was not received whole"

/* 1 if FD is a file that the router writes to, N bytes from AT on. */
int xn_take_takes(int fd, long long at, long long n);

void xn_take_frame(uint8_t out[XN_TAKE_FRAME], int32_t id, long long at,
    long long n, uint64_t payloads, uint64_t bytes);

#endif
