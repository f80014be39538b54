/*
 * poke.h: waking up a running job from another process.
 *
 * A job that follows listens at a unix socket of its own, in a folder that is
 * for its user alone.  Only that user and root are heard, as the kernel says of
 * the connection, and nothing is read from them: to connect is the message.
 */
#ifndef SYNCGATE_JOB_POKE_H
#define SYNCGATE_JOB_POKE_H

#include <execnet.h>

typedef struct syncgate_poke syncgate_poke_t;

/*
 * Listen for JOB of the configuration FILE until POOL goes.  If another process
 * runs that job, it is the one that hears: an error of XN_E_SYSTEM.
 */
xn_error_t *syncgate_poke_listen(syncgate_poke_t **poke, const char *file,
    const char *job, apr_pool_t *pool);

/* Readable from a poke on until syncgate_poke_take(), which says whether there
 * was one. */
int syncgate_poke_fd(const syncgate_poke_t *poke);
int syncgate_poke_take(syncgate_poke_t *poke);

/* Wake up JOB of the configuration FILE; XN_E_CONNECT if it does not run. */
xn_error_t *syncgate_poke_send(const char *file, const char *job,
    apr_pool_t *pool);

#endif
