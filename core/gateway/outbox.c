/*
 * outbox.c: frames on their way to the transport.
 *
 * A payload is queued as it is, never copied: header and payload leave by one
 * writev.
 */
#include "core/gateway/internal.h"

#include <stdlib.h>
#include <string.h>

int
xn_outbox_put(struct xn_outbox *box, int type, int32_t channel,
    uint8_t *payload, size_t n)
{
	struct xn_frame *frame = malloc(sizeof(*frame));

	if (frame == NULL) {
		free(payload);
		return XN_C_NOMEM;
	}
	frame->next = NULL;
	frame->payload = payload;
	frame->length = n;
	frame->done = 0;
	xn_header_put(frame->header, type, channel, (uint32_t)n);
	box->bytes += n;
	box->frames++;
	if (box->head == NULL) {
		box->head = box->tail = frame;
	} else {
		box->tail->next = frame;
		box->tail = frame;
	}
	return XN_C_OK;
}

int
xn_outbox_peek(const struct xn_outbox *box, struct iovec *iov, int max)
{
	int n = 0;

	for (struct xn_frame *f = box->head; f && n + 2 <= max; f = f->next) {
		size_t skip = f->done;

		if (skip < XN_HEADER_SIZE) {
			iov[n].iov_base = f->header + skip;
			iov[n++].iov_len = XN_HEADER_SIZE - skip;
			skip = XN_HEADER_SIZE;
		}
		skip -= XN_HEADER_SIZE;
		if (skip < f->length) {
			iov[n].iov_base = f->payload + skip;
			iov[n++].iov_len = f->length - skip;
		}
	}
	return n;
}

void
xn_outbox_advance(struct xn_outbox *box, size_t n, struct xn_frame **done)
{
	while (n > 0) {
		struct xn_frame *f = box->head;
		size_t left = XN_HEADER_SIZE + f->length - f->done;

		if (n < left) {
			f->done += n;
			return;
		}
		n -= left;
		box->bytes -= f->length;
		box->frames--;
		box->head = f->next;
		if (box->head == NULL)
			box->tail = NULL;
		f->next = *done;
		*done = f;
	}
}

void
xn_outbox_clear(struct xn_outbox *box)
{
	while (box->head != NULL) {
		struct xn_frame *f = box->head;

		box->head = f->next;
		free(f->payload);
		free(f);
	}
	box->tail = NULL;
	box->bytes = box->frames = 0;
}
