/*
 * git_fsfs_internal.h: what git_fsfs*.c share.
 *
 *	git_fsfs.c	the files of the repository
 *	git_fsfs_index.c	the file of a revision, or a pack, taken apart
 *	git_fsfs_node.c	what a revision has changed, and the nodes
 *	git_fsfs_text.c	texts
 */
#ifndef SVNHOTSYNC_GIT_FSFS_INTERNAL_H
#define SVNHOTSYNC_GIT_FSFS_INTERNAL_H

#include "plugins/svnhotsync/git_fsfs.h"

/* Kinds of items: 1 to 4 are texts. */
#define SVNGIT_ITEM_NODE	5
#define SVNGIT_ITEM_CHANGES	6

struct svngit_item {
	apr_uint64_t at;		/* where it is in the file */
	apr_uint32_t n;			/* bytes */
	apr_uint32_t rev;		/* after the first one of the file */
	apr_uint32_t number;
	apr_uint32_t checksum;		/* as the index says */
	int kind;
};

/* The file of a revision; or its part of a pack. */
struct svngit_file {
	svn_revnum_t rev;
	const char *bytes;		/* all of it, and a NUL; or NULL: */
	int fd;				/* it is read from there */
	const struct svngit_item *items;	/* by number */
	apr_size_t n;
};

/* A pack that is open. */
struct svngit_pack {
	long shard;			/* -1: there is none */
	apr_pool_t *pool;		/* of the rest */
	int fd;
	struct svngit_item *items;	/* by revision and number */
	apr_size_t n;
};

#define SVNGIT_PACKS	4

/* The blob of a text; or the mode that properties make. */
struct svngit_known {
	svn_revnum_t rev;
	apr_uint64_t number;		/* 0: nothing */
	enum svngit_mode mode;
	struct gitw_id id;
};

struct svngit_fsfs {
	const char *mirror;
	svngit_store_t *store;
	int can;			/* it is of a kind that is read here */
	long shard;			/* revisions in a folder; 0: there are
					 * none */
	struct svngit_pack packs[SVNGIT_PACKS];	/* by their shards' numbers,
					 * modulo so many */
	apr_pool_t *pool;		/* of the revision at hand: */
	struct svngit_file file;
	apr_hash_t *nodes;		/* paths of files -> their nodes; NULL:
					 * not yet looked for */
	const struct gitw_id *like;	/* of the text at hand, or NULL */
	struct svngit_known *known;	/* by a hash of where the text is; what
					 * comes later takes the place */
};

/* Read the file of REV in the folder DIR of the repository, of at most MOST
 * bytes, into POOL, with a NUL behind. */
int svngit_fsfs_file(const char **bytes, apr_size_t *n,
    const svngit_fsfs_t *fsfs, const char *dir, svn_revnum_t rev,
    apr_size_t most, apr_pool_t *pool);

/* Take the file of REV, of at most MOST bytes, apart, in POOL; or it is in a
 * pack that is open. */
int svngit_fsfs_load(struct svngit_file *file, const svngit_fsfs_t *fsfs,
    svn_revnum_t rev, apr_size_t most, apr_pool_t *pool);

/* Items of a file of COUNT revisions from FIRST on: their place, *N. */
struct svngit_items {
	svn_revnum_t first, count;
	struct svngit_item *items;	/* by revision and number */
	apr_size_t n;
};

/*
 * Where the items and the second index are, and where that ends, of a file of
 * SIZE bytes of which TAIL is the end, N bytes.
 */
int svngit_fsfs_footer(apr_uint64_t *items_end, apr_uint64_t *index,
    apr_uint64_t *behind, apr_uint64_t size, const char *tail, apr_size_t n);

/* Take the N bytes of the index, P, of a file whose first ITEMS_END bytes are
 * items. */
int svngit_fsfs_index(struct svngit_items *out, apr_uint64_t items_end,
    const void *p, apr_size_t n, apr_pool_t *pool);

/* The first of them that is of a revision, REV after the first, or later. */
apr_size_t svngit_fsfs_first(const struct svngit_item *items, apr_size_t n,
    apr_uint32_t rev);

/* The item of that number, or NULL. */
const struct svngit_item *svngit_fsfs_item(const struct svngit_file *file,
    apr_uint64_t number);

/* The bytes of an item, maybe in POOL; what is behind them can be read up to a
 * NUL. */
int svngit_fsfs_bytes(const char **bytes, const struct svngit_file *file,
    const struct svngit_item *item, apr_pool_t *pool);

/* The same; and they have the checksum that the index says. */
int svngit_fsfs_whole(const char **bytes, const struct svngit_file *file,
    const struct svngit_item *item, apr_pool_t *pool);

/* The place of what is known of a text. */
struct svngit_known *svngit_fsfs_known(svngit_fsfs_t *fsfs, svn_revnum_t rev,
    apr_uint64_t number);

/* A decimal number at *AT, which is advanced; 0 if there is none. */
int svngit_fsfs_number(apr_uint64_t *number, const char **at);

#endif
