/*
 * words.h: a command as words, quoted as in a shell.
 */
#ifndef FILEPROC_WORDS_H
#define FILEPROC_WORDS_H

#include <execnet.h>

/*
 * The words of TEXT, NULL-ended, in POOL.  '...' is taken as it is; in "..." a
 * backslash before one of " \ $ ` and elsewhere before anything makes that a
 * letter like any other.  There are no variables.  XN_E_CONFIG says which quote
 * is not closed.
 */
xn_error_t *fp_words(const char ***words, const char *text, apr_pool_t *pool);

#endif
