/*
 * token.h: the secret with which the status page lets somebody change things.
 */
#ifndef SYNCGATE_JOB_TOKEN_H
#define SYNCGATE_JOB_TOKEN_H

#include <execnet.h>

#define SYNCGATE_TOKEN_SIZE	32	/* hex digits */

/* Its file, beside the daemon's socket at SOCKET; in POOL. */
const char *syncgate_token_path(const char *socket, apr_pool_t *pool);

/*
 * Read it from PATH, SYNCGATE_TOKEN_SIZE characters and a NUL.  An error's
 * status is ENOENT if there is none.  A file that others may read, or that is
 * another user's, is no secret and is refused.
 */
xn_error_t *syncgate_token_read(char token[SYNCGATE_TOKEN_SIZE + 1],
    const char *path);

/*
 * Make it, unless there is one that can be read: who has entered it need not do
 * so again when the daemon was restarted.  To have another, remove the file.
 */
xn_error_t *syncgate_token_make(const char *path);

#endif
