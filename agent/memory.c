/*
 * memory.c: notices that memory could not be had.
 *
 * The linker puts these in the place of the C library's (--wrap), for the agent
 * and for shipped programs alike: which of them runs into the limit is chance.
 */
#include "agent/limit.h"

#include <stdlib.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static _Atomic int *watched;

void
xn_memory_watch(_Atomic int *flag)
{
	watched = flag;
}

static void *
noted(void *p, int wanted)
{
	if (p == NULL && wanted && watched != NULL)
		*watched = 1;
	return p;
}

void *
__wrap_malloc(size_t n)
{
	return noted(__real_malloc(n), 1);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return noted(__real_calloc(n, size), 1);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return noted(__real_realloc(p, n), n > 0);
}
