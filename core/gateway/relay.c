/*
 * relay.c: one channel carried over another.
 *
 * Two threads, one a direction, and no queue: a payload is taken from one
 * channel and sent on the other before the next is taken, so the first grants
 * no more than the second has.
 */
#include "core/gateway/internal.h"

#include <stdlib.h>

#include "core/wire/scan.h"

struct direction {
	xn_channel_t *from, *to;
	xn_error_t *error;
};

static int
refuse_channel(void *baton, int32_t id)
{
	(void)baton;
	(void)id;
	return XN_C_NO_CHANNEL;
}

static xn_error_t *
carry_one(struct direction *d)
{
	struct xn_scan scan;
	uint8_t *payload;
	size_t n;
	int code;

	XN_TRY(xn_channel__take(&payload, &n, d->from, XN_FOREVER));
	xn_scan_init(&scan);
	code = xn_scan_push(&scan, payload, n, refuse_channel, NULL);
	if (code == XN_C_OK)
		return xn_channel__send_payload(d->to, payload, n);
	free(payload);
	return xn_error_create(code == XN_C_NO_CHANNEL ? XN_E_UNSUPPORTED :
	    XN_E_PROTOCOL, "cannot carry a value on: %s", code ==
	    XN_C_NO_CHANNEL ? "it holds a channel" : xn_code_text(code));
}

/* 1 if nothing more comes from CH: its peer has closed, not only we. */
static int
is_over(xn_channel_t *ch)
{
	int over;

	xn_group__lock(ch->group);
	over = ch->receive_closed;
	xn_group__unlock(ch->group);
	return over;
}

/* Tell TO how FROM ended. */
static void
carry_end(struct direction *d)
{
	apr_pool_t *scratch;

	/* How TO ended is for the other direction to receive and carry. */
	if (d->error->code == XN_E_CLOSED && is_over(d->to)) {
		xn_error_clear(d->error);
		d->error = NULL;
		return;
	}
	if (d->error->code == XN_E_EOF) {
		xn_error_clear(d->error);
		d->error = NULL;
		if (xn_channel_isclosed(d->from))
			xn_channel__close(d->to, NULL);
		else
			xn_error_clear(xn_channel_close_write(d->to));
		return;
	}
	apr_pool_create(&scratch, NULL);
	xn_channel__close(d->to, xn_error_text(d->error, scratch));
	xn_channel__close(d->from, xn_error_text(d->error, scratch));
	apr_pool_destroy(scratch);
}

static void
carry(struct direction *d)
{
	while (d->error == NULL)
		d->error = carry_one(d);
	carry_end(d);
}

static void *APR_THREAD_FUNC
carry_thread(apr_thread_t *thread, void *baton)
{
	(void)thread;
	carry(baton);
	return NULL;
}

xn_error_t *
xn_channel_relay(xn_channel_t *a, xn_channel_t *b)
{
	struct direction forth = { a, b, NULL }, back = { b, a, NULL };
	apr_pool_t *own;
	apr_thread_t *thread;
	apr_status_t status, ignored;

	apr_pool_create(&own, NULL);
	status = apr_thread_create(&thread, NULL, carry_thread, &back, own);
	if (status != APR_SUCCESS) {
		apr_pool_destroy(own);
		return xn_error_system(status, "cannot start a thread");
	}
	carry(&forth);
	apr_thread_join(&ignored, thread);
	apr_pool_destroy(own);
	if (forth.error != NULL && back.error != NULL) {
		xn_error_clear(back.error);
		back.error = NULL;
	}
	return forth.error != NULL ? forth.error : back.error;
}
