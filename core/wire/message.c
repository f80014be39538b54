/* message.c: the framing. */
#include "core/wire/message.h"

#include <string.h>

#include "core/wire/code.h"

static const char *const names[] = {
	[XN_MSG_STATUS] = "STATUS",
	[XN_MSG_RECONFIGURE] = "RECONFIGURE",
	[XN_MSG_GATEWAY_TERMINATE] = "GATEWAY_TERMINATE",
	[XN_MSG_CHANNEL_EXEC] = "CHANNEL_EXEC",
	[XN_MSG_CHANNEL_DATA] = "CHANNEL_DATA",
	[XN_MSG_CHANNEL_CLOSE] = "CHANNEL_CLOSE",
	[XN_MSG_CHANNEL_CLOSE_ERROR] = "CHANNEL_CLOSE_ERROR",
	[XN_MSG_CHANNEL_LAST_MESSAGE] = "CHANNEL_LAST_MESSAGE",
	[XN_MSG_CHANNEL_WINDOW] = "CHANNEL_WINDOW",
	[XN_MSG_COMPRESSED] = "COMPRESSED",
	[XN_MSG_CHANNEL_PART] = "CHANNEL_PART",
	[XN_MSG_PING] = "PING",
	[XN_MSG_PONG] = "PONG",
	[XN_MSG_SETUP] = "SETUP",
	[XN_MSG_LOG] = "LOG",
	[XN_MSG_LINK] = "LINK",
	[XN_MSG_OWN] = "OWN",
	[XN_MSG_WHOLE] = "WHOLE",
	[XN_MSG_FILE] = "FILE",
	[XN_MSG_TAKE] = "TAKE",
	[XN_MSG_TOOK] = "TOOK"
};

const char *
xn_message_name(int type)
{
	if (type < 0 || type >= (int)(sizeof(names) / sizeof(names[0])))
		return NULL;
	return names[type];
}

void
xn_header_put(uint8_t out[XN_HEADER_SIZE], int type, int32_t channel,
    uint32_t length)
{
	out[0] = (uint8_t)type;
	xn_set_u32(out + 1, (uint32_t)channel);
	xn_set_u32(out + 5, length);
}

int
xn_header_get(struct xn_message *m, const uint8_t in[XN_HEADER_SIZE],
    uint32_t max)
{
	uint32_t length = xn_get_u32(in + 5);

	/* The byte is signed on the wire: 255 is -1, and no type either. */
	if (xn_message_name((int8_t)in[0]) == NULL)
		return XN_C_BAD_TYPE;
	if (length > INT32_MAX)
		return XN_C_BAD_COUNT;
	if (length > max)
		return XN_C_TOO_BIG;
	m->type = in[0];
	m->channel = (int32_t)xn_get_u32(in + 1);
	m->length = length;
	m->payload = NULL;
	return XN_C_OK;
}

int
xn_message_put(struct xn_buf *out, int type, int32_t channel,
    const void *payload, size_t n)
{
	uint8_t *room;
	int rc;

	if (n > INT32_MAX)
		return XN_C_TOO_BIG;
	if ((rc = xn_buf_reserve(out, XN_HEADER_SIZE + n, &room)) != XN_C_OK)
		return rc;
	xn_header_put(room, type, channel, (uint32_t)n);
	if (n != 0)
		memcpy(room + XN_HEADER_SIZE, payload, n);
	xn_buf_commit(out, XN_HEADER_SIZE + n);
	return XN_C_OK;
}

int
xn_message_take(struct xn_message *m, struct xn_buf *in, uint32_t max)
{
	const uint8_t *p = xn_buf_data(in);
	size_t len = xn_buf_len(in);
	int rc;

	if (len < XN_HEADER_SIZE)
		return 0;
	if ((rc = xn_header_get(m, p, max)) != XN_C_OK)
		return rc;
	if (len - XN_HEADER_SIZE < m->length)
		return 0;
	m->payload = p + XN_HEADER_SIZE;
	xn_buf_consume(in, (size_t)XN_HEADER_SIZE + m->length);
	return 1;
}
