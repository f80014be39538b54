/*
 * limits.h: the limits of a program, as they travel.
 */
#ifndef XN_GATEWAY_LIMITS_H
#define XN_GATEWAY_LIMITS_H

#include <execnet.h>

/*
 * LIMITS as the dict that goes behind a program, in POOL; *VALUE is NULL if
 * nothing is limited.  XN_E_USAGE for a negative number or a relative path.
 * The paths are borrowed.
 */
xn_error_t *xn_limits_value(const xn_value_t **value,
    const xn_limits_t *limits, apr_pool_t *pool);

#endif
