/*
 * read.h: objects are read again, by libgit2.
 */
#ifndef GIT_READ_H
#define GIT_READ_H

#include <execnet.h>

#include "plugins/git/id.h"

typedef struct gitw_reader gitw_reader_t;

/* Open the objects of the bare repository DIR, for as long as POOL lives. */
xn_error_t *gitw_reader_open(gitw_reader_t **reader, const char *dir,
    apr_pool_t *pool);

/* 1 if there is such an object, 0 if not. */
int gitw_reader_has(gitw_reader_t *reader, const struct gitw_id *id);

/*
 * The content of an object in POOL, with a NUL behind it.  It is checked
 * against its id.  XN_E_JOB: it is not there, damaged, not of TYPE (0: any), or
 * larger than MOST bytes (0: any).
 */
xn_error_t *gitw_read(const char **bytes, size_t *n, gitw_reader_t *reader,
    const struct gitw_id *id, enum gitw_type type, size_t most,
    apr_pool_t *pool);

#endif
