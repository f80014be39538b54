/*
 * git_text.h: what Git cannot hold as it is, and what it gets instead.
 */
#ifndef SVNHOTSYNC_GIT_TEXT_H
#define SVNHOTSYNC_GIT_TEXT_H

#include <apr_pools.h>

int svngit_is_utf8(const char *text, apr_size_t n);

/*
 * The *N bytes of TEXT as they are if they are UTF-8, else as what they mean
 * in ISO 8859-1, of which each byte is a character; a NUL is U+2400.  *N
 * becomes the new length; with a NUL behind.
 */
const char *svngit_utf8(const char *text, apr_size_t *n, apr_pool_t *pool);

/*
 * NAME of a file or folder as it stands in a tree.  In what Git takes for its
 * own (.git and .gitmodules in any case, and what other systems take for those)
 * the first byte, and each % and backslash, becomes %XX; so it does in what
 * would then have the same name.
 */
const char *svngit_name(const char *name, apr_pool_t *pool);

#endif
