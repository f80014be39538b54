/*
 * side_target.h: the side that keeps a tree like another: its state.
 */
#ifndef RSYNC_SIDE_TARGET_H
#define RSYNC_SIDE_TARGET_H

#include "side_map.h"
#include "side_place.h"
#include "side_select.h"

#define RS_ASKED	1024		/* requests under way */
/* Bytes of them, on the wire.  With one more (RS_SIGN_HERE, and a path) it must
 * stay below 128 KiB: a channel takes 256 KiB at once, of which the source may
 * hold back the credit of half, and in a file it takes no request. */
#define RS_ASKED_BYTES	(64 * 1024)
#define RS_ASKED_FRAME	80		/* of one, sent alone: around it */
#define RS_HELD		200000		/* entries in lists that wait */
#define RS_WAITING	1300000		/* changes that wait: more than the
					 * source tells before it says A */
#define RS_FDS		8		/* folders that are kept open */

/* A folder with something under way in it. */
struct rs_dir {
	char *path;
	struct rs_item *item;		/* what it is to be */
	int uses;			/* requests, and the walk */
	int fresh;			/* we have made it */
	int touched;			/* something in it was changed */
	int differs;			/* its own mode, owner, times do */
	int opened_up;			/* its mode is ours for the time being */
	struct rs_dir *next;		/* in the walk */
};

/* What was asked for, in order; or what is to be done when that has come. */
struct rs_want {
	int kind;			/* D, G, A, C, H, M (the hash of what
					 * may be the same), L (a hard link,
					 * not asked) */
	struct rs_dir *dir;
	struct rs_item *item;		/* a file; L: the name of the link */
	int had;			/* there was such a file before */
	unsigned long long had_device, had_inode; /* L: what that was */
	int by_delta;			/* and it may have much in common */
	int tries;
	size_t cost;			/* bytes of the request, on the wire */
	xn_list *list;			/* D: what is here; null: nothing */
	int index;			/* in it: those before are done */
	int part;			/* RS_WHOLE...: of the folder */
	char *last;			/* the last name that came */
	long long heard;		/* entries that came */
	size_t page;			/* bytes of the page that comes */
	char changes[12];		/* as rsync -i has them */
	long long old_size, block, signed_to;	/* of a delta */
	int owes;			/* it is counted in owed_files, */
	long long owed;			/* and for so much in owed_bytes */
	struct rs_item *mine;		/* M: what is here, and */
	int alone;			/* ... it shares nothing, */
	int hashed;			/* ... and has this hash */
	unsigned char hash[16];
	int tail;			/* A: RS_TAIL_* */
	long long tail_size;		/* bytes that are here already */
	struct rs_want *next;
};

/* Of what the beginning is here. */
#define RS_TAIL_PART	1		/* what an earlier run left */
#define RS_TAIL_APPEND	2		/* the file itself */

/* A file that is arriving. */
struct rs_arriving {
	int active, fd;			/* fd -1: its bytes are dropped */
	char temporary[64];
	xn_hash *hash;
	long long at, size;
	int sparse;			/* a hole is at its end */
	int old;			/* of a delta: the old file, or -1 */
	int delta, flags, stale;	/* stale: the old one is another */
	int is_part;			/* it can be gone on with */
	int in_place;			/* it is the file itself */
	long long before;		/* ... which had so many bytes */
};

/* A file with several names: the first of them. */
struct rs_linked {
	unsigned long long device, inode;	/* there */
	unsigned long long our_device, our_inode; /* 0: not here yet */
	char *path;
	int settled;			/* it is here, or will not be */
	struct rs_want *waiting;	/* its other names, until then */
	struct rs_linked *next, *next_ours;
};

#define RS_LINK_BUCKETS 4096
#define RS_KNOWN_BUCKETS 4096

struct rs_stats {
	long long checked, created, deleted, changed;
	long long sent, same_bytes, data_bytes;
	unsigned long long total_bytes;	/* as the source says: may be any */
	long long errors, vanished, skipped;
	long long folders;
};

