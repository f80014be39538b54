/*
 * git_internal.h: what the files of the conversion share.
 *
 *	git_convert.c	from the repository's position to the mirror's youngest
 *	git_hold.c	what does not fit is held until somebody says what to do
 *	git_again.c	and whether that mirror is the one it was
 *	git_revision.c	a revision: which branches it touches
 *	git_branch.c	a branch in it: its commit, and its ref
 *	git_revprops.c	what its properties were, and
 *	git_revprops_look.c	that they were changed
 *	git_merges.c	which branches were merged to it
 *	git_content.c	the tree of that
 *	git_file.c	a file in it
 *	git_ignore.c	its .gitignore
 *	git_externals.c	its .svnexternals
 *	git_modules.c	the .gitmodules of a branch
 *	git_empty.c	and the one of an empty folder
 *	git_digest.c	a revision is known again
 */
#ifndef SVNHOTSYNC_GIT_INTERNAL_H
#define SVNHOTSYNC_GIT_INTERNAL_H

#include <svn_fs.h>

#include "plugins/git/refs.h"
#include "plugins/svnhotsync/git_authors.h"
#include "plugins/svnhotsync/git_changes.h"
#include "plugins/svnhotsync/git_convert.h"
#include "plugins/svnhotsync/git_fsfs.h"
#include "plugins/svnhotsync/git_layout.h"
#include "plugins/svnhotsync/git_map.h"
#include "plugins/svnhotsync/git_notes.h"
#include "plugins/svnhotsync/git_store.h"
#include "plugins/svnhotsync/git_tree.h"

struct svngit {
	const struct svngit_options *options;
	apr_pool_t *pool;		/* lives as long as this */
	svngit_layout_t *layout;
	const char *made_by;		/* what ids depend on: the layout, and
					 * options */
	svngit_authors_t *authors;
	svngit_store_t *store;
	svngit_map_t *map;
	svngit_notes_t *notes;
	struct svngit_revprops *revprops;	/* as they were */
	svngit_notes_t *changed;	/* that they were changed */
	apr_hash_t *shards;		/* path -> struct svngit_shard * */
	struct gitw_refs *refs;		/* as they are on the disk, */
	apr_pool_t *refs_pool;		/* in here */
	apr_hash_t *kept;		/* names -> struct gitw_ref *: tips of
					 * branches that are no more, and refs
					 * that are not ours */
	apr_pool_t *fs_pool;		/* of what follows */
	svn_fs_t *fs;			/* the mirror */
	svngit_fsfs_t *fsfs;		/* its files */
	const char *uuid;
	svn_revnum_t position;		/* all up to it is in refs and notes */
	svn_revnum_t most;		/* convert no further; 0: all */
	apr_int64_t when;		/* of the last revision converted */
	int outside_told;
	const char *held_kind;		/* of XN_E_HELD; or NULL */
	const char *held_state;
};

/* A revision at hand. */
struct svngit_revision {
	struct svngit *g;
	svn_revnum_t rev;
	svn_fs_root_t *root;
	svn_fs_root_t *before;		/* the revision before; NULL: not yet
					 * opened */
	const char *who;		/* "Name <mail>" */
	apr_int64_t when;		/* seconds since 1970 */
	const char *log;		/* with LOG_N bytes */
	apr_size_t log_n;
	int whole;			/* the branch at hand begins as what was
					 * no branch: its .gitmodules is made of
					 * all that is in it */
	apr_pool_t *pool;		/* as long as it is */
};

/* ERROR of libsvn, consumed, as one of ours; NULL for NULL. */
xn_error_t *svngit_error(svn_error_t *error);

#define SVNGIT_TRY(expression)	XN_TRY(svngit_error(expression))

/* The keys of TABLE (may be NULL), sorted: what is done must not depend on a
 * hash's order. */
apr_array_header_t *svngit_names_of(apr_hash_t *table, apr_pool_t *pool);

/* The error that G's repository, which was converted up to REV, is held for:
 * KIND is "loss", "back" or "other". */
