/*
 * side_source_pace.h: bwlimit, how many bytes a second go to all targets
 * together, as they travel.
 */
#ifndef RSYNC_SIDE_SOURCE_PACE_H
#define RSYNC_SIDE_SOURCE_PACE_H

#include "side_source.h"

#define RS_BURST	0.1		/* seconds that may be caught up */

/* May something more be sent now? */
static inline int
rs_may_send(struct rs_source *s)
{
	double now = xn_clock(), most = RS_BURST * (double)s->limit;
	long long sent = 0;

	if (s->limit == 0)
		return 1;
	for (int i = 0; i < s->peers_n; i++)
		sent += s->peers[i].out.sent;
	s->allowed += (now - s->paced) * (double)s->limit;
	if (s->allowed > most)
		s->allowed = most;
	s->allowed -= (double)(sent - s->sent);
	s->paced = now;
	s->sent = sent;
	return s->allowed >= 0;
}

/* How long to wait until then, in milliseconds; at most MOST. */
static inline int
rs_pause(const struct rs_source *s, int most)
{
	double pause;

	if (s->limit == 0 || s->allowed >= 0)
		return 0;
	pause = -s->allowed / (double)s->limit * 1000 + 1;
	return pause < most ? (int)pause : most;
}

#endif