struct rs_target {
	xn_channel *channel;		/* to the coordinator */
	xn_channel *peer;
	const char *path;
	const char *real;		/* where path led to when the job
					 * began; null: it may lead anywhere */
	int root;			/* base */
	int reading;			/* a file, while something is sent */
	int snapshots, base;		/* how many are kept, or 0; where they
					 * are: root is the new one, then */
	int replace_snapshots;		/* those that are here may go */
	struct rs_place place;		/* where path is */
	int made;			/* it was not there; root is -1 if it
					 * is only to be told (dry) */
	char snapshot[64];		/* its name while it is not done */
	struct rs_out out;
	struct rs_in in;
	int keep, is_root, umask;
	unsigned int *my_groups;	/* to which who is not root may give */
	int my_groups_n;
	int dry, itemize, remove, checksum, size_only, update;
	int append, inplace, partial, existing, ignore_existing, force;
	int backup;
	const char *suffix, *backup_dir; /* backup_dir null: beside */
	struct { char *path; int fd; } backups;	/* the last folder of them */
	xn_list *listed;		/* of the folder that is compared */
	int ignore_errors, allow_empty, sync, whole_file;
	long long max_delete;		/* -1: any number */
	long long hold_count;		/* more is asked about; -1: none, or */
	int hold_percent;		/* of what is here; the same */
	int judged;			/* what this comparison does may be: */
#define RS_JUDGED_SOME	1		/* what it had seen by then; */
#define RS_JUDGED	2		/* all of it */
	long long rewritten;		/* by it since then */
	long long here;			/* entries that it has found */
	int counted;			/* it follows, and knows how many there
					 * are: uncreated, and what it made
					 * since less what it deleted */
	long long uncreated;
	long long lost_before;		/* in earlier batches, until quiet */
	struct rs_later *rewrites, *rewrites_last;	/* wait for that */
	long long rewrites_n;
	long long deleted_before;	/* of those, what was in earlier runs */
	long long skipped_told;
	double deleted_at;		/* when the last was */
	double placed;			/* when the root was in its place */
	double again, again_pause;	/* seconds: what failed is tried again
					 * then; 0: nothing has */
	char run[17];			/* in the names of temporary files */
	long long temporaries;

	struct rs_dir *walk;		/* still to be compared, next first */
	xn_ahead *ahead;		/* lists its folders; or null */
	const xn_value *kwargs;		/* what it knows: rs_know_by() */
	struct rs_want *first, *last;	/* asked for */
	struct rs_want *waiting, *waiting_last;	/* to be asked for, in order */
	int waiting_n;
	long long owed_files, owed_bytes; /* files that are to come, and their
					 * bytes, all of them */
	int asked;
	const struct rs_want *holding;	/* nothing is asked before its
					 * signature has gone */
	xn_signing *signing;		/* makes that; or null */
	size_t asked_bytes;
	long long held;
	int io_error;			/* the source could not be read in
					 * part: nothing is deleted any more */
	long long stopped;		/* ... so many were not, with what
					 * is in them */
	int making_room;		/* what is deleted now is replaced */
	struct { char *path; int fd; } fds[RS_FDS];
	int next_fd;
	struct rs_arriving arriving;
	struct rs_selection selection;
	int delete_excluded;
	struct rs_marks marks;
	struct rs_owners users, groups;	/* theirs, and who that is here */
	struct rs_linked *linked[RS_LINK_BUCKETS];
	struct rs_linked *linked_ours[RS_LINK_BUCKETS];
	struct rs_later *later;		/* to be deleted at the end */
	struct rs_known *known[RS_KNOWN_BUCKETS];
	int known_n, empty;		/* empty: there was nothing here */
	struct rs_new *news;
	int listing;			/* folders that were asked for */
	int follow, in_batch, full_wanted, root_came;
	long long batch, batch_told;	/* the last that came, and is done */
	int hears;			/* it was told to say what changes */
	struct rs_dir *change;		/* the folder whose changes come */
	double full, compared, synced;	/* seconds: how often all is compared,
					 * when it was, when written to disk */
	long long synced_done;		/* changes until then */
	struct rs_stats stats;
	unsigned char *lines;		/* for the coordinator */
	size_t lines_n;
	double told;			/* progress, when */
	int read_only;			/* (dry) that it is, was told */
	char *shut;			/* (dry) the last folder that we may not
					 * change, of which that was told */
};

#endif
