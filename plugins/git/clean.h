/*
 * clean.h: what writers that were killed have left in a repository goes.
 */
#ifndef GIT_CLEAN_H
#define GIT_CLEAN_H

#include <execnet.h>

#include "plugins/git/id.h"

/*
 * A pack that SUM will stand for gets a second name: BASE is its path without
 * .pack.  As soon as that of SUM is there it may go: gitw_old_remove(), which
 * minds no absence.
 */
const char *gitw_old_mark(const char *base, const struct gitw_id *sum,
    apr_pool_t *pool);
xn_error_t *gitw_old_remove(const char *base, const struct gitw_id *sum,
    apr_pool_t *pool);

/*
 * Remove from the repository DIR, whose lock the caller holds, our temporary
 * files, and what has a second name as one of them: Git's locks that we took,
 * a pack that has no index yet, and one that another stands for.
 */
xn_error_t *gitw_clean(const char *dir, apr_pool_t *scratch);

#endif
