/*
 * side_dump.h: the state of the side that dumps a repository.
 */
#ifndef SVNHOTSYNC_SIDE_DUMP_H
#define SVNHOTSYNC_SIDE_DUMP_H

#include "side_fsfs.h"

#define DUMP_VERSION	1
#define DUMP_POLL_MAX	86400000	/* milliseconds: a day */
#define DUMP_WATCHES	65536

/* What a watch number stands for. */
enum dump_watch {
	DUMP_WATCH_NONE,
	DUMP_WATCH_DB,			/* `current` is in it */
	DUMP_WATCH_REVPROPS,		/* folders of shards, or the files of a
					 * linear layout */
	DUMP_WATCH_SHARD,		/* properties of single revisions */
	DUMP_WATCH_PACK
};

struct dump {
	xn_channel *peer;		/* who keeps the mirror */
	const char *path;
	int root, db;			/* descriptors; -1: not open */
	int fsfs;			/* it has files that can be watched */
	int follow;			/* a watch is wanted */
	int following;			/* the mirror asked for what comes */
	int poll;			/* milliseconds */
	const char *polling;		/* why there is no watch; or null */
	xn_watch *watch;
	unsigned char *kinds;		/* by watch number: enum dump_watch */
	long long told;			/* youngest that the mirror was told */
	long long dirty;		/* a revision whose properties changed;
					 * -1: none, -2: several */
	double compare_due;		/* polling: when to compare all again */
	unsigned char digests[RANGE_MAX * 16];
};

#endif
