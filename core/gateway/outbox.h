/*
 * outbox.h: frames on their way out.
 */
#ifndef XN_GATEWAY_OUTBOX_H
#define XN_GATEWAY_OUTBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/wire/message.h"

struct xn_frame {
	struct xn_frame *next;
	uint8_t header[XN_HEADER_SIZE];
	uint8_t *payload;		/* malloc'ed, owned; NULL if empty */
	size_t length;
	size_t done;			/* bytes of header + payload written */
};

struct xn_outbox {
	struct xn_frame *head, *tail;
	size_t bytes;			/* payload waiting */
	size_t frames;			/* how many */
};

#define XN_OUTBOX_MAX	(512u * 1024)	/* senders of data wait above this */

/*
 * Queue a frame; PAYLOAD is malloc'ed and becomes the outbox's even when this
 * fails.
 */
int xn_outbox_put(struct xn_outbox *box, int type, int32_t channel,
    uint8_t *payload, size_t n);

/* The next bytes as an iovec of at most MAX parts; how many parts. */
int xn_outbox_peek(const struct xn_outbox *box, struct iovec *iov, int max);

/* N bytes have been written; the frames that have gone with them are put before
 * *DONE, the caller's to free. */
void xn_outbox_advance(struct xn_outbox *box, size_t n,
    struct xn_frame **done);
void xn_outbox_clear(struct xn_outbox *box);

#endif
