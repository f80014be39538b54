/*
 * side_lane.c: a lane's thread, between the hub and one mirror.
 *
 * It sends what waits for this mirror as fast as the mirror takes it, and hands
 * on what the mirror asks.  When the lane has failed at the source, the channel
 * is closed with the reason, as the source's side does with one mirror alone.
 */
#include <execnet/remote.h>

#include "side_lane.h"

#define TAKES_IT	100	/* milliseconds that only this is awaited */

/* The reason, if MESSAGE is ("failed", reason). */
static const char *
failed(const xn_value *message)
{
	const char *tag, *why;

	return xn_unpack_value(message, "(ss)", &tag, &why) &&
	    strcmp(tag, "failed") == 0 ? why : NULL;
}

/* Send what waits, as long as the mirror takes it: 1 if more is left. */
static int
send_on(xn_channel *mirror, struct hot_lane *lane)
{
	const xn_value *message;
	const char *why;

	while (lane_waits(lane)) {
		if (lane_dropped(lane))
			xn_fail("it took nothing for too long: there is no "
			    "room for what waits for it");
		if (xn_wait_send(mirror, 0) == 0)
			return 1;
		message = lane_take(lane);
		if (message == NULL)
			continue;
		why = failed(message);
		if (why != NULL)
			xn_fail("%s", why);
		xn_send_value(mirror, message);
		lane_sent(lane);
	}
	return 0;
}

void
svnhotsync_side_lane(xn_channel *channel, const xn_value *kwargs)
{
	struct hot_lane *lane = (struct hot_lane *)(intptr_t)
	    xn_value_int(kwargs, "lane", 0);
	xn_waitable things[2] = {
		{ NULL, -1, XN_READY_TIMEOUT }, { NULL, -1, XN_READY_TIMEOUT }
	};

	things[0].channel = channel;
	things[1].fd = lane_fd(lane);
	for (;;) {
		int full = send_on(channel, lane);

		if (full)
			xn_wait_send(channel, TAKES_IT);
		xn_select(things, full ? 1 : 2, full ? 0 : XN_FOREVER);
		if (things[0].ready != XN_READY_TIMEOUT && lane_ask(lane,
		    xn_receive_value(channel, XN_FOREVER)) != 0)
			return;
	}
}
