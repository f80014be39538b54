/*
 * message.h: the framing.  A message is nine bytes and a payload:
 *
 *	type (1, signed)  channel id (4, signed)  length (4, signed)  payload
 *
 * all big-endian.  Types 0 to 7 are execnet's; those from 32 up are ours and
 * are sent only to an end that sent one first (the agent) or that has said
 * hello as one of ours (see doc/protocol.md).
 */
#ifndef XN_WIRE_MESSAGE_H
#define XN_WIRE_MESSAGE_H

#include "core/wire/buf.h"

enum xn_message_type {
	XN_MSG_STATUS = 0,
	XN_MSG_RECONFIGURE = 1,
	XN_MSG_GATEWAY_TERMINATE = 2,
	XN_MSG_CHANNEL_EXEC = 3,
	XN_MSG_CHANNEL_DATA = 4,
	XN_MSG_CHANNEL_CLOSE = 5,
	XN_MSG_CHANNEL_CLOSE_ERROR = 6,
	XN_MSG_CHANNEL_LAST_MESSAGE = 7,
	XN_MSG_CHANNEL_WINDOW = 32,	/* 4 bytes: credit granted, in bytes */
	XN_MSG_COMPRESSED = 33,		/* reserved: a message, zstd-packed */
	XN_MSG_CHANNEL_PART = 34,	/* the next piece of a payload whose
					 * last piece is a CHANNEL_DATA */
	XN_MSG_PING = 35,		/* answered by PONG, same payload */
	XN_MSG_PONG = 36,
	XN_MSG_SETUP = 37,		/* a dict: chdir, nice, env, ... */
	XN_MSG_LOG = 38,		/* what a program wrote to stderr */
	XN_MSG_LINK = 39,		/* a direct path: agent/meet.h */
	XN_MSG_OWN = 64,		/* executor to router only: a channel
					 * id that this executor has made */
	XN_MSG_WHOLE = 65,		/* the same way: a payload in memory
					 * that comes beside (agent/whole.h) */
	XN_MSG_FILE = 66,		/* the same way: bytes of a file that
					 * does (agent/sendfile.h) */
	XN_MSG_TAKE = 67,		/* the same way: a file for what comes
					 * (agent/take.h) */
	XN_MSG_TOOK = 68		/* router to executor only: so much is
					 * in that file */
};

#define XN_HEADER_SIZE	9u
#define XN_PART_MAX	(64u * 1024)		/* payload of one frame between
						 * our own ends */
#define XN_MESSAGE_MAX	(16u * 1024 * 1024)	/* a whole payload */
#define XN_PEER_MESSAGE_MAX (64u * 1024 * 1024)	/* from an execnet peer */

struct xn_message {
	int type;		/* enum xn_message_type */
	int32_t channel;
	uint32_t length;
	const uint8_t *payload;	/* LENGTH bytes, borrowed */
};

/* The name of TYPE as execnet writes it, "CHANNEL_DATA"; NULL if unknown. */
const char *xn_message_name(int type);

/* Put the nine bytes of a header at OUT. */
void xn_header_put(uint8_t out[XN_HEADER_SIZE], int type, int32_t channel,
    uint32_t length);

/*
 * Read a header into M (payload stays NULL).  Refuses an unknown type, a
 * negative length, and one above MAX.
 */
int xn_header_get(struct xn_message *m, const uint8_t in[XN_HEADER_SIZE],
    uint32_t max);

/* Append a whole message to OUT. */
int xn_message_put(struct xn_buf *out, int type, int32_t channel,
    const void *payload, size_t n);

/*
 * Take one whole message off the front of IN.  Returns 1 and fills *M, 0 when
 * more bytes are needed, or a negative code.  M->payload points into IN and is
 * good until the next change of IN; the message is already consumed.
 */
int xn_message_take(struct xn_message *m, struct xn_buf *in, uint32_t max);

#endif
