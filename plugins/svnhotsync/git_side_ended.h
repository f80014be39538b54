/*
 * git_side_ended.h: is whoever drives a side that converts or pushes still there?
 * For work of libgit2 and libsvn, out of which no failure of ours may jump.
 */
#ifndef SVNHOTSYNC_GIT_SIDE_ENDED_H
#define SVNHOTSYNC_GIT_SIDE_ENDED_H

#include <execnet/remote.h>

struct git_look {
	xn_channel *channel;
	int ended;
};

static inline void
git_look_at(void *baton)
{
	struct git_look *look = baton;

	look->ended = xn_wait(look->channel, 0) == XN_READY_EOF;
}

/* Has CHANNEL ended, or failed?  Fails nowhere. */
static inline int
git_has_ended(xn_channel *channel)
{
	struct git_look look = { .channel = channel };
	char error[256];

	return xn_attempt(git_look_at, &look, error, sizeof(error)) != 0 ||
	    look.ended;
}

#endif
