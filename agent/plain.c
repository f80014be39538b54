/*
 * plain.c: an execnet client at the other end.
 *
 * It starts us as it starts a Python, with -c among the arguments, writes one
 * line (source text of its own, which is of no use here), and waits for one
 * byte: 1.  From then on it speaks types 0 to 7, knows neither windows nor
 * parts, and sends a message of any size in one piece.
 *
 * A large one is handed on to its program in pieces, as they come, and never
 * held here as a whole.  What holds the client back is that its connection is
 * not read while programs have much unread.  That is for all its channels
 * together: the one stream is all that there is.
 */
#include "agent/router.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/wire/code.h"
#include "core/wire/dump.h"

#define LINE_MAX_BYTES	(1024u * 1024)
#define LINE_MS		60000	/* for the whole line */
#define STR_HEAD	5	/* bytes before the text of a dumped str */

/* ---- The first line ----------------------------------------------------- */

static int
no_line(struct xn_router *r, const char *why)
{
	dprintf(r->err_fd, "agent: an execnet client was to send one line "
	    "first: %s\n", why);
	return -1;
}

/*
 * Bytes before and in the first newline, 0 while there is none; the first
 * SEEN have been looked at.
 */
static size_t
line_length(const struct xn_buf *b, size_t seen)
{
	const uint8_t *p = xn_buf_data(b);
	const uint8_t *end = p == NULL ? NULL :
	    memchr(p + seen, '\n', xn_buf_len(b) - seen);

	return end == NULL ? 0 : (size_t)(end - p) + 1;
}

int
xn_plain_open(struct xn_router *r)
{
	struct pollfd pfd = { r->in_fd, POLLIN, 0 };
	int64_t end = xn_router_now() + LINE_MS, left;
	size_t seen = 0, length;
	uint8_t *room;
	ssize_t n;

	while ((length = line_length(&r->in, seen)) == 0) {
		seen = xn_buf_len(&r->in);
		if (xn_buf_len(&r->in) >= LINE_MAX_BYTES)
			return no_line(r, "it is longer than 1 MiB");
		left = end - xn_router_now();
		if (left <= 0)
			return no_line(r, "it did not come in 60 seconds");
		if (poll(&pfd, 1, (int)left) <= 0)
			continue;
		if (xn_buf_reserve(&r->in, 65536, &room) != 0)
			return no_line(r, "no memory");
		n = read(r->in_fd, room, 65536);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return no_line(r, "the connection ended");
		xn_buf_commit(&r->in, (size_t)n);
	}
	xn_buf_consume(&r->in, length);
	xn_router_to_client(r, (const uint8_t *)"1", 1);
	return 0;
}

/* ---- Messages of any size ----------------------------------------------- */

/* Close channel ID at both ends with TEXT. */
static void
fail_channel(struct xn_router *r, int32_t id, const char *text)
{
	struct xn_owned *o = xn_owner_find(r, id);
	struct xn_buf b;

	xn_router_close(r, id, text);
	if (o == NULL)
		return;
	xn_buf_init(&b, 4 * XN_REPORT_TEXT);
	if (xn_router_close_frame(&b, id, text) == 0)
		xn_execs_write(r, o->exec, xn_buf_data(&b), xn_buf_len(&b));
	xn_buf_free(&b);
	xn_owner_remove(r, id);
}

static int
skip_message(struct xn_router *r, const struct xn_message *m)
{
	r->big.type = m->type;
	r->big.id = m->channel;
	r->big.left = m->length;
	r->big.skip = 1;
	xn_buf_consume(&r->in, XN_HEADER_SIZE);
	return 1;
}

static int
too_large(struct xn_router *r, const struct xn_message *m, uint32_t max)
{
	char text[120];

	snprintf(text, sizeof(text), "a %s of %u bytes, at most %u are taken",
	    m->type == XN_MSG_CHANNEL_EXEC ? "program" : "message", m->length,
	    max);
	fail_channel(r, m->channel, text);
	return skip_message(r, m);
}

static int
begin_data(struct xn_router *r, const struct xn_message *m)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);

	if (o == NULL || o->last)
		return skip_message(r, m);
	if (m->length > XN_PEER_MESSAGE_MAX)
		return too_large(r, m, XN_PEER_MESSAGE_MAX);
	if (!o->in_part) {
		xn_scan_init(&o->scan);
		o->part_n = 0;
	}
	skip_message(r, m);
	r->big.skip = 0;
	return 1;
}

