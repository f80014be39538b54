/*
 * append.c: text that is put together in a buffer of a fixed size.
 */
#include "agent/append.h"

#include <stdarg.h>
#include <stdio.h>

void
xn_append(char *out, size_t size, size_t *n, const char *format, ...)
{
	va_list ap;
	int put;

	va_start(ap, format);
	put = vsnprintf(out + *n, size - *n, format, ap);
	va_end(ap);
	if (put > 0)
		*n += (size_t)put < size - *n ? (size_t)put : size - *n - 1;
}
