/*
 * side_system_lane.h: the lanes, what comes on them, and what is due on them.
 */
#ifndef FILEPROC_SIDE_SYSTEM_LANE_H
#define FILEPROC_SIDE_SYSTEM_LANE_H

#include "side_system_end.h"

#define FP_TURN		16	/* messages in a row of a lane that has them */

static inline struct fp_lane *
fp_lane_add(struct fp_system *s, xn_channel *channel)
{
	struct fp_lane *l;

	if (channel == NULL || s->lanes_n == FP_LANES)
		xn_fail("no lane, or more than %d", FP_LANES);
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		xn_fail("out of memory");
	l->channel = channel;
	l->fd = l->slot = -1;
	l->next = s->lanes;
	s->lanes = l;
	s->lanes_n++;
	return l;
}

static inline void
fp_on_new_lane(struct fp_system *s, struct fp_lane *l, const xn_value *message)
{
	if (l != s->main || message->size != 2)
		xn_fail("a lane came where none is due");
	fp_lane_add(s, xn_value_channel(xn_value_item(message, 1)));
}

static const struct {
	const char *tag;
	void (*handle)(struct fp_system *s, struct fp_lane *l,
	    const xn_value *message);
} fp_requests[] = {
	{ "place", fp_on_place },
	{ "go", fp_on_go },
	{ "taken", fp_on_taken },
	{ "again", fp_on_again },
	{ "abandon", fp_on_abandon },
	{ "resume", fp_on_resume },
	{ "finish", fp_on_finish },
	{ "lane", fp_on_new_lane },
};

static inline void
fp_on_message(struct fp_system *s, struct fp_lane *l, const xn_value *message)
{
	const char *tag;
	size_t i;

	if (message->kind == XN_BYTES) {
		fp_on_bytes(s, l, message);
		return;
	}
	if (!xn_unpack_value(xn_value_item(message, 0), "s", &tag))
		xn_fail("something else than a message came on a lane");
	for (i = 0; i < sizeof(fp_requests) / sizeof(fp_requests[0]); i++)
		if (strcmp(fp_requests[i].tag, tag) == 0) {
			fp_requests[i].handle(s, l, message);
			return;
		}
	xn_fail("a message that is not known came on a lane");
}

/* Forget the lanes whose channel is closed; what is placed stays placed. */
static inline void
fp_lanes_sweep(struct fp_system *s)
{
	struct fp_lane **at = &s->lanes, *l;

	while ((l = *at) != NULL) {
		if (!l->gone) {
			at = &l->next;
			continue;
		}
		/* Half an item is of no use to anybody. */
		if (l->state == FP_RECEIVING)
			fp_unstage(s, l);
		fp_lane_clear(l);
		xn_close(l->channel);
		*at = l->next;
		free(l);
		s->lanes_n--;
	}
}

/* Something happened to NAME in remote-out. */
static inline void
fp_on_event(struct fp_system *s, const char *name, int what)
{
	struct fp_lane *l;

	for (l = s->lanes; l != NULL; l = l->next) {
		if (l->state != FP_PLACED)
			continue;
		if (l->result.folder[0] == '\0' &&
		    fp_matches(l->result.base, name)) {
			l->event = what == XN_WATCH_MOVED_TO ? FP_MOVED :
			    what == XN_WATCH_WRITTEN ? FP_CLOSED : FP_NO_EVENT;
			l->again = 0;
		}
		if (l->marker.base[0] != '\0' &&
		    l->marker.folder[0] == '\0' &&
		    fp_matches(l->marker.base, name))
			l->again = 0;
	}
}

static inline void
fp_read_events(struct fp_system *s)
{
	struct fp_lane *l;
	xn_event event;

	while (s->watch != NULL && xn_watch_next(s->watch, &event)) {
		if (event.what == XN_WATCH_GONE)
			xn_fail("%s was moved away or removed", s->out_path);
		if (event.what != XN_WATCH_OVERFLOW) {
			fp_on_event(s, event.name, event.what);
			continue;
		}
		for (l = s->lanes; l != NULL; l = l->next) {
			l->event = FP_NO_EVENT;
			if (l->state == FP_PLACED)
				l->again = 0;
		}
	}
}

/* Do what is due; the milliseconds until something else is. */
static inline int
fp_do_due(struct fp_system *s)
{
	double now = xn_clock(), next = now + FP_SAFE_AGAIN;
	struct fp_lane *l;

	for (l = s->lanes; l != NULL; l = l->next) {
		if (l->state == FP_PLACED && l->again <= now)
			fp_look_for_result(s, l);
		else if (l->state == FP_WAITING && l->again <= now)
			fp_try_place(s, l);
		if ((l->state == FP_PLACED || l->state == FP_WAITING) &&
		    l->again < next)
			next = l->again;
	}
	if (s->late_ones && s->late_again <= now)
		fp_tend_all_late(s);
	if (s->late_ones && s->late_again < next)
		next = s->late_again;
	now = xn_clock();
	return next <= now ? 0 : (int)((next - now) * 1000) + 1;
}

/*
 * Send a piece on each lane that has some and takes it at once.  When all that
 * have some wait for their other end, wait a little for one of them.  1 if
 * there is more to send.
 */
static inline int
fp_send_round(struct fp_system *s)
{
	struct fp_lane *l, *full = NULL;
	int sent = 0, can;

	for (l = s->lanes; l != NULL; l = l->next) {
		if (l->state != FP_SENDING)
			continue;
		can = xn_wait_send(l->channel, 0);
		if (can == 1) {
			fp_send_some(s, l);
			sent = 1;
		} else if (can == 0) {
			full = l;
		} else {
			l->gone = 1;
		}
	}
	if (!sent && full != NULL)
		xn_wait_send(full->channel, 10);
	return sent || full != NULL;
}

#endif
