/*
 * client.c: messages from the client.
 */
#include "agent/router.h"

#include "agent/meet.h"
#include "agent/program.h"
#include "core/wire/code.h"

#define GRACE_MS	5000	/* for a program whose channel was closed */

/* Whole messages for one executor that lie together in the input. */
struct run {
	struct xn_exec *exec;
	const uint8_t *start;
	size_t n;
};

static void
run_flush(struct xn_router *r, struct run *run)
{
	if (run->n > 0)
		xn_execs_write(r, run->exec, run->start, run->n);
	run->n = 0;
	run->exec = NULL;
}

static void
run_add(struct xn_router *r, struct run *run, struct xn_exec *e,
    const struct xn_message *m)
{
	const uint8_t *frame = m->payload - XN_HEADER_SIZE;

	if (run->exec != e || run->start + run->n != frame) {
		run_flush(r, run);
		run->exec = e;
		run->start = frame;
	}
	run->n += XN_HEADER_SIZE + m->length;
}

static struct xn_exec *
program_of(struct xn_router *r, int32_t channel)
{
	struct xn_exec *e;

	for (e = r->execs; e != NULL; e = e->next)
		if (e->channel == channel)
			return e;
	return NULL;
}

static int
on_exec(struct xn_router *r, const struct xn_message *m, struct run *run)
{
	run_flush(r, run);
	if (!r->plain && (m->channel <= 0 || m->channel % 2 == 0))
		return xn_router_refuse(r, "CHANNEL_EXEC on channel %d: the "
		    "client's channels have odd numbers", (int)m->channel);
	if (xn_owner_find(r, m->channel) != NULL ||
	    program_of(r, m->channel) != NULL)
		return xn_router_refuse(r, "CHANNEL_EXEC on channel %d, which "
		    "is in use", (int)m->channel);
	/* execnet takes any id: no program may make that one again. */
	if (m->channel > 0 && m->channel % 2 == 0)
		xn_owner_pass(r, m->channel);
	return xn_execs_start(r, m);
}

static int
stop_scan(void *baton, int32_t id)
{
	(void)baton;
	(void)id;
	return XN_C_MISMATCH;
}

/* May there be a channel in M, which goes on where SCAN is? */
static int
names_channels(const struct xn_scan *scan, const struct xn_message *m)
{
	struct xn_scan ahead = *scan;

	return xn_scan_push(&ahead, m->payload, m->length, stop_scan, NULL) !=
	    XN_C_OK;
}

/* Does what comes on O go into a file?  If it does no longer, its program is
 * told so before it gets M. */
static int
is_taken(struct xn_router *r, struct xn_owned *o, const struct xn_message *m,
    struct run *run)
{
	if (o->take == NULL)
		return 0;
	run_flush(r, run);
	return xn_take_data(r, o, m);
}

/* The same for what is not for a file. */
static void
end_take(struct xn_router *r, struct xn_owned *o, struct run *run)
{
	if (o->take == NULL)
		return;
	run_flush(r, run);
	xn_take_end(r, o);
}

/* DATA and PART: account for it, learn from it, pass it on. */
static int
on_data(struct xn_router *r, const struct xn_message *m, struct run *run)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);
	uint32_t max = r->plain ? XN_PEER_MESSAGE_MAX : XN_MESSAGE_MAX;
	int last = m->type == XN_MSG_CHANNEL_DATA;

	if (m->length > XN_PART_MAX)
		return xn_router_refuse(r, "a frame of %u bytes on channel %d, "
		    "at most %u", m->length, (int)m->channel, XN_PART_MAX);
	if (o == NULL || o->last)
		return 0;
	if (!r->plain && !xn_window_may_send(&o->window, m->length))
		return xn_router_refuse(r, "more data on channel %d than was "
		    "granted", (int)m->channel);
	if (!r->plain)
		xn_window_sent(&o->window, m->length);
	o->payloads += (uint64_t)last;
	o->bytes += m->length;
	if (is_taken(r, o, m, run))
		return 0;
	if (!o->in_part) {
		xn_scan_init(&o->scan);
		o->part_n = 0;
	}
	o->in_part = !last;
	o->part_n += m->length;
	if (o->part_n > max)
		return xn_router_refuse(r, "a payload above %u bytes on "
		    "channel %d", max, (int)m->channel);
	/* What learning sends must come before this, after what was before. */
	if (run->exec != NULL && names_channels(&o->scan, m))
		run_flush(r, run);
	if (xn_owner_learn(r, o->exec, &o->scan, m->payload, m->length,
	    last) != 0)
		return -1;
	run_add(r, run, o->exec, m);
	return 0;
}

static int
on_close(struct xn_router *r, const struct xn_message *m, struct run *run)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);
	struct xn_exec *e = program_of(r, m->channel);

	if (e != NULL && e->deadline == 0)
		e->deadline = xn_router_now() + GRACE_MS;
	if (o == NULL)
		return 0;
	if (m->length > XN_PART_MAX)
		return xn_router_refuse(r, "an error text of %u bytes",
		    m->length);
	end_take(r, o, run);
	run_add(r, run, o->exec, m);
	xn_owner_remove(r, m->channel);
	return 0;
}

static int
on_window(struct xn_router *r, const struct xn_message *m, struct run *run)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);

	if (m->length != 4)
		return xn_router_refuse(r, "CHANNEL_WINDOW of %u bytes",
		    m->length);
	/* Who has no windows is not held back by one. */
	if (o != NULL && !r->plain)
		run_add(r, run, o->exec, m);
	return 0;
}

