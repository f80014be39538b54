/*
 * git_store.h: the objects of a repository, those just written among them.
 *
 * What is written goes to one pack after the other; what was used lately stays
 * in memory, since nearly everything that is written resembles something that
 * was.
 */
#ifndef SVNHOTSYNC_GIT_STORE_H
#define SVNHOTSYNC_GIT_STORE_H

#include <execnet.h>

#include "plugins/git/id.h"

typedef struct svngit_store svngit_store_t;

/* The objects of the bare repository DIR, which is locked. */
xn_error_t *svngit_store_open(svngit_store_t **store, const char *dir,
    apr_pool_t *pool);

/* Write an object; LIKE, of the same type, is one that it may resemble; or
 * null. */
xn_error_t *svngit_store_put(struct gitw_id *id, svngit_store_t *store,
    enum gitw_type type, const void *bytes, apr_size_t n,
    const struct gitw_id *like);

/* Write a blob of SIZE bytes in pieces: the three as of pack.h. */
xn_error_t *svngit_store_start(svngit_store_t *store, apr_uint64_t size);
xn_error_t *svngit_store_write(svngit_store_t *store, const void *bytes,
    apr_size_t n);
xn_error_t *svngit_store_finish(struct gitw_id *id, svngit_store_t *store);

/* Read one, into POOL, with a NUL behind it. */
xn_error_t *svngit_store_get(const char **bytes, apr_size_t *n,
    svngit_store_t *store, const struct gitw_id *id, enum gitw_type type,
    apr_pool_t *pool);

/* The same of a blob of a few MiB at most, borrowed until the next call of this
 * one; 0: it cannot be had so (why not, svngit_store_get() says). */
int svngit_store_look(const char **bytes, apr_size_t *n,
    svngit_store_t *store, const struct gitw_id *id);

/* So much was written since the last pack was ended that it is time to. */
int svngit_store_is_full(const svngit_store_t *store);

/* What was written is in the repository, and on the disk. */
xn_error_t *svngit_store_end(svngit_store_t *store);

/* Between packs: small ones become one, if there are many. */
xn_error_t *svngit_store_merge(svngit_store_t *store, apr_pool_t *scratch);

#endif
