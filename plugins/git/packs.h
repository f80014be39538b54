/*
 * packs.h: objects are read from the packs of a repository.
 *
 * As libgit2 does (read.h), but nothing is mapped of a pack, and nothing kept
 * of an object: where many are read once, most of the time would go into that.
 */
#ifndef GIT_PACKS_H
#define GIT_PACKS_H

#include "plugins/git/chain.h"

typedef struct gitw_packs gitw_packs_t;

/*
 * Those of the bare repository DIR, for as long as POOL lives.  They are looked
 * for when there is something to read, and again after gitw_packs_forget().
 */
gitw_packs_t *gitw_packs_create(const char *dir, apr_pool_t *pool);

/*
 * The object ID, which is checked against that; CONTENT->bytes is null if no
 * pack has it, or it has more than MOST bytes, or as chain.h says.  XN_E_JOB:
 * what it is read from is damaged.
 */
xn_error_t *gitw_packs_read(struct gitw_content *content, gitw_packs_t *packs,
    const struct gitw_id *id, size_t most);

/* There are other packs than there were. */
void gitw_packs_forget(gitw_packs_t *packs);

#endif
