/*
 * fileproc_native.h: see fileproc_native.c.
 */
#ifndef XN_TESTS_FILEPROC_NATIVE_H
#define XN_TESTS_FILEPROC_NATIVE_H

#include <execnet/value.h>

struct xn_side_channel;

void fileproc_native_uppercase(struct xn_side_channel *channel,
    const xn_value *kwargs);

#endif
