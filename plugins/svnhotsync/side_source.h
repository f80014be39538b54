/*
 * side_source.h: the state of the side that reads a repository, and reading
 * its small files.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_H
#define SVNHOTSYNC_SIDE_SOURCE_H

#include "side_fsfs.h"

#define CHANGED_MAX	256	/* noted one by one; more: compare everything */
#define POLL_MAX	86400000 /* milliseconds: a day */
#define STALL_MAX	2	/* commits the watch did not tell of */

/* Unpacked properties of some revisions that lie in one file. */
struct props_pack {
	long long shard;		/* -1: nothing is loaded */
	char name[NAME_SIZE];
	long long first, count;
	char *text;			/* malloc'ed: sizes, then the bytes */
	const char *sizes;		/* "94\n94\n..." */
	const char *bytes, *end;
};

/* A list of what to look at again, without doubles. */
struct changed {
	long long number[CHANGED_MAX];
	int n;
};

/* What a watch number stands for. */
enum watch_kind {
	WATCH_NONE, WATCH_DB, WATCH_REVPROPS, WATCH_SHARD, WATCH_PACK
};
struct watched {
	int kind;
	long long shard;
};

struct source {
	xn_channel *peer;		/* the mirror */
	const char *path;
	int root, db;			/* descriptors, -1 when not open */
	int file, props_file;
	struct fsfs fs;
	const char *format;		/* the text of db/format */
	char uuid[64];
	long long next;			/* first revision not sent; -1 before
					 * the mirror said from where */
	long long mirror_unpacked;	/* the mirror's min-unpacked-rev */
	long long youngest, min_unpacked;	/* as last read */
	char last_path[PATH_SIZE];	/* the file of the last one sent, */
	xn_stat_t last;			/* as it was then; "" if unknown */
	char *piece, *props_piece;	/* XN_PIECE bytes each */
	unsigned char *digests;		/* of a range, RANGE_MAX * 16 bytes */

	struct props_pack pack;
	char *manifest;			/* of packed properties, malloc'ed */
	char *props;			/* unpacked ones of a revision */

	int follow;			/* a watch is wanted */
	int following;			/* the mirror asked for what comes */
	int fresh_follow;		/* and nothing was looked at since */
	int poll;			/* milliseconds */
	int polling;			/* there is no watch, */
	const char *polling_why;	/* for this reason */
	xn_watch *watch;
	struct watched *watched;	/* by watch number, malloc'ed */
	int watched_n;
	int stalled;			/* commits that came without an event */
	struct changed revs;		/* their properties were replaced */
	struct changed shards;		/* compare all properties in them */
	int all_changed;
	long long *times;		/* polling: when the folders of a
					 * shard's properties changed last */
	long long times_n;
};

/* Read db/current and db/min-unpacked-rev, in the order that is safe: what is
 * packed only ever grows. */
static void
read_numbers(struct source *s)
{
	s->youngest = fs_read_number(s->db, "current");
	if (s->youngest < 0)
		xn_fail("cannot read %s/db/current: %m", s->path);
	s->min_unpacked = fs_read_unpacked(s->db, &s->fs);
	if (s->min_unpacked < 0)
		xn_fail("cannot read %s/db/min-unpacked-rev: %m", s->path);
	s->min_unpacked -= s->min_unpacked % s->fs.shard;
}

static void
note(struct source *s, struct changed *list, long long number)
{
	for (int i = 0; i < list->n; i++)
		if (list->number[i] == number)
			return;
	if (list->n == CHANGED_MAX)
		s->all_changed = 1;
	else
		list->number[list->n++] = number;
}

#endif