xn_error_t *svngit_hold(struct svngit *g, const char *kind, svn_revnum_t rev,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What REV is known by again: 40 hexadecimal digits in POOL. */
xn_error_t *svngit_digest(const char **digest, struct svngit *g,
    svn_revnum_t rev, apr_pool_t *pool);

/* Is REF that of a branch or tag, or of one that is no more?  Nobody else may
 * change it. */
int svngit_is_ours(const char *ref);

/* The same digits for those of REFS that are, whatever their order: in POOL. */
const char *svngit_refs_digest(const struct gitw_refs *refs,
    apr_pool_t *pool);

/*
 * Is the mirror still the folder that was converted, or one with the same
 * history?  If it is another one this takes as long as converting all that G
 * has.  *ENDED, which is 0: it was asked to end meanwhile.  XN_E_HELD if the
 * history is another.
 */
xn_error_t *svngit_same_mirror(int *ended, struct svngit *g,
    apr_pool_t *scratch);

/* Convert revision REV, whose refs and notes are not on the disk yet. */
xn_error_t *svngit_revision(struct svngit *g, svn_revnum_t rev,
    apr_pool_t *pool);

/* Properties of revisions, as digests, and which of them were changed later. */
#define SVNGIT_REVPROPS	"refs/syncgate/revprops"
#define SVNGIT_CHANGED	"refs/notes/svn-revprops"

/* Begin with what the refs say. */
xn_error_t *svngit_revprops_open(struct svngit *g, apr_pool_t *scratch);
xn_error_t *svngit_changed_open(struct svngit *g, apr_pool_t *scratch);

/* REV, at most the one behind the last known, has PROPS: are they others than
 * those known? */
int svngit_revprops_note(struct svngit *g, svn_revnum_t rev,
    apr_hash_t *props, apr_pool_t *scratch);

/* Note those of converted revisions that were changed: *CHANGED of them. */
void svngit_revprops_look(long *changed, struct svngit *g,
    apr_pool_t *scratch);

/* Is there something to write? */
int svngit_revprops_pending(const struct svngit *g);

/* Write what is noted, for when refs are written. */
xn_error_t *svngit_revprops_write(struct svngit *g, apr_pool_t *scratch);
xn_error_t *svngit_changed_write(struct svngit *g, apr_pool_t *scratch);

/* The ref NAME, which is no branch's, is to be ID. */
void svngit_keep_ref(struct svngit *g, const char *name,
    const struct gitw_id *id);

/*
 * What happened to the branch at PATH, which CHANGE (may be null) and those
 * below it say.  NEW: it began, FROM, FROM_REV (FROM may be null) being what it
 * was copied from.
 */
xn_error_t *svngit_branch(struct svngit_revision *r, const char *path,
    const struct svngit_change *change, int new, const char *from,
    svn_revnum_t from_rev);

/* Add to PARENTS, struct gitw_id, commits of branches that were merged to B as
 * a whole, as CHANGE (may be null), that of its root, says. */
xn_error_t *svngit_merges(apr_array_header_t *parents,
    struct svngit_revision *r, const struct svngit_branch *b,
    const struct svngit_change *change);

/* What is at PATH now; CHANGE (may be null) is what happened to it. */
xn_error_t *svngit_kind(svn_node_kind_t *kind, struct svngit_revision *r,
    const struct svngit_change *change, const char *path);

/* The branch is gone: its tip is kept under another name. */
void svngit_branch_end(struct svngit_revision *r, struct svngit_branch *b);

/* PATH is in no branch: say so, once. */
void svngit_outside(struct svngit_revision *r, const char *path);

/* What an error is about. */
#define SVNGIT_AT(r, path)	"r%ld, /%s", (long)(r)->rev, path

/*
 * The tree of the folder PATH, of which CHANGE says what changed in it; before
 * it was the tree *ID, if there was one (HAS).  *EMPTY: nothing is left in it,
 * and *ID then is no tree.
 */
xn_error_t *svngit_content(struct gitw_id *id, int *empty,
    struct svngit_revision *r, const struct svngit_change *change,
    const char *path, int has, apr_pool_t *pool);

/* The same without knowing anything of what was before. */
xn_error_t *svngit_content_all(struct gitw_id *id, int *empty,
    struct svngit_revision *r, const char *path, apr_pool_t *pool);

/*
 * What PATH was in REV, before this one: an entry without a name.  Its mode is
 * NONE if there is nothing of it in Git, which an empty folder is, too; *KNOWN
 * is 0 if that is because it lies in no branch.
 */
xn_error_t *svngit_content_at(struct svngit_entry *entry, int *known,
    struct svngit_revision *r, const char *path, svn_revnum_t rev,
    apr_pool_t *pool);

/*
 * The blob of the file PATH, and its mode.  OLD is what it was, at this path
 * before or where it was copied from, and CHANGE how it was changed since; or
 * both are NULL.
 */
xn_error_t *svngit_file(struct svngit_entry *entry,
    struct svngit_revision *r, const char *path,
    const struct svngit_entry *old, const struct svngit_change *change,
    apr_pool_t *pool);

/*
 * Add to NEW, entries of the folder PATH that change, its .gitignore, if there
 * is to be one and CHANGE (NULL: it is looked at as a whole) has to do with it.
 */
xn_error_t *svngit_ignore(apr_array_header_t *new,
    struct svngit_revision *r, const struct svngit_change *change,
    const char *path, apr_pool_t *pool);

/* The same for its .svnexternals. */
xn_error_t *svngit_externals(apr_array_header_t *new,
    struct svngit_revision *r, const struct svngit_change *change,
    const char *path, apr_pool_t *pool);

/*
 * The same for the .gitmodules of a branch, if PATH is one.  TREE is what it
 * was (NULL: nothing), or what CHANGE copied: what is no branch then does not
 * keep the file of one.
 */
xn_error_t *svngit_modules(apr_array_header_t *new,
    struct svngit_revision *r, const struct svngit_change *change,
    const char *path, const struct gitw_id *tree, apr_pool_t *pool);

/* TREE becomes the id that it would have without such a file. */
xn_error_t *svngit_modules_without(struct gitw_id *tree,
    struct svngit_revision *r, apr_pool_t *pool);

/* Is such a file, NAME, to be made anew?  Not if Subversion has one. */
xn_error_t *svngit_is_made(int *made, struct svngit_revision *r,
    const struct svngit_change *change, const char *path, const char *name,
    apr_pool_t *pool);

/* Change the *N bytes of *TREE, that of the folder PATH, so that it is there
 * also if nothing is in it, as the option says. */
xn_error_t *svngit_empty(const char **tree, apr_size_t *n,
    struct svngit_revision *r, const char *path, apr_pool_t *pool);

/* The tree of COMMIT. */
xn_error_t *svngit_tree_of(struct gitw_id *tree, struct svngit *g,
    const struct gitw_id *commit, apr_pool_t *pool);

#endif
