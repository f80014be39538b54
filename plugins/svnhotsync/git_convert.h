/*
 * git_convert.h: a Git repository that has the revisions of a mirror.
 *
 * Objects come first and are on the disk; then all refs, those of the notes
 * with the map and the position among them, change in one step.  So a process
 * that is killed leaves a repository as it was before or after a batch, and
 * what goes on makes the same ids.  One thread at a time.
 */
#ifndef SVNHOTSYNC_GIT_CONVERT_H
#define SVNHOTSYNC_GIT_CONVERT_H

#include <execnet.h>

#include "plugins/svnhotsync/git_plain.h"

typedef struct svngit svngit_t;

struct svngit_options {
	const char *dir;		/* the bare repository; it is made if it
					 * is not there */
	const char *mirror;		/* the Subversion repository, here */
	const char *const *layout;	/* git_layout.h */
	const char *authors;		/* a file (git_authors.h); or NULL */
	int keep;			/* who is not in it is no error */
	int ignore;			/* ignored names are in .gitignore */
	int merges;			/* branches that were merged as a whole
					 * are parents */
	int empty_dirs;			/* empty folders have a .gitignore */
	enum git_externals externals;
	void (*odd)(void *baton, const char *text);	/* what the user is to
							 * know of */
	int (*ended)(void *baton);	/* asked often: not 0: come to an end */
	void *baton;
};

/* How far it is. */
struct svngit_state {
	long position, youngest;
	int ended;			/* it was asked to end */
};

/*
 * Open and lock the repository; OPTIONS must live as long as POOL.  What the
 * user has to set right is XN_E_CONFIG or XN_E_JOB.  XN_E_HELD, of any of
 * these: it is ours, and does not fit the mirror (any more); somebody is to say
 * whether it goes aside.  (*GIT is set even then.)
 */
xn_error_t *svngit_open(svngit_t **git, const struct svngit_options *options,
    apr_pool_t *pool);

/* Of what it is held for: "loss", "back" or "other", and the state of both, as
 * a text. */
void svngit_held(const char **kind, const char **state, const svngit_t *git);

/*
 * Convert what is new in the mirror, or some of it: until state->position is
 * state->youngest, it is called again.  After an error GIT can only be closed.
 */
xn_error_t *svngit_batch(struct svngit_state *state, svngit_t *git,
    apr_pool_t *scratch);

/*
 * Look whether properties of converted revisions were changed, and note that:
 * *CHANGED of them were since it was looked last.  The first time all are read,
 * later those only that can have been.  After an error as above.
 */
xn_error_t *svngit_props(long *changed, svngit_t *git, apr_pool_t *scratch);

#endif
