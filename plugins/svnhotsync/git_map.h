/*
 * git_map.h: which commit a branch had at a revision.
 *
 * Nothing is kept in a file: the notes of the repository say it all
 * (git_notes.h), and its refs which branches there are.
 */
#ifndef SVNHOTSYNC_GIT_MAP_H
#define SVNHOTSYNC_GIT_MAP_H

#include <apr_hash.h>
#include <svn_types.h>

#include "plugins/git/id.h"

/* A branch became this commit in that revision. */
struct svngit_step {
	svn_revnum_t rev;
	struct gitw_id commit;
};

/* The folder of a path, and all branches that were there, one after another. */
struct svngit_branch {
	const char *path;
	const char *ref;
	int live;			/* there is one now */
	struct gitw_id tip;		/* its last commit */
	int is_tag;			/* its ref is an annotated tag, */
	struct gitw_id tag;		/* this one */
	struct svngit_step *steps;	/* by revision; malloc'ed */
	apr_size_t n, room;
};

typedef struct svngit_map svngit_map_t;

svngit_map_t *svngit_map_create(apr_pool_t *pool);

/* The branch of the N bytes of PATH; NULL: there was none. */
struct svngit_branch *svngit_map_find(svngit_map_t *map, const char *path,
    apr_size_t n);

/* The ref of a branch that there was, beside which REF cannot be: it is the
 * same, or one is a folder of the other.  NULL: there is none. */
const char *svngit_map_rival(svngit_map_t *map, const char *ref);

/* The branch of PATH; it is made if need be, with that REF.  NULL: that has a
 * rival. */
struct svngit_branch *svngit_map_need(svngit_map_t *map, const char *path,
    const char *ref);

/* B is COMMIT in REV; in any order until svngit_map_sort(). */
void svngit_map_add(struct svngit_branch *b, svn_revnum_t rev,
    const struct gitw_id *commit);
void svngit_map_sort(svngit_map_t *map);

/* The last step of B that is not after REV; NULL: it was not there yet. */
const struct svngit_step *svngit_map_step(const struct svngit_branch *b,
    svn_revnum_t rev);

/* The commit that B was at REV; NULL: it was not there yet. */
const struct gitw_id *svngit_map_at(const struct svngit_branch *b,
    svn_revnum_t rev);

/* All of them: path -> struct svngit_branch *. */
apr_hash_t *svngit_map_all(svngit_map_t *map);

#endif
