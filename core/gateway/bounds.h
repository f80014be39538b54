/*
 * bounds.h: how much a peer can make us keep.
 */
#ifndef XN_GATEWAY_BOUNDS_H
#define XN_GATEWAY_BOUNDS_H

/*
 * The agent says how many channels there are, and each begins with credit: so
 * both the channels and what waits in them have a maximum for a gateway.
 */
#define XN_CHANNELS_MAX		16384u
#define XN_CHANNELS_KNOWN_MAX	65536u	/* with the closed ones that are held */
#define XN_QUEUED_MAX		(40u * 1024 * 1024)

/*
 * An agent ends above 16384 open channels, and its own programs may make 12288
 * of them (agent/router.h).  So what may be made on its gateway to carry those
 * of other gateways is less than the rest: no program of theirs brings it to
 * its end, and 1024 are left for us.
 */
#define XN_CARRIED_MAX		3072u
#define XN_CARRIED_BESIDE_MAX	15360u	/* none while so many are open at all */

/*
 * A peer without windows is not read from while more than this waits, until
 * half of it has been taken.
 */
#define XN_PLAIN_QUEUED_MAX	(16u * 1024 * 1024)

/*
 * What one of those values costs beside its bytes, at least: so also a million
 * empty ones cost what is counted.
 */
#define XN_ITEM_COST		128u

/* Channels in the values that wait, each as often as it is in one. */
#define XN_IN_VALUES_MAX	(512u * 1024)

/* Answers that a peer may leave unread, and frames of all kinds. */
#define XN_REPLIES_MAX		16384u
#define XN_UNREAD_MAX		131072u

#endif
