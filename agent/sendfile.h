/*
 * sendfile.h: bytes of a file that lies in memory, to the client.
 *
 * The program hands the file over, and the router makes the frames: it splices
 * the file's pages into the pipe to the client, and nobody copies them.  Since
 * the file is the router's own by then, a program that is killed leaves no frame
 * half sent, and one that dawdles holds nobody up.  Only tmpfs is taken: reading
 * from it waits for nobody.
 *
 * A program that makes its file shorter meanwhile is killed; the frame on its
 * way ends with zeros.
 */
#ifndef XN_AGENT_SENDFILE_H
#define XN_AGENT_SENDFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/wire/message.h"

#define XN_SENDFILE_PIECE	(60u * 1024)	/* bytes in a frame: whole pages
				 * fill whole places of a pipe */
#define XN_SENDFILE_MAX		(8 * XN_SENDFILE_PIECE)	/* at once: then
				 * others have their turn */
#define XN_SENDFILE_COST	6	/* of bytes as a value */

struct xn_router;

/* On their way. */
struct xn_sendfile {
	int active;		/* else there are none */
	int fd;
	int32_t id;		/* the channel */
	off_t at;
	size_t left;		/* bytes not in a frame yet */
	size_t piece;		/* bytes of this frame that are still to go */
	size_t before;		/* bytes of the queue that go out first */
	uint8_t head[XN_HEADER_SIZE + XN_SENDFILE_COST]; /* before the piece */
	size_t head_n, head_at;
};

/*
 * M, a FILE, came from a program with the descriptor FD, which is taken over
 * whatever happens: begin to send, after BEFORE bytes of the queue.  0, or -1
 * when that is not as a program of ours does it.
 */
int xn_sendfile_begin(struct xn_sendfile *f, const struct xn_message *m,
    int fd, size_t before);

/* The client takes bytes. */
void xn_sendfile_go_on(struct xn_router *r);
void xn_sendfile_drop(struct xn_sendfile *f);

/* ---- The program's part --------------------------------------------------- */

/* 1 if FD is a file that the router takes. */
int xn_sendfile_takes(int fd);

/* The FILE that asks for N bytes from AT on, for channel ID. */
#define XN_SENDFILE_FRAME	(XN_HEADER_SIZE + 12)
void xn_sendfile_frame(uint8_t out[XN_SENDFILE_FRAME], int32_t id,
    long long at, uint32_t n);

#endif
