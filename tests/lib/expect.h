/*
 * expect.h: an error is what a test says it is.
 */
#ifndef XN_TESTS_EXPECT_H
#define XN_TESTS_EXPECT_H

#include <stdio.h>
#include <string.h>

#include <apr_general.h>
#include <execnet.h>

/*
 * 1 if ERROR has CODE and its text contains PART, or if there is no error and
 * CODE is 0; says what else it was.  Clears ERROR.
 */
static inline int
expect_error(xn_error_t *error, int code, const char *part)
{
	int ok = error == NULL ? code == 0 : error->code == code &&
	    strstr(xn_error_text(error, error->pool), part) != NULL;

	if (!ok)
		printf("\n    wanted %d \"%s\", got %d \"%s\"\n", code, part,
		    error != NULL ? error->code : 0, error != NULL ?
		    xn_error_text(error, error->pool) : "");
	xn_error_clear(error);
	return ok;
}

/* A pool for a case; the first call initializes APR. */
static inline apr_pool_t *
expect_pool(void)
{
	apr_pool_t *pool;

	if (apr_initialize() != APR_SUCCESS ||
	    apr_pool_create(&pool, NULL) != APR_SUCCESS)
		abort();
	return pool;
}

#endif
