/*
 * trace.h: every message that a gateway sends and gets, for reading.
 *
 * The environment variable SYNCGATE_TRACE says where they go, as EXECNET_DEBUG
 * does for execnet: 1 to the file /tmp/syncgate-trace-PID, 2 to stderr.
 */
#ifndef XN_GATEWAY_TRACE_H
#define XN_GATEWAY_TRACE_H

#include <stddef.h>
#include <stdint.h>

/* The descriptor that is written to; -1: tracing is off. */
extern int xn_trace__fd;

/* Read the environment, once; any thread. */
void xn_trace__start(void);

/* Write the line of a message; see xn_trace(). */
void xn_trace__message(const char *gateway, int out, int type,
    int32_t channel, const uint8_t *payload, size_t n);

/*
 * GATEWAY (its id) has sent (OUT) or got a message.  Neither the text of a
 * program nor the values of its arguments and of its environment are shown.
 */
static inline void
xn_trace(const char *gateway, int out, int type, int32_t channel,
    const uint8_t *payload, size_t n)
{
	if (xn_trace__fd >= 0)
		xn_trace__message(gateway, out, type, channel, payload, n);
}

#endif
