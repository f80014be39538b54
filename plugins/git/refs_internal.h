/*
 * refs_internal.h: what refs*.c share.
 */
#ifndef GIT_REFS_INTERNAL_H
#define GIT_REFS_INTERNAL_H

#include "plugins/git/refs.h"

/*
 * Take the N bytes of TEXT as packed-refs: null and REFS (but for head) in
 * POOL, or what is wrong with it and the LINE.
 */
const char *gitw_refs_parse(struct gitw_refs *refs, size_t *line,
    const char *text, size_t n, apr_pool_t *pool);

/*
 * Sort REFS in place: null, or in POOL why they cannot be refs of one
 * repository.
 */
const char *gitw_refs_sort(struct gitw_refs *refs, apr_pool_t *pool);

/* Have both the same refs, sorted; and the same HEAD? */
int gitw_refs_equal(const struct gitw_refs *a, const struct gitw_refs *b);
int gitw_refs_same_head(const struct gitw_refs *a, const struct gitw_refs *b);

#endif
