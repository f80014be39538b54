/*
 * push.h: the refs of a repository are sent on to another one.
 */
#ifndef GIT_PUSH_H
#define GIT_PUSH_H

#include <execnet.h>

/* What the repository that is pushed to would lose. */
struct gitw_loss {
	int foreign;			/* it is another one: all of it */
	const char *reason;		/* one line, then; else NULL */
	int lost, all;			/* branches and tags */
	const char *const *lines;	/* what becomes of each; ends with
					 * NULL */
};

struct gitw_push {
	const char *dir;		/* the bare repository whose refs are
					 * sent */
	const char *url;		/* a path, file://, ssh://, https://,
					 * http://, or [USER@]HOST:PATH */
	const char *mark;		/* a ref that the other one must have if
					 * it has any, to be ours; and one of
					 * its branches and tags must be known
					 * here */
	int (*ended)(void *baton);	/* asked often: not 0: come to an end */
	/* May that be?  Before anything is sent; NULL: what is foreign may not,
	 * all else may. */
	int (*may)(void *baton, const struct gitw_loss *loss);
	/* So many refs differ there: before anything is sent, and again if some
	 * were refused.  May be NULL. */
	void (*behind)(void *baton, int n);
	void *baton;
};

/* Is URL one of those?  If not, XN_E_CONFIG. */
xn_error_t *gitw_push_check(const char *url);

/* URL without a password in it. */
const char *gitw_push_shown(const char *url, apr_pool_t *pool);

/*
 * Make the refs there what those here are: refs/heads, refs/tags, refs/notes
 * and refs/syncgate, of which those that are not here are deleted, and moved
 * ones forced.  Of branches and tags that would go, or not go on from where
 * they are, PUSH->may is asked first; if it says no, nothing is changed.
 * Objects go before refs.  *CHANGED refs were, and all are as the lines of
 * *REFS (pushed.h), in SCRATCH.  Who one is there login.h says;
 * by ssh the host must be in ~/.ssh/known_hosts.
 *
 * XN_E_JOB says why not, or the first ref that was refused there (others may
 * have been taken).  XN_E_CANCELLED: it was asked to end.
 */
xn_error_t *gitw_push(unsigned int *changed, const char **refs,
    const struct gitw_push *push, apr_pool_t *scratch);

#endif
