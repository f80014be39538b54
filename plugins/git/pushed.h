/*
 * pushed.h: a file in a repository that says which refs were sent on, so that
 * how many differ there is known although nobody there answers.
 *
 * It is a line of the caller's, and a line "ID NAME" for each ref.
 */
#ifndef GIT_PUSHED_H
#define GIT_PUSHED_H

#include <execnet.h>

/* Is REF one that push.h sends? */
int gitw_pushed_takes(const char *ref);

/* Make the file NAME in the repository DIR: the line FIRST, and REFS behind it,
 * lines as above. */
xn_error_t *gitw_pushed_write(const char *dir, const char *name,
    const char *first, const char *refs, apr_pool_t *scratch);

/*
 * How many of the refs in DIR are not as that file says, or are gone since;
 * *N is -1 if it names none: nobody knows.
 */
xn_error_t *gitw_pushed_behind(long long *n, const char *dir,
    const char *name, apr_pool_t *scratch);

#endif
