/*
 * side_source.h: the state of the side that reads repositories, and reading
 * their small files.
 *
 *	reader			the program: a channel, a watch, and
 *	  source...		repositories, each with
 *	    lane...		mirrors, each at its own place, perhaps with
 *	      unit		something large that is being sent to it
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_H
#define SVNHOTSYNC_SIDE_SOURCE_H

#include "side_fsfs.h"
#include "side_part.h"
#include "side_props.h"

#define CHANGED_MAX	256	/* noted one by one; more: compare everything */
#define POLL_MAX	86400000 /* milliseconds: a day */
#define STALL_MAX	2	/* commits the watch did not tell of */
#define LANES_MAX	65536	/* a lane's number travels as two bytes */
#define REQUESTS_MAX	512	/* of a mirror; it asks about 130 at once */

struct reader;
struct source;
struct part_list;

/* A list of what to look at again, without doubles. */
struct changed {
	long long number[CHANGED_MAX];
	int n;
};

/* What a watch number stands for. */
enum watch_kind {
	WATCH_NONE, WATCH_DB, WATCH_REVPROPS, WATCH_SHARD, WATCH_PACK,
	WATCH_PARENT, WATCH_ROOT,
	WATCH_PART			/* its number in place of the shard's */
};
struct watched {
	int kind;
	struct source *source;		/* NULL: the folder of all */
	long long shard;
};

/* Bytes that several lanes may be sending: an open file, or a text. */
struct held {
	int refs;
	int fd;				/* -1: it is a text */
	char path[PATH_SIZE];		/* in db, of what is open */
	char *text;			/* malloc'ed */
	long long size;
};

/* Something that takes more than one message: side_source_unit.h.  Lanes that
 * are at the same message of it share one. */
struct unit {
	int refs;			/* lanes */
	int kind, step;
	long long number;		/* revision or shard */
	struct held *held, *behind;	/* being sent, and what comes then */
	long long at;			/* bytes of HELD that were sent */
	char *manifest;			/* of packed properties; malloc'ed */
	size_t manifest_n, manifest_at;
	char last[NAME_SIZE];		/* the last file out of it */
	int round;			/* how often it was begun */
	struct part_list *list;		/* of a part, */
	int list_at;			/* the next file in it */
	int whole;			/* and not only what has changed */
	long long first;		/* what "same" is said of then, -1:
					 * nothing; of a pack, how many
					 * properties were sent by themselves */
};

/* What a mirror asked for; handled in turn. */
struct request {
	struct request *next;
	int what;			/* index of requests[] */
	long long first, n;
	long long done;			/* of n, for what is long */
	int packed;
	unsigned char data[RANGE_MAX / 8];	/* digest or bits */
};

/* A mirror, as the source sees it. */
struct lane {
	struct lane *next_lane;
	struct source *source;
	int id;
	long long next;			/* first revision not sent; -1 before
					 * the mirror said from where */
	long long mirror_unpacked;	/* the mirror's min-unpacked-rev */
	int sent;			/* revisions, and no "idle" since */
	int following;			/* it asked for what comes */
	long long credit;		/* bytes that it takes; many alone */
	struct unit *unit;		/* or NULL */
	struct request *first_request, *last_request;
	int requests;
	struct changed revs;		/* their properties were replaced */
	struct changed shards;		/* compare all properties in them */
	int all_changed;
	int served;			/* it had its turn */
	int parts_wanted;		/* a bit each */
	int part_version[PARTS];	/* the list that it has; 0: none */
};

/* A name in the folder where repositories are. */
struct found {
	struct found *next;
	char *name;			/* malloc'ed */
	int there;			/* as it was last looked */
	int told;			/* enum found_as */
	double since;
};

/* A repository. */
struct source {
	struct reader *reader;
	struct source *next_source;
	struct lane *lanes;
	char *path;			/* malloc'ed */
	int root, db;			/* descriptors, -1 when not open */
	int file, props_file;
	struct fsfs fs;
	char *format;			/* the text of db/format, */
	char *conf;			/* of db/fsfs.conf (NULL: none), */
	char *text;			/* of whatever; malloc'ed */
	size_t conf_n;
	char uuid[64];
	long long youngest, min_unpacked;	/* as last read */
	long long last_rev;		/* the highest that was sent, -1 */
	char last_path[PATH_SIZE];	/* its file, "" if not known, */
	xn_stat_t last;			/* as it was then */

	struct props_pack pack;
	char *manifest;			/* of packed properties, malloc'ed */
	char *props;			/* unpacked ones of a revision */

	struct part_list *part[PARTS];	/* as looked at last, or NULL */
	struct part_list *part_new;	/* while it is looked at */
	char *run_names;		/* of a mirror: RUN_NAMES, or NULL;
					 * malloc'ed */
	int part_skipped[PARTS];	/* files that were told of */
	int parts_missing;		/* whose folder is not there, a bit
					 * each */
	int parts_wanted, parts_dirty;	/* a bit each */

	int gone;			/* a folder of it was */
	int look;			/* something may have happened */
	int events;			/* since it was looked at last */
	double looked;			/* when that was */
	int polling;			/* there is no watch, */
	char polling_why[256];		/* for this reason */
	int stalled;			/* commits that came without an event */
	long long *times;		/* polling: when the folders of a
					 * shard's properties changed last */
	long long times_n;
};

struct reader {
	xn_channel *channel;		/* the mirror, or the hub of many */
	int many;
	int follow;			/* a watch is wanted */
	int poll;			/* milliseconds */
	struct source *sources;
	struct lane **lanes;		/* by id; malloc'ed */
	int lanes_n;
	struct lane **to;		/* whom to send to; malloc'ed */
	unsigned char *to_bytes;	/* the same for the wire */
	int to_n, to_max;
	xn_watch *watch;
	char watch_why[256];		/* why there is none */
	struct watched *watched;	/* by watch number, malloc'ed */
	int watched_n;
	char *piece, *props_piece;	/* XN_PIECE bytes each */
	unsigned char *digests;		/* of a range, RANGE_MAX * 16 bytes */
	const char *parent, *pattern;	/* where repositories are, or NULL */
	int parent_fd;
	struct found *found;
	double found_at;		/* when it was looked there last */
	int find_soon;			/* something new is not finished yet */
	int find_now;
};

/* Read db/current and db/min-unpacked-rev, in the order that is safe: what is
 * packed only ever grows. */
static inline void
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

static inline void
note(struct lane *lane, struct changed *list, long long number)
{
	for (int i = 0; i < list->n; i++)
		if (list->number[i] == number)
			return;
	if (list->n == CHANGED_MAX)
		lane->all_changed = 1;
	else
		list->number[list->n++] = number;
}

/* REV will be read for LANE, and what it is by then is sent? */
static inline int
is_to_come(const struct lane *lane, long long rev)
{
	return lane->unit == NULL && rev >= lane->next;
}

/* For all mirrors of S: compare a shard; properties of a revision; all. */
static inline void
note_shard(struct source *s, long long shard)
{
	for (struct lane *l = s->lanes; l != NULL; l = l->next_lane)
		if (!is_to_come(l, shard * s->fs.shard))
			note(l, &l->shards, shard);
}

static inline void
note_rev(struct source *s, long long rev)
{
	for (struct lane *l = s->lanes; l != NULL; l = l->next_lane)
		if (!is_to_come(l, rev))
			note(l, &l->revs, rev);
}

static inline void
note_all(struct source *s)
{
	for (struct lane *l = s->lanes; l != NULL; l = l->next_lane)
		l->all_changed = 1;
}

#endif
