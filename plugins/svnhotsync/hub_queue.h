/*
 * hub_queue.h: what waits for the mirrors of a hub; for hub.c.  All but
 * hub_is_flat(), hub_bytes_of() and hub_copy() is called with the hub's mutex
 * held.
 */
#ifndef SVNHOTSYNC_HUB_QUEUE_H
#define SVNHOTSYNC_HUB_QUEUE_H

#include "plugins/svnhotsync/hub.h"

/* Is V a message that sides say to each other: a short tuple of plain
 * values? */
int hub_is_flat(const xn_value_t *v);

/* The bytes of text and bytes in V, which is flat. */
long long hub_bytes_of(const xn_value_t *v);

/* A copy of VALUE, which is flat and costs the lanes COST: one block, to be
 * given to hub_push(), or to free(). */
struct hot_message *hub_copy(const xn_value_t *value, long long cost);

/*
 * MESSAGE, which is the hub's from now on, into the queues of those of N LANES
 * (two bytes each) that are open.  If it does not fit into the room, lanes are
 * dropped.
 */
void hub_push(struct hub *hub, const unsigned char *lanes, size_t n,
    struct hot_message *message);

/* Nothing waits for LANE any more, whose thread has ended. */
void hub_clear(struct hot_lane *lane);

/* What may wait for one lane, beside the message that goes beyond it. */
long long hub_room_of(const struct hub *hub);

#endif
