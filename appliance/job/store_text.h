/*
 * store_text.h: any bytes as text that every database takes.
 *
 * Valid UTF-8 is itself; a byte that is not is \xHH, and a backslash is two.
 */
#ifndef SYNCGATE_JOB_STORE_TEXT_H
#define SYNCGATE_JOB_STORE_TEXT_H

#include <apr_pools.h>

/* TEXT (NULL: NULL) as it is stored, and back.  Either may be TEXT itself. */
const char *syncgate_store_escape(const char *text, apr_pool_t *pool);
const char *syncgate_store_unescape(const char *text, apr_pool_t *pool);

#endif
