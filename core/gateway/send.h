/*
 * send.h: from a value to the frames of a channel.
 */
#ifndef XN_GATEWAY_SEND_H
#define XN_GATEWAY_SEND_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_thread_cond.h>

#include <execnet.h>

/* 1 if N bytes may be sent now, else *WAIT changes when that may be different:
 * the gateway's condition if its outbox is full.  Locked; CH can send. */
int xn_channel__has_room(xn_channel_t *ch, uint32_t n,
    apr_thread_cond_t **wait);

/*
 * Send a payload (malloc'ed, consumed) in parts, waiting for credit.  Unlocked.
 */
xn_error_t *xn_channel__send_payload(xn_channel_t *ch, uint8_t *payload,
    size_t n);

/* xn_send() with its arguments in AP. */
xn_error_t *xn_channel__send_format(xn_channel_t *ch, const char *format,
    va_list ap);

/*
 * Send a payload, as above, that has been packed for CH: the channels in it
 * that are CARRYING's are carried once it is sent.
 */
struct xn_carrying;
xn_error_t *xn_channel__send_carrying(xn_channel_t *ch, uint8_t *payload,
    size_t n, struct xn_carrying *carrying);

/*
 * Encode by format for CH.  CARRYING (set up here; to be given to
 * xn_carrying__free() unless this fails) holds the channels of other gateways.
 */
xn_error_t *xn_channel__pack(uint8_t **payload, size_t *n,
    struct xn_carrying *carrying, xn_channel_t *ch, const char *format,
    va_list ap);
int32_t xn_channel__wire_id(const void *channel);

#endif
