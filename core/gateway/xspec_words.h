/*
 * xspec_words.h: a command line inside an xspec, taken apart.
 */
#ifndef XN_GATEWAY_XSPEC_WORDS_H
#define XN_GATEWAY_XSPEC_WORDS_H

#include <execnet.h>

/*
 * The words of TEXT as a POSIX shell would see them, without any expansion
 * (as Python's shlex.split, which execnet uses for python= and ssh=): blanks
 * separate, '...' is literal, "..." knows \" and \\, a backslash takes the next
 * character as it is.  Ends with NULL; *N does not count that.  XN_E_XSPEC,
 * naming KEY, for an open quote or no word at all.
 */
xn_error_t *xn_xspec_words(const char *const **words, int *n, const char *key,
    const char *text, apr_pool_t *pool);

#endif
