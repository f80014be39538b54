/*
 * complete.h: what a shell may offer.
 */
#ifndef SYNCGATE_CMD_COMPLETE_H
#define SYNCGATE_CMD_COMPLETE_H

#include <apr_pools.h>

/*
 * Print what can stand in place of the last of the COUNT WORDS, which follow
 * "syncgate"; a line each.  Always CMD_OK.
 */
int cmd_complete(int count, const char *const *words, apr_pool_t *pool);

#endif
