/*
 * side_lane.h: what a lane's thread asks of the hub (hub.c), in values alone.
 */
#ifndef SVNHOTSYNC_SIDE_LANE_H
#define SVNHOTSYNC_SIDE_LANE_H

#include <execnet/value.h>

struct hot_lane;
struct xn_side_channel;

/*
 * A lane's thread: a program of this process, whose channel is its mirror's.
 * kwargs: lane (the address of its struct hot_lane).
 */
void svnhotsync_side_lane(struct xn_side_channel *channel,
    const xn_value *kwargs);

/* 1 if a message waits, or the lane was dropped; lane_fd() tells when to ask
 * again. */
int lane_waits(struct hot_lane *lane);

/* 1 if it is to end: there was no room for what waited. */
int lane_dropped(struct hot_lane *lane);

/* The message that waits first, good until lane_sent(); NULL if there is none
 * any more. */
const xn_value *lane_take(struct hot_lane *lane);

/* That message has left. */
void lane_sent(struct hot_lane *lane);

/* The mirror says MESSAGE to the source: 0, or -1 if the source has gone. */
int lane_ask(struct hot_lane *lane, const xn_value *message);

/* Readable when there may be a message. */
int lane_fd(struct hot_lane *lane);

#endif
