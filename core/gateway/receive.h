/*
 * receive.h: what arrives on a channel, until it is taken.
 */
#ifndef XN_GATEWAY_RECEIVE_H
#define XN_GATEWAY_RECEIVE_H

#include <stddef.h>
#include <stdint.h>

#include <execnet.h>

/* Forget the parts of a payload that has not arrived complete, and the channels
 * that are known of it; or only its bytes.  Locked. */
void xn_channel__drop_partial(xn_channel_t *ch);
void xn_channel__drop_buffer(xn_channel_t *ch);

/* N bytes of a frame are taken: grant them again when it is worth a message.
 * Locked; CH has a gateway. */
void xn_channel__grant(xn_channel_t *ch, uint32_t n);

/*
 * A payload larger than the window could never arrive if its parts were paid
 * for only when it is taken.  So their credit goes back as they come, but only
 * while nothing whole waits before them, and only XN_EARLY_MAX bytes for all
 * channels of a gateway, unless somebody waits for this very channel: starve()
 * says so.  Locked; CH may be a pair.
 */
#define XN_EARLY_MAX		(8u * 1024 * 1024)
void xn_channel__give_early(xn_channel_t *ch);
void xn_channel__starve(xn_channel_t *ch);

/* What has been given back for the payload now arriving becomes *EARLY. */
void xn_channel__end_early(xn_channel_t *ch, size_t *early);

/* A payload has arrived complete; becomes the channel's.  Locked. */
int xn_channel__push(xn_channel_t *ch, uint8_t *payload, size_t n,
    size_t cost);

/* The first payload that waits, the caller's; there is one.  Locked. */
uint8_t *xn_channel__pop(xn_channel_t *ch, size_t *n);

/* NULL if this thread may wait to receive from CH, or why not; locked. */
xn_error_t *xn_channel__may_receive(const xn_channel_t *ch);

/* The next payload, malloc'ed, the caller's.  Unlocked. */
xn_error_t *xn_channel__take(uint8_t **payload, size_t *n, xn_channel_t *ch,
    apr_interval_time_t timeout);

/* Decode N bytes that live as long as POOL; channels belong to CH's gateway. */
xn_error_t *xn_channel__decode(const xn_value_t **value, xn_channel_t *ch,
    const uint8_t *payload, size_t n, apr_pool_t *pool);

/* Something of the pair CH was taken: its other end may send more; locked. */
void xn_channel__has_taken(xn_channel_t *ch);

#endif
