/*
 * side_load.h: the state of the side that keeps a mirror by loading dumps, and
 * what it needs of Subversion.
 */
#ifndef SVNHOTSYNC_SIDE_LOAD_H
#define SVNHOTSYNC_SIDE_LOAD_H

#include "side_mirror.h"
#include "side_mirror_guard.h"
#include "side_mirror_record.h"

#define DUMP_VERSION	1
#define BEGINNING	".syncgate-new"	/* while a mirror is being made */
#define MEMORY_LEAST	100		/* revisions that pay for a folder in
					 * memory */
#define DIRTY_REVS	64

struct load {
	struct mirror m;		/* of it what both methods have */
	char boot[64];			/* of this machine; "" if unknown */
	char record_more[128];

	int old_db;			/* of the mirror in place, while a new
					 * one is begun; or -1 */
	int reloading;			/* what is at m.path is ours, and not
					 * yet in its place */
	int stopping;			/* the coordinator wants an end */
	int poked;			/* it wants the source to look */
	int turns;
	long long asked;		/* what is above that one in the mirror
					 * is not ours */
	int polled;			/* an announcement came */
	double checkpoint;		/* when the last one was */

	int dumping;			/* a dump is being received */
	long long dump_status;		/* how svnadmin dump ended, */
	char dump_said[1024];		/* and what it said */
	char why[2048];			/* why loading failed, or "" */
	int no_space;			/* namely because a disk is full, */
	int foreign;			/* or somebody else committed */

	int no_memory;			/* folders in memory were too small */
	char memory[64];		/* name of ours in /dev/shm; or "" */

	long long dirty[DIRTY_REVS];	/* properties to compare */
	int dirty_n, dirty_all;
	int following;

	xn_child child;			/* svnadmin load; or what libsvn has */
	void *loader;
};

/*
 * The next piece of the dump that was asked for, good until the next call: 1;
 * 0 at its end, and dump_status says how it ended; -1 if the coordinator wants
 * an end.  Or fails.
 */
int load_piece(struct load *l, const void **bytes, size_t *n);

/* ---- By svnadmin (side_load_svnadmin.h), or by libsvn (load.c) ---------- */

/* Make an empty repository with the source's UUID at PATH; or fails. */
void load_create(struct load *l, const char *path);

/*
 * Load the dump that comes by load_piece(), of revisions from FIRST on, upon
 * what there is: 0, or -1 and why, with the whole revisions before that there.
 * What load_piece() fails with may be why, too.
 */
int load_stream(struct load *l, long long first);

/* The digests of the properties of N revisions (of dump-revprops' text). */
void load_digests(struct load *l, long long first, long long n,
    unsigned char *out);

/* svn:date of REV, or "". */
void load_date(struct load *l, long long rev, char out[64]);

/*
 * Give REV the properties of TEXT and no others; several in a row, which
 * load_props_end() ends.  They are on the disk then.
 */
void load_props(struct load *l, long long rev, const void *text, size_t n);
void load_props_end(struct load *l);

/* Are the revisions FIRST to LAST of the mirror at PATH good?  PACKED: some of
 * them are packed. */
int load_verify(struct load *l, const char *path, long long first,
    long long last, int packed);

/* Let go of all that is open; may be called in a cleanup, and twice. */
void load_close(struct load *l);

#endif
