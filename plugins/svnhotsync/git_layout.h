/*
 * git_layout.h: which paths of a repository become which refs.
 *
 * A pattern is PATH:REF, as trunk:refs/heads/trunk.  A star in PATH is any one
 * name; the stars of REF stand for those of PATH, in their order.  Paths are
 * without a slash in front.
 */
#ifndef SVNHOTSYNC_GIT_LAYOUT_H
#define SVNHOTSYNC_GIT_LAYOUT_H

#include <execnet.h>

typedef struct svngit_layout svngit_layout_t;

/*
 * The layout of WORDS, which end with NULL: patterns, or one of the words
 * "standard" and "none"; without any it is standard.  XN_E_CONFIG says what is
 * wrong with them.
 */
xn_error_t *svngit_layout_parse(svngit_layout_t **layout,
    const char *const *words, apr_pool_t *pool);

/* All patterns, a line each: the same text means the same refs. */
const char *svngit_layout_text(const svngit_layout_t *layout);

/* What HEAD is to name: of the first branch that has a name of its own. */
const char *svngit_layout_head(const svngit_layout_t *layout);

enum svngit_place {
	SVNGIT_OUTSIDE,			/* nothing at or below it is of use */
	SVNGIT_ABOVE,			/* a folder that can have branches */
	SVNGIT_BRANCH
};

/*
 * What the folder PATH is, which lies in no branch.  The first pattern decides
 * that means it, or folders below it.
 */
enum svngit_place svngit_layout_place(const svngit_layout_t *layout,
    const char *path);

/* How long the path of the branch is that PATH is or lies in; -1: in none. */
int svngit_layout_branch(const svngit_layout_t *layout, const char *path);

/*
 * The ref of the branch at PATH, in POOL.  What Git does not take in a name is
 * %XX, and so is a % itself: two branches of a pattern have two names.
 */
const char *svngit_layout_ref(const svngit_layout_t *layout,
    const char *path, apr_pool_t *pool);

#endif
