/*
 * git_notes.h: the map of revisions and paths to commits, and the position, in
 * refs/notes/svn.
 *
 * The note of a commit has a line for each path that became that commit:
 *
 *	r17 5f3c...-uuid /branches/1.x
 *
 * The commit that the ref names has no parent, and as its message
 *
 *	r20 5f3c...-uuid
 *	digest of r20 (git_digest.c)
 *	digest of the refs that were left
 *
 *	trunk:refs/heads/trunk		(each pattern of the layout)
 *	ignore				(if there are .gitignore for it)
 *	merges				(if branches that were merged are
 *					parents)
 *	empty-dirs			(if empty folders have one)
 *	externals			(if there are .svnexternals, or:
 *	externals gitmodules		 .gitmodules)
 *
 * r20: up to there all is converted.  So the notes depend on nothing but the
 * repository, the position and the options, however often they were written.
 */
#ifndef SVNHOTSYNC_GIT_NOTES_H
#define SVNHOTSYNC_GIT_NOTES_H

#include <svn_string.h>

#include "plugins/svnhotsync/git_plain.h"
#include "plugins/svnhotsync/git_store.h"

#define SVNGIT_NOTES	GIT_NOTES

typedef struct svngit_notes svngit_notes_t;

/* The end of what is converted. */
struct svngit_position {
	svn_revnum_t rev;
	const char *uuid;
	const char *digest;		/* of that revision */
	const char *refs;		/* of refs (git_internal.h) */
	const char *made_by;		/* what ids depend on, lines */
};

svngit_notes_t *svngit_notes_create(svngit_store_t *store, apr_pool_t *pool);

/* Begin with what the ref says that names COMMIT: the position it has. */
xn_error_t *svngit_notes_position(struct svngit_position *position,
    svngit_notes_t *notes, const struct gitw_id *commit, apr_pool_t *pool);

/* PATH was COMMIT in REV. */
typedef xn_error_t *svngit_note_fn(void *baton, svn_revnum_t rev,
    const char *path, const struct gitw_id *commit);

/* And with all notes: EACH is called in no order. */
xn_error_t *svngit_notes_read(svngit_notes_t *notes, svngit_note_fn *each,
    void *baton, apr_pool_t *scratch);

/* Note that PATH is COMMIT in REV, for the next time that they are written. */
void svngit_notes_add(svngit_notes_t *notes, svn_revnum_t rev,
    const char *uuid, const char *path, const struct gitw_id *commit);

/* The note of OBJECT is TEXT, and what it was is no more: for other notes than
 * those above. */
void svngit_notes_set(svngit_notes_t *notes, const struct gitw_id *object,
    const svn_stringbuf_t *text);

/* Begin with those of the commit COMMIT. */
xn_error_t *svngit_notes_begin(svngit_notes_t *notes,
    const struct gitw_id *commit, apr_pool_t *scratch);

/* Write them with that MESSAGE, as the next. */
xn_error_t *svngit_notes_commit(struct gitw_id *commit, svngit_notes_t *notes,
    const char *message, apr_int64_t seconds, apr_pool_t *scratch);

/* Write them, of SECONDS since 1970; COMMIT is what the ref is to name. */
xn_error_t *svngit_notes_write(struct gitw_id *commit, svngit_notes_t *notes,
    const struct svngit_position *position, apr_int64_t seconds,
    apr_pool_t *scratch);

#endif
