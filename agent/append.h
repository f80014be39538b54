/*
 * append.h: text that is put together in a buffer of a fixed size.
 */
#ifndef XN_AGENT_APPEND_H
#define XN_AGENT_APPEND_H

#include <stddef.h>

/*
 * Append what is printed to the *N characters in OUT, which has SIZE bytes;
 * what does not fit is cut.
 */
void xn_append(char *out, size_t size, size_t *n, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
