/*
 * hub.h: one source's side and many mirrors.
 *
 * What the source sends it names the lanes for (side_source_send.h); it is kept
 * once and waits in the queue of each.  A lane's thread (side_lane.c) sends it
 * on, and the source gets credit for what has left.
 *
 * All that waits is at most HUB_ROOM.  Each lane gets credit for its share of
 * that, so it is never too little, unless there are thousands of lanes, or they
 * come late, when others have been given more.  Then the lane that has taken
 * nothing for longest is dropped: it ends, and begins again where its mirror
 * is.
 */
#ifndef SVNHOTSYNC_HUB_H
#define SVNHOTSYNC_HUB_H

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "plugins/svnhotsync/hotsync.h"
#include "plugins/svnhotsync/side_lane.h"

#define HOT_LANES	65536
#define HUB_ROOM	(256LL << 20)	/* bytes that may wait in all queues */

struct hot_message;
struct hot_queued;

/* One attempt to serve a mirror; its queue and what belongs to it are under the
 * hub's mutex. */
struct hot_lane {
	struct hub *hub;
	int id;				/* -1: it is not open */
	int fd;				/* an eventfd */
	struct hot_queued *first, *last;
	struct hot_message *taken;	/* by its thread, which sends it */
	long long queued;		/* cost of what waits, and of that */
	long long credit;		/* that the source has left; below 0: it
					 * sent a message beyond it */
	apr_time_t moved;		/* when something left, or the first of
					 * the queue came */
	int dropped;			/* what waited was thrown away, and it
					 * is to end */
};

/* What the source tells of its repositories; in the hub's thread. */
typedef void hub_told_fn(void *baton, const char *what, const char *name,
    const char *why);

struct hub {
	xn_channel_t *source;		/* to the source's side */
	apr_thread_mutex_t *mutex;
	apr_thread_cond_t *changed;	/* broadcast when something has ended */
	struct hot_lane *lanes[HOT_LANES];	/* by id */
	int next_id, open;
	int expected;			/* lanes that will be open: its user
					 * says so; more may come */
	long long room;			/* HUB_ROOM; a test has less */
	long long held, held_most;	/* bytes that wait now; and so far */
	apr_thread_t *thread;
	hub_told_fn *told;
	void *baton;
	xn_error_t *error;		/* why the source's side ended; */
	int ended;			/* it has, well or not */
};

/* Serve SOURCE, the channel of a source's side that knows many. */
xn_error_t *hub_start(struct hub **hub, xn_channel_t *source,
    hub_told_fn *told, void *baton, apr_pool_t *pool);

/* A lane to be opened, in POOL, whose cleanup closes it. */
xn_error_t *hub_lane(struct hot_lane **lane, struct hub *hub,
    apr_pool_t *pool);

/* Begin to serve it: a mirror of the repository PATH of the source. */
xn_error_t *hub_open(struct hot_lane *lane, const char *path);

/* Tell the source to look. */
xn_error_t *hub_look(struct hub *hub);

#endif
