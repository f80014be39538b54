/*
 * libgit2.h: beginning with libgit2, and its errors.
 */
#ifndef GIT_LIBGIT2_H
#define GIT_LIBGIT2_H

#include <execnet.h>
#include <git2.h>

/* Begin with libgit2; it ends with POOL. */
xn_error_t *gitw_libgit2_begin(apr_pool_t *pool);

/* The error that this thread got last, as an XN_E_JOB; adds its text. */
xn_error_t *gitw_libgit2_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
