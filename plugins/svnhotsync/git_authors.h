/*
 * git_authors.h: who a name of Subversion's is, for Git.
 *
 * The file has git-svn's lines, `login = Name <mail>`; empty ones and those
 * that begin with # say nothing.  Who has committed without a name is (no
 * author).
 */
#ifndef SVNHOTSYNC_GIT_AUTHORS_H
#define SVNHOTSYNC_GIT_AUTHORS_H

#include <execnet.h>

typedef struct svngit_authors svngit_authors_t;

/*
 * Read FILE; NULL: there is none, and nobody is unknown.  UUID is the
 * repository's.  KEEP: who is not in the file is kept as without one.
 * XN_E_CONFIG names the line that is none.
 */
xn_error_t *svngit_authors_read(svngit_authors_t **authors, const char *file,
    const char *uuid, int keep, apr_pool_t *pool);

/*
 * "Name <mail>" of LOGIN, which has N bytes; NULL: (no author).  Without a line
 * in the file it is LOGIN <LOGIN@UUID>, as git-svn has it, without what would
 * end the name or the address; where that is not to be, XN_E_JOB.
 */
xn_error_t *svngit_authors_find(const char **who, svngit_authors_t *authors,
    const char *login, apr_size_t n, apr_pool_t *pool);

/* The name, in POOL, that LOGIN must have in the file, if that would be
 * XN_E_JOB; else NULL. */
const char *svngit_authors_unknown(svngit_authors_t *authors,
    const char *login, apr_size_t n, apr_pool_t *pool);

#endif
