/*
 * side_source.h: the side that reads a tree: its state.
 */
#ifndef RSYNC_SIDE_SOURCE_H
#define RSYNC_SIDE_SOURCE_H

#include "side_map.h"
#include "side_place.h"
#include "side_select.h"

#define RS_LISTS	64		/* kept in case another wants them */
#define RS_LISTED	100000		/* entries in those */
#define RS_FRESH	1.0		/* seconds that a list may be used, and */
#define RS_FRESH_TIMES	20		/* so often as long as it took to make */
#define RS_FULL		32		/* folders known not to be empty */
#define RS_HASHED	1024		/* hashes of files that are kept */

#define RS_PIECES	16		/* of a file, kept for those behind */
#define RS_IDLE		8		/* files that nobody reads just now */
#define RS_SMALLS	4096		/* small files that are kept, and */
#define RS_SMALL_BYTES	(16u << 20)	/* their bytes */

struct rs_copy;

/* A file that one target or several are sent, from its begin. */
struct rs_piece {
	unsigned char *bytes;		/* RS_DATA; null: none */
	long long at;
	size_t n;
};
struct rs_reading {
	char *path;
	xn_entry before;		/* numbers only */
	xn_hash *hash;			/* null: it has ended */
	long long hashed;		/* so far */
	unsigned char whole[16];	/* then */
	int users;
	struct rs_piece pieces[RS_PIECES];
	struct rs_reading *next;
};

struct rs_listed;

/* A small file's content, for the next target that asks for its folder. */
struct rs_small {
	struct rs_listed *of;		/* null: none, or its list has gone */
	int index;			/* in that */
	unsigned char *bytes;
	size_t n;
	unsigned char hash[16];
};

/* Of them the last ones: the oldest go. */
struct rs_smalls {
	struct rs_small ring[RS_SMALLS];
	unsigned int first, next;	/* modulo RS_SMALLS */
	size_t bytes;
};

/* A folder's list, for all who ask at about the same time. */
struct rs_listed {
	char *path;
	int what;			/* it says */
	xn_list *list;
	int has_digest[2];		/* for the two last masks */
	int keep[2];
	unsigned char digest[2][16];
	double at, took;		/* xn_clock(), and seconds */
	struct rs_copy *copies;		/* that its entries point to */
	struct rs_small **smalls;	/* for each entry; or null */
	int error;			/* errno; list is null */
};

/* A file on its way to a peer. */
struct rs_sending {
	int fd;				/* -1: none */
	char *path;
	long long size, at;		/* bytes */
	long long data_end;		/* until here it is data; -1: look */
	struct rs_reading *reading;	/* of all of it; else: */
	xn_hash *hash;			/* of what is behind its begin */
	xn_delta *delta;
	unsigned char *sign;		/* a batch of a signature, or null */
	size_t sign_n, sign_at;		/* came, taken */
	size_t sign_wanted;		/* of the batch, still to come */
	long long sign_left, sign_all;	/* of all, still to come; all */
	int failed;			/* errno */
	int growing;			/* it is no matter that it grows */
	xn_entry before;		/* numbers only */
};

/* The hash of a file that another target may ask for. */
struct rs_hashed {
	char *path;			/* null: none */
	xn_entry e;			/* numbers only: what it was then */
	unsigned char hash[16];
};

/* Of a folder that is being told to a peer. */
struct rs_telling {
	char *path, *after;		/* path null: none */
	int inlined;
	size_t told;			/* bytes of this page */
};

struct rs_peer {
	xn_channel *channel;		/* null: it is gone */
	struct rs_out out;
	struct rs_in in;
	int keep;
	int opened, finished;
	struct rs_telling telling;
	struct rs_sending sending;
	struct rs_owners users, groups;	/* whose names it knows */
	int following;			/* it wants to hear what changes */
	struct rs_change *changes, *changes_last;
	int changes_n;			/* too many: all is told as one */
	int all;			/* it must look at everything */
	long long told;			/* the batch whose end it knows; -1 */
};

/* A folder in which something changed. */
struct rs_change {
	char *path;
	char **names;
	int n;				/* -1: all of it is to be looked at */
	struct rs_change *next;
};

#define RS_CHANGE_BUCKETS 1024

struct rs_follow {
	int on;
	xn_watch *watch;		/* null: it cannot be had */
	char **paths;			/* by the number of a watch */
	int paths_n;
	struct rs_change *buckets[RS_CHANGE_BUCKETS];
	int changes_n, overflow;
	double settle, first, last;	/* seconds; when something changed */
	double poll, looked;		/* where it cannot be watched */
	double placed;			/* when the root was where it is to be */
	int poked;			/* all is to be looked at now */
	long long batch;		/* how often something was handed on */
	int changed;			/* the coordinator knows that something
					 * is to be */
	long long opened;		/* when a target began to look at
					 * everything last; since 1970 */
};

struct rs_source {
	xn_channel *channel;		/* to the coordinator */
	const char *path;
	int root;			/* base */
	struct rs_place place;		/* where that is */
	unsigned long long device;	/* of the root */
	int one_file_system, level, inline_max;
	struct rs_peer *peers;
	int peers_n;
	char *lost;			/* why the first that was let go of
					 * was, or null */
	struct rs_listed lists[RS_LISTS];
	xn_ahead *ahead;		/* lists folders; or null */
	int ahead_what;			/* and what they say */
	const xn_value *kwargs;		/* what it knows: rs_know_by() */
	int early;			/* the number of one that was begun
					 * before this side; or 0 */
	struct rs_selection selection;
	struct rs_marks marks;

	/* side_source_alter.h */
	int *modes, modes_n;		/* RS_MODE_RULE numbers each */
	struct rs_map map_users, map_groups;
	int numeric, leave, prune, inplace;
	long long max_size, min_size;	/* -1: any */
	const char *backup_dir;		/* takes no part; null: none */
	struct rs_copy *copies;		/* that the root points to */
	char *full[RS_FULL];
	int full_next;
	struct rs_hashed hashed[RS_HASHED];
	struct rs_reading *readings;	/* side_source_share.h */
	struct rs_smalls *smalls;	/* null: there is one target */
	struct rs_packs *packs;		/* null likewise */

	long long limit, sent;		/* bytes a second; 0: any */
	double allowed, paced;		/* bytes, and when that was so */
	int turn;			/* which target is served first */

	unsigned char *piece;		/* RS_DATA and some */
	long long files, folders, bytes; /* read; files: sent */
	long long flagged;		/* files with flags, which stay here */
	int flagged_told;
	char *flagged_path;		/* the first */
	struct rs_follow follow;	/* side_source_watch.h */
};

#endif
