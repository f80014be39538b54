/*
 * merge_internal.h: what merge*.c share.
 */
#ifndef GIT_MERGE_INTERNAL_H
#define GIT_MERGE_INTERNAL_H

#include "plugins/git/stored.h"

/*
 * Put the bodies of the N PACKS behind each other, in a new one in FOLDER that
 * is durable when this returns, and remove them.  *BAD is the pack that stands
 * against it, since it has a REF_DELTA or shares an object with one before it;
 * then nothing has changed.  Else it is null.
 */
xn_error_t *gitw_merge_copy(struct gitw_packed **bad,
    struct gitw_packed *const *packs, size_t n, const char *folder,
    apr_pool_t *pool);

#endif
