/*
 * apr_test.h: one pool for all cases, and errors that are none.
 *
 * One program includes it once, and ends with XN_TEST_MAIN_POOL().
 */
#ifndef XN_TESTS_APR_TEST_H
#define XN_TESTS_APR_TEST_H

#include <apr_general.h>

#include <execnet.h>

#include "tests/lib/cunit_main.h"

static apr_pool_t *pool;

/* 1 if ERROR is none; it is consumed. */
static inline int
is_good(xn_error_t *error)
{
	int good = error == NULL;

	xn_error_clear(error);
	return good;
}

#define XN_TEST_MAIN_POOL(name, cases)					\
	int								\
	main(int argc, char **argv)					\
	{								\
		int status;						\
									\
		if (apr_initialize() != APR_SUCCESS ||			\
		    apr_pool_create(&pool, NULL) != APR_SUCCESS)	\
			return 2;					\
		status = xn_test_main(name, cases,			\
		    sizeof(cases) / sizeof(cases[0]), argc, argv);	\
		apr_terminate();					\
		return status;						\
	}

#endif
