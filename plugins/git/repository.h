/*
 * repository.h: a bare repository that we write, one of us at a time.
 */
#ifndef GIT_REPOSITORY_H
#define GIT_REPOSITORY_H

#include <execnet.h>

/*
 * Lock the bare repository DIR (absolute) for as long as POOL lives, and remove
 * what writers that were killed have left in it.  If there is no DIR, or an
 * empty folder, it is made, with HEAD at refs/heads/BRANCH; gc.auto is 0 in it.
 * *MADE (may be null) says whether.
 *
 * XN_E_CONFIG: DIR is something else, or a repository of a kind that we do not
 * write (with a work tree, with SHA-256, with reftables), or somebody else has
 * it locked.
 */
xn_error_t *gitw_repository_open(int *made, const char *dir,
    const char *branch, apr_pool_t *pool);

#endif
