/*
 * git_changes.h: what a revision has changed, as a tree of names.
 */
#ifndef SVNHOTSYNC_GIT_CHANGES_H
#define SVNHOTSYNC_GIT_CHANGES_H

#include <apr_hash.h>
#include <svn_fs.h>

/* A path, and what changed at it and below it. */
struct svngit_change {
	const char *name;		/* the last component; "": the root */
	int listed;			/* the revision names this path, and */
	svn_fs_path_change_kind_t kind;	/* says this of it */
	svn_node_kind_t node;		/* what it is now; none: it is gone */
	int text, props;
	const char *from;		/* what it was copied from, without a
					 * slash in front; or NULL */
	svn_revnum_t from_rev;
	apr_hash_t *below;		/* name -> struct svngit_change *; or
					 * NULL */
};

/* Those of ROOT, a revision's. */
svn_error_t *svngit_changes_read(struct svngit_change **top,
    svn_fs_root_t *root, apr_pool_t *pool, apr_pool_t *scratch);

/* The change at PATH, below TOP: it is made if need be. */
struct svngit_change *svngit_change_at(struct svngit_change *top,
    const char *path, apr_pool_t *pool);

/* Is the node new at its path: added, or replaced? */
int svngit_change_is_new(const struct svngit_change *change);

#endif