/*
 * Of another message only the first KEEP bytes of the payload are of use: make
 * it one of that length, and what follows is passed over.
 */
static int
shorten(struct xn_router *r, const struct xn_message *m, uint32_t keep)
{
	xn_header_put(xn_buf_data(&r->in), m->type, m->channel, keep);
	r->big.after = m->length - keep;
	return 0;
}

/* The text of an error is cut; what is no str goes on as nothing at all. */
static int
shorten_error(struct xn_router *r, const struct xn_message *m)
{
	uint8_t *p = xn_buf_data(&r->in) + XN_HEADER_SIZE;
	uint32_t keep = XN_PART_MAX;

	if (xn_buf_len(&r->in) < XN_HEADER_SIZE + XN_PART_MAX)
		return XN_PLAIN_MORE;
	if (p[0] != XN_OP_PY3STRING || xn_get_u32(p + 1) < XN_PART_MAX)
		return shorten(r, m, 0);
	/* Not within a character of UTF-8. */
	while (keep > STR_HEAD + 1 && (p[keep - 1] & 0xc0) == 0x80)
		keep--;
	p[keep - 1] = XN_OP_STOP;
	xn_set_u32(p + 1, keep - STR_HEAD - 1);
	return shorten(r, m, keep);
}

int
xn_plain_header(struct xn_router *r)
{
	struct xn_message m;
	int rc = xn_header_get(&m, xn_buf_data(&r->in), INT32_MAX);

	if (rc != XN_C_OK)
		return xn_router_refuse(r, "a broken message (type %d): %s",
		    (int)(int8_t)xn_buf_data(&r->in)[0], xn_code_text(rc));
	if (m.length <= XN_PART_MAX)
		return 0;
	switch (m.type) {
	case XN_MSG_CHANNEL_DATA:
		return begin_data(r, &m);
	case XN_MSG_CHANNEL_EXEC:
		return m.length <= XN_MESSAGE_MAX ? 0 :
		    too_large(r, &m, XN_MESSAGE_MAX);
	case XN_MSG_CHANNEL_CLOSE_ERROR:
		return shorten_error(r, &m);
	case XN_MSG_STATUS:
	case XN_MSG_GATEWAY_TERMINATE:
	case XN_MSG_CHANNEL_CLOSE:
	case XN_MSG_CHANNEL_LAST_MESSAGE:
		return shorten(r, &m, 0);
	default:
		return xn_router_refuse(r, "%s of %u bytes, at most %u",
		    xn_message_name(m.type), m.length, XN_PART_MAX);
	}
}

/* N bytes at P are the next of a payload; LAST says that it ends there. */
static int
pass_piece(struct xn_router *r, const uint8_t *p, uint32_t n, int last)
{
	struct xn_owned *o = xn_owner_find(r, r->big.id);
	uint8_t header[XN_HEADER_SIZE];

	if (o == NULL || o->last)
		return 0;
	o->in_part = !last;
	o->part_n += n;
	if (o->part_n > XN_PEER_MESSAGE_MAX)
		return xn_router_refuse(r, "a payload above %u bytes on "
		    "channel %d", XN_PEER_MESSAGE_MAX, (int)r->big.id);
	if (xn_owner_learn(r, o->exec, &o->scan, p, n, last) != 0)
		return -1;
	xn_header_put(header, last ? XN_MSG_CHANNEL_DATA : XN_MSG_CHANNEL_PART,
	    r->big.id, n);
	xn_execs_write(r, o->exec, header, sizeof(header));
	xn_execs_write(r, o->exec, p, n);
	return 0;
}

int
xn_plain_piece(struct xn_router *r)
{
	uint32_t n = r->big.left;
	size_t have = xn_buf_len(&r->in);

	if (r->big.skip && n > have)
		n = (uint32_t)have;
	if (!r->big.skip && n > XN_PART_MAX)
		n = XN_PART_MAX;
	if (n == 0 || n > have)
		return 0;
	if (!r->big.skip && pass_piece(r, xn_buf_data(&r->in), n,
	    n == r->big.left) != 0)
		return -1;
	r->big.left -= n;
	xn_buf_consume(&r->in, n);
	return 1;
}
