/*
 * limits.h: limits of a program as a user writes them, KEY=VALUE.
 */
#ifndef SYNCGATE_JOB_LIMITS_H
#define SYNCGATE_JOB_LIMITS_H

#include <execnet.h>

/*
 * Add to LIMITS what WORD says; XN_E_USAGE names the key and what is wrong
 * with it.  A key may stand once.
 *
 *	seconds=2.5		cpu=2		files=64	processes=8
 *	memory=64M		bytes; K, M, G times 1024
 *	read=/srv:/etc		write=none	exec=/usr
 *	network=no
 *
 * What is pointed to lives in POOL.
 */
xn_error_t *syncgate_limits_add(xn_limits_t *limits, const char *word,
    apr_pool_t *pool);

#endif
