/*
 * git_fsfs.h: what a revision changed, read from the mirror's own files.
 *
 * libsvn gets at a file by its path: it reads and parses all folders above it,
 * and the larger these are, the longer it takes.  But all that a revision
 * changed is in the file of that revision (side_fsfs.h, side_items.h), each
 * node with its path.  So it is read from there, where there is such a file:
 * of formats 7 and 8 with logical addressing.
 *
 * Everything here says 1, or 0 where libsvn is to be asked instead: as the file
 * is of another kind, or too large, or as something in it is not as it must be,
 * which libsvn then has words for.  A text is right if it is of the length and
 * the MD5 that its node says.
 */
#ifndef SVNHOTSYNC_GIT_FSFS_H
#define SVNHOTSYNC_GIT_FSFS_H

#include <svn_string.h>

#include "plugins/svnhotsync/git_changes.h"
#include "plugins/svnhotsync/git_store.h"
#include "plugins/svnhotsync/git_tree.h"

typedef struct svngit_fsfs svngit_fsfs_t;

/* Where a text is: of a file, or of properties. */
struct svngit_rep {
	svn_revnum_t rev;
	apr_uint64_t number;		/* of the item; 0: there is no text */
	apr_uint64_t length;
	unsigned char md5[16];
};

/* A file in a revision. */
struct svngit_node {
	struct svngit_rep text, props;
};

/* For the repository MIRROR, whose texts are in STORE as far as is known. */
svngit_fsfs_t *svngit_fsfs_create(const char *mirror, svngit_store_t *store,
    apr_pool_t *pool);

/* It may be of another kind now than it was. */
void svngit_fsfs_look(svngit_fsfs_t *fsfs);

/* Begin with REV: what follows is about that one, until the next. */
int svngit_fsfs_begin(svngit_fsfs_t *fsfs, svn_revnum_t rev);

/* As svngit_changes_read(). */
int svngit_fsfs_changes(struct svngit_change **top, svngit_fsfs_t *fsfs,
    apr_pool_t *pool);

/* The properties of the revision REV: name -> svn_string_t *. */
int svngit_fsfs_props(apr_hash_t **props, const svngit_fsfs_t *fsfs,
    svn_revnum_t rev, apr_pool_t *pool);

/* What the properties of a file, name -> svn_string_t *, say of its mode:
 * whether it is a link its text says, too. */
enum svngit_mode svngit_mode_of(apr_hash_t *props);

/* The file PATH, if it was added or changed in the revision. */
int svngit_fsfs_node(struct svngit_node *node, svngit_fsfs_t *fsfs,
    const char *path);

/* What its properties make of it: a link may yet be none. */
int svngit_fsfs_mode(enum svngit_mode *mode, svngit_fsfs_t *fsfs,
    const struct svngit_node *node, apr_pool_t *pool);

/* A text of at most MOST bytes, in POOL.  It may well be said by what differs
 * from the blob LIKE; or that is NULL. */
int svngit_fsfs_text(svn_stringbuf_t **text, svngit_fsfs_t *fsfs,
    const struct svngit_rep *rep, const struct gitw_id *like,
    apr_uint64_t most, apr_pool_t *pool);

/* The text of REP is the blob ID: texts that are said by what differs from it
 * begin with that. */
void svngit_fsfs_know(svngit_fsfs_t *fsfs, const struct svngit_rep *rep,
    const struct gitw_id *id);

#endif
