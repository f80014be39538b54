/*
 * orphans.h: processes that became ours because their parents died, where no
 * PID namespace clears them away.
 */
#ifndef XN_AGENT_ORPHANS_H
#define XN_AGENT_ORPHANS_H

#include <sys/types.h>

/*
 * Kill and reap the children of this process, except the N in KEEP, until
 * there are none: the children of those become ours and go the same way.
 * Gives up after two seconds.
 */
void xn_orphans_kill(const pid_t *keep, size_t n);

#endif
