/*
 * shown.h: names in lines for people.
 */
#ifndef RSYNC_SHOWN_H
#define RSYNC_SHOWN_H

#include <apr_pools.h>

/*
 * TEXT as rsync -i shows it: bytes that are no UTF-8 and control characters but
 * the tab become \#ooo, and what looks like that already \#134#ooo.  So a name
 * cannot make a line of its own.  In POOL, or TEXT itself.
 */
const char *rsync_shown(const char *text, apr_pool_t *pool);

#endif