static int
on_last(struct xn_router *r, const struct xn_message *m, struct run *run)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);

	if (o == NULL || m->length != 0)
		return 0;
	o->last = 1;
	end_take(r, o, run);
	run_add(r, run, o->exec, m);
	return 0;
}

/* The other program's last word on this way: from one program to another. */
static int
on_mark(struct xn_router *r, const struct xn_message *m, struct run *run)
{
	struct xn_owned *o = xn_owner_find(r, m->channel);

	if (o == NULL || r->plain)
		return 0;
	o->last = 1;	/* for what goes this way: nothing is taken any more */
	end_take(r, o, run);
	run_add(r, run, o->exec, m);
	return 0;
}

void
xn_client_terminate(struct xn_router *r)
{
	uint8_t frame[XN_HEADER_SIZE];

	xn_header_put(frame, XN_MSG_GATEWAY_TERMINATE, 0, 0);
	for (struct xn_exec *e = r->execs; e != NULL; e = e->next)
		xn_execs_write(r, e, frame, sizeof(frame));
	r->state = XN_ROUTER_TERMINATES;
	r->term_at = xn_router_now() + 300;
	r->kill_at = r->term_at + 500;
}

static int
on_message(struct xn_router *r, const struct xn_message *m, struct run *run)
{
	switch (m->type) {
	case XN_MSG_STATUS:
		xn_setup_status(r, m);
		return 0;
	case XN_MSG_RECONFIGURE:
		run_flush(r, run);
		return xn_setup_reconfigure(r, m);
	case XN_MSG_GATEWAY_TERMINATE:
		run_flush(r, run);
		xn_client_terminate(r);
		return 0;
	case XN_MSG_CHANNEL_EXEC:
		return on_exec(r, m, run);
	case XN_MSG_CHANNEL_DATA:
	case XN_MSG_CHANNEL_PART:
		return on_data(r, m, run);
	case XN_MSG_CHANNEL_CLOSE:
	case XN_MSG_CHANNEL_CLOSE_ERROR:
		return on_close(r, m, run);
	case XN_MSG_CHANNEL_LAST_MESSAGE:
		return on_last(r, m, run);
	case XN_MSG_CHANNEL_WINDOW:
		return on_window(r, m, run);
	case XN_MSG_PING:
		xn_router_put(r, XN_MSG_PONG, m->channel, m->payload,
		    m->length);
		return 0;
	case XN_MSG_PONG:
		return 0;
	case XN_MSG_LINK:
		if (m->length == 0)
			return on_mark(r, m, run);
		run_flush(r, run);
		return xn_meet_message(r, m);
	case XN_MSG_SETUP:
		run_flush(r, run);
		return xn_setup_message(r, m);
	default:
		return xn_router_refuse(r, "a message of type %d, which a "
		    "client does not send", m->type);
	}
}

/* Is the length of the message whose header is at P allowed? */
static int
check_header(struct xn_router *r, const uint8_t *p)
{
	struct xn_message m;
	int rc = xn_header_get(&m, p, XN_MESSAGE_MAX);

	if (rc != XN_C_OK)
		return xn_router_refuse(r, "a broken message (type %d): %s",
		    (int)(int8_t)p[0], xn_code_text(rc));
	if (m.type != XN_MSG_CHANNEL_EXEC && m.length > XN_PART_MAX)
		return xn_router_refuse(r, "%s of %u bytes, at most %u",
		    xn_message_name(m.type), m.length, XN_PART_MAX);
	return 0;
}

/* Handle the next message, or a piece of one: 1; 0: more bytes are needed. */
static int
take_next(struct xn_router *r, struct run *run)
{
	struct xn_message m;
	int rc;

	if (r->big.left > 0) {
		run_flush(r, run);
		return xn_plain_piece(r);
	}
	if (xn_buf_len(&r->in) < XN_HEADER_SIZE)
		return 0;
	rc = r->plain ? xn_plain_header(r) :
	    check_header(r, xn_buf_data(&r->in));
	if (rc != 0)
		return rc == XN_PLAIN_MORE ? 0 : rc;
	if (xn_message_take(&m, &r->in, XN_MESSAGE_MAX) != 1)
		return 0;
	if (!r->plain || m.type >= XN_MSG_CHANNEL_WINDOW)
		r->ours = 1;
	rc = on_message(r, &m, run);
	if (r->big.after > 0) {
		r->big.left = r->big.after;
		r->big.after = 0;
		r->big.skip = 1;
	}
	return rc < 0 ? rc : 1;
}

int
xn_client_input(struct xn_router *r)
{
	struct run run = { NULL, NULL, 0 };
	int rc = 1;

	/* What came before the end of the input is handled before that. */
	while (rc > 0 && r->state == XN_ROUTER_RUNS &&
	    (r->no_input || !xn_router_is_full(r)))
		rc = take_next(r, &run);
	r->more = rc > 0 && r->state == XN_ROUTER_RUNS;
	/* After TERMINATE nothing is answered any more. */
	if (r->state != XN_ROUTER_RUNS)
		xn_buf_consume(&r->in, xn_buf_len(&r->in));
	run_flush(r, &run);
	xn_take_tell(r);
	return rc;
}
